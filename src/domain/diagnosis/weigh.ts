import { type Cause, causes } from "../cause.ts";
import type { Suspect } from "./diagnosis.ts";
import { type Fit, partOf } from "./fit.ts";
import type { Finding, Hypothesis } from "./hypothesis.ts";

/** The most that one kind of evidence can add to or take from one suspect: no single source is beyond doubt. */
const MOST_FOR = 6;
const MOST_AGAINST = -9;

/** Share that stays with what nobody recorded, and how much evidence for the leading suspect closes most of it. */
const OPEN = 0.1;
const CLOSED = 0.03;
const CLOSING = 3;

/** Adds up the log-odds of each suspect and shares the probability out; ruled-out suspects get none. */
export function weighSuspects(hypotheses: readonly Hypothesis[], findings: readonly Finding[], fit: Fit): Suspect[] {
  const rows = hypotheses.map((hypothesis) => rowOf(hypothesis, findings, fit));
  const probabilities = share(rows, fit.temperature);
  return rows
    .map(
      ({ hypothesis, prior, weights, ruledOut }, i): Suspect => ({
        id: hypothesis.id,
        cause: hypothesis.cause,
        changeId: hypothesis.change?.id ?? null,
        ambient: hypothesis.ambient,
        subject: hypothesis.subject,
        title: hypothesis.title,
        prior: tidy(prior),
        probability: probabilities[i] ?? 0,
        weights: weights.map(({ evidence, logOdds }) => ({ evidence, logOdds })),
        ruledOut,
      }),
    )
    .toSorted((a, b) => b.probability - a.probability || (a.id < b.id ? -1 : 1));
}

interface Row {
  readonly hypothesis: Hypothesis;
  readonly prior: number;
  readonly weights: readonly { readonly evidence: string; readonly kind: string; readonly logOdds: number }[];
  readonly ruledOut: string | null;
  /** Sum of the evidence alone. */
  readonly evidence: number;
  readonly total: number;
}

function rowOf(hypothesis: Hypothesis, findings: readonly Finding[], fit: Fit): Row {
  const weights = findings.flatMap(({ evidence, weights: given }) => {
    const logOdds = given.get(hypothesis.id);
    if (logOdds === undefined) return [];
    return [{ evidence: evidence.id, kind: evidence.kind, logOdds: tidy(logOdds * fit.scales[partOf(evidence)]) }];
  });
  const byKind = new Map<string, number>();
  for (const { kind, logOdds } of weights) byKind.set(kind, (byKind.get(kind) ?? 0) + logOdds);
  const evidence = [...byKind.values()].reduce(
    (sum, part) => sum + Math.min(MOST_FOR, Math.max(MOST_AGAINST, part)),
    0,
  );
  const prior = hypothesis.prior + baseOf(hypothesis, fit);
  const ruledOut = findings.flatMap(({ rulesOut }) => rulesOut?.get(hypothesis.id) ?? [])[0] ?? null;
  return { hypothesis, prior, weights, ruledOut, evidence, total: prior + evidence };
}

function baseOf({ change, cause }: Hypothesis, { changeBase, ambientBase, unknownBase }: Fit): number {
  if (change !== null) return changeBase;
  return cause === "unknown" ? unknownBase : ambientBase;
}

/** Softmax at the calibrated temperature, with a floor for what nobody recorded until evidence closes it. */
function share(rows: readonly Row[], temperature: number): number[] {
  const possible = rows.filter(({ ruledOut }) => ruledOut === null);
  const top = possible.reduce<Row | null>((most, row) => (most === null || row.total > most.total ? row : most), null);
  const raw = rows.map(({ ruledOut, total }) =>
    ruledOut === null ? Math.exp((total - (top?.total ?? 0)) / temperature) : 0,
  );
  const sum = raw.reduce((all, part) => all + part, 0);
  if (!(sum > 0)) return rows.map(() => 1 / Math.max(1, rows.length));
  const shares = raw.map((part) => part / sum);
  const isOpen = rows.map(({ hypothesis }) => hypothesis.cause === "unknown");
  const open = shares.reduce((all, part, i) => (isOpen[i] === true ? all + part : all), 0);
  const floor = (top?.evidence ?? 0) >= CLOSING ? CLOSED : OPEN;
  if (open >= floor || !(open > 0)) return shares;
  return shares.map((part, i) => (isOpen[i] === true ? (part * floor) / open : (part * (1 - floor)) / (1 - open)));
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
