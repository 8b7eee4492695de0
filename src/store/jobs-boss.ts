import { sql } from "kysely";
import { type Db as BossDb, fromKysely, type JobInsert, PgBoss } from "pg-boss";
import { z } from "zod";
import { Json } from "../domain/json.ts";
import type { Log } from "../lib/log.ts";
import { type Job, type JobCount, jobKinds, type NewJob } from "../store-port.ts";
import { asking, MAX_ATTEMPTS, type Queue, type Tx } from "./engine.ts";
import type { Postgres } from "./postgres.ts";
import { indexKey, json, plain, read } from "./tables.ts";

/** pg-boss keeps its tables in a schema of its own, beside those of another program that uses it. */
const SCHEMA = "faultline_queue";
const QUEUE = "faultline";
const DEAD = "faultline.dead";
/** How long a claimed job is given unless the claim says otherwise; the worker's own lease. */
const LEASE_SECONDS = 120;
/** pg-boss deletes what waits longer than this after it was due, two weeks by default: nothing accepted may be lost so. */
const RETENTION_SECONDS = 10 * 365 * 24 * 3600;

/** A job as pg-boss carries it: one JSON text, since `jsonb` refuses the character NUL. */
const Carried = z.object({
  kind: z.enum(jobKinds),
  key: z.string(),
  payload: Json,
  runAt: z.number(),
  /** Failed attempts of the jobs that this one continues. */
  failed: z.number().int(),
  because: z.string().optional(),
});
type Carried = z.output<typeof Carried>;

const Claimed = z.object({ job: z.string() });
const Settled = z.object({ affected: z.number() });

/**
 * The queue on PostgreSQL: pg-boss, since claiming without collisions, leases that end, retries, dead letters and the
 * upkeep of their tables are solved there, and a job can be added in the transaction of the data it is about.
 *
 * How the contract is met:
 * - at most one waiting job of a kind and key: the queue's policy is `short`, and the key is the `singletonKey`;
 * - a lease: the job's `expireInSeconds`, in whole seconds of the database's clock. Expired ones are made due by
 *   pg-boss's supervisor, which looks every two seconds, and are dead letters after the eighth attempt;
 * - a retry at a time of our choosing: completes the job and adds its continuation in one transaction, because pg-boss
 *   has a delay of its own, and does not count a job in its state `retry` as a waiting one;
 * - whoever finishes must still hold the attempt: jobs are settled as `{ id, retryCount }`, and both are in our id.
 */
export async function createBossQueue(engine: Postgres, log: Log): Promise<Queue> {
  const { pool } = engine;
  const db: BossDb = { executeSql: (text, values) => pool.query<Record<string, unknown>>(text, values) };
  const boss = new PgBoss({
    db,
    schema: SCHEMA,
    schedule: false,
    superviseIntervalSeconds: 2,
    monitorIntervalSeconds: 2,
    openTelemetry: { enabled: false },
  });
  boss.on("error", (error) => log.warn("the queue reports a fault", { fault: error.message }));
  boss.on("warning", ({ message }) => log.debug("the queue warns", { warning: message }));
  try {
    // Of eight pg-boss that started together on an empty database, some failed with a schema that was there already.
    await engine.alone(() => start(boss));
  } catch (error) {
    await boss.stop({ graceful: false, close: false });
    throw engine.fault(error);
  }
  return queueOf(boss, engine);
}

async function start(boss: PgBoss): Promise<void> {
  await boss.start();
  await boss.createQueue(DEAD, { retentionSeconds: RETENTION_SECONDS });
  await boss.createQueue(QUEUE, {
    policy: "short",
    deadLetter: DEAD,
    expireInSeconds: LEASE_SECONDS,
    retryLimit: MAX_ATTEMPTS - 1,
    retryDelay: 0,
    retentionSeconds: RETENTION_SECONDS,
    deleteAfterSeconds: 3600,
  });
}

function queueOf(boss: PgBoss, engine: Postgres): Queue {
  const settle = async (job: Job, tx?: Tx): Promise<boolean> => {
    const { id, retryCount } = attemptOf(job);
    const options = tx === undefined ? {} : { db: fromKysely(tx) };
    const settled = await boss.complete(QUEUE, { id, retryCount }, null, options);
    return Settled.parse(settled).affected > 0;
  };
  /** Ends this attempt and, if it was still ours, lets `next` follow it. */
  const replace = (job: Job, next: (tx: Tx) => Promise<unknown>) =>
    engine.write(async (tx) => {
      if (await settle(job, tx)) await next(tx);
    });
  const bury = (job: Job, because: string) =>
    replace(job, (tx) => {
      const { key, kind, payload, runAt } = job;
      const carried = { kind, key, payload, runAt, failed: job.attempt, because: plain(because) };
      return boss.insert(DEAD, [insertOf(carried)], { db: fromKysely(tx) });
    });
  return {
    add: async (jobs, tx) => {
      if (jobs.length === 0) return;
      const rows = jobs.map((job) => ({
        ...insertOf({ ...job, failed: 0 }),
        startAfter: new Date(job.runAt).toISOString(),
      }));
      await boss.insert(QUEUE, rows, { db: fromKysely(tx) });
    },
    claim: (_now, leaseMs, limit) => engine.write((tx) => claim(boss, tx, leaseMs, limit)),
    finish: (job) => asking(engine, async () => void (await settle(job))),
    retry: (job, at, because) =>
      job.attempt >= MAX_ATTEMPTS
        ? bury(job, because)
        : replace(job, (tx) => {
            const { kind, key, payload, runAt } = job;
            const row = insertOf({ kind, key, payload, runAt, failed: job.attempt });
            return boss.insert(QUEUE, [{ ...row, startAfter: new Date(at).toISOString() }], { db: fromKysely(tx) });
          }),
    bury,
    counts: (now) => asking(engine, () => counts(engine, now)),
    dead: (limit) => asking(engine, () => deadJobs(boss, limit)),
    close: () => boss.stop({ graceful: false, close: false }),
  };
}

