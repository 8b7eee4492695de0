import type { Sample } from "../case-file.ts";
import { decileShares, psi, psiNoise } from "../stats/distribution.ts";
import { benjaminiHochberg, chiSquare, kolmogorovSmirnov } from "../stats/two-sample.ts";
import type { CaseContext } from "./case-context.ts";
import { type Finding, type Hypothesis, type Judge, observed, weigh } from "./hypothesis.ts";
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
    ({ effect, floor }, i) => (adjusted[i] ?? 1) < RATE && effect > Math.max(MODERATE, floor),
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
  return { sample, p: ks.p, effect: psi(shares.reference, shares.current), floor, unseen: 0 };
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
  const unseen = table.reduce((sum, [a, b]) => sum + (a === 0 ? b : 0), 0) / current.length;
  return { sample, p: result.p, effect, floor, unseen: table.length > reference.length / 4 ? 0 : unseen };
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
  const { sample, p, effect, unseen } = one;
  const broken = unseen >= UNSEEN;
  const evidence = observed(context, "drift", {
    id: `drift:${sample.service}:${sample.name}`,
    source: "samples",
    statement: `${sample.name} of ${sample.service} differs from its reference: PSI ${effect.toPrecision(2)}, p ${p < 1e-12 ? "below 1e-12" : p.toPrecision(2)} (${sample.reference.length} against ${sample.current.length} values)${broken ? `; ${Math.round(unseen * 100)} % of the values were never seen before` : ""}`,
    labels: { service: sample.service, feature: sample.name },
    value: effect,
    baseline: one.floor,
  });
  const scale = 1 / (place + 1);
  return weigh(evidence, hypotheses, ({ mechanism }) => {
    if (mechanism === "stale_data") return (broken ? 2 : share < 0.5 ? 1 : 0.6) * scale;
    if (mechanism === "data") return (broken ? 1.6 : 1) * scale;
    if (mechanism === "organic_drift") return (broken ? -0.6 : share < 0.5 ? 0.6 : 1.4) * scale;
    return mechanism === "measurement" || mechanism === "prompt" || mechanism === "gpu_fault" ? -0.8 * scale : 0;
  });
}

function noneFinding(context: CaseContext, tested: readonly Tested[], hypotheses: readonly Hypothesis[]): Finding {
  const names = tested.map(({ sample }) => sample.name);
  const evidence = observed(context, "drift", {
    id: "drift:none",
    source: "samples",
    statement: `${names.slice(0, 5).join(", ")} ${names.length === 1 ? "is" : "are"} distributed as in the reference`,
    value: Math.max(...tested.map(({ effect }) => effect)),
  });
  return weigh(evidence, hypotheses, ({ mechanism }) =>
    mechanism === "organic_drift" ? -1.5 : mechanism === "stale_data" || mechanism === "data" ? -0.6 : 0,
  );
}
