import type { Contract } from "../openapi.ts";
import { type Answer, type FakeServer, type Received, startFake } from "../server.ts";

interface Version {
  labels: string[];
  prompt: string;
  commitMessage: string | null;
  updatedAt: number;
}

/** Langfuse's prompts: versions, labels that lie on one version at a time, lists by filter. */
export interface FakeLangfuse extends FakeServer {
  /** Where every label lies, by prompt. */
  labels(): Record<string, Record<string, number>>;
  /** Saves a new version; the server's own label `latest` follows. */
  create(name: string, prompt: string, labels: readonly string[], at: number): number;
  move(name: string, version: number, label: string, at: number): void;
  /** Ways in which what was sent or answered was not as the published description says. */
  readonly faults: readonly string[];
}

export interface LangfuseOptions {
  readonly publicKey: string;
  readonly secretKey: string;
  readonly contract: Contract | null;
}

export async function startLangfuse({ publicKey, secretKey, contract }: LangfuseOptions): Promise<FakeLangfuse> {
  const prompts = new Map<string, Map<number, Version>>();
  const faults: string[] = [];
  const login = `Basic ${Buffer.from(`${publicKey}:${secretKey}`).toString("base64")}`;
  const move = (name: string, version: number, label: string, at: number) => {
    for (const [number, other] of prompts.get(name) ?? []) {
      if (number === version) {
        if (!other.labels.includes(label)) other.labels.push(label);
        other.updatedAt = at;
      } else if (other.labels.includes(label)) {
        other.labels = other.labels.filter((one) => one !== label);
        other.updatedAt = at;
      }
    }
  };
  const server = await startFake((request) => {
    const answer = request.headers["authorization"] === login ? route(request, prompts, move) : denied;
    const { status = 200, json } = answer ?? { status: 404, json: { message: "Not found" } };
    faults.push(...(contract?.faults(request, { status, json }) ?? []));
    return answer;
  });
  return Object.assign(server, {
    faults,
    move,
    labels: () =>
      Object.fromEntries(
        [...prompts].map(([name, versions]) => [
          name,
          Object.fromEntries([...versions].flatMap(([version, { labels }]) => labels.map((label) => [label, version]))),
        ]),
      ),
    create: (name: string, prompt: string, labels: readonly string[], at: number) => {
      const versions = prompts.get(name) ?? new Map<number, Version>();
      prompts.set(name, versions);
      const version = versions.size + 1;
      versions.set(version, { labels: [], prompt, commitMessage: null, updatedAt: at });
      for (const label of [...labels, "latest"]) move(name, version, label, at);
      return version;
    },
  });
}

const denied: Answer = { status: 401, json: { message: "Invalid credentials" } };

type Prompts = Map<string, Map<number, Version>>;
type Move = (name: string, version: number, label: string, at: number) => void;

function route(request: Received, prompts: Prompts, move: Move): Answer | null {
  const { method, path, query, text } = request;
  if (method === "GET" && path === "/api/public/projects")
    return { json: { data: [{ id: "p", name: "support", metadata: {}, organization: { id: "o", name: "acme" } }] } };
  if (method === "GET" && path === "/api/public/v2/prompts") return { json: listed(prompts, query) };
  const [, encoded = "", , version] = /^\/api\/public\/v2\/prompts\/([^/]+)(\/versions\/(\d+))?$/.exec(path) ?? [];
  const name = decodeURIComponent(encoded);
  const versions = prompts.get(name);
  if (versions === undefined) return null;
  if (method === "GET" && version === undefined) return one(name, versions, query);
  const wanted = versions.get(Number(version));
  if (method !== "PATCH" || wanted === undefined) return null;
  const { newLabels } = JSON.parse(text) as { newLabels: string[] };
  if (newLabels.includes("latest")) return { status: 400, json: { message: "latest is reserved" } };
  for (const label of newLabels) move(name, Number(version), label, Date.now());
  return { json: shown(name, Number(version), wanted) };
}

function one(name: string, versions: Map<number, Version>, query: URLSearchParams): Answer | null {
  if (query.has("version") && query.has("label")) return { status: 400, json: { message: "both" } };
  const label = query.get("label") ?? "production";
  const wanted = query.has("version")
    ? Number(query.get("version"))
    : [...versions].find(([, { labels }]) => labels.includes(label))?.[0];
  const found = wanted === undefined ? undefined : versions.get(wanted);
  return found === undefined || wanted === undefined ? null : { json: shown(name, wanted, found) };
}

function shown(name: string, version: number, { labels, prompt, commitMessage }: Version) {
  return { type: "text", name, version, config: {}, labels, tags: [], prompt, commitMessage };
}

/** Filters hold for versions: what is listed of a prompt is what passed them. */
function listed(prompts: Prompts, query: URLSearchParams) {
  const [from, to] = ["fromUpdatedAt", "toUpdatedAt"].map((key) =>
    query.has(key) ? Date.parse(query.get(key) ?? "") : null,
  );
  const passes = ({ labels, updatedAt }: Version) =>
    (!query.has("label") || labels.includes(query.get("label") ?? "")) &&
    (from == null || updatedAt >= from) &&
    (to == null || updatedAt < to);
  const all = [...prompts].flatMap(([name, versions]) => {
    const passed = [...versions].filter(([, version]) => passes(version));
    if (passed.length === 0 || (query.has("name") && query.get("name") !== name)) return [];
    const lastUpdatedAt = new Date(Math.max(...passed.map(([, { updatedAt }]) => updatedAt))).toISOString();
    const labels = [...new Set(passed.flatMap(([, version]) => version.labels))];
    return [
      {
        name,
        type: "text",
        versions: passed.map(([number]) => number),
        labels,
        tags: [],
        lastUpdatedAt,
        lastConfig: {},
      },
    ];
  });
  const page = Number(query.get("page") ?? 1);
  const limit = Number(query.get("limit") ?? 50);
  const meta = { page, limit, totalItems: all.length, totalPages: Math.ceil(all.length / limit) };
  return { data: all.slice((page - 1) * limit, page * limit), meta };
}
