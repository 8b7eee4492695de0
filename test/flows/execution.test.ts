import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Execution } from "../../src/domain/execution.ts";
import type { Proposal } from "../../src/domain/proposal.ts";
import { type Click, decide } from "../../src/flows/decide.ts";
import { execute } from "../../src/flows/execute.ts";
import { halt } from "../../src/flows/halt.ts";
import { sweep } from "../../src/flows/sweep.ts";
import { verify } from "../../src/flows/verify.ts";
import { verifyChain } from "../../src/lib/audit-chain.ts";
import { createHarness, type Harness, stepOf } from "./harness.ts";

let world: Harness;
let incidentId: string;

beforeEach(async () => {
  world = await createHarness();
  incidentId = await world.incident();
});
afterEach(async () => {
  const lines = await world.deps.store.audit(0, 1_000);
  expect(verifyChain(lines)).toMatchObject({ ok: true });
  await world.close();
});

const click = (proposal: Proposal, more: Partial<Click> = {}): Click => ({
  proposalId: proposal.id,
  digest: proposal.digest,
  verdict: "approved",
  by: "kim",
  via: "console",
  reason: null,
  ...more,
});

async function approved(more: Partial<Proposal> = {}): Promise<Execution> {
  const proposal = await world.proposal(incidentId, more);
  expect(await decide(click(proposal), world.deps)).toMatchObject({ ok: true });
  return only();
}

async function only(): Promise<Execution> {
  const executions = await world.deps.store.executions({ incidentId });
  const [execution] = executions;
  if (execution === undefined || executions.length !== 1)
    throw new Error(`one execution was expected, not ${executions.length}`);
  return execution;
}

const withAction = (action: string): Partial<Proposal> => ({ steps: [stepOf(action)] });

describe("deciding", () => {
  test("of 300 clicks at once one decides and one execution begins", async () => {
    const proposal = await world.proposal(incidentId);
    const answers = await Promise.all(
      Array.from({ length: 300 }, (_, i) => decide(click(proposal, { by: `person-${i}` }), world.deps)),
    );
    expect(answers.filter(({ ok }) => ok)).toHaveLength(1);
    expect(answers.filter((answer) => !answer.ok && answer.because === "already_decided")).toHaveLength(299);
    await only();
  });

  test("a click on what is not proposed any more changes nothing but the audit", async () => {
    const proposal = await world.proposal(incidentId);
    expect(await decide(click(proposal, { digest: "something else" }), world.deps)).toMatchObject({
      ok: false,
      because: "changed_since_shown",
    });
    expect((await world.deps.store.proposal(proposal.id))?.state).toBe("pending");
    expect((await world.deps.store.audit(0, 100)).at(-1)).toMatchObject({ action: "click.refused", actor: "kim" });
  });

  test("a rejection ends the proposal and nothing runs", async () => {
    const proposal = await world.proposal(incidentId);
    expect(await decide(click(proposal, { verdict: "rejected", reason: "wrong one" }), world.deps)).toMatchObject({
      ok: true,
    });
    expect(await world.deps.store.executions({ incidentId })).toEqual([]);
    expect((await world.deps.store.proposal(proposal.id))?.endedBecause).toBe("Rejected by kim: wrong one");
  });

  test("two people are needed where two are asked for", async () => {
    const proposal = await world.proposal(incidentId, { approvalsNeeded: 2 });
    expect((await decide(click(proposal), world.deps)).text).toBe("Counted: 1 of 2 approvals.");
    expect(await decide(click(proposal), world.deps)).toMatchObject({ ok: false, because: "already_voted" });
    expect(await world.deps.store.executions({ incidentId })).toEqual([]);
    expect((await decide(click(proposal, { by: "lee" }), world.deps)).ok).toBe(true);
    await only();
  });

  test("a proposal past its time is ended by the sweep, and a late click is refused", async () => {
    const proposal = await world.proposal(incidentId);
    world.advance(1_800_000);
    expect(await decide(click(proposal), world.deps)).toMatchObject({ ok: false, because: "expired" });
    await sweep(world.deps);
    expect((await world.deps.store.proposal(proposal.id))?.state).toBe("expired");
  });
});