function insertOf(carried: Carried | (NewJob & { readonly failed: number })): JobInsert {
  return {
    data: { job: JSON.stringify(Carried.parse(carried)) },
    singletonKey: `${carried.kind}:${indexKey(carried.key)}`,
    group: { id: carried.kind },
    retryLimit: MAX_ATTEMPTS - 1 - Math.min(carried.failed, MAX_ATTEMPTS - 1),
  };
}

async function claim(boss: PgBoss, tx: Tx, leaseMs: number, limit: number): Promise<Job[]> {
  if (limit < 1) return [];
  const fetched = await boss.fetch(QUEUE, { batchSize: Math.trunc(limit), db: fromKysely(tx) });
  const seconds = Math.max(1, Math.ceil(leaseMs / 1000));
  const others = fetched.filter((job) => job.expireInSeconds !== seconds).map(({ id }) => id);
  if (others.length > 0) {
    // pg-boss gives a job its lease when it is added; ours is given by who claims it.
    await sql`update ${sql.table(`${SCHEMA}.job`)} set expire_seconds = ${seconds}
      where name = ${QUEUE} and id = any(${others}::uuid[])`.execute(tx);
  }
  const jobs = fetched.map((one) => jobOf(one.data, one.id, one.retryCount));
  return jobs.sort((a, b) => a.runAt - b.runAt || (a.id < b.id ? -1 : 1));
}

/** Our id names the attempt as pg-boss does: the row, how often its lease ended, and what was tried before it. */
function jobOf(data: unknown, id: string, retryCount: number): Job {
  const { kind, key, payload, runAt, failed } = carriedIn(data, id);
  return { id: `${id}.${retryCount}`, kind, key, payload, runAt, attempt: failed + retryCount + 1 };
}

function attemptOf(job: Job): { id: string; retryCount: number } {
  const [id = "", retryCount = ""] = job.id.split(".");
  return { id, retryCount: Number(retryCount) };
}

function carriedIn(data: unknown, id: string): Carried {
  const what = `job ${id}`;
  return read(Carried, json(read(Claimed, data, what).job, what), what);
}

const CountRow = z.object({
  kind: z.string(),
  waiting: z.coerce.number(),
  running: z.coerce.number(),
  dead: z.coerce.number(),
  oldest: z.coerce.number().nullable(),
});

/** pg-boss's own statistics are those of its last look at the whole queue; these are by kind, and of now. */
async function counts(engine: Postgres, now: number): Promise<JobCount[]> {
  const { rows } = await sql`
    select group_id as kind,
      count(*) filter (where name = ${QUEUE} and state in ('created', 'retry')) as waiting,
      count(*) filter (where name = ${QUEUE} and state = 'active') as running,
      count(*) filter (where name = ${DEAD}) as dead,
      (extract(epoch from min(start_after) filter (where name = ${QUEUE} and state in ('created', 'retry'))) * 1000)::float8
        as oldest
    from ${sql.table(`${SCHEMA}.job`)}
    where name in (${QUEUE}, ${DEAD}) and state in ('created', 'retry', 'active')
    group by group_id`.execute(engine.db);
  const known = z.array(CountRow).parse(rows);
  return jobKinds.map((kind) => {
    const { waiting = 0, running = 0, dead = 0, oldest = null } = known.find((row) => row.kind === kind) ?? {};
    return { kind, waiting, running, dead, lagMs: Math.max(0, Math.round(now - (oldest ?? now))) };
  });
}

const MOST_DEAD = 1_000;

/** The newest first, like on SQLite. */
async function deadJobs(boss: PgBoss, limit: number): Promise<(Job & { because: string })[]> {
  const found = await boss.findJobs(DEAD, { limit: MOST_DEAD });
  return found
    .reverse()
    .slice(0, Math.max(0, limit))
    .map(({ data, id, sourceRetryCount }) => {
      const { kind, key, payload, runAt, failed, because } = carriedIn(data, id);
      // Those that pg-boss moved here itself ran out of attempts because their leases ended.
      const attempt = sourceRetryCount === null ? failed : failed + sourceRetryCount + 1;
      return { id, kind, key, payload, runAt, attempt, because: because ?? WORKER_GONE };
    });
}

const WORKER_GONE = `its worker did not finish, ${MAX_ATTEMPTS} times`;
