import { Kysely, PostgresDialect, sql } from "kysely";
import pg from "pg";
import { Fault } from "../lib/fault.ts";
import type { Log } from "../lib/log.ts";
import type { Secret } from "../lib/secret.ts";
import type { Engine } from "./engine.ts";
import { loadMigrations, migrate } from "./migrate.ts";
import { whatFailed } from "./postgres-faults.ts";
import type { Tables } from "./tables.ts";

/** Any number, as long as it is ours: the names of our two advisory locks in the database. */
const MIGRATING = 4_711_001;
const COMMITTING = 4_711_002;

/** Serialisation failures and deadlocks: the database asks for the whole transaction again. */
const AGAIN = new Set(["40001", "40P01"]);
const TRIES = 3;

/** An approval must outlive a crash of the server, whatever the server's own default is; and no statement goes on for ever. */
const SESSION =
  "set synchronous_commit = on; set statement_timeout = '20s'; set idle_in_transaction_session_timeout = '60s'";

const INT8 = 20;

export interface PostgresOptions {
  readonly url: Secret;
  readonly max: number;
  readonly now: number;
}

/** The engine, and the pool for the queue, which has statements of its own. */
export interface Postgres extends Engine {
  readonly pool: pg.Pool;
  /** Runs `work` while no other program that starts on this database does the same. */
  alone<T>(work: () => Promise<T>): Promise<T>;
}

/**
 * Connects to PostgreSQL and migrates it. Several programs may do so at once: the first takes an advisory lock, the
 * others wait for it and find nothing to do.
 *
 * @throws Fault "config" or "unavailable" with one sentence that says what to do
 */
export async function openPostgres(options: PostgresOptions, log: Log): Promise<Postgres> {
  const pool = connect(options, log);
  try {
    await prepare(pool, options.now);
  } catch (error) {
    await pool.end();
    throw whatFailed(error, options.url);
  }
  const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
  const fault = (error: unknown) => whatFailed(error, options.url);
  const write: Engine["write"] = async (work) => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await db.transaction().execute(work);
      } catch (error) {
        const again = error instanceof pg.DatabaseError && AGAIN.has(error.code ?? "");
        if (!again || attempt >= TRIES) throw fault(error);
      }
    }
  };
  return {
    dialect: "postgres",
    db,
    pool,
    alone: (work) => locked(pool, work),
    write,
    // What numbers its rows one after the other (audit, timeline, threads) is written by one transaction at a time.
    serialise: async (tx) => {
      await sql`select pg_advisory_xact_lock(${COMMITTING})`.execute(tx);
    },
    fault,
    close: async () => {
      await db.destroy();
      // Kysely leaves alone what it never used.
      if (!pool.ending) await pool.end();
    },
  };
}

function connect({ url, max }: PostgresOptions, log: Log): pg.Pool {
  let pool: pg.Pool;
  try {
    pool = new pg.Pool({
      connectionString: url.reveal(),
      // One of them holds the lock of the start while the others work.
      max: Math.max(2, max),
      application_name: "faultline",
      connectionTimeoutMillis: 5_000,
      // The server gives a statement up first; this is for a server that has gone silent.
      query_timeout: 30_000,
      verify: (client, done) => {
        client.query(SESSION, (error: Error | null) => done(error ?? undefined));
      },
      types: { getTypeParser: typeParser as typeof pg.types.getTypeParser },
    });
  } catch (error) {
    throw new Fault("config", "The address of PostgreSQL is not one: postgres://user:password@host:5432/database.", {
      cause: error,
    });
  }
  pool.on("error", (error) => log.warn("a connection to the database was lost", { fault: error.message }));
  return pool;
}

/** Numbers of 64 bits come as text otherwise; ours are times and counters, far below 2^53. */
function typeParser(oid: number, format?: "text" | "binary"): unknown {
  if (oid === INT8 && format !== "binary") return Number;
  return pg.types.getTypeParser(oid, format as "text");
}

async function prepare(pool: pg.Pool, now: number): Promise<void> {
  const migrations = await loadMigrations("postgres");
  await locked(pool, async (client) => {
    const run = async (text: string) => void (await client.query(text));
    const rows = async (text: string) => (await client.query<Record<string, unknown>>(text)).rows;
    await migrate({ run, rows }, migrations, now);
  });
}

/**
 * One transaction that begins with the lock: "create … if not exists" is not safe when several programs start together.
 */
async function locked<T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  try {
    await client.query("begin");
    await client.query("set local statement_timeout = '10min'; set local idle_in_transaction_session_timeout = 0");
    await client.query("select pg_advisory_xact_lock($1)", [MIGRATING]);
    const result = await work(client);
    await client.query("commit");
    client.release();
    return result;
  } catch (error) {
    // Ends the transaction with the connection.
    client.release(true);
    throw error;
  }
}
