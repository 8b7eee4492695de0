import { type Cause, causes } from "../cause.ts";
import type { Suspect } from "./diagnosis.ts";
import type { Finding, Hypothesis } from "./hypothesis.ts";
import { WEIGHTS } from "./weights.ts";

/** The most that one kind of evidence can add to or take from one suspect: no single source is beyond doubt. */
const MOST_FOR = 6;
const MOST_AGAINST = -9;

/** Adds up the log-odds of each suspect and shares the probability out; ruled-out suspects get none. */
export function weighSuspects(hypotheses: readonly Hypothesis[], findings: readonly Finding[]): Suspect[] {
  const rows = hypotheses.map((hypothesis) => {
    const weights = findings.flatMap(({ evidence, weights: given }) => {
      const logOdds = given.get(hypothesis.id);
      return logOdds === undefined
        ? []
        : [
            {
              evidence: evidence.id,
              kind: evidence.kind,
              logOdds: tidy(logOdds * (WEIGHTS.scales[evidence.kind] ?? 1)),
            },
          ];
    });
    const ruledOut = findings.flatMap(({ rulesOut }) => rulesOut?.get(hypothesis.id) ?? [])[0] ?? null;
    const byKind = new Map<string, number>();
    for (const { kind, logOdds } of weights) byKind.set(kind, (byKind.get(kind) ?? 0) + logOdds);
    const evidence = [...byKind.values()].reduce(
      (sum, part) => sum + Math.min(MOST_FOR, Math.max(MOST_AGAINST, part)),
      0,
    );
    return { hypothesis, weights, ruledOut, total: hypothesis.prior + evidence };
  });
  const probabilities = share(rows);
  return rows
    .map(
      ({ hypothesis, weights, ruledOut }, i): Suspect => ({
        id: hypothesis.id,
        cause: hypothesis.cause,
        changeId: hypothesis.change?.id ?? null,
        ambient: hypothesis.ambient,
        subject: hypothesis.subject,
        title: hypothesis.title,
        prior: tidy(hypothesis.prior),
        probability: probabilities[i] ?? 0,
        weights: weights.map(({ evidence, logOdds }) => ({ evidence, logOdds })),
        ruledOut,
      }),
    )
    .toSorted((a, b) => b.probability - a.probability || (a.id < b.id ? -1 : 1));
}

interface Row {
  readonly hypothesis: Hypothesis;
  readonly ruledOut: string | null;
  readonly total: number;
}

/** Softmax at the calibrated temperature, with a floor for what nobody recorded. */
function share(rows: readonly Row[]): number[] {
  const possible = rows.filter(({ ruledOut }) => ruledOut === null);
  const top = possible.reduce((most, { total }) => Math.max(most, total), Number.NEGATIVE_INFINITY);
  const raw = rows.map(({ ruledOut, total }) =>
    ruledOut === null ? Math.exp((total - top) / WEIGHTS.temperature) : 0,
  );
  const sum = raw.reduce((all, part) => all + part, 0);
  if (!(sum > 0)) return rows.map(() => 1 / Math.max(1, rows.length));
  const shares = raw.map((part) => part / sum);
  const open = rows.reduce(
    (all, { hypothesis }, i) => (hypothesis.cause === "unknown" ? all + (shares[i] ?? 0) : all),
    0,
  );
  if (open >= WEIGHTS.unknownFloor || !rows.some(({ hypothesis }) => hypothesis.cause === "unknown")) return shares;
  const scale = (1 - WEIGHTS.unknownFloor) / (1 - open);
  return shares.map((part, i) => (rows[i]?.hypothesis.cause === "unknown" ? WEIGHTS.unknownFloor : part * scale));
}

function tidy(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}

/** Probability of each of the nine causes: the sum over its suspects. */
export function causesOf(suspects: readonly Suspect[]): Record<Cause, number> {
  const sums = Object.fromEntries(causes.map((cause) => [cause, 0])) as Record<Cause, number>;
  for (const { cause, probability } of suspects) sums[cause] += probability;
  return sums;
}
