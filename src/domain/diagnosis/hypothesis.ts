import type { Cause } from "../cause.ts";
import type { Change } from "../change.ts";
import type { Evidence, EvidenceKind } from "../evidence.ts";
import type { Labels } from "../json.ts";
import type { CaseContext } from "./case-context.ts";
import type { ChangeReading } from "./change-words.ts";
import type { AmbientKind } from "./diagnosis.ts";

/** How a suspect does its harm: the row of the signature table that it answers to. */
export const mechanisms = [
  "prompt",
  "model",
  "data",
  "infra",
  "application",
  "provider_change",
  "demand_change",
  "measurement",
  "provider_outage",
  "provider_throttling",
  "provider_silent_change",
  "gpu_fault",
  "serving_exhaustion",
  "organic_drift",
  "stale_data",
  "surge",
  "runaway_client",
  "application_fault",
  "unknown",
] as const;
export type Mechanism = (typeof mechanisms)[number];

/** A suspect before it is weighed. */
export interface Hypothesis {
  readonly id: string;
  readonly cause: Cause;
  readonly mechanism: Mechanism;
  /** A second way in which it can do its harm, a little less likely. */
  readonly also: Mechanism | null;
  readonly change: Change | null;
  readonly reading: ChangeReading | null;
  readonly ambient: AmbientKind | null;
  readonly subject: Labels;
  readonly title: string;
  /** Log-weight before any evidence. */
  readonly prior: number;
}

/** One piece of evidence and what it adds to each suspect's log-odds. */
export interface Finding {
  readonly evidence: Evidence;
  readonly weights: ReadonlyMap<string, number>;
  /** Suspects that it makes impossible, and why. */
  readonly rulesOut?: ReadonlyMap<string, string>;
}

/** One kind of evidence: a pure function of the case. */
export type Judge = (context: CaseContext, hypotheses: readonly Hypothesis[]) => Finding[];

/** A finding that adds the same kind of weight to each hypothesis by a function; null leaves it alone. */
export function weigh(
  evidence: Evidence,
  hypotheses: readonly Hypothesis[],
  weight: (hypothesis: Hypothesis) => number,
): Finding {
  const entries = hypotheses.map((hypothesis): [string, number] => [hypothesis.id, weight(hypothesis)]);
  return { evidence, weights: new Map(entries.filter(([, value]) => value !== 0 && Number.isFinite(value))) };
}

/** Evidence about the case as a whole, at `asOf`, with no number of its own. */
export function observed(
  context: CaseContext,
  kind: EvidenceKind,
  fields: Pick<Evidence, "id" | "statement"> & Partial<Evidence>,
): Evidence {
  return {
    kind,
    source: "series",
    signal: null,
    labels: {},
    value: null,
    baseline: null,
    unit: null,
    at: context.asOf,
    url: null,
    ...fields,
  };
}
