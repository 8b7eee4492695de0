import { signalSpec } from "../signal.ts";
import type { CaseContext } from "./case-context.ts";
import { namesWhatFired } from "./change-reach.ts";
import { type Finding, type Hypothesis, type Judge, observed, weigh } from "./hypothesis.ts";
import type { Movement } from "./movement.ts";
import { signalWords } from "./wording.ts";

/** Signals that only a judge, an evaluation set or a statistic can move. */
const JUDGED = [
  "quality_score",
  "hallucination_ratio",
  "drift_psi",
  "prediction_mean",
  "format_valid_ratio",
  "refusal_ratio",
];
/** Signals that users make by what they do or get. */
const FELT = [
  "negative_feedback_ratio",
  "error_ratio",
  "timeout_ratio",
  "latency_p95",
  "ttft_p95",
  "empty_response_ratio",
  "tool_error_ratio",
  "format_valid_ratio",
  "retrieval_hit_ratio",
  "request_rate",
  "output_tokens_per_request",
  "refusal_ratio",
  "guardrail_block_ratio",
];

/** Whether users feel anything: the judge, the evaluation set, the exporter or the rule may have changed instead. */
export const judgeMeasurement: Judge = (context, hypotheses) => {
  const ours = context.movements.filter(
    (movement) => ["focal", "dependency"].includes(context.relation(movement)) && movement.points >= 4,
  );
  const hurt = ours.filter(
    (movement) =>
      context.coherent.includes(movement) &&
      movement.harmful !== false &&
      movement.strength >= 0.3 &&
      movement.onset !== null,
  );
  const appeared = ours.filter((movement) => movement.appearedAt !== null);
  if (context.alerts.length > 0 && ours.length >= 2 && hurt.length === 0 && appeared.length === 0)
    return [nothingFinding(context, ours, hypotheses)];
  return [
    ...onlyJudged(context, { ours, hurt }, hypotheses),
    ...unitFinding(context, hurt, hypotheses),
    ...aloneFinding(context, { ours, hurt }, hypotheses),
    ...vanishedFinding(context, ours, hypotheses),
  ];
};

function nothingFinding(context: CaseContext, ours: readonly Movement[], hypotheses: readonly Hypothesis[]): Finding {
  const rhythmic = ours.filter(({ rhythm }) => rhythm).length > 0;
  const measured = ours.some(({ signal }) => context.fired.includes(signal));
  const evidence = observed(context, "measurement", {
    id: "measurement:nothing-moved",
    statement: `the alert fired, yet ${ours.length} signals are as they were at this time on the days before${rhythmic ? "" : " or as they have been"}`,
    value: ours.length,
  });
  const weight = measured ? 3 : ours.length >= 4 ? 2 : 1.2;
  return weigh(evidence, hypotheses, ({ mechanism }) =>
    mechanism === "measurement" ? weight : mechanism === "unknown" ? 1 : -0.8,
  );
}

interface Ours {
  readonly ours: readonly Movement[];
  readonly hurt: readonly Movement[];
}

function onlyJudged(context: CaseContext, { ours, hurt }: Ours, hypotheses: readonly Hypothesis[]): Finding[] {
  // Load and traffic swing without hurting anybody.
  const harm = hurt.filter(({ signal }) => signalSpec(signal)?.harm !== "both");
  if (harm.length === 0 || !harm.every(({ signal, entity }) => JUDGED.includes(signal) || isRunner(entity.name)))
    return [];
  const judged = new Set(harm.map(({ signal }) => signal));
  const felt = ours.filter(
    ({ signal, slice, state }) =>
      FELT.includes(signal) && !judged.has(signal) && Object.keys(slice).length === 0 && state === "flat",
  );
  const kinds = [...new Set(felt.map(({ signal }) => signal))];
  if (kinds.length < 2) return [];
  const feedback = kinds.includes("negative_feedback_ratio");
  const evidence = observed(context, "measurement", {
    id: "measurement:not-felt",
    statement: `only ${[...judged].map(signalWords).join(", ")} moved; what users do and get did not: ${kinds.slice(0, 5).map(signalWords).join(", ")}`,
    value: kinds.length,
  });
  const score = judged.has("quality_score") || judged.has("hallucination_ratio");
  const weight = (feedback ? 1.8 : 0.7) * (score ? 1 : 0.4);
  return [
    weigh(evidence, hypotheses, ({ mechanism }) =>
      mechanism === "measurement" ? weight : mechanism === "unknown" || !feedback ? 0 : -0.5,
    ),
  ];
}

