import type { FlowDeps } from "./deps.ts";
import { record } from "./record.ts";

/** Ends what has run out of time: proposals past their expiry. Deadlines are columns, so a restart loses none. */
export async function sweep(deps: FlowDeps): Promise<void> {
  const pending = await deps.store.proposals({ state: "pending" });
  const now = deps.clock.now();
  for (const { id, incidentId, digest, title } of pending.filter(({ expiresAt }) => expiresAt <= now)) {
    await record(incidentId, deps, ({ proposals }) => {
      if (!proposals.some((proposal) => proposal.id === id && proposal.state === "pending")) return null;
      return {
        proposalMoves: [{ id, from: "pending", to: "expired", because: "Expired: nobody decided, nothing ran" }],
        timeline: [{ incidentId, at: now, kind: "note", actor: "faultline", text: `Expired, nothing ran: ${title}` }],
        audit: [
          { at: now, actor: "faultline", action: "proposal.expired", incidentId, proposalId: id, digest, detail: {} },
        ],
      };
    });
  }
}
