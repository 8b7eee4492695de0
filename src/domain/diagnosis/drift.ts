import type { CaseContext } from "./case-context.ts";
import { driftIn, type Tested } from "./drift-test.ts";
import { type Finding, type Hypothesis, type Judge, observed, weigh } from "./hypothesis.ts";
import { readWeights } from "./mechanism-weights.ts";
import { relationOf } from "./topology.ts";

/** Values never seen before that make this share of all are a broken feed, not a shift of taste. */
const UNSEEN = 0.03;

/** Two-sample tests on what the model is fed, with effect sizes, since with enough data everything is significant. */
export const judgeDrift: Judge = (context, hypotheses) => {
  const known = context.topology.services.size > 0;
  const ours = context.file.samples.filter(
    ({ service }) => !known || relationOf(context.topology, service) !== "stranger",
  );
  const { tested, drifted } = driftIn(ours);
  if (tested.length === 0) return [];
  if (drifted.length === 0) return [noneFinding(context, tested, hypotheses)];
  return drifted
    .slice(0, 8)
    .map((one, place) => driftFinding(context, { one, place, share: drifted.length / tested.length }, hypotheses));
};

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