function isRunner(name: string): boolean {
  return /eval|golden|judge|runner|monitor|probe/.test(name);
}

/** Companions that must be measured and quiet before a single signal is called alone. */
const COMPANIONS = 3;

/** One signal moved all alone, and a change of a rule or an exporter names that very signal. */
function aloneFinding(context: CaseContext, { ours, hurt }: Ours, hypotheses: readonly Hypothesis[]): Finding[] {
  const signals = new Set(hurt.map(({ signal }) => signal));
  const [one] = signals;
  if (signals.size !== 1 || one === undefined || JUDGED.includes(one)) return [];
  const felt = new Set(
    ours
      .filter(({ signal, state }) => FELT.includes(signal) && signal !== one && state === "flat")
      .map(({ signal }) => signal),
  );
  if (felt.size < COMPANIONS) return [];
  const evidence = observed(context, "measurement", {
    id: "measurement:alone",
    statement: `${signalWords(one)} moved alone; ${[...felt].slice(0, 4).map(signalWords).join(", ")} did not`,
    signal: one,
    value: felt.size,
  });
  return [weigh(evidence, hypotheses, (hypothesis) => (namesWhatFired(context, hypothesis) ? 1.6 : 0))];
}

/** Factors between the units that exporters use: percent, seconds and minutes and hours, milli, micro, binary thousands. */
const UNIT_FACTORS = [60, 100, 1000, 1024, 3600, 1e6, 1e9];
const UNIT_TOLERANCE = 0.12;

/** A single signal that moved by exactly the factor between two units, while nothing else moved, was renamed or rescaled. */
function unitFinding(context: CaseContext, hurt: readonly Movement[], hypotheses: readonly Hypothesis[]): Finding[] {
  const signals = new Set(hurt.map(({ signal }) => signal));
  const one = hurt[0];
  if (
    signals.size !== 1 ||
    one === undefined ||
    one.before === null ||
    one.now === null ||
    one.before <= 0 ||
    one.now <= 0
  )
    return [];
  const ratio = one.now > one.before ? one.now / one.before : one.before / one.now;
  const factor = UNIT_FACTORS.find((unit) => Math.abs(ratio / unit - 1) < UNIT_TOLERANCE);
  if (factor === undefined) return [];
  const evidence = observed(context, "measurement", {
    id: "measurement:unit",
    statement: `${signalWords(one.signal)} moved by a factor of ${factor}, like a change of unit, and nothing else moved`,
    signal: one.signal,
    labels: one.series.labels,
    value: one.now,
    baseline: one.before,
  });
  return [weigh(evidence, hypotheses, ({ mechanism }) => (mechanism === "measurement" ? 3.5 : -0.5))];
}

/** The series of the fired signal stopped: an exporter that is gone looks like trouble. */
function vanishedFinding(
  context: CaseContext,
  ours: readonly Movement[],
  hypotheses: readonly Hypothesis[],
): Finding[] {
  const gone = ours.filter(({ vanishedAt, slice }) => vanishedAt !== null && Object.keys(slice).length === 0);
  const first = gone[0];
  if (first === undefined || !gone.some(({ signal }) => context.fired.includes(signal))) return [];
  const evidence = observed(context, "measurement", {
    id: "measurement:vanished",
    statement: `${gone.map(({ signal }) => signalWords(signal)).join(", ")} stopped being reported`,
    signal: first.signal,
    labels: first.series.labels,
    at: first.vanishedAt ?? context.asOf,
  });
  return [weigh(evidence, hypotheses, ({ mechanism }) => (mechanism === "measurement" ? 1.2 : 0))];
}
