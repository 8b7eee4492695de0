import { MINUTE } from "../domain/time.ts";
import type { FlowDeps } from "./deps.ts";
import { executeJob } from "./execution-rows.ts";
import { record } from "./record.ts";

/** A run that nobody has touched for this long has lost its job: longer than a lease and an action together. */
const FORGOTTEN_MS = 3 * MINUTE;

/**
 * Ends what has run out of time (proposals past their expiry) and wakes what was forgotten (executions and open incidents whose job died).
 * Deadlines are columns, so a restart loses none.
 */
export async function sweep(deps: FlowDeps): Promise<void> {
  await wakeExecutions(deps);
  await wakeIncidents(deps);
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

async function wakeExecutions(deps: FlowDeps): Promise<void> {
  const now = deps.clock.now();
  for (const { id, incidentId, state, appliedAt } of await deps.store.executions({ active: true })) {
    const incident = await deps.store.incident(incidentId);
    if (incident === null || now - incident.updatedAt < FORGOTTEN_MS) continue;
    const verifying = state === "verifying" && now > (appliedAt ?? 0) + deps.settings.verifyWithinMs + FORGOTTEN_MS;
    if (state === "verifying" && !verifying) continue;
    deps.log.warn("an execution was forgotten, waking it", { execution: id, state });
    const job = verifying
      ? ({ kind: "verify", key: id, payload: { executionId: id }, runAt: now } as const)
      : executeJob(id, now);
    await deps.store.commit({ jobs: [job] });
  }
}

const OPEN_LIMIT = 200;

/** An open incident is looked at again and again; one that is not has lost the job that would. */
async function wakeIncidents(deps: FlowDeps): Promise<void> {
  const now = deps.clock.now();
  const longest = Math.max(...deps.settings.rediagnoseAfterMs);
  for (const { id, status, updatedAt } of await deps.store.incidents({ open: true, limit: OPEN_LIMIT })) {
    if (["mitigating", "verifying", "mitigated"].includes(status) || now - updatedAt < 2 * longest + FORGOTTEN_MS)
      continue;
    deps.log.warn("an open incident was forgotten, looking at it again", { incident: id });
    await deps.store.commit({
      jobs: [{ kind: "investigate", key: `${id}:now`, payload: { incidentId: id, round: 0 }, runAt: now }],
    });
  }
}
