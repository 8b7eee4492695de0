import { readFileSync, rmSync, writeFileSync } from "node:fs";
import Database from "better-sqlite3";
import { Fault } from "../lib/fault.ts";

/** Held for as long as this process owns the database file. */
export interface Lock {
  release(): void;
}

/**
 * Takes the database file for this process alone: WAL and the group commit want one writing process, and a rolling
 * update must not run two.
 *
 * The lock is the operating system's own, taken by SQLite on the empty file `<path>.lock`, so it ends with its
 * process, however that ends: nothing stale is left by `kill -9`, and a number that another process got since cannot
 * deceive. `<path>.pid` only says who holds it.
 *
 * @throws Fault "config" when another process (or another store of this one) has it
 */
export function lockFile(path: string): Lock {
  const lock = new Database(`${path}.lock`, { timeout: 0 });
  try {
    lock.pragma("journal_mode = MEMORY");
    lock.exec("begin immediate");
  } catch (error) {
    lock.close();
    throw refusal(path, error);
  }
  writeFileSync(`${path}.pid`, `${process.pid}\n`);
  return {
    release: () => {
      rmSync(`${path}.pid`, { force: true });
      lock.close();
    },
  };
}

function refusal(path: string, error: unknown): unknown {
  if (!(error instanceof Database.SqliteError && error.code.startsWith("SQLITE_BUSY"))) return error;
  return new Fault(
    "config",
    `The database ${path} is in use by ${holder(path)}: stop that one first, or give this one its own data directory.`,
    { cause: error },
  );
}

function holder(path: string): string {
  try {
    const pid = Number.parseInt(readFileSync(`${path}.pid`, "utf8"), 10);
    return Number.isNaN(pid) ? "another process" : `process ${pid}`;
  } catch {
    return "another process";
  }
}
