import type { Json } from "../domain/json.ts";
import { digested } from "../domain/proposal.ts";
import { MINUTE } from "../domain/time.ts";
import { canonicalJson, digestOf } from "../lib/digest.ts";
import { Fault } from "../lib/fault.ts";
import type { FlowDeps } from "./deps.ts";
import { halted } from "./halt.ts";
import { ACTION_TIMEOUT_MS, type StepAtHand } from "./step.ts";

/** Why the next step must not be done, and how the execution ends. */
export interface Obstacle {
  readonly state: "cancelled" | "superseded" | "needs_person";
  readonly because: string;
}

/** An approval is for now: a run that could not begin for so long (another held the target) asks anew. */
const BEGIN_WITHIN_MS = 10 * MINUTE;

/**
 * Reads everything again just before a step: what was approved, the brakes, the state of the target. A step forward
 * needs the state that was shown; a step back needs the state that we made, since anything else is somebody else's.
 *
 * @throws Fault when the target cannot be read now and may be readable later
 */
export async function obstacleTo(at: StepAtHand, deps: FlowDeps): Promise<Obstacle | null> {
  try {
    return at.run.direction === "forward" ? await beforeDoing(at, deps) : await beforeUndoing(at, deps);
  } catch (error) {
    if (!(error instanceof Fault) || error.retryable) throw error;
    return { state: "needs_person", because: `${at.step.preview.target} could not be read: ${error.message}` };
  }
}

async function beforeDoing(at: StepAtHand, deps: FlowDeps): Promise<Obstacle | null> {
  const { execution, proposal, step } = at;
  const asApproved =
    proposal.state === "approved" &&
    proposal.digest === execution.digest &&
    digestOf(digested(proposal)) === execution.digest;
  if (!asApproved) return { state: "superseded", because: "what is on record is not what was approved" };
  if (await halted(deps.store)) return { state: "cancelled", because: "the kill switch is on" };
  const untouched = execution.steps.every(({ startedAt }) => startedAt === null);
  if (untouched && deps.clock.now() > execution.startedAt + BEGIN_WITHIN_MS) {
    return { state: "cancelled", because: "it could not begin in time after its approval; nothing was done" };
  }
  const { before, after, refuse } = await stateNow(at);
  if (refuse !== null) return { state: "superseded", because: refuse };
  if (same(before, step.preview.before) && same(after, step.preview.after)) return null;
  return { state: "superseded", because: `${step.preview.target} has moved since it was shown: nothing was done` };
}

async function beforeUndoing(at: StepAtHand, deps: FlowDeps): Promise<Obstacle | null> {
  const { step } = at;
  if (await halted(deps.store))
    return { state: "needs_person", because: "the kill switch is on, so nothing was taken back" };
  if (!step.preview.reversible) return null;
  const { before: now } = await stateNow(at);
  if (same(now, step.preview.after)) return null;
  return {
    state: "needs_person",
    because: `${step.preview.target} is not as we left it: somebody changed it since, so it was not taken back`,
  };
}

async function stateNow({ action, step }: StepAtHand): Promise<{ before: Json; after: Json; refuse: string | null }> {
  const context = { signal: AbortSignal.timeout(ACTION_TIMEOUT_MS) };
  return action.preview(step.params, await action.read(step.params, context), context);
}

function same(a: Json, b: Json): boolean {
  return canonicalJson(a) === canonicalJson(b);
}
