import type { BoundStep } from "../domain/action.ts";
import type { Execution, StepRun } from "../domain/execution.ts";
import type { Proposal } from "../domain/proposal.ts";
import type { EpochMs } from "../domain/time.ts";
import type { TimelineEntry } from "../domain/timeline.ts";
import type { AuditEntry, NewJob } from "../store-port.ts";
import type { FlowDeps } from "./deps.ts";
import type { Draft } from "./record.ts";

/** The rows that begin an execution; they are committed together with the approval that allows it. */
export function startExecution(proposal: Proposal, at: EpochMs, deps: FlowDeps): Draft {
  const id = deps.newId("exe");
  const steps = proposal.steps.map((step, index) => pendingStep(id, step, index));
  const next: Execution = {
    id,
    proposalId: proposal.id,
    incidentId: proposal.incidentId,
    digest: proposal.digest,
    state: "running",
    epoch: 0,
    steps,
    startedAt: at,
    appliedAt: null,
    endedAt: null,
    outcome: "",
  };
  return { executions: [{ next, expectEpoch: null }], jobs: [executeJob(id, at)] };
}

function pendingStep(executionId: string, { action, preview }: BoundStep, index: number): StepRun {
  return {
    index,
    direction: "forward",
    action,
    state: "pending",
    idempotencyKey: `${executionId}:${index}`,
    before: preview.before,
    startedAt: null,
    endedAt: null,
    detail: "",
    tries: 0,
  };
}

/** Asks for the next step of an execution. */
export function executeJob(executionId: string, runAt: EpochMs): NewJob {
  return { kind: "execute", key: executionId, payload: { executionId }, runAt };
}

/** Asks for a fresh look at the incident: whatever ended may leave it burning. */
export function lookJob({ incidentId }: Execution, runAt: EpochMs): NewJob {
  return { kind: "investigate", key: `${incidentId}:now`, payload: { incidentId, round: 0 }, runAt };
}

/** A line of the run log. */
export function stepLine({ incidentId }: Execution, at: EpochMs, text: string): TimelineEntry {
  return { incidentId, at, kind: "step", actor: "faultline", text };
}

/** A line of the audit about an execution. */
export function auditLine(execution: Execution, at: EpochMs, action: string, detail: AuditEntry["detail"]): AuditEntry {
  const { incidentId, proposalId, digest, id } = execution;
  return {
    at,
    actor: "faultline",
    action,
    incidentId,
    proposalId,
    digest,
    detail: { execution: id, epoch: execution.epoch, more: detail },
  };
}
