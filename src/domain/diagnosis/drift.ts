import type { Sample } from "../case-file.ts";
import { decileShares, jensenShannon, psi, psiNoise, wasserstein } from "../stats/distribution.ts";
import { mean } from "../stats/robust.ts";
import { benjaminiHochberg, chiSquare, kolmogorovSmirnov } from "../stats/two-sample.ts";
import type { CaseContext } from "./case-context.ts";
import { type Finding, type Hypothesis, type Judge, observed, weigh } from "./hypothesis.ts";
import { readWeights } from "./mechanism-weights.ts";
import { relationOf } from "./topology.ts";

/** Values read of each side; more change nothing but the time it takes. */
const MOST = 2_000;
/** Fewer on either side prove nothing. */
const LEAST = 20;
/** False discovery rate within one diagnosis. */
const RATE = 0.01;
/** The convention's "moderate" (reference/signals.md D.2), raised where chance alone reaches it. */
const MODERATE = 0.1;
/** Values never seen before that make this share of all are a broken feed, not a shift of taste. */
const UNSEEN = 0.03;

interface Tested {
  readonly sample: Sample;
  readonly p: number;
  readonly effect: number;
  readonly floor: number;
  /** Share of the current values that the reference never had. */
  readonly unseen: number;
  /** How far apart: Wasserstein in standard deviations for numbers, Jensen–Shannon for categories; 0.1 is the usual limit of both. */
  readonly distance: number;
}

/** Below this distance nobody would see the difference, however many values prove it (reference/signals.md D.5). */
const VISIBLE = 0.1;

function deviation(values: readonly number[]): number {
  const middle = mean(values);
  return Math.sqrt(mean(values.map((value) => (value - middle) ** 2)));
}

/** Two-sample tests on what the model is fed, with effect sizes, since with enough data everything is significant. */
export const judgeDrift: Judge = (context, hypotheses) => {
  const tested = context.file.samples
    .filter(
      ({ service }) => context.topology.services.size === 0 || relationOf(context.topology, service) !== "stranger",
    )
    .flatMap((sample) => test(sample) ?? []);
  const adjusted = benjaminiHochberg(tested.map(({ p }) => p));
  const drifted = tested.filter(
    ({ effect, floor, distance }, i) =>
      (adjusted[i] ?? 1) < RATE && effect > Math.max(MODERATE, floor) && distance >= VISIBLE,
  );
  if (tested.length === 0) return [];
  if (drifted.length === 0) return [noneFinding(context, tested, hypotheses)];
  return drifted
    .slice(0, 8)
    .map((one, place) => driftFinding(context, { one, place, share: drifted.length / tested.length }, hypotheses));
};

function test(sample: Sample): Tested | null {
  const reference = sample.reference.slice(-MOST);
  const current = sample.current.slice(-MOST);
  if (reference.length < LEAST || current.length < LEAST) return null;
  return sample.kind === "numeric"
    ? numeric(sample, reference.map(Number).filter(Number.isFinite), current.map(Number).filter(Number.isFinite))
    : categorical(sample, reference.map(String), current.map(String));
}

function numeric(sample: Sample, reference: readonly number[], current: readonly number[]): Tested | null {
  const ks = kolmogorovSmirnov(reference, current, reference.length * current.length > 250_000 ? "asymptotic" : "auto");
  if (ks === null) return null;
  const shares = decileShares(reference, current);
  const floor = psiNoise({ n: reference.length, m: current.length, bins: shares.reference.length, p: 0.01 });
  const spread = deviation(reference);
  const moved = spread > 0 ? wasserstein(reference, current) / spread : 0;
  return { sample, p: ks.p, effect: psi(shares.reference, shares.current), floor, unseen: 0, distance: moved };
}

function categorical(sample: Sample, reference: readonly string[], current: readonly string[]): Tested | null {
  const known = new Map<string, [number, number]>();
  for (const [side, values] of [reference, current].entries()) {
    for (const value of values) {
      const counts = known.get(value) ?? [0, 0];
      counts[side === 0 ? 0 : 1] += 1;
      known.set(value, counts);
    }
  }
  const table = [...known.values()];
  const result = chiSquare([table.map(([a]) => a), table.map(([, b]) => b)]);
  if (result === null) return null;
  const effect = psi(
    table.map(([a]) => a / reference.length),
    table.map(([, b]) => b / current.length),
    1e-3,
  );
  const floor = psiNoise({ n: reference.length, m: current.length, bins: table.length, p: 0.01 });
  const distance = jensenShannon(
    table.map(([a]) => a / reference.length),
    table.map(([, b]) => b / current.length),
  );
  const unseen = table.reduce((sum, [a, b]) => sum + (a === 0 ? b : 0), 0) / current.length;
  return { sample, p: result.p, effect, floor, unseen: table.length > reference.length / 4 ? 0 : unseen, distance };
}

interface Drifted {
  readonly one: Tested;
  readonly place: number;
  /** Share of the tested features that drifted. */
  readonly share: number;
}

function driftFinding(
  context: CaseContext,
  { one, place, share }: Drifted,
  hypotheses: readonly Hypothesis[],
): Finding {
  const { sample, p, effect, unseen, distance } = one;
  const broken = unseen >= UNSEEN;
  const evidence = observed(context, "drift", {
    id: `drift:${sample.service}:${sample.name}`,
    source: "samples",
    statement: `${sample.name} of ${sample.service} differs from its reference: PSI ${effect.toPrecision(2)}, distance ${distance.toPrecision(2)}, p ${p < 1e-12 ? "below 1e-12" : p.toPrecision(2)} (${sample.reference.length} against ${sample.current.length} values)${broken ? `; ${Math.round(unseen * 100)} % of the values were never seen before` : ""}`,
    labels: { service: sample.service, feature: sample.name },
    value: effect,
    baseline: one.floor,
  });
  const says = broken ? BROKEN_FEED : share < 0.5 ? ONE_FEATURE : MOST_FEATURES;
  return weigh(evidence, hypotheses, ({ mechanism }) => (says[mechanism] ?? 0) / (place + 1));
}

const NOT_FED = "meas -0.8, prompt -0.8, gpu -0.8";
const BROKEN_FEED = readWeights(`stale 2, data 1.6, drift -0.6, ${NOT_FED}`);
const ONE_FEATURE = readWeights(`stale 1, data 1, drift 0.6, ${NOT_FED}`);
const MOST_FEATURES = readWeights(`stale 0.6, data 1, drift 1.4, ${NOT_FED}`);
const NOT_DRIFTED = readWeights("drift -1.5, stale -0.6, data -0.6");

function noneFinding(context: CaseContext, tested: readonly Tested[], hypotheses: readonly Hypothesis[]): Finding {
  const names = tested.map(({ sample }) => sample.name);
  const evidence = observed(context, "drift", {
    id: "drift:none",
    source: "samples",
    statement: `${names.slice(0, 5).join(", ")} ${names.length === 1 ? "is" : "are"} distributed as in the reference`,
    value: Math.max(...tested.map(({ effect }) => effect)),
  });
  return weigh(evidence, hypotheses, ({ mechanism }) => NOT_DRIFTED[mechanism] ?? 0);
}
