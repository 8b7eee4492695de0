import { join } from "node:path";
import Database from "better-sqlite3";
import { z } from "zod";
import { Change } from "../domain/change.ts";
import type { MonitorState } from "./monitors.ts";
import type { World } from "./world.ts";

/** One operation that was really done through the control API. */
export const JournalEntry = z.object({
  at: z.number(),
  operation: z.string(),
  key: z.string().nullable(),
  answer: z.unknown(),
});
export type JournalEntry = z.output<typeof JournalEntry>;

/** A delivery that has not been taken yet. */
export interface Undelivered {
  readonly id: number;
  readonly path: string;
  readonly body: string;
}

/** A drill that was started, with its truth. */
export const DrillRecord = z.object({
  id: z.string(),
  fault: z.string(),
  cause: z.string(),
  remedies: z.array(z.string()),
  culprit: z.string().nullable(),
  startedAt: z.number(),
});
export type DrillRecord = z.output<typeof DrillRecord>;

/** What the sandbox keeps, so that killing the process neither heals nor changes it. */
export interface Memory {
  readonly load: () => { world: World; monitors: MonitorState; at: number } | null;
  readonly values: (from: number, to: number) => { at: number; values: [string, number][] }[];
  readonly saveSecond: (second: {
    world: World;
    monitors: MonitorState;
    at: number;
    values: ReadonlyMap<string, number>;
    deliveries: { path: string; body: string }[];
  }) => void;
  /** Everything that one operation does, in one transaction. */
  readonly saveDeed: (deed: {
    world: World;
    at: number;
    changes: Change[];
    deliveries: { path: string; body: string }[];
    journal?: JournalEntry;
    drill?: DrillRecord;
  }) => void;
  readonly changes: (from: number, to: number) => Change[];
  readonly countChanges: () => number;
  readonly journal: () => JournalEntry[];
  readonly answered: (key: string) => JournalEntry | null;
  readonly drills: () => DrillRecord[];
  readonly undelivered: (limit: number) => Undelivered[];
  readonly delivered: (id: number) => void;
  /** Writes everything that `work` writes in one transaction. */
  readonly inOne: (work: () => void) => void;
  readonly close: () => void;
}

const KEPT_MS = 30 * 60_000;
const TABLES = `
  create table if not exists state (one integer primary key check (one = 1), world text not null, monitors text not null, at integer not null);
  create table if not exists second (at integer primary key, vals text not null);
  create table if not exists change (id text primary key, at integer not null, doc text not null);
  create table if not exists journal (n integer primary key autoincrement, key text unique, doc text not null);
  create table if not exists drill (n integer primary key autoincrement, doc text not null);
  create table if not exists outbox (id integer primary key autoincrement, path text not null, body text not null);
`;

/** Opens (or makes) the sandbox's own file in that directory. */
export function openMemory(dir: string): Memory {
  const db = new Database(join(dir, "sandbox.db"));
  db.pragma("journal_mode = WAL");
  db.pragma("synchronous = NORMAL");
  db.exec(TABLES);
  const setState = db.prepare(
    "insert into state values (1, ?, coalesce(?, '{}'), ?) on conflict (one) do update set world = excluded.world, monitors = coalesce(?, monitors), at = excluded.at",
  );
  const addSecond = db.prepare("insert or replace into second values (?, ?)");
  const addDelivery = db.prepare("insert into outbox (path, body) values (?, ?)");
  const rows = <S extends z.ZodType>(sql: string, schema: S, ...values: (string | number)[]): z.output<S>[] =>
    (db.prepare(sql).all(...values) as { doc: string }[]).map(({ doc }) => schema.parse(JSON.parse(doc)));
  return {
    load: () => {
      const row = db.prepare("select world, monitors, at from state").get() as
        | { world: string; monitors: string; at: number }
        | undefined;
      return row === undefined
        ? null
        : { world: JSON.parse(row.world) as World, monitors: JSON.parse(row.monitors) as MonitorState, at: row.at };
    },
    values: (from, to) =>
      (
        db.prepare("select at, vals from second where at >= ? and at < ? order by at").all(from, to) as {
          at: number;
          vals: string;
        }[]
      ).map(({ at, vals }) => ({
        at,
        values: JSON.parse(vals) as [string, number][],
      })),
    saveSecond: db.transaction((second: Parameters<Memory["saveSecond"]>[0]) => {
      const monitors = JSON.stringify(second.monitors);
      setState.run(JSON.stringify(second.world), monitors, second.at, monitors);
      addSecond.run(
        second.at,
        JSON.stringify([...second.values].map(([key, value]) => [key, Number(value.toPrecision(6))])),
      );
      db.prepare("delete from second where at < ?").run(second.at - KEPT_MS);
      for (const { path, body } of second.deliveries) addDelivery.run(path, body);
    }),
    saveDeed: db.transaction((deed: Parameters<Memory["saveDeed"]>[0]) => {
      setState.run(JSON.stringify(deed.world), null, deed.at, null);
      for (const change of deed.changes)
        db.prepare("insert or replace into change values (?, ?, ?)").run(change.id, change.at, JSON.stringify(change));
      for (const { path, body } of deed.deliveries) addDelivery.run(path, body);
      if (deed.journal !== undefined)
        db.prepare("insert into journal (key, doc) values (?, ?)").run(deed.journal.key, JSON.stringify(deed.journal));
      if (deed.drill !== undefined) db.prepare("insert into drill (doc) values (?)").run(JSON.stringify(deed.drill));
    }),
    changes: (from, to) => rows("select doc from change where at >= ? and at < ? order by at", Change, from, to),
    countChanges: () => (db.prepare("select count(*) as n from change").get() as { n: number }).n,
    journal: () => rows("select doc from journal order by n", JournalEntry),
    answered: (key) => rows("select doc from journal where key = ?", JournalEntry, key)[0] ?? null,
    drills: () => rows("select doc from drill order by n", DrillRecord),
    undelivered: (limit) =>
      db.prepare("select id, path, body from outbox order by id limit ?").all(limit) as Undelivered[],
    delivered: (id) => void db.prepare("delete from outbox where id = ?").run(id),
    inOne: (work) => db.transaction(work)(),
    close: () => void db.close(),
  };
}
