import { type Decision, type Proposal, type Refusal, type Ruling, refusals, rule } from "../domain/proposal.ts";
import { kindOf } from "../lib/fault.ts";
import type { ThreadView } from "../views/thread.ts";
import type { FlowDeps } from "./deps.ts";
import { startExecution } from "./execution-rows.ts";
import { halted } from "./halt.ts";
import { type Draft, record } from "./record.ts";

/** A click, from whichever door; who clicked is what the door has verified. */
export interface Click {
  readonly proposalId: string;
  /** The digest of what the person saw. */
  readonly digest: string;
  readonly verdict: "approved" | "rejected";
  readonly by: string;
  readonly via: string;
  readonly reason: string | null;
}

/** What the person is told in private. */
export type Decided =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly because: Refusal | "cannot_tell"; readonly text: string };

const CANNOT_TELL = "Who may approve could not be looked up just now, so nothing was approved. Try again in a moment.";

/**
 * Decides on a proposal: looks up who may, rules on what is on record at that moment, and makes it true with a
 * compare-and-swap. A refused click changes nothing but the audit. Of two clicks at once, one is told that it was
 * already decided.
 */
export async function decide(click: Click, deps: FlowDeps): Promise<Decided> {
  const proposal = await deps.store.proposal(click.proposalId);
  if (proposal === null) return refuse(click, null, "no_such_proposal", deps);
  const allowed = await mayApprove(click, proposal, deps);
  if (allowed === "cannot_tell") return refuse(click, proposal, "cannot_tell", deps);
  const decision: Decision = { ...click, id: deps.newId("apr"), at: deps.clock.now() };
  const stopped = await halted(deps.store);
  let ruling: Ruling = { ok: false, because: "no_such_proposal" };
  await record(proposal.incidentId, deps, (view) => {
    ruling = ruleNow(view, decision, { allowed, stopped, requesterMayApprove: deps.approvers.requesterMayApprove });
    return ruling.ok ? becomes(proposal, decision, ruling.next, deps) : null;
  });
  return answer(click, proposal, ruling, deps);
}

interface Standing {
  readonly allowed: boolean;
  readonly stopped: boolean;
  readonly requesterMayApprove: boolean;
}

function ruleNow(view: ThreadView, decision: Decision, { allowed, stopped, requesterMayApprove }: Standing): Ruling {
  const current = view.proposals.find(({ id }) => id === decision.proposalId);
  if (current === undefined) return { ok: false, because: "no_such_proposal" };
  const earlier = view.decisions.filter(({ proposalId }) => proposalId === current.id);
  return rule(current, decision, {
    now: decision.at,
    earlier,
    mayApprove: allowed,
    requesterMayApprove,
    halted: stopped,
  });
}

async function mayApprove(click: Click, proposal: Proposal, deps: FlowDeps): Promise<boolean | "cannot_tell"> {
  if (click.verdict === "rejected") return true;
  try {
    return await deps.approvers.mayApprove(click.by, click.via, proposal);
  } catch (error) {
    deps.log.warn("membership could not be looked up", { proposal: proposal.id, kind: kindOf(error) });
    return "cannot_tell";
  }
}

function becomes(
  proposal: Proposal,
  decision: Decision,
  next: "approved" | "rejected" | "counted",
  deps: FlowDeps,
): Draft {
  const { incidentId, id: proposalId, digest } = proposal;
  const { at, by, via, reason } = decision;
  const because = `${next === "rejected" ? "Rejected" : "Approved"} by ${by}${reason ? `: ${reason}` : ""}`;
  const moves = next === "counted" ? [] : [{ id: proposalId, from: "pending" as const, to: next, because }];
  return {
    ...(next === "approved" ? startExecution(proposal, at, deps) : {}),
    decisions: [decision],
    proposalMoves: moves,
    timeline: [{ incidentId, at, kind: "decided", actor: by, text: `${because} (${proposal.title})` }],
    audit: [{ at, actor: by, action: `proposal.${next}`, incidentId, proposalId, digest, detail: { via, reason } }],
  };
}

async function answer(click: Click, proposal: Proposal, ruling: Ruling, deps: FlowDeps): Promise<Decided> {
  if (!ruling.ok) return refuse(click, proposal, ruling.because, deps);
  deps.metrics.count("approvals", { result: ruling.next });
  if (ruling.next === "rejected") return { ok: true, text: "Rejected. Nothing runs." };
  if (ruling.next === "counted") return { ok: true, text: `Counted: ${ruling.have} of ${ruling.need} approvals.` };
  return { ok: true, text: "Approved. It runs now." };
}

async function refuse(
  click: Click,
  proposal: Proposal | null,
  because: Refusal | "cannot_tell",
  deps: FlowDeps,
): Promise<Decided> {
  deps.metrics.count("approvals", { result: because });
  await deps.store.commit({
    audit: [
      {
        at: deps.clock.now(),
        actor: click.by,
        action: "click.refused",
        incidentId: proposal?.incidentId ?? null,
        proposalId: proposal?.id ?? null,
        digest: proposal?.digest ?? null,
        detail: { because, via: click.via, verdict: click.verdict, shown: click.digest.slice(0, 64) },
      },
    ],
  });
  return { ok: false, because, text: because === "cannot_tell" ? CANNOT_TELL : refusals[because] };
}
