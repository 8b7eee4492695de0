import { z } from "zod";
import { Json, Labels } from "./json.ts";

/**
 * What is known of an operation's repetition (after a crash between "started" and "done"):
 * - `idempotent_set` writes a desired state: may be repeated after a look at the state now;
 * - `keyed` takes an idempotency key: may be repeated under the same key;
 * - `detectable` can be asked whether it happened: repeat only on a definite no;
 * - `at_most_once` is neither: never repeated by the program.
 */
export const repeatClasses = ["idempotent_set", "keyed", "detectable", "at_most_once"] as const;
export type RepeatClass = (typeof repeatClasses)[number];

/** What an action would do, in words and as data, for a person to judge. */
export const Preview = z.object({
  /** The outside thing that is changed, one name for one thing: the lock and the cooldown go by it. */
  target: z.string(),
  /** One line: what it does, with names. */
  summary: z.string(),
  before: Json,
  after: Json,
  /** Share and names of what is touched, in words. */
  reach: z.string(),
  /** Share of traffic or replicas touched, 0 to 1, where known. */
  reachShare: z.number().min(0).max(1).nullable(),
  sideEffect: z.string(),
  reversible: z.boolean(),
  /** How long until the effect can be seen, in milliseconds. */
  effectWithinMs: z.number(),
  /** Why it must not be run now (the target of a shift is itself failing or full), or null. */
  refuse: z.string().nullable(),
});
export type Preview = z.output<typeof Preview>;

/** What came of applying: `unknown` when the answer never came. Never "failed" for a timeout. */
export const applyOutcomes = ["succeeded", "failed", "unknown"] as const;
export type ApplyOutcome = (typeof applyOutcomes)[number];

/** One step of a proposal: an action, bound to its parameters and to the state that was read. */
export const BoundStep = z.object({
  id: z.string(),
  action: z.string(),
  connector: z.string(),
  params: Labels.or(z.record(z.string(), Json)),
  preview: Preview,
});
export type BoundStep = z.output<typeof BoundStep>;
