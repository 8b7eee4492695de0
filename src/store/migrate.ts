import { readdir, readFile } from "node:fs/promises";
import { z } from "zod";
import { Fault } from "../lib/fault.ts";

/** One numbered file of `migrations/`, for this database. */
interface Migration {
  readonly number: number;
  readonly name: string;
  readonly sql: string;
}

export interface Migrations {
  /** In order; those for the other database are left out. */
  readonly list: readonly Migration[];
  /** The highest number that this program knows, for whichever database. */
  readonly newest: number;
}

/** The little that migrating needs of a database, within one open transaction that nobody else can enter. */
export interface MigrationTarget {
  /** Runs any number of statements. */
  run(sql: string): Promise<void> | void;
  rows(sql: string): Promise<readonly unknown[]> | readonly unknown[];
}

const FILE = /^(?<number>\d{4})_(?<name>[a-z0-9_]+)(?:\.(?<dialect>sqlite|postgres))?\.sql$/;
const folder = new URL("../../migrations/", import.meta.url);
const Applied = z.array(z.object({ number: z.coerce.number() }));

/** Reads the migrations: `0001_name.sql` runs on both databases, `0001_name.sqlite.sql` on one. */
export async function loadMigrations(dialect: "sqlite" | "postgres"): Promise<Migrations> {
  const list: Migration[] = [];
  let newest = 0;
  for (const file of (await readdir(folder)).sort()) {
    const groups = FILE.exec(file)?.groups;
    if (groups === undefined) continue;
    const number = Number(groups["number"]);
    newest = Math.max(newest, number);
    if (groups["dialect"] !== undefined && groups["dialect"] !== dialect) continue;
    list.push({ number, name: groups["name"] ?? "", sql: await readFile(new URL(file, folder), "utf8") });
  }
  return { list, newest };
}

/**
 * Applies what is pending, in order. The caller holds the transaction: all pending ones become true together, and of
 * several programs that start at once one applies and the others find nothing to do.
 *
 * @returns the numbers that were applied now
 * @throws Fault "config" when the database was written by a newer program
 */
export async function migrate(target: MigrationTarget, migrations: Migrations, now: number): Promise<number[]> {
  await target.run(
    "create table if not exists migration (number integer primary key, name text not null, applied_at bigint not null)",
  );
  const applied = new Set(Applied.parse(await target.rows("select number from migration")).map((row) => row.number));
  const newest = Math.max(0, ...applied);
  if (newest > migrations.newest) {
    throw new Fault(
      "config",
      `The database is newer than this program (migration ${newest}; this program knows up to ${migrations.newest}): start the newer Faultline, or restore a backup made before the upgrade.`,
    );
  }
  const done: number[] = [];
  for (const { number, name, sql } of migrations.list) {
    if (applied.has(number)) continue;
    await target.run(sql);
    await target.run(
      `insert into migration (number, name, applied_at) values (${number}, '${name}', ${Math.trunc(now)})`,
    );
    done.push(number);
  }
  return done;
}
