import type { ApplyOutcome, BoundStep } from "../domain/action.ts";
import { type Execution, type StepRun, undoing } from "../domain/execution.ts";
import type { Proposal } from "../domain/proposal.ts";
import { nextAfterUnknown } from "../domain/repeat.ts";
import { canonicalJson } from "../lib/digest.ts";
import { kindOf } from "../lib/fault.ts";
import type { Action, Applied, ApplyContext } from "../ports.ts";
import type { FlowDeps } from "./deps.ts";
import { auditLine, executeJob, lookJob, stepLine } from "./execution-rows.ts";
import { record } from "./record.ts";

/** How long one call of an action may take before its outcome is unknown. */
export const ACTION_TIMEOUT_MS = 30_000;

const MARGIN_MS = 5_000;
/** A system that does not answer this often needs a person, not another try. */
const MOST_TRIES = 5;

export interface StepAtHand {
  readonly execution: Execution;
  readonly proposal: Proposal;
  readonly run: StepRun;
  readonly step: BoundStep;
  readonly action: Action;
}

/** Writes that the step begins, does it once, and writes what came of it. */
export async function runStep(at: StepAtHand, deps: FlowDeps): Promise<void> {
  const begun = await begin(at, deps);
  if (begun === null) return;
  const { outcome, detail } = await act(begun, deps);
  if (outcome === "unknown") return settle(begun, deps);
  return write(begun, outcome, detail, deps);
}

/**
 * A step whose outcome is not known (its answer never came, or the program died meanwhile): asks the system whether it
 * is so now. Repeats only where a repeat cannot do it twice; else a person decides.
 */
export async function settle(at: StepAtHand, deps: FlowDeps): Promise<void> {
  const answer = await isSoNow(at, deps);
  const next = nextAfterUnknown(answer, at.action.repeat);
  const settled = (at.run.startedAt ?? 0) + ACTION_TIMEOUT_MS + MARGIN_MS;
  // What is detected afterwards may still be on its way: "no" counts once no request of ours can be in flight.
  if (next === "repeat" && at.action.repeat === "detectable" && deps.clock.now() < settled) {
    await deps.store.commit({ jobs: [executeJob(at.execution.id, settled)] });
    return;
  }
  if (next === "repeat" && at.run.tries >= MOST_TRIES) {
    return write(at, "unknown", `tried ${at.run.tries + 1} times without an answer; a person must look`, deps);
  }
  if (next === "succeeded")
    return write(at, "succeeded", "the answer was lost; the system confirms that it is so", deps);
  if (next === "repeat") return write(at, "repeat", "it had not happened; doing it under the same key", deps);
  return write(
    at,
    "unknown",
    "whether it happened cannot be told; a person must look before anything is repeated",
    deps,
  );
}

async function begin(at: StepAtHand, deps: FlowDeps): Promise<StepAtHand | null> {
  const now = deps.clock.now();
  const run: StepRun = { ...at.run, state: "started", startedAt: now };
  const execution = withRun(at.execution, at.run, run);
  const verb = run.direction === "undo" ? "Undoing" : "Running";
  const written = await record(execution.incidentId, deps, () => ({
    executions: [{ next: execution, expectEpoch: execution.epoch }],
    timeline: [stepLine(execution, now, `${verb}: ${at.step.preview.summary}`)],
    audit: [
      auditLine(execution, now, "step.started", { action: run.action, direction: run.direction, key: keyOf(run) }),
    ],
  }));
  return written === null ? null : { ...at, execution, run };
}

async function act(at: StepAtHand, deps: FlowDeps): Promise<Applied> {
  const { action, step, run } = at;
  const context = contextOf(run);
  try {
    if (run.direction === "forward") return await action.apply(step.params, context);
    if (action.undo === null) return { outcome: "failed", detail: "this action cannot be undone" };
    return await action.undo(step.params, context);
  } catch (error) {
    deps.metrics.count("connector_faults", { connector: step.connector, kind: kindOf(error) });
    deps.log.warn("an action gave no answer", { action: action.name, kind: kindOf(error), fault: String(error) });
    return { outcome: "unknown", detail: error instanceof Error ? error.message : "no answer" };
  }
}