describe("executing", () => {
  test("an approved proposal is carried out once, however often it is asked for", async () => {
    const { id } = await approved();
    await Promise.all([execute(id, world.deps), execute(id, world.deps), execute(id, world.deps)]);
    await world.runExecution(id);
    expect(world.board.journal).toEqual([{ value: "17", key: `${id}:0` }]);
    expect(await only()).toMatchObject({ state: "verifying", steps: [{ state: "succeeded" }] });
  });

  test.each(["drop_after", "500_after"] as const)(
    "an effect whose answer was lost (%s) is confirmed and not repeated",
    async (how) => {
      const { id } = await approved(withAction("board.set_detectable"));
      world.board.next = how;
      await world.runExecution(id);
      expect(world.board.journal).toHaveLength(1);
      expect(await only()).toMatchObject({ state: "verifying", steps: [{ state: "succeeded" }] });
    },
  );

  test.each(["drop_before", "500_before"] as const)(
    "a call that never arrived (%s) is done again under the same key",
    async (how) => {
      const { id } = await approved(withAction("board.set_keyed"));
      world.board.next = how;
      await world.runExecution(id);
      expect(world.board.journal).toEqual([{ value: "17", key: `${id}:0` }]);
      expect((await only()).state).toBe("verifying");
    },
  );

  test("what can neither be asked nor repeated is left to a person", async () => {
    const { id } = await approved(withAction("board.set_once"));
    world.board.next = "drop_before";
    await world.runExecution(id);
    expect(world.board.journal).toEqual([]);
    expect(await only()).toMatchObject({ state: "needs_person", steps: [{ state: "unknown" }] });
  });

  test("a step that was begun before a crash is looked at before it is repeated", async () => {
    const begun = await approved();
    const [step] = begun.steps;
    if (step === undefined) throw new Error("a step was expected");
    const crashed: Execution = {
      ...begun,
      epoch: 1,
      steps: [{ ...step, state: "started", startedAt: world.deps.clock.now() }],
    };
    await world.deps.store.commit({ executions: [{ next: crashed, expectEpoch: begun.epoch }] });
    world.board.value = "17";
    await world.runExecution(begun.id);
    expect(world.board.journal).toEqual([]);
    expect(await only()).toMatchObject({ state: "verifying", steps: [{ state: "succeeded" }] });
  });

  test("a worker that was overtaken cannot write", async () => {
    const begun = await approved();
    const stale = await world.deps.store.execution(begun.id);
    await world.runExecution(begun.id);
    if (stale === null) throw new Error("an execution was expected");
    const late = { ...stale, state: "failed" as const };
    expect(await world.deps.store.commit({ executions: [{ next: late, expectEpoch: stale.epoch }] })).toBe("conflict");
  });

  test("when the world has moved nothing is done and it is said", async () => {
    const { id } = await approved();
    world.board.value = "19";
    await world.runExecution(id);
    expect(world.board.journal).toEqual([]);
    expect(await only()).toMatchObject({ state: "superseded", steps: [{ state: "skipped" }] });
  });

  test("the kill switch stops what was approved before its next step", async () => {
    const { id } = await approved();
    await halt({ on: true, by: "lee", via: "console" }, world.deps);
    await world.runExecution(id);
    expect(world.board.journal).toEqual([]);
    expect((await only()).state).toBe("cancelled");
  });

  test("a system that never answers is not tried for ever: a person is told", async () => {
    const { id } = await approved(withAction("board.set_keyed"));
    world.board.always = "500_before";
    for (let i = 0; i < 40; i += 1) await execute(id, world.deps);
    expect(world.board.journal).toEqual([]);
    expect((await only()).state).toBe("needs_person");
  });

  test("what is detected afterwards is not repeated while its request may be on its way", async () => {
    const { id } = await approved(withAction("board.set_detectable"));
    world.board.next = "drop_before";
    await world.runExecution(id);
    expect((await only()).steps[0]?.state).toBe("started");
    world.advance(36_000);
    await world.runExecution(id);
    expect(world.board.journal).toEqual([{ value: "17", key: `${id}:0` }]);
  });

  test("a run whose job died is woken by the sweep", async () => {
    const { id } = await approved();
    world.advance(4 * 60_000);
    for (const job of await world.deps.store.jobs.claim(world.deps.clock.now(), 1_000, 50))
      await world.deps.store.jobs.bury(job, "lost");
    await sweep(world.deps);
    const due = await world.deps.store.jobs.claim(world.deps.clock.now(), 1_000, 50);
    expect(due.map(({ kind, key }) => `${kind} ${key}`)).toContain(`execute ${id}`);
  });

  test("an open incident whose look died is looked at again", async () => {
    for (const job of await world.deps.store.jobs.claim(world.deps.clock.now(), 1_000, 50))
      await world.deps.store.jobs.bury(job, "lost");
    world.advance(10 * 60_000);
    await sweep(world.deps);
    const due = await world.deps.store.jobs.claim(world.deps.clock.now(), 1_000, 50);
    expect(due.map(({ key }) => key)).toContain(`${incidentId}:now`);
  });

  test("a refusal of the other side is a failure, and nothing is tried again", async () => {
    const { id } = await approved(withAction("board.set_once"));
    world.board.next = "refuse";
    await world.runExecution(id);
    expect(world.board.journal).toEqual([]);
    expect(["failed", "needs_person"]).toContain((await only()).state);
  });

  test("one execution at a time for a target", async () => {
    const first = await approved();
    await execute(first.id, world.deps);
    const second = await world.proposal(incidentId);
    await decide(click(second), world.deps);
    const other = (await world.deps.store.executions({ incidentId })).find(({ id }) => id !== first.id);
    if (other === undefined) throw new Error("a second execution was expected");
    await world.runExecution(other.id);
    expect(world.board.journal).toHaveLength(1);
    expect((await world.deps.store.execution(other.id))?.steps[0]?.state).toBe("pending");
  });
});

