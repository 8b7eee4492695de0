import type { BoundStep } from "../domain/action.ts";
import { type Execution, isEnded, type StepRun } from "../domain/execution.ts";
import type { Proposal } from "../domain/proposal.ts";
import { Fault } from "../lib/fault.ts";
import type { Action } from "../ports.ts";
import type { NewJob } from "../store-port.ts";
import type { FlowDeps } from "./deps.ts";
import { auditLine, executeJob, lookJob, stepLine } from "./execution-rows.ts";
import { type Obstacle, obstacleTo } from "./obstacle.ts";
import { record } from "./record.ts";
import { runStep, settle } from "./step.ts";

/**
 * Does the next step of an execution, forward or undo, and asks to be called again for the one after. Safe to be called
 * at any time, by several workers, after any crash: a step that was begun is looked at before it is ever repeated, and
 * a worker that was overtaken cannot write.
 */
export async function execute(executionId: string, deps: FlowDeps): Promise<void> {
  const execution = await deps.store.execution(executionId);
  if (execution === null || isEnded(execution) || execution.state === "verifying") return;
  const proposal = await deps.store.proposal(execution.proposalId);
  if (proposal === null)
    throw new Fault("not_found", `proposal ${execution.proposalId} of execution ${executionId} is gone`);
  const taken = await takeOver(execution, proposal, deps);
  if (taken === null) return;
  const run = taken.steps.find(({ state }) => state === "pending" || state === "started");
  if (run === undefined) return finished(taken, proposal, deps);
  const step = proposal.steps[run.index];
  const action = step === undefined ? null : actionOf(step, deps);
  if (step === undefined || action === null)
    return stop(
      taken,
      run,
      { state: "needs_person", because: `the action ${run.action} is no longer connected` },
      deps,
    );
  if (run.state === "started") return settle({ execution: taken, proposal, run, step, action }, deps);
  const obstacle = await obstacleTo({ execution: taken, proposal, run, step, action }, deps);
  if (obstacle !== null) return stop(taken, run, obstacle, deps);
  return runStep({ execution: taken, proposal, run, step, action }, deps);
}

/** Raises the epoch, so that whoever had the run before can no longer write, and takes the locks of its targets. */
async function takeOver(execution: Execution, proposal: Proposal, deps: FlowDeps): Promise<Execution | null> {
  const taken = { ...execution, epoch: execution.epoch + 1 };
  const targets = [...new Set(proposal.steps.map(({ preview }) => preview.target))];
  const locks = targets.map((target) => ({ target, executionId: execution.id }));
  const result = await deps.store.commit({ executions: [{ next: taken, expectEpoch: execution.epoch }], locks });
  if (result === "committed") return taken;
  const now = await deps.store.execution(execution.id);
  if (now !== null && now.epoch !== execution.epoch) return null;
  await deps.store.commit({ jobs: [executeJob(execution.id, deps.clock.now() + 1_000)] });
  deps.log.info("another execution holds the target, waiting", { execution: execution.id });
  return null;
}

function actionOf(step: BoundStep, { connected }: FlowDeps): Action | null {
  return connected.find(({ id }) => id === step.connector)?.actions?.find(({ name }) => name === step.action) ?? null;
}

/** Ends an execution before its next step. A plan that is half done is never left without a person being told. */
async function stop(execution: Execution, run: StepRun, obstacle: Obstacle, deps: FlowDeps): Promise<void> {
  const at = deps.clock.now();
  const done = execution.steps.filter(
    ({ state, direction }) => state === "succeeded" && direction === "forward",
  ).length;
  const half = done > 0 && obstacle.state !== "needs_person";
  const because = half
    ? `${obstacle.because}. ${done} of its steps are done and stay as they are until a person decides`
    : obstacle.because;
  const next: Execution = {
    ...execution,
    state: half ? "needs_person" : obstacle.state,
    steps: execution.steps.map((other) =>
      other.state === "pending" ? { ...other, state: "skipped", endedAt: at, detail: obstacle.because } : other,
    ),
    endedAt: at,
    outcome: because,
  };
  deps.metrics.count("executions", { result: next.state });
  await record(execution.incidentId, deps, () => ({
    executions: [{ next, expectEpoch: execution.epoch }],
    unlock: execution.id,
    timeline: [stepLine(execution, at, `Stopped before ${run.action}: ${because}`)],
    audit: [auditLine(execution, at, "execution.stopped", { because })],
    jobs: [lookJob(execution, at)],
  }));
}

/** All steps of the direction are done: verification begins, or the undo is over. */
async function finished(execution: Execution, proposal: Proposal, deps: FlowDeps): Promise<void> {
  const at = deps.clock.now();
  const undoing = execution.state === "undoing";
  const effectMs = Math.max(0, ...proposal.steps.map(({ preview }) => preview.effectWithinMs));
  const next: Execution = undoing
    ? {
        ...execution,
        state: "undone",
        endedAt: at,
        outcome: `${execution.outcome} Undone: everything is as it was before.`,
      }
    : { ...execution, state: "verifying", appliedAt: execution.appliedAt ?? at };
  if (undoing) deps.metrics.count("executions", { result: "undone" });
  const later: NewJob = undoing
    ? {
        kind: "investigate",
        key: `${execution.incidentId}:now`,
        payload: { incidentId: execution.incidentId, round: 0 },
        runAt: at,
      }
    : { kind: "verify", key: execution.id, payload: { executionId: execution.id }, runAt: at + effectMs };
  await record(execution.incidentId, deps, () => ({
    executions: [{ next, expectEpoch: execution.epoch }],
    ...(undoing ? { unlock: execution.id } : {}),
    timeline: [
      {
        ...stepLine(execution, at, undoing ? "Undone." : "All steps are done; watching whether it helps."),
        kind: undoing ? "undone" : "step",
      },
    ],
    audit: [auditLine(execution, at, undoing ? "execution.undone" : "execution.applied", {})],
    jobs: [later],
  }));
}
