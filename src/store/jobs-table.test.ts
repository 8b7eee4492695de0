import { afterEach, describe, expect, it } from "vitest";
import { createIds } from "../lib/ids.ts";
import type { Job, NewJob } from "../store-port.ts";
import type { Engine, Queue } from "./engine.ts";
import { createJobsTable } from "./jobs-table.ts";
import { openSqlite } from "./sqlite.ts";

const opened: Engine[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((engine) => engine.close()));
});

async function queueWith(...jobs: NewJob[]): Promise<Queue> {
  const engine = await openSqlite(":memory:", 0);
  opened.push(engine);
  const queue = createJobsTable(
    engine,
    createIds(() => 0),
  );
  await engine.write((tx) => queue.add(jobs, tx));
  return queue;
}

const job = (key: string, runAt = 0): NewJob => ({ kind: "triage", key, payload: { key }, runAt });
const one = ([first]: Job[]): Job => {
  if (first === undefined) throw new Error("no job");
  return first;
};

describe("the queue as a table", () => {
  it("gives the oldest first, and by what is due at the time that it is told", async () => {
    const queue = await queueWith(job("c", 3), job("a", 1), job("b", 2));
    expect(await queue.claim(0, 10, 10)).toEqual([]);
    expect((await queue.claim(2, 10, 10)).map(({ key }) => key)).toEqual(["a", "b"]);
    expect((await queue.claim(3, 10, 10)).map(({ key }) => key)).toEqual(["c"]);
  });

  it("keeps a lease until its last moment, and gives the job again in the next", async () => {
    const queue = await queueWith(job("a"));
    await queue.claim(100, 50, 1);
    expect(await queue.claim(149, 50, 1)).toEqual([]);
    expect(await queue.claim(150, 50, 1)).toMatchObject([{ key: "a", attempt: 2 }]);
  });

  it("buries a job whose worker went away in the eighth attempt", async () => {
    const queue = await queueWith(job("poison"));
    for (let attempt = 1; attempt <= 8; attempt += 1) {
      expect(await queue.claim(attempt * 100, 100, 1)).toMatchObject([{ attempt }]);
    }
    expect(await queue.claim(900, 100, 1)).toEqual([]);
    expect(await queue.dead(10)).toMatchObject([
      { key: "poison", attempt: 8, because: expect.stringContaining("did not finish") },
    ]);
  });

  it("lets nobody settle a job whose lease went to another", async () => {
    const queue = await queueWith(job("a"));
    const late = one(await queue.claim(0, 10, 1));
    const now = one(await queue.claim(10, 10, 1));

    await queue.finish(late);
    await queue.retry(late, 0, "late");
    await queue.bury(late, "late");

    const running = async () => (await queue.counts(10)).find(({ kind }) => kind === "triage");
    expect(await running()).toMatchObject({ waiting: 0, running: 1, dead: 0 });
    await queue.finish(now);
    expect(await running()).toMatchObject({ waiting: 0, running: 0, dead: 0 });
  });

  it("counts the lag of what is due, not of what is not", async () => {
    const queue = await queueWith(job("a", 100), job("b", 900));
    const lag = async (now: number) => (await queue.counts(now)).find(({ kind }) => kind === "triage")?.lagMs;
    expect(await lag(50)).toBe(0);
    expect(await lag(400)).toBe(300);
  });
});
