import { join } from "node:path";
import Database from "better-sqlite3";
import { z } from "zod";
import { Change } from "../domain/change.ts";
import { SECOND } from "../domain/time.ts";
import { KEPT_S, type KeptName, type KeptSecond } from "./history.ts";
import type { MonitorState } from "./monitors.ts";
import type { InputValues } from "./samples.ts";
import type { World } from "./world.ts";

/** One operation that was really done through the control API. */
export const JournalEntry = z.object({
  at: z.number(),
  /** Its name, as the bot's action has it: `set_prompt_label`, `drain_node` … */
  operation: z.string(),
  target: z.string(),
  body: z.unknown(),
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
export type NewDelivery = Omit<Undelivered, "id">;

/** A drill that was started, with its truth. */
export const DrillRecord = z.object({
  id: z.string(),
  fault: z.string(),
  cause: z.string(),
  /** Kinds of action that mend it. */
  remedies: z.array(z.string()),
  /** The change that did it; null where none did, and until it is broken. */
  culprit: z.string().nullable(),
  /** When it breaks. */
  startedAt: z.number(),
});
export type DrillRecord = z.output<typeof DrillRecord>;

/** Something that will happen at its time: an innocent change, or the break of a drill. */
export interface Planned {
  readonly at: number;
  /** State of the source of chance that it is made with. */
  readonly chance: number;
  /** Name of the fault, or null for an innocent change. */
  readonly fault: string | null;
  /** The parts that an innocent change leaves alone. */
  readonly spare: readonly string[];
}

/** Where everything stands, apart from what was measured. */
export interface Standing {
  readonly world: World;
  readonly monitors: MonitorState;
  /** When it was first started, in milliseconds: what lies before nobody was paged for. */
  readonly launchedAt: number;
  /** The last second that was lived through, in milliseconds. */
  readonly at: number;
  /** What is still to come. */
  readonly planned: readonly Planned[];
  /** The input as it was at the launch. */
  readonly reference: InputValues;
  /** Since when nothing fires, in milliseconds; null while something does. */
  readonly calmSince: number | null;
  /** Whether leftovers of the last drill are still to be put away. */
  readonly untidy: boolean;
}

/** Everything that becomes true together. */
export interface Commit {
  readonly standing?: Standing;
  readonly seconds?: readonly {
    readonly second: KeptSecond;
    readonly names: readonly KeptName[];
    readonly world: World;
  }[];
  readonly changes?: readonly Change[];
  readonly deliveries?: readonly NewDelivery[];
  readonly journal?: JournalEntry;
  readonly drills?: readonly DrillRecord[];
}

/** What the sandbox keeps, so that killing the process neither heals nor changes it. */
export interface Memory {
  readonly standing: () => Standing | null;
  readonly names: () => KeptName[];
  readonly seconds: () => KeptSecond[];
  /** The world before each of the last seconds: living through them again gives the same requests. */
  readonly worlds: () => World[];
  readonly commit: (commit: Commit) => void;
  readonly changes: (from: number, to: number) => Change[];
  readonly countChanges: () => number;
  readonly journal: () => JournalEntry[];
  readonly done: (key: string) => JournalEntry | null;
  readonly drills: () => DrillRecord[];
  readonly undelivered: (limit: number) => Undelivered[];
  readonly delivered: (id: number) => void;
  readonly close: () => void;
}

const WORLDS_KEPT = 8;
const TABLES = `
  create table if not exists standing (one integer primary key check (one = 1), doc text not null);
  create table if not exists name (kind text not null, number integer not null, text text not null, first_at integer not null, primary key (kind, number));
  create table if not exists second (at integer primary key, vals blob not null, logs text not null);
  create table if not exists world (at integer primary key, doc text not null);
  create table if not exists change (id text primary key, at integer not null, doc text not null);
  create table if not exists journal (n integer primary key autoincrement, key text unique, doc text not null);
  create table if not exists drill (id text primary key, doc text not null);
  create table if not exists outbox (id integer primary key autoincrement, path text not null, body text not null);
`;

/** Opens (or makes) the sandbox's own file in that directory. */
export function openMemory(dir: string): Memory {
  const db = new Database(join(dir, "sandbox.db"));
  db.pragma("journal_mode = WAL");
  // What a killed process has written is with the system: only a power cut could lose the last moments.
  db.pragma("synchronous = NORMAL");
  db.exec(TABLES);
  const docs = <S extends z.ZodType>(sql: string, schema: S, ...values: (string | number)[]): z.output<S>[] =>
    (db.prepare(sql).all(...values) as { doc: string }[]).map(({ doc }) => schema.parse(JSON.parse(doc)));
  const own = (sql: string): unknown[] =>
    (db.prepare(sql).all() as { doc: string }[]).map(({ doc }) => JSON.parse(doc) as unknown);
  const drop = db.prepare("delete from outbox where id = ?");
  return {
    standing: () => (own("select doc from standing")[0] as Standing | undefined) ?? null,
    names: () =>
      db.prepare("select number, kind, text, first_at as firstAt from name order by number").all() as KeptName[],
    seconds: () => (db.prepare("select at, vals, logs from second order by at").all() as SecondRow[]).map(secondOf),
    worlds: () => own(`select doc from world order by at desc limit ${WORLDS_KEPT}`).toReversed() as World[],
    commit: db.transaction(writer(db)),
    changes: (from, to) => docs("select doc from change where at >= ? and at < ? order by at, id", Change, from, to),
    countChanges: () => (db.prepare("select count(*) as n from change").get() as { n: number }).n,
    journal: () => docs("select doc from journal order by n", JournalEntry),
    done: (key) => docs("select doc from journal where key = ?", JournalEntry, key)[0] ?? null,
    drills: () => docs("select doc from drill order by rowid", DrillRecord),
    undelivered: (limit) =>
      db.prepare("select id, path, body from outbox order by id limit ?").all(limit) as Undelivered[],
    delivered: (id) => void drop.run(id),
    close: () => void db.close(),
  };
}

interface SecondRow {
  readonly at: number;
  readonly vals: Buffer;
  readonly logs: string;
}

function secondOf({ at, vals, logs }: SecondRow): KeptSecond {
  const values = new Float64Array(new Uint8Array(vals).buffer);
  return { at, values, logs: JSON.parse(logs) as [number, number][] };
}

function writer(db: Database.Database): (commit: Commit) => void {
  const setStanding = db.prepare("insert or replace into standing values (1, ?)");
  const addName = db.prepare("insert or ignore into name (kind, number, text, first_at) values (?, ?, ?, ?)");
  const addSecond = db.prepare("insert or replace into second values (?, ?, ?)");
  const addWorld = db.prepare("insert or replace into world values (?, ?)");
  const dropSeconds = db.prepare("delete from second where at < ?");
  const dropWorlds = db.prepare("delete from world where at < ?");
  const addChange = db.prepare("insert or replace into change values (?, ?, ?)");
  const addDelivery = db.prepare("insert into outbox (path, body) values (?, ?)");
  const addJournal = db.prepare("insert into journal (key, doc) values (?, ?)");
  const addDrill = db.prepare("insert into drill values (?, ?) on conflict (id) do update set doc = excluded.doc");
  const keepSeconds = (seconds: NonNullable<Commit["seconds"]>) => {
    for (const { second, names } of seconds) {
      for (const { kind, number, text, firstAt } of names) addName.run(kind, number, text, firstAt);
      addSecond.run(second.at, Buffer.from(second.values.buffer), JSON.stringify(second.logs));
    }
    for (const { second, world } of seconds.slice(-WORLDS_KEPT)) addWorld.run(second.at, JSON.stringify(world));
    const last = seconds.at(-1)?.second.at ?? 0;
    dropSeconds.run(last - KEPT_S * SECOND);
    dropWorlds.run(last - WORLDS_KEPT * SECOND);
  };
  return ({ standing, seconds = [], changes = [], deliveries = [], journal, drills = [] }) => {
    if (seconds.length > 0) keepSeconds(seconds);
    if (standing !== undefined) setStanding.run(JSON.stringify(standing));
    for (const change of changes) addChange.run(change.id, change.at, JSON.stringify(change));
    for (const { path, body } of deliveries) addDelivery.run(path, body);
    if (journal !== undefined) addJournal.run(journal.key, JSON.stringify(journal));
    for (const drill of drills) addDrill.run(drill.id, JSON.stringify(drill));
  };
}
