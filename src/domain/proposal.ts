import { z } from "zod";
import { BoundStep } from "./action.ts";
import { remedies } from "./cause.ts";
import type { EpochMs } from "./time.ts";

export const proposalStates = ["pending", "approved", "rejected", "expired", "superseded", "cancelled"] as const;
export type ProposalState = (typeof proposalStates)[number];

/** How the fix is judged: the signals that must come back, and how long to look. */
export const Verification = z.object({
  /** `signal` with labels, as the case file names its series. */
  watch: z.array(z.object({ signal: z.string(), labels: z.record(z.string(), z.string()) })),
  /** Samples looked at after the effect is due; `good` of them must be within the recovered band. */
  samples: z.number().int().positive(),
  good: z.number().int().positive(),
});
export type Verification = z.output<typeof Verification>;

/** A runbook bound to one incident, to parameters and to the state read just now. The digest covers what is shown. */
export const Proposal = z.object({
  id: z.string(),
  incidentId: z.string(),
  digest: z.string(),
  runbook: z.string(),
  remedy: z.enum(remedies),
  title: z.string(),
  /** Why this one, and what else was considered. */
  why: z.string(),
  considered: z.array(z.object({ runbook: z.string(), because: z.string() })),
  /** The suspect it answers. */
  suspectId: z.string(),
  steps: z.array(BoundStep),
  verification: Verification,
  onFailure: z.enum(["undo", "ask"]),
  risk: z.enum(["low", "medium", "high"]),
  approvalsNeeded: z.number().int().min(1),
  proposedBy: z.string(),
  state: z.enum(proposalStates),
  createdAt: z.number(),
  expiresAt: z.number(),
  /** Record line of its end: who, what, when. */
  endedBecause: z.string().nullable(),
});
export type Proposal = z.output<typeof Proposal>;

/** One person's verdict on one digest. */
export const Decision = z.object({
  id: z.string(),
  proposalId: z.string(),
  digest: z.string(),
  verdict: z.enum(["approved", "rejected"]),
  by: z.string(),
  /** The door it came through: `console`, `slack`, `cli`. */
  via: z.string(),
  reason: z.string().nullable(),
  at: z.number(),
});
export type Decision = z.output<typeof Decision>;

/** Refusals of a decision, each with the sentence that the person gets in private. */
export const refusals = {
  no_such_proposal: "This proposal does not exist (any more).",
  already_decided: "This was already decided. Nothing was changed by your click.",
  expired: "This proposal has expired; nothing ran. Ask for a fresh one.",
  changed_since_shown: "What you saw is not what is proposed now. Look at the newest card.",
  not_an_approver: "You are not among those who may approve this. You can reject it or comment.",
  already_voted: "Your approval is already counted; another person is needed.",
  needs_another_person: "Whoever asked for this may not approve it.",
  brakes_on: "The kill switch is on: nothing may run until it is released.",
} as const;
export type Refusal = keyof typeof refusals;

export type Ruling =
  | {
      readonly ok: true;
      readonly next: "approved" | "rejected" | "counted";
      readonly have: number;
      readonly need: number;
    }
  | { readonly ok: false; readonly because: Refusal };

export interface RulingContext {
  readonly now: EpochMs;
  /** Approvals that already count for this digest. */
  readonly earlier: readonly Decision[];
  /** May this person approve, as looked up at the click? */
  readonly mayApprove: boolean;
  readonly requesterMayApprove: boolean;
  readonly halted: boolean;
}

/**
 * Rules on one decision. Rejecting needs no authority, since stopping is safe; everything else fails closed.
 *
 * @returns what becomes of the proposal, or why the click changes nothing
 */
export function rule(proposal: Proposal, decision: Decision, context: RulingContext): Ruling {
  if (proposal.state !== "pending") return { ok: false, because: "already_decided" };
  if (context.now >= proposal.expiresAt) return { ok: false, because: "expired" };
  if (decision.digest !== proposal.digest) return { ok: false, because: "changed_since_shown" };
  const voters = new Set(
    context.earlier.filter((d) => d.verdict === "approved" && d.digest === proposal.digest).map((d) => d.by),
  );
  const need = proposal.approvalsNeeded;
  if (decision.verdict === "rejected") return { ok: true, next: "rejected", have: voters.size, need };
  if (context.halted) return { ok: false, because: "brakes_on" };
  if (!context.mayApprove) return { ok: false, because: "not_an_approver" };
  if (decision.by === proposal.proposedBy && !context.requesterMayApprove)
    return { ok: false, because: "needs_another_person" };
  if (voters.has(decision.by)) return { ok: false, because: "already_voted" };
  const have = voters.size + 1;
  return { ok: true, next: have >= need ? "approved" : "counted", have, need };
}

/** The part of a proposal that its digest covers: everything that a person was shown and that will be done. */
export function digested(proposal: Omit<Proposal, "digest" | "state" | "endedBecause">): unknown {
  const { id, incidentId, runbook, steps, verification, onFailure, risk, approvalsNeeded, proposedBy, expiresAt } =
    proposal;
  return { id, incidentId, runbook, steps, verification, onFailure, risk, approvalsNeeded, proposedBy, expiresAt };
}
