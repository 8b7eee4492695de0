import type { CaseFile } from "../case-file.ts";
import { type Cause, causes } from "../cause.ts";
import { type CaseContext, contextOf } from "./case-context.ts";
import { judgeChangeFit } from "./change-fit.ts";
import { judgeComposition } from "./composition.ts";
import type { Diagnosis, Suspect } from "./diagnosis.ts";
import { judgeDrift } from "./drift.ts";
import { FIT, type Fit } from "./fit.ts";
import { gapsOf } from "./gaps.ts";
import { judgeHardware } from "./hardware.ts";
import { judgeHistory } from "./history.ts";
import type { Finding, Hypothesis, Judge } from "./hypothesis.ts";
import { judgeLogs } from "./logs.ts";
import { judgeMeasurement } from "./measurement.ts";
import { movesSince } from "./moves.ts";
import { judgeNeighbours } from "./neighbours.ts";
import { onsetEvidence } from "./onset-evidence.ts";
import { judgePatterns } from "./patterns.ts";
import { judgeProviders } from "./provider.ts";
import { reachOf } from "./reach.ts";
import { judgeSignature } from "./signature.ts";
import { judgeSlices } from "./slices.ts";
import { suspectsOf } from "./suspects.ts";
import { causesOf, weighSuspects } from "./weigh.ts";

const JUDGES: readonly Judge[] = [
  judgeChangeFit,
  judgeSignature,
  judgePatterns,
  judgeSlices,
  judgeNeighbours,
  judgeProviders,
  judgeDrift,
  judgeComposition,
  judgeHardware,
  judgeLogs,
  judgeMeasurement,
  judgeHistory,
];

/**
 * Names what did it, how sure that is, why, and what was ruled out. Pure: the same file gives the same answer byte for
 * byte, and nothing later than its `asOf` is looked at.
 *
 * @param previous the diagnosis that this one replaces; `moved` says what changed since
 */
export function diagnose(caseFile: CaseFile, previous: Diagnosis | null = null): Diagnosis {
  return conclude(reasonsOf(caseFile), FIT, previous);
}

/** Weighs what was found: the same reasons can be weighed again under another fit. */
export function conclude(
  { context, hypotheses, findings }: Reasons,
  fit: Fit,
  previous: Diagnosis | null = null,
): Diagnosis {
  const suspects = weighSuspects(hypotheses, findings, fit);
  const probabilities = causesOf(suspects);
  const cause = leading(probabilities, suspects);
  return {
    asOf: context.asOf,
    cause,
    confidence: probabilities[cause],
    causes: probabilities,
    suspects,
    evidence: [...onsetEvidence(context), ...findings.map(({ evidence }) => evidence)],
    gaps: gapsOf(context),
    onset: context.onset,
    reach: reachOf(context),
    moved: previous === null ? [] : movesSince(previous, suspects),
  };
}

/** Everything that is known for and against every suspect, before it is weighed. */
export interface Reasons {
  readonly context: CaseContext;
  readonly hypotheses: readonly Hypothesis[];
  readonly findings: readonly Finding[];
}

export function reasonsOf(caseFile: CaseFile): Reasons {
  const context = contextOf(caseFile);
  const hypotheses = suspectsOf(context);
  return { context, hypotheses, findings: JUDGES.flatMap((judge) => judge(context, hypotheses)) };
}

/** The most probable cause; of equals the one that leads the suspects. */
function leading(probabilities: Readonly<Record<Cause, number>>, suspects: readonly Suspect[]): Cause {
  const first = suspects[0]?.cause ?? "unknown";
  return causes.reduce((best, cause) => (probabilities[cause] > probabilities[best] ? cause : best), first);
}
