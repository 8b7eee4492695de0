import { sql } from "kysely";
import { z } from "zod";
import { Json } from "../domain/json.ts";
import type { NewId } from "../lib/ids.ts";
import { type Job, type JobCount, jobKinds, type NewJob } from "../store-port.ts";
import { asking, type Engine, MAX_ATTEMPTS, type Queue, type Tx } from "./engine.ts";
import { indexKey, json, plain, read, type Tables, whole } from "./tables.ts";

const Row = z.object({
  id: z.string(),
  kind: z.enum(jobKinds),
  key: z.string(),
  payload: Json,
  runAt: z.number(),
  attempt: z.number().int(),
});

/**
 * The queue as one table, for SQLite. A lease is a time in the row: it ends by itself when its worker is gone. Whoever
 * finishes, retries or buries a job must still hold its attempt; after the lease has gone to another, it changes nothing.
 */
export function createJobsTable(engine: Engine, newId: NewId): Queue {
  const ask = <T>(query: () => Promise<T>) => asking(engine, query);
  const { db } = engine;
  const mine = (tx: Tx, job: Job) =>
    tx.updateTable("job").where("id", "=", job.id).where("attempt", "=", job.attempt).where(running);
  const bury = (tx: Tx, job: Job, because: string) =>
    mine(tx, job)
      .set({ state: "dead", leased_until: null, because: plain(because) })
      .execute();
  return {
    add: (jobs, tx) => addJobs(jobs, tx, newId),
    claim: (now, leaseMs, limit) => engine.write((tx) => claim(tx, { now, leaseMs, limit })),
    finish: (job) =>
      ask(async () => {
        const done = db.deleteFrom("job").where("id", "=", job.id).where("attempt", "=", job.attempt);
        await done.where(running).execute();
      }),
    retry: (job, at, because) =>
      engine.write(async (tx) => {
        if (job.attempt >= MAX_ATTEMPTS) return void (await bury(tx, job, because));
        const row = { state: "waiting" as const, run_at: whole(at), leased_until: null, because: plain(because) };
        const twin = tx.selectFrom("job").select("id").where(waiting);
        const other = twin.where("kind", "=", job.kind).where("key", "=", indexKey(job.key));
        // One that waits already will do the work; a second would be the duplicate that keys are for.
        if ((await other.executeTakeFirst()) === undefined) await mine(tx, job).set(row).execute();
        else await tx.deleteFrom("job").where("id", "=", job.id).where("attempt", "=", job.attempt).execute();
      }),
    bury: (job, because) => engine.write(async (tx) => void (await bury(tx, job, because))),
    counts: (now) => ask(() => counts(engine, now)),
    dead: (limit) =>
      ask(async () => {
        const rows = db.selectFrom("job").selectAll().where(dead).orderBy("run_at", "desc");
        const found = await rows.orderBy("id", "desc").limit(Math.max(0, limit)).execute();
        return found.map((row) => ({ ...jobOf(row), because: row.because ?? "" }));
      }),
    close: () => Promise.resolve(),
  };
}

// Literals: SQLite uses a partial index only where the statement itself says what the index says.
const waiting = sql<boolean>`state = 'waiting'`;
const running = sql<boolean>`state = 'running'`;
const dead = sql<boolean>`state = 'dead'`;

async function addJobs(jobs: readonly NewJob[], tx: Tx, newId: NewId): Promise<void> {
  for (const { kind, key, payload, runAt } of jobs) {
    await tx
      .insertInto("job")
      .values({
        id: newId("job"),
        kind,
        key: indexKey(key),
        payload: JSON.stringify({ key, payload }),
        run_at: whole(runAt),
        state: "waiting",
        attempt: 0,
        leased_until: null,
        because: null,
      })
      .onConflict((conflict) => conflict.columns(["kind", "key"]).where(waiting).doNothing())
      .execute();
  }
}

async function claim(tx: Tx, { now, leaseMs, limit }: { now: number; leaseMs: number; limit: number }): Promise<Job[]> {
  await tx
    .updateTable("job")
    .set({ state: "dead", leased_until: null, because: `its worker did not finish, ${MAX_ATTEMPTS} times` })
    .where(running)
    .where("leased_until", "<=", now)
    .where("attempt", ">=", MAX_ATTEMPTS)
    .execute();
  const rows = await tx
    .updateTable("job")
    .set((eb) => ({ state: "running", attempt: eb("attempt", "+", 1), leased_until: whole(now + leaseMs) }))
    .where("id", "in", (eb) =>
      eb
        .selectFrom("job")
        .select("id")
        .where((where) =>
          where.or([
            where.and([waiting, where("run_at", "<=", now)]),
            where.and([running, where("leased_until", "<=", now)]),
          ]),
        )
        .orderBy("run_at")
        .orderBy("id")
        .limit(limit),
    )
    .returningAll()
    .execute();
  return rows.sort((a, b) => a.run_at - b.run_at || (a.id < b.id ? -1 : 1)).map(jobOf);
}

function jobOf(row: Tables["job"]): Job {
  const what = `job ${row.id}`;
  const kept = z.looseObject({}).parse(json(row.payload, what));
  const { id, kind, run_at: runAt, attempt } = row;
  return read(Row, { ...kept, id, kind, runAt, attempt }, what);
}

async function counts(engine: Engine, now: number): Promise<JobCount[]> {
  const rows = await engine.db
    .selectFrom("job")
    .select(({ fn }) => ["kind", "state", fn.countAll<number>().as("jobs"), fn.min<number>("run_at").as("oldest")])
    .groupBy(["kind", "state"])
    .execute();
  return jobKinds.map((kind) => {
    const of = (state: string) => rows.find((row) => row.kind === kind && row.state === state);
    const lagMs = Math.max(0, now - (of("waiting")?.oldest ?? now));
    const jobs = (state: string) => of(state)?.jobs ?? 0;
    return { kind, waiting: jobs("waiting"), running: jobs("running"), dead: jobs("dead"), lagMs };
  });
}
