import { z } from "zod";
import { Json } from "./json.ts";

export const stepStates = ["pending", "started", "succeeded", "failed", "unknown", "skipped"] as const;

export const executionStates = [
  "running",
  "verifying",
  "recovered",
  "not_recovered",
  "inconclusive",
  "undoing",
  "undone",
  "failed",
  "needs_person",
  "cancelled",
  "superseded",
] as const;
export type ExecutionState = (typeof executionStates)[number];

/** One step of the run, forward or undo, written before and after it is done. */
export const StepRun = z.object({
  index: z.number().int(),
  direction: z.enum(["forward", "undo"]),
  action: z.string(),
  state: z.enum(stepStates),
  idempotencyKey: z.string(),
  /** What was read just before; the undo goes back to it. */
  before: Json,
  startedAt: z.number().nullable(),
  endedAt: z.number().nullable(),
  detail: z.string(),
  /** How often it was done again after an answer that never came. */
  tries: z.number().int().default(0),
});
export type StepRun = z.output<typeof StepRun>;

/** The durable run of an approved proposal. */
export const Execution = z.object({
  id: z.string(),
  proposalId: z.string(),
  incidentId: z.string(),
  /** The approved digest; compared with the proposal's before every step. */
  digest: z.string(),
  state: z.enum(executionStates),
  /** Grows with each worker that takes the run over; a write with an older epoch is refused. */
  epoch: z.number().int(),
  steps: z.array(StepRun),
  startedAt: z.number(),
  /** When the last forward step was done: verification looks at what came after. */
  appliedAt: z.number().nullable(),
  endedAt: z.number().nullable(),
  /** Outcome in words, with the numbers of the verification. */
  outcome: z.string(),
});
export type Execution = z.output<typeof Execution>;

const ended: readonly ExecutionState[] = [
  "recovered",
  "not_recovered",
  "inconclusive",
  "undone",
  "failed",
  "needs_person",
  "cancelled",
  "superseded",
];

export function isEnded(execution: Execution): boolean {
  return ended.includes(execution.state);
}

/** Turns an execution round: every forward step that was done is undone, the last first. */
export function undoing(execution: Execution, because: string): Execution {
  const back = execution.steps
    .filter(({ state, direction }) => state === "succeeded" && direction === "forward")
    .toReversed()
    .map(
      (step): StepRun => ({
        ...step,
        direction: "undo",
        state: "pending",
        idempotencyKey: `${step.idempotencyKey}:undo`,
        startedAt: null,
        endedAt: null,
        detail: "",
        tries: 0,
      }),
    );
  return { ...execution, state: "undoing", steps: [...execution.steps, ...back], outcome: because };
}