describe("verifying", () => {
  /** Calm, then burning until now; afterwards what is given. */
  function burning(): void {
    const now = world.deps.clock.now();
    world.board.series = { start: now - 120_000, values: Array.from({ length: 120 }, (_, i) => (i < 90 ? 0.01 : 0.3)) };
  }
  function then(value: number, samples: number): void {
    world.board.series.values.push(...Array.from({ length: samples }, () => value));
    world.advance(samples * 1_000);
  }

  test("a signal that comes back ends it as recovered, with the numbers", async () => {
    world.advance(30_000);
    burning();
    const { id } = await approved();
    await world.runExecution(id);
    then(0.01, 10);
    await verify(id, world.deps);
    const ended = await only();
    expect(ended.state).toBe("recovered");
    expect(ended.outcome).toContain("error_ratio 0.01 (was 0.3, normal 0.01");
    expect((await world.deps.store.incident(incidentId))?.status).toBe("mitigated");
  });

  test("a signal that stays bad turns the execution round and undoes it", async () => {
    world.advance(30_000);
    burning();
    const { id } = await approved();
    await world.runExecution(id);
    then(0.3, 30);
    await verify(id, world.deps);
    expect((await only()).state).toBe("undoing");
    await world.runExecution(id);
    expect(world.board.value).toBe("18");
    expect(world.board.journal.map(({ value }) => value)).toEqual(["17", "18"]);
    expect((await only()).state).toBe("undone");
  });

  test("what somebody else changed meanwhile is not taken back", async () => {
    world.advance(30_000);
    burning();
    const { id } = await approved();
    await world.runExecution(id);
    then(0.3, 30);
    await verify(id, world.deps);
    world.board.value = "21";
    await world.runExecution(id);
    expect(world.board.value).toBe("21");
    expect(await only()).toMatchObject({ state: "needs_person" });
  });

  test("a watched signal that no source shows keeps it from being called recovered", async () => {
    world.advance(30_000);
    burning();
    const watch = ["error_ratio", "quality_score"].map((signal) => ({ signal, labels: { service: "chat" } }));
    const { id } = await approved({ verification: { watch, samples: 8, good: 6 } });
    await world.runExecution(id);
    then(0.01, 10);
    await verify(id, world.deps);
    expect((await only()).state).toBe("verifying");
  });

  test("no data is never a recovery: it ends inconclusive and a person is told", async () => {
    world.advance(30_000);
    burning();
    const { id } = await approved();
    await world.runExecution(id);
    world.advance(61_000);
    await verify(id, world.deps);
    expect((await only()).state).toBe("inconclusive");
  });

  test("a system that lies is caught by the confirmation or the verification", async () => {
    world.advance(30_000);
    burning();
    world.board.next = "lie";
    const { id } = await approved();
    await world.runExecution(id);
    then(0.3, 30);
    await verify(id, world.deps);
    expect((await only()).state).not.toBe("recovered");
  });
});
