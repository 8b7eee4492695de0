import { rule, type Decision, type Proposal, type Refusal, refusals } from "../domain/proposal.ts";
import { kindOf } from "../lib/fault.ts";
import type { Commit } from "../ports.ts";
import type { FlowDeps } from "./deps.ts";
import { startExecution } from "./execute.ts";
import { halted } from "./halt.ts";
import { threadMessages } from "./notify.ts";

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

/**
 * Decides on a proposal: looks up who may, rules, and makes it true with a compare-and-swap. A refused click changes
 * nothing but the audit. Two clicks at once: one of them is told that it was already decided.
 */
export async function decide(click: Click, deps: FlowDeps): Promise<Decided> {
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const decided = await tryOnce(click, deps);
    if (decided !== "conflict") return decided;
  }
  return refuse(click, null, "already_decided", deps);
}

async function tryOnce(click: Click, deps: FlowDeps): Promise<Decided | "conflict"> {
  const { store, clock } = deps;
  const proposal = await store.proposal(click.proposalId);
  if (proposal === null) return refuse(click, null, "no_such_proposal", deps);
  const allowed = await mayApprove(click, proposal, deps);
  if (allowed === "cannot_tell") return cannotTell(click, proposal, deps);
  const decision: Decision = { ...click, id: deps.newId("apr"), at: clock.now() };
  const ruling = rule(proposal, decision, {
    now: decision.at,
    earlier: await store.decisions(proposal.id),
    mayApprove: allowed,
    requesterMayApprove: deps.approvers.requesterMayApprove,
    halted: await halted(store),
  });
  if (!ruling.ok) return refuse(click, proposal, ruling.because, deps);
  const result = await store.commit(await becomes(proposal, decision, ruling.next, deps));
  if (result === "conflict") return "conflict";
  deps.metrics.count("approvals", { result: ruling.next });
  if (ruling.next === "rejected") return { ok: true, text: "Rejected. Nothing runs." };
  if (ruling.next === "counted") return { ok: true, text: `Counted: ${ruling.have} of ${ruling.need} approvals.` };
  return { ok: true, text: "Approved. It runs now." };
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

async function becomes(
  proposal: Proposal,
  decision: Decision,
  next: "approved" | "rejected" | "counted",
  deps: FlowDeps,
): Promise<Commit> {
  const because = `${next === "rejected" ? "Rejected" : "Approved"} by ${decision.by}${decision.reason ? `: ${decision.reason}` : ""}`;
  const base: Commit = {
    decisions: [decision],
    proposalMoves: next === "counted" ? [] : [{ id: proposal.id, from: "pending", to: next, because }],
    timeline: [{ incidentId: proposal.incidentId, at: decision.at, kind: "decided", actor: decision.by, text: `${because} (${proposal.title})` }],
    audit: [
      {
        at: decision.at,
        actor: decision.by,
        action: `proposal.${next}`,
        incidentId: proposal.incidentId,
        proposalId: proposal.id,
        digest: proposal.digest,
        detail: { via: decision.via, reason: decision.reason },
      },
    ],
  };
  const started = next === "approved" ? await startExecution(proposal, decision.at, deps) : null;
  const merged: Commit = started === null ? base : { ...base, ...started, timeline: [...(base.timeline ?? []), ...(started.timeline ?? [])] };
  return { ...merged, ...(await threadMessages(proposal.incidentId, deps, merged)) };
}

async function refuse(click: Click, proposal: Proposal | null, because: Refusal, deps: FlowDeps): Promise<Decided> {
  deps.metrics.count("approvals", { result: because });
  await auditRefusal(click, proposal, because, deps);
  return { ok: false, because, text: refusals[because] };
}

async function cannotTell(click: Click, proposal: Proposal, deps: FlowDeps): Promise<Decided> {
  deps.metrics.count("approvals", { result: "cannot_tell" });
  await auditRefusal(click, proposal, "cannot_tell", deps);
  return { ok: false, because: "cannot_tell", text: "Who may approve could not be looked up just now, so nothing was approved. Try again in a moment." };
}

async function auditRefusal(click: Click, proposal: Proposal | null, because: string, deps: FlowDeps): Promise<void> {
  const at = deps.clock.now();
  await deps.store.commit({
    audit: [
      {
        at,
        actor: click.by,
        action: "click.refused",
        incidentId: proposal?.incidentId ?? null,
        proposalId: proposal?.id ?? null,
        digest: proposal?.digest ?? null,
        detail: { because, via: click.via, verdict: click.verdict, shown: click.digest },
      },
    ],
  });
}
