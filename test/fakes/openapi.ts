import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import type { Received } from "./server.ts";

type Node = Readonly<Record<string, unknown>>;

const FOLDER = process.env["FAULTLINE_CONTRACTS"] ?? join(import.meta.dirname, "../../../shared/contracts");

/** A published OpenAPI description, to hold requests and answers against. */
export interface Contract {
  /** Every way in which a request or an answer is not as described; empty when all is well. */
  faults(request: Received, answer: { readonly status: number; readonly json?: unknown }): string[];
}

const loaded = new Map<string, Node>();

/** @returns null where the folder of published descriptions is not at hand */
export function loadContract(name: string): Contract | null {
  const file = join(FOLDER, "openapi", name);
  if (!existsSync(file)) return null;
  const root = loaded.get(file) ?? (parse(readFileSync(file, "utf8"), { maxAliasCount: -1 }) as Node);
  loaded.set(file, root);
  return { faults: (request, answer) => [...faultsOf(root, request, answer)] };
}

function* faultsOf(root: Node, request: Received, answer: { status: number; json?: unknown }): Generator<string> {
  const operation = operationOf(root, request);
  if (operation === null) return void (yield `${request.method} ${request.path} is not described`);
  const parameters = list(operation["parameters"]).map((parameter) => resolve(root, parameter));
  const known = parameters.filter((one) => one["in"] === "query").map((one) => one["name"]);
  for (const name of request.query.keys()) if (!known.includes(name)) yield `query parameter ${name} is not described`;
  const body = schemaIn(operation["requestBody"]);
  if (body !== null) yield* mismatches(root, body, request.text === "" ? undefined : JSON.parse(request.text), "body");
  const described = schemaIn((operation["responses"] as Node)[String(answer.status)]);
  if (described !== null && answer.json !== undefined) yield* mismatches(root, described, answer.json, "answer");
}

function operationOf(root: Node, { method, path }: Received): Node | null {
  for (const [template, item] of Object.entries(root["paths"] as Record<string, Node>)) {
    const pattern = new RegExp(`^${template.replace(/\{[^}]+\}/g, "[^/]+")}$`);
    const operation = item[method.toLowerCase()];
    if (pattern.test(path) && operation !== undefined) return operation as Node;
  }
  return null;
}

function schemaIn(holder: unknown): Node | null {
  const content = (holder as Node | undefined)?.["content"] as Record<string, Node> | undefined;
  return (content?.["application/json"]?.["schema"] as Node | undefined) ?? null;
}

function list(value: unknown): Node[] {
  return Array.isArray(value) ? (value as Node[]) : [];
}

function resolve(root: Node, node: Node): Node {
  const ref = node["$ref"];
  if (typeof ref !== "string") return node;
  const found = ref
    .slice(2)
    .split("/")
    .reduce<unknown>((value, key) => (value as Node)[key], root);
  return resolve(root, found as Node);
}

function* mismatches(root: Node, schema: Node, value: unknown, at: string): Generator<string> {
  const node = resolve(root, schema);
  if (value === null && node["nullable"] === true) return;
  for (const part of list(node["allOf"])) yield* mismatches(root, part, value, at);
  const choices = list(node["oneOf"]);
  if (choices.length > 0 && choices.every((choice) => [...mismatches(root, choice, value, at)].length > 0))
    yield `${at} fits none of its forms`;
  const allowed = node["enum"];
  if (Array.isArray(allowed) && !allowed.includes(value)) yield `${at} is none of ${allowed.join(", ")}`;
  const type = node["type"];
  if (typeof type === "string" && !hasType(type, value)) return void (yield `${at} is not of type ${type}`);
  if (type === "array") {
    for (const [index, item] of (value as unknown[]).entries())
      yield* mismatches(root, (node["items"] ?? {}) as Node, item, `${at}[${index}]`);
  }
  if (type !== "object") return;
  const object = value as Node;
  for (const name of list(node["required"]) as unknown as string[])
    if (object[name] === undefined) yield `${at}.${name} is missing`;
  for (const [name, inner] of Object.entries((node["properties"] ?? {}) as Record<string, Node>))
    if (object[name] !== undefined) yield* mismatches(root, inner, object[name], `${at}.${name}`);
}

function hasType(type: string, value: unknown): boolean {
  if (type === "array") return Array.isArray(value);
  if (type === "integer") return Number.isInteger(value);
  if (type === "object") return typeof value === "object" && value !== null && !Array.isArray(value);
  return typeof value === type;
}
