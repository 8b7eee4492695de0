import type { Expectation } from "../scenario.ts";
import type { Suspect } from "./diagnosis.ts";
import { type Fit, type Part, parts } from "./fit.ts";
import type { Finding, Hypothesis } from "./hypothesis.ts";
import { causesOf, weighSuspects } from "./weigh.ts";

/** One labelled incident with everything that was found about it, before weighing. */
export interface Labelled {
  /** Variants of one incident carry one name: they are held out together. */
  readonly incident: string;
  readonly hypotheses: readonly Hypothesis[];
  readonly findings: readonly Finding[];
  readonly expect: Expectation;
}

/** Below this a probability costs no more: one hopeless case must not rule the fit. */
const LEAST = 1e-3;
/** Pulls every factor to one and every base to where it was: some hundred cases cannot tell more than a little. */
const PULL = 0.02;
const STEPS = [0.3, 0.12, 0.05] as const;
const ROUNDS = 3;
const LOWEST = 0.4;
const HIGHEST = 2;

/**
 * Fits how far each part of the knowledge is to be trusted, by coordinate descent on the mean log-loss of the cause and of
 * the suspect, with a penalty for leaving the values it began with. Deterministic.
 */
export function refit(cases: readonly Labelled[], begin: Fit): Fit {
  let best = begin;
  let least = lossOf(cases, best, begin);
  for (const step of STEPS) {
    for (let round = 0; round < ROUNDS; round += 1) {
      const before = least;
      for (const next of steps(step)) {
        const fit = next(best);
        const loss = lossOf(cases, fit, begin);
        if (loss < least - 1e-6) {
          best = fit;
          least = loss;
        }
      }
      if (before - least < 1e-5) break;
    }
  }
  return rounded(best);
}

type Step = (fit: Fit) => Fit;

function steps(step: number): Step[] {
  const factors = [1 + step, 1 / (1 + step)];
  const scaled = parts.flatMap((part) =>
    factors.map(
      (factor): Step =>
        (fit) =>
          withScale(fit, part, fit.scales[part] * factor),
    ),
  );
  const moved = [step * 2, -step * 2].flatMap((by): Step[] => [
    (fit) => ({ ...fit, changeBase: fit.changeBase + by }),
    (fit) => ({ ...fit, ambientBase: fit.ambientBase + by }),
    (fit) => ({ ...fit, unknownBase: fit.unknownBase + by }),
  ]);
  return [
    ...scaled,
    ...moved,
    ...factors.map(
      (factor): Step =>
        (fit) => ({ ...fit, temperature: bounded(fit.temperature * factor) }),
    ),
  ];
}

function withScale(fit: Fit, part: Part, scale: number): Fit {
  return { ...fit, scales: { ...fit.scales, [part]: bounded(scale) } };
}

function bounded(value: number): number {
  return Math.min(HIGHEST, Math.max(LOWEST, value));
}

function lossOf(cases: readonly Labelled[], fit: Fit, begin: Fit): number {
  const losses = cases.map(({ hypotheses, findings, expect }) =>
    lossOfOne(weighSuspects(hypotheses, findings, fit), expect),
  );
  const mean = losses.reduce((sum, loss) => sum + loss, 0) / Math.max(1, losses.length);
  const away = parts.reduce((sum, part) => sum + Math.log(fit.scales[part] / begin.scales[part]) ** 2, 0);
  const bases =
    (fit.changeBase - begin.changeBase) ** 2 +
    (fit.ambientBase - begin.ambientBase) ** 2 +
    (fit.unknownBase - begin.unknownBase) ** 2;
  return mean + PULL * (away + bases / 4);
}

/** Mean of what the cause and the suspect cost, in natural logarithms. */
function lossOfOne(suspects: readonly Suspect[], { cause, causes_ok, culprit, culprits_ok }: Expectation): number {
  const probabilities = causesOf(suspects);
  const right = [cause, ...causes_ok];
  const ofCause = Math.max(...right.map((name) => probabilities[name]));
  const guilty = [...(culprit === null ? [] : [culprit]), ...culprits_ok];
  const found = suspects.filter(({ changeId, cause: name }) =>
    guilty.length === 0 ? changeId === null && right.includes(name) : changeId !== null && guilty.includes(changeId),
  );
  const ofSuspect = found.reduce((sum, { probability }) => sum + probability, 0);
  return (-Math.log(Math.max(LEAST, ofCause)) - Math.log(Math.max(LEAST, ofSuspect))) / 2;
}

function rounded(fit: Fit): Fit {
  const round = (value: number) => Math.round(value * 100) / 100;
  return {
    ...fit,
    scales: Object.fromEntries(parts.map((part) => [part, round(fit.scales[part])])) as Fit["scales"],
    changeBase: round(fit.changeBase),
    ambientBase: round(fit.ambientBase),
    unknownBase: round(fit.unknownBase),
    temperature: round(fit.temperature),
  };
}
