/** The parts of a GraphQL syntax tree that the Python client of Prisma writes. */
export interface GraphNode {
  readonly kind: string;
  readonly name?: { readonly value: string };
  readonly alias?: { readonly value: string };
  readonly value?: unknown;
  readonly values?: readonly GraphNode[];
  readonly fields?: readonly GraphNode[];
  readonly arguments?: readonly GraphNode[];
  readonly definitions?: readonly GraphNode[];
  readonly selectionSet?: GraphNode;
  readonly selections?: readonly GraphNode[];
}

/** What Prisma's generated client knows of the tables. */
export type Models = readonly {
  readonly name: string;
  readonly fields: readonly {
    readonly name: string;
    readonly kind: string;
    readonly type: string;
    readonly isList: boolean;
  }[];
}[];

/** One call of the generated client. */
export interface Operation {
  readonly name: string;
  /** Under which name the answer is expected. */
  readonly key: string;
  readonly model: string;
  readonly method: string;
  readonly args: Record<string, unknown>;
  readonly select: object;
}

const methods: Readonly<Record<string, string>> = {
  findMany: "findMany",
  findFirst: "findFirst",
  findUnique: "findUnique",
  createOne: "create",
  createMany: "createMany",
  updateOne: "update",
  updateMany: "updateMany",
  upsertOne: "upsert",
  deleteOne: "delete",
  deleteMany: "deleteMany",
  aggregate: "aggregate",
  groupBy: "groupBy",
};
const countOnly = ["createMany", "updateMany", "deleteMany"];

/** Reads the one operation of a request: `query { result: findManyX(where: {…}) { a b } }`. */
export function operationOf(document: GraphNode, models: Models): Operation {
  const field = document.definitions?.[0]?.selectionSet?.selections?.[0];
  const name = field?.name?.value ?? "";
  const args = argumentsOf(field);
  const key = field?.alias?.value ?? name;
  const base = { name, key, args };
  if (name === "queryRaw" || name === "executeRaw") return { ...base, model: "", method: name, select: {} };
  const [prefix, method] = Object.entries(methods).find(([start]) => name.startsWith(start)) ?? ["", ""];
  const orThrow = name.endsWith("OrThrow") ? "OrThrow" : "";
  const wanted = name.slice(prefix.length, orThrow === "" ? undefined : -orThrow.length).toLowerCase();
  const model = models.find((candidate) => candidate.name.toLowerCase() === wanted)?.name;
  if (model === undefined) throw new Error(`${name} is not understood`);
  return { ...base, model, method: `${method}${orThrow}`, select: selectOf(field, method, model, models) };
}

function selectOf(field: GraphNode | undefined, method: string, model: string, models: Models): object {
  const selected = selectionOf(field?.selectionSet);
  if (countOnly.includes(method) || selected === undefined) return {};
  if (method !== "aggregate" && method !== "groupBy") return { select: selected };
  const columns = new Set(fieldsOf(model, models).keys());
  return Object.fromEntries(
    Object.entries(selected)
      .filter(([name]) => !columns.has(name))
      .map(([name, inner]) => [name, typeof inner === "object" ? inner.select : inner]),
  );
}

type Selection = { readonly [name: string]: true | { readonly select: Selection | undefined } };

function selectionOf(set: GraphNode | undefined): Selection | undefined {
  if (set === undefined) return undefined;
  return Object.fromEntries(
    (set.selections ?? []).map((node) => [
      node.name?.value ?? "",
      node.selectionSet === undefined ? true : { ...argumentsOf(node), select: selectionOf(node.selectionSet) },
    ]),
  );
}

function argumentsOf(node: GraphNode | undefined): Record<string, unknown> {
  return Object.fromEntries((node?.arguments ?? []).map(({ name, value }) => [name?.value, read(value)]));
}

function read(given: unknown): unknown {
  const node = given as GraphNode;
  if (node.kind === "ObjectValue")
    return Object.fromEntries((node.fields ?? []).map(({ name, value }) => [name?.value, read(value)]));
  if (node.kind === "ListValue") return (node.values ?? []).map(read);
  if (node.kind === "NullValue") return null;
  if (node.kind === "FloatValue") return Number(node.value);
  if (node.kind !== "IntValue") return node.value;
  const number = Number(node.value);
  return Number.isSafeInteger(number) ? number : BigInt(String(node.value));
}

function fieldsOf(model: string, models: Models) {
  return new Map((models.find(({ name }) => name === model)?.fields ?? []).map((field) => [field.name, field]));
}

/** The arguments with the JSON texts of JSON columns read, as the generated client wants them. */
export function toArguments(args: unknown, model: string, models: Models): Record<string, unknown> {
  return walk(args, model, models, readJson) as Record<string, unknown>;
}

/** A result with JSON columns as JSON texts, as the Python client expects them. */
export function toAnswer(result: unknown, model: string, models: Models): unknown {
  return walk(result, model, models, (value, isList) =>
    isList && Array.isArray(value) ? value.map((item) => JSON.stringify(item)) : JSON.stringify(value),
  );
}

function walk(
  value: unknown,
  model: string,
  models: Models,
  json: (value: unknown, isList: boolean) => unknown,
): unknown {
  if (Array.isArray(value)) return value.map((item) => walk(item, model, models, json));
  if (value === null || typeof value !== "object" || value instanceof Date) return value;
  const fields = fieldsOf(model, models);
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => {
      const field = fields.get(name);
      if (inner === null || inner === undefined) return [name, null];
      if (field?.type === "Json") return [name, json(inner, field.isList)];
      if (field !== undefined && field.kind !== "object") return [name, inner];
      return [name, walk(inner, field?.type ?? model, models, json)];
    }),
  );
}

function readJson(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(readJson);
  if (typeof value === "string") return textOrJson(value);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, name === "path" ? inner : readJson(inner)]),
  );
}

function textOrJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
