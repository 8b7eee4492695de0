import type { Alert } from "./alert.ts";
import { type Execution, isEnded } from "./execution.ts";
import type { IncidentStatus } from "./incident.ts";
import type { Proposal } from "./proposal.ts";

interface Standing {
  readonly alerts: readonly Alert[];
  readonly diagnosed: boolean;
  readonly proposals: readonly Proposal[];
  readonly executions: readonly Execution[];
}

/**
 * The status that follows from what is on record, so that no stored status can contradict it. An incident is resolved
 * when none of its alerts fires and nothing of ours is still running.
 */
export function statusOf({ alerts, diagnosed, proposals, executions }: Standing): IncidentStatus {
  const active = executions.find((execution) => !isEnded(execution));
  if (active?.state === "verifying") return "verifying";
  if (active !== undefined) return "mitigating";
  if (alerts.length > 0 && alerts.every((alert) => alert.status === "resolved")) return "resolved";
  if (executions.at(-1)?.state === "recovered") return "mitigated";
  if (proposals.some((proposal) => proposal.state === "pending")) return "awaiting_approval";
  return diagnosed ? "investigating" : "firing";
}