/** Forward: does the system confirm the wanted state? Undo: does it read as before? */
async function isSoNow({ action, step, run }: StepAtHand, deps: FlowDeps): Promise<"yes" | "no" | "unknown"> {
  const context = contextOf(run);
  try {
    if (run.direction === "forward") return await action.confirm(step.params, context);
    const now = await action.preview(step.params, await action.read(step.params, context), context);
    return canonicalJson(now.before) === canonicalJson(run.before) ? "yes" : "no";
  } catch (error) {
    deps.log.warn("the outcome of an action could not be confirmed", { action: action.name, kind: kindOf(error) });
    return "unknown";
  }
}

async function write(at: StepAtHand, outcome: ApplyOutcome | "repeat", detail: string, deps: FlowDeps): Promise<void> {
  const now = deps.clock.now();
  const run: StepRun =
    outcome === "repeat"
      ? { ...at.run, state: "pending", detail, tries: at.run.tries + 1 }
      : { ...at.run, state: outcome, endedAt: now, detail };
  const execution = afterStep(withRun(at.execution, at.run, run), run, { now, onFailure: at.proposal.onFailure });
  if (execution.endedAt !== null) deps.metrics.count("executions", { result: execution.state });
  await record(execution.incidentId, deps, () => ({
    executions: [{ next: execution, expectEpoch: execution.epoch }],
    ...(execution.endedAt === null ? {} : { unlock: execution.id }),
    timeline: [stepLine(execution, now, `${at.step.preview.summary}: ${outcome}${detail ? ` (${detail})` : ""}`)],
    audit: [
      auditLine(execution, now, `step.${outcome}`, {
        action: run.action,
        direction: run.direction,
        key: keyOf(run),
        detail,
      }),
    ],
    jobs: [
      execution.endedAt === null ? executeJob(execution.id, now + backOff(outcome, run)) : lookJob(execution, now),
    ],
  }));
}

/** What becomes of the execution once a step has ended. A failed forward step takes back what was done before it. */
function afterStep(
  execution: Execution,
  run: StepRun,
  { now, onFailure }: { now: number; onFailure: Proposal["onFailure"] },
): Execution {
  if (run.state === "unknown") return { ...execution, state: "needs_person", endedAt: now, outcome: run.detail };
  if (run.state !== "failed") return execution;
  if (run.direction === "undo")
    return { ...execution, state: "needs_person", endedAt: now, outcome: `The undo failed: ${run.detail}` };
  const done = execution.steps.filter(({ state, direction }) => state === "succeeded" && direction === "forward");
  const steps = execution.steps.map(
    (step): StepRun => (step.state === "pending" ? { ...step, state: "skipped" } : step),
  );
  if (done.length === 0)
    return { ...execution, steps, state: "failed", endedAt: now, outcome: `Failed: ${run.detail}` };
  if (onFailure === "ask") {
    const outcome = `Failed: ${run.detail}. ${done.length} of its steps are done and stay as they are until a person decides.`;
    return { ...execution, steps, state: "needs_person", endedAt: now, outcome };
  }
  return undoing({ ...execution, steps }, `Failed: ${run.detail}.`);
}

function backOff(outcome: ApplyOutcome | "repeat", { tries }: StepRun): number {
  return outcome === "repeat" && tries > 1 ? 500 * 2 ** tries : 0;
}

function withRun(execution: Execution, before: StepRun, after: StepRun): Execution {
  return { ...execution, steps: execution.steps.map((step) => (keyOf(step) === keyOf(before) ? after : step)) };
}

function keyOf({ idempotencyKey }: StepRun): string {
  return idempotencyKey;
}

function contextOf(run: StepRun): ApplyContext {
  return { signal: AbortSignal.timeout(ACTION_TIMEOUT_MS), idempotencyKey: run.idempotencyKey, before: run.before };
}
