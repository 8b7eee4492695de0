/**
 * Stands in for Prisma's query engine, so that a LiteLLM proxy can have its database in a place where that engine's
 * binary cannot be downloaded. It speaks the engine's HTTP protocol to LiteLLM's Python client and answers with Prisma's
 * own query compiler (WebAssembly, from npm) on a real PostgreSQL. Only what LiteLLM asks is understood; a query that
 * is not understood is answered as an error and printed.
 *
 * PRISMA_HOME is the folder with the packages and the generated client (test/peers/install.sh), DATABASE_URL the database.
 */
import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";
import pg from "pg";
import { type GraphNode, type Models, operationOf, toAnswer, toArguments } from "./prisma-protocol.ts";

type Rows = readonly Record<string, unknown>[];
type Delegate = Record<string, (call: object) => Promise<unknown>>;
interface Database extends Record<string, unknown> {
  $queryRawUnsafe(sql: string, ...values: unknown[]): Promise<Rows>;
  $executeRawUnsafe(sql: string, ...values: unknown[]): Promise<number>;
}
interface Client extends Database {
  $transaction<T>(
    run: (transaction: Database) => Promise<T>,
    options?: { readonly maxWait?: number; readonly timeout?: number },
  ): Promise<T>;
}

const home = process.env["PRISMA_HOME"] ?? "";
const url = process.env["DATABASE_URL"] ?? "";
// The Python client asks for the binary engine; the packages here would take that to be about themselves.
delete process.env["PRISMA_CLIENT_ENGINE_TYPE"];
const load = createRequire(join(home, "package.json"));
const { parse } = load("graphql") as { parse: (text: string) => GraphNode };
const { PrismaPg } = load("@prisma/adapter-pg") as { PrismaPg: new (options: object) => object };
const { PrismaClient, Prisma } = load("./client") as {
  PrismaClient: new (options: object) => Client;
  Prisma: { readonly dmmf: { readonly datamodel: { readonly models: Models } } };
};
const models = Prisma.dmmf.datamodel.models;
const client = new PrismaClient({ adapter: new PrismaPg({ connectionString: url }) });
// Raw queries go to the driver itself: LiteLLM's own answers have column types that the adapter does not know.
const pool = new pg.Pool({ connectionString: url });
const direct: Pick<Database, "$queryRawUnsafe" | "$executeRawUnsafe"> = {
  $queryRawUnsafe: async (sql, ...values) => (await pool.query<Record<string, unknown>>(sql, values)).rows,
  $executeRawUnsafe: async (sql, ...values) => (await pool.query(sql, values)).rowCount ?? 0,
};

async function run(text: string, database: Database): Promise<object> {
  const { name, key, model, method, args, select } = operationOf(parse(text), models);
  if (name === "queryRaw" || name === "executeRaw") {
    const on = database === client ? direct : database;
    const values = JSON.parse(String(args["parameters"] ?? "[]")) as unknown[];
    const sql = String(args["query"]);
    if (name === "executeRaw") return { data: { [key]: await on.$executeRawUnsafe(sql, ...values) } };
    return { data: { [key]: rawAnswer(await on.$queryRawUnsafe(sql, ...values)) } };
  }
  const delegate = database[`${model.charAt(0).toLowerCase()}${model.slice(1)}`] as Delegate | undefined;
  const call = delegate?.[method];
  if (delegate === undefined || call === undefined) throw new Error(`${name} is not understood`);
  const result = await call.call(delegate, { ...toArguments(args, model, models), ...select });
  return { data: { [key]: toAnswer(result, model, models) } };
}

function rawAnswer(rows: Rows): object {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const types = columns.map((column) => typeOf(rows.find((row) => row[column] !== null)?.[column] ?? null));
  const shown = (value: unknown) => (typeOf(value) === "json" ? JSON.stringify(value) : value);
  return { columns, types, rows: rows.map((row) => columns.map((column) => shown(row[column]))) };
}

function typeOf(value: unknown): string {
  if (typeof value === "boolean") return "bool";
  if (typeof value === "bigint") return "bigint";
  if (typeof value === "number") return Number.isInteger(value) ? "int" : "double";
  if (value instanceof Date) return "datetime";
  return typeof value === "object" && value !== null ? "json" : "string";
}

interface Open {
  readonly database: Database;
  readonly end: (commit: boolean) => void;
  readonly ended: Promise<unknown>;
}
const open = new Map<string, Open>();

/** An interactive transaction: held open until the client says how it ends. */
async function begin(options: { max_wait?: number; timeout?: number }): Promise<object> {
  const id = randomUUID();
  await new Promise<void>((ready, failed) => {
    const ended = client.$transaction(
      (database) =>
        new Promise<void>((commit, rollBack) => {
          const end = (ok: boolean) => (ok ? commit() : rollBack(new Error("rolled back")));
          queueMicrotask(() => {
            open.set(id, { database, end, ended });
            ready();
          });
        }),
      { maxWait: options.max_wait ?? 2_000, timeout: options.timeout ?? 5_000 },
    );
    ended.catch(failed);
  });
  return { id };
}

async function end(id: string, commit: boolean): Promise<object> {
  const transaction = open.get(id);
  if (transaction === undefined) throw new Error(`there is no transaction ${id}`);
  open.delete(id);
  transaction.end(commit);
  if (commit) await transaction.ended;
  else await transaction.ended.catch(() => undefined);
  return {};
}

async function answer(request: IncomingMessage, body: string): Promise<object> {
  const { pathname } = new URL(request.url ?? "/", "http://engine");
  if (pathname === "/status") return { status: "ok" };
  const [, id, verb] = /^\/transaction\/(?:([^/]+)\/)?(start|commit|rollback)$/.exec(pathname) ?? [];
  if (verb === "start") return begin(JSON.parse(body || "{}") as object);
  if (verb !== undefined) return end(id ?? "", verb === "commit");
  const asked = JSON.parse(body) as { query: string; batch?: readonly { query: string }[] };
  const { batch } = asked;
  if (batch !== undefined) {
    const results = await client.$transaction(async (database) => {
      const done: object[] = [];
      for (const { query } of batch) done.push(await run(query, database));
      return done;
    });
    return { batchResult: results };
  }
  const transaction = open.get(String(request.headers["x-transaction-id"] ?? ""));
  return run(asked.query, transaction?.database ?? client);
}

function fault(error: unknown): object {
  const { message, code, meta } = error as Error & { code?: string; meta?: object };
  const known = typeof code === "string" && code.startsWith("P") ? code : "P2010";
  const facing = { is_panic: false, message, meta: meta ?? {}, error_code: known };
  return { errors: [{ error: message, user_facing_error: facing }] };
}

if (process.argv.includes("--version")) {
  console.log("query-engine 0000000000000000000000000000000000000000");
  process.exit(0);
}
const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const body = Buffer.concat(chunks).toString("utf8");
    void answer(request, body)
      .catch((error: unknown) => {
        console.error(`prisma-engine: ${String(error).slice(-400)}\n${body.slice(0, 400)}`);
        return fault(error);
      })
      .then((data) => {
        const text = JSON.stringify(data, (_key, value: unknown) =>
          typeof value === "bigint" ? String(value) : value,
        );
        response.setHeader("content-type", "application/json").end(text);
      });
  });
});
server.listen(Number(process.argv[process.argv.indexOf("-p") + 1]), "127.0.0.1");
for (const name of ["SIGINT", "SIGTERM"]) process.on(name, () => process.exit(0));
