import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import type { StoreOptions } from "../../src/store/open.ts";

/** One of the two databases, for the contract test: empty ones on demand, and a way round the store. */
export interface Backend {
  empty(): Promise<StoreOptions>;
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
  return {
    empty: async () => ({ kind: "sqlite", path: join(folder, `${made++}`, "faultline.sqlite") }),
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

export const backends: [string, () => Promise<Backend>][] = [["SQLite", sqlite]];
