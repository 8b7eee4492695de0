import { signalSpec } from "../signal.ts";
import type { CaseContext } from "./case-context.ts";
import { sinceOnset } from "./effect.ts";
import { type Finding, type Hypothesis, type Judge, observed, weigh } from "./hypothesis.ts";
import type { Movement } from "./movement.ts";
import { signalWords } from "./wording.ts";

/** What users are and ask: a mix of these can change without anything of ours having changed. */
const INPUT = ["language", "feature", "route", "tenant", "region"] as const;
/** Population stability index from which a mix has moved (Siddiqi 2006: 0.1 to 0.25 is moderate, above is large). */
const MOVED = 0.25;
const FLOOR = 0.005;
/** Share of the effect on the whole that the values of the dimension may carry themselves before mixing explains it no more. */
const OWN = 0.4;

/**
 * Whether the whole got worse only because its mix changed: the shares of a dimension of the input moved, and within its
 * values little did. Then nothing that we run changed; other requests came.
 */
export const judgeComposition: Judge = (context, hypotheses) => {
  const found = INPUT.flatMap((dimension) => mixOf(context, dimension)).toSorted((a, b) => b.psi - a.psi)[0];
  return found === undefined ? [] : [finding(context, found, hypotheses)];
};

interface Mix {
  readonly dimension: string;
  readonly psi: number;
  readonly grown: readonly string[];
  /** A signal that hurt in the whole and hardly within the values. */
  readonly signal: string;
}

function mixOf(context: CaseContext, dimension: string): Mix[] {
  const slices = (signal: string) =>
    context.movements.filter(
      (movement) => movement.signal === signal && onlyBy(movement, dimension) && context.relation(movement) === "focal",
    );
  const shares = slices("request_rate").flatMap((movement) => shareOf(movement, dimension, context));
  const before = sum(shares.map((share) => share.before));
  const now = sum(shares.map((share) => share.now));
  if (shares.length < 2 || before <= 0 || now <= 0) return [];
  const parts = shares.map((share) => {
    const from = Math.max(FLOOR, share.before / before);
    const to = Math.max(FLOOR, share.now / now);
    return { value: share.value, psi: (to - from) * Math.log(to / from), grew: to > 1.5 * from };
  });
  const psi = sum(parts.map((part) => part.psi));
  if (psi < MOVED) return [];
  const whole = context.coherent.find(
    (movement) =>
      context.fired.includes(movement.signal) &&
      Object.keys(movement.slice).length === 0 &&
      movement.harmful === true &&
      signalSpec(movement.signal)?.unit === "ratio" &&
      slices(movement.signal).length >= 2 &&
      isWithoutThem(movement, slices(movement.signal), context),
  );
  if (whole === undefined) return [];
  return [{ dimension, psi, grown: parts.filter(({ grew }) => grew).map(({ value }) => value), signal: whole.signal }];
}

function onlyBy({ slice }: Movement, dimension: string): boolean {
  const keys = Object.keys(slice);
  return keys.length === 1 && keys[0] === dimension;
}

function shareOf(
  movement: Movement,
  dimension: string,
  { onset, asOf }: CaseContext,
): { value: string; before: number; now: number }[] {
  const effect = sinceOnset(movement.series, onset, asOf);
  return effect === null
    ? []
    : [
        {
          value: movement.slice[dimension] ?? "",
          before: Math.max(0, effect.before),
          now: Math.max(0, effect.before + effect.mean),
        },
      ];
}

/** The middle one of the values moved far less than the whole did. */
function isWithoutThem(whole: Movement, slices: readonly Movement[], { onset, asOf }: CaseContext): boolean {
  const total = sinceOnset(whole.series, onset, asOf)?.mean ?? 0;
  const own = slices.flatMap(({ series }) => sinceOnset(series, onset, asOf)?.mean ?? []).toSorted((a, b) => a - b);
  const middle = own[Math.floor(own.length / 2)];
  return total !== 0 && middle !== undefined && middle / total < OWN;
}

function finding(
  context: CaseContext,
  { dimension, psi, grown, signal }: Mix,
  hypotheses: readonly Hypothesis[],
): Finding {
  const evidence = observed(context, "drift", {
    id: `composition:${dimension}`,
    statement: `the mix of ${signalWords(dimension)} moved (PSI ${psi.toFixed(2)}${grown.length > 0 ? `, more of ${grown.slice(0, 3).join(", ")}` : ""}), and within its values ${signalWords(signal)} hardly did`,
    signal,
    value: psi,
    baseline: 0,
  });
  return weigh(evidence, hypotheses, ({ mechanism, change }) => {
    if (mechanism === "organic_drift") return 3.2;
    if (
      mechanism === "surge" ||
      mechanism === "runaway_client" ||
      mechanism === "demand_change" ||
      mechanism === "unknown"
    )
      return 0;
    return change === null ? -1 : -0.6;
  });
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
