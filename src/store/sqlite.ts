import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import Database from "better-sqlite3";
import {
  CompiledQuery,
  type DatabaseConnection,
  Kysely,
  SqliteAdapter,
  type SqliteDatabase,
  SqliteDriver,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from "kysely";
import { Fault } from "../lib/fault.ts";
import type { Engine } from "./engine.ts";
import { type Lock, lockFile } from "./lock.ts";
import { loadMigrations, migrate } from "./migrate.ts";
import type { Tables } from "./tables.ts";

/** A transaction that reads first and then writes would fail where another wrote in between; this one waits instead. */
class ImmediateDriver extends SqliteDriver {
  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw("begin immediate"));
  }
}

/**
 * Opens (and makes, and migrates) the database file of one process.
 *
 * `synchronous = FULL`: in WAL mode anything less may lose committed transactions when the power fails, and an approval
 * must not be lost (sqlite.org/pragma.html#pragma_synchronous).
 *
 * @param path of the file; `:memory:` for a database that ends with the process
 * @throws Fault "config" with one sentence that says what to do
 */
export async function openSqlite(path: string, now: number): Promise<Engine> {
  const inMemory = path === ":memory:";
  let lock: Lock | null = null;
  let file: Database.Database | null = null;
  try {
    if (!inMemory) mkdirSync(dirname(path), { recursive: true });
    if (!inMemory) lock = lockFile(path);
    file = new Database(path, { timeout: 5_000 });
    await prepare(file, now);
    return engine(file, lock);
  } catch (error) {
    file?.close();
    lock?.release();
    throw cannotOpen(path, error);
  }
}

/**
 * Opens the database file to look at, beside the process that owns it: no lock, no migration, no write.
 *
 * @throws Fault "config" where it cannot be read
 */
export function readSqlite(path: string): Engine {
  try {
    const file = new Database(path, { readonly: true, fileMustExist: true, timeout: 5_000 });
    const made = file.prepare("select 1 from sqlite_master where type = 'table' and name = 'incident'").get();
    if (made === undefined)
      throw new Fault("config", `${path} is not a database of Faultline: it has no incidents table.`);
    return engine(file, null);
  } catch (error) {
    throw cannotOpen(path, error);
  }
}

async function prepare(file: Database.Database, now: number): Promise<void> {
  file.pragma("journal_mode = WAL");
  file.pragma("synchronous = FULL");
  file.pragma("foreign_keys = ON");
  file.pragma("trusted_schema = OFF");
  const found = file.pragma("quick_check(1)", { simple: true });
  if (found !== "ok") throw new Fault("config", `is damaged (${String(found)})`);
  const migrations = await loadMigrations("sqlite");
  file.exec("begin immediate");
  try {
    await migrate({ run: (sql) => void file.exec(sql), rows: (sql) => file.prepare(sql).all() }, migrations, now);
    // The lock says that no other process is at work: whatever was leased died with the process before.
    file.exec("update job set leased_until = 0 where state = 'running'");
    file.exec("commit");
  } catch (error) {
    file.exec("rollback");
    throw error;
  }
}

function engine(file: Database.Database, lock: Lock | null): Engine {
  const dialect = {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new ImmediateDriver({ database: file as SqliteDatabase }),
    createIntrospector: (db: Kysely<unknown>) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
  const db = new Kysely<Tables>({ dialect });
  return {
    dialect: "sqlite",
    db,
    write: async (work) => {
      try {
        return await db.transaction().execute(work);
      } catch (error) {
        throw unavailable(error);
      }
    },
    // "begin immediate" has done it.
    serialise: () => Promise.resolve(),
    fault: unavailable,
    close: async () => {
      await db.destroy();
      // Kysely leaves alone what it never used.
      file.close();
      lock?.release();
    },
  };
}

/** What the disk or the system did, rather than we (sqlite.org/rescode.html); the rest are defects of ours. */
const REFUSED = /^SQLITE_(?:BUSY|LOCKED|FULL|IOERR|READONLY|CORRUPT|NOTADB|CANTOPEN|NOMEM|PROTOCOL|PERM)/;

/** Kysely's and better-sqlite3's own words for it; neither gives a code. */
const CLOSED = /driver has already been destroyed|database connection is not open/;

function unavailable(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  if (CLOSED.test(error.message)) return new Fault("unavailable", "The database is closed.", { cause: error });
  if (!(error instanceof Database.SqliteError && REFUSED.test(error.code))) return error;
  return new Fault("unavailable", `The database refused (${error.code}): ${error.message}.`, { cause: error });
}

function cannotOpen(path: string, error: unknown): unknown {
  if (error instanceof Fault) {
    const damaged = error.message.startsWith("is damaged");
    return damaged ? config(`The database ${path} ${error.message}: restore it from a backup.`, error) : error;
  }
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code === "SQLITE_NOTADB") {
    return config(`${path} is not a SQLite database: move it away, or choose another data directory.`, error);
  }
  if (code.startsWith("SQLITE_CORRUPT"))
    return config(`The database ${path} is damaged: restore it from a backup.`, error);
  if (code.startsWith("SQLITE_FULL")) return config(`The disk of ${path} is full: make room and start again.`, error);
  if (/^(?:E[A-Z]+|SQLITE_(?:CANTOPEN|READONLY|PERM|IOERR).*)$/.test(code) || isMissingFolder(error)) {
    return config(
      `The data directory ${dirname(path)} cannot be written (${code || "no such directory"}): make it a directory that this user may write, or choose another one.`,
      error,
    );
  }
  return error;
}

/** better-sqlite3 says this with a TypeError and no code. */
function isMissingFolder(error: unknown): boolean {
  return error instanceof TypeError && error.message.includes("directory does not exist");
}

function config(message: string, cause: unknown): Fault {
  return new Fault("config", message, { cause });
}
