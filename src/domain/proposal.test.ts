import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Decision, digested, type Proposal, type RulingContext, rule } from "./proposal.ts";

const proposal: Proposal = {
  id: "prop_1",
  incidentId: "inc_1",
  digest: "d1",
  runbook: "rollback-prompt",
  remedy: "rollback_prompt",
  title: "Move production back to 17",
  why: "it fits",
  considered: [],
  suspectId: "change:c1",
  steps: [],
  verification: { watch: [], samples: 8, good: 6 },
  onFailure: "undo",
  risk: "low",
  approvalsNeeded: 1,
  proposedBy: "faultline",
  state: "pending",
  createdAt: 0,
  expiresAt: 1_000,
  endedBecause: null,
};
const decision: Decision = {
  id: "apr_1",
  proposalId: "prop_1",
  digest: "d1",
  verdict: "approved",
  by: "kim",
  via: "console",
  reason: null,
  at: 10,
};
const context: RulingContext = { now: 10, earlier: [], mayApprove: true, requesterMayApprove: false, halted: false };

describe("rule", () => {
  test("an approver's approval of what is pending is enough when one is needed", () => {
    expect(rule(proposal, decision, context)).toEqual({ ok: true, next: "approved", have: 1, need: 1 });
  });

  test.each([
    ["already_decided", { ...proposal, state: "approved" as const }, decision, context],
    ["already_decided", { ...proposal, state: "superseded" as const }, decision, context],
    ["expired", proposal, decision, { ...context, now: 1_000 }],
    ["changed_since_shown", proposal, { ...decision, digest: "d2" }, context],
    ["not_an_approver", proposal, decision, { ...context, mayApprove: false }],
    ["needs_another_person", { ...proposal, proposedBy: "kim" }, decision, context],
    ["already_voted", { ...proposal, approvalsNeeded: 2 }, decision, { ...context, earlier: [decision] }],
    ["brakes_on", proposal, decision, { ...context, halted: true }],
  ])("refuses with %s", (because, shown, click, standing) => {
    expect(rule(shown, click, standing)).toEqual({ ok: false, because });
  });

  test("rejecting needs no authority, since stopping is safe", () => {
    const click: Decision = { ...decision, verdict: "rejected", by: "anybody" };
    expect(rule(proposal, click, { ...context, mayApprove: false, halted: true })).toMatchObject({
      ok: true,
      next: "rejected",
    });
  });

  test("two people are needed where two are asked for, and one person counts once", () => {
    const two = { ...proposal, approvalsNeeded: 2 };
    expect(rule(two, decision, context)).toMatchObject({ ok: true, next: "counted", have: 1 });
    const second: Decision = { ...decision, id: "apr_2", by: "lee" };
    expect(rule(two, second, { ...context, earlier: [decision] })).toMatchObject({
      ok: true,
      next: "approved",
      have: 2,
    });
  });

  test("an approval of another digest never counts", () => {
    const two = { ...proposal, approvalsNeeded: 2 };
    const stale: Decision = { ...decision, digest: "old" };
    expect(rule(two, { ...decision, by: "lee" }, { ...context, earlier: [stale] })).toMatchObject({
      next: "counted",
      have: 1,
    });
  });

  test("nothing is approved unless state, digest, time, person and brakes all allow it", () => {
    const arbitrary = fc.record({
      state: fc.constantFrom("pending", "approved", "rejected", "expired", "superseded", "cancelled"),
      digest: fc.constantFrom("d1", "d2"),
      now: fc.integer({ min: 0, max: 2_000 }),
      mayApprove: fc.boolean(),
      halted: fc.boolean(),
      by: fc.constantFrom("kim", "faultline"),
    });
    fc.assert(
      fc.property(arbitrary, ({ state, digest, now, mayApprove, halted, by }) => {
        const ruling = rule(
          { ...proposal, state: state as Proposal["state"] },
          { ...decision, digest, by },
          { ...context, now, mayApprove, halted },
        );
        const allowed = state === "pending" && digest === "d1" && now < 1_000 && mayApprove && !halted && by === "kim";
        return ruling.ok === allowed;
      }),
    );
  });
});

test("the digest covers the steps, who is needed and until when, and not the state", () => {
  const covered = digested(proposal);
  expect(digested({ ...proposal, ...{ state: "approved" } })).toEqual(covered);
  expect(digested({ ...proposal, expiresAt: 2_000 })).not.toEqual(covered);
  expect(digested({ ...proposal, approvalsNeeded: 2 })).not.toEqual(covered);
});
