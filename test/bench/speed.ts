import type { CaseFile } from "../../src/domain/case-file.ts";
import { diagnose } from "../../src/domain/diagnosis/diagnose.ts";
import { quantile } from "../../src/domain/stats/robust.ts";
import { generated } from "./corpus.ts";
import { normalOf, randomOf } from "./incidents/generate.ts";
import type { Row } from "./row.ts";

const SERIES = 30;
const POINTS = 480;
const CHANGES = 50;
const TIMES = 60;

/** One diagnosis of 30 signals over 8 hours by the minute and 50 changes. */
export function speedBench(): Row[] {
  const cases = generated()
    .slice(0, TIMES)
    .map(({ caseFile }, i) => grown(caseFile, i));
  for (const caseFile of cases.slice(0, 5)) diagnose(caseFile);
  const times = cases.map((caseFile) => {
    const begun = performance.now();
    diagnose(caseFile);
    return performance.now() - begun;
  });
  return [0.5, 0.95, 1].map((share) => ({
    bench: "diagnosis",
    metric: share === 1 ? "max" : `p${share * 100}`,
    value: quantile(times, share),
    unit: "ms",
  }));
}

/** The case with as many series and changes as the bar asks for. */
function grown(caseFile: CaseFile, seed: number): CaseFile {
  const random = randomOf(seed);
  const more = Array.from({ length: Math.max(0, SERIES - caseFile.series.length) }, (_, i) => ({
    signal: `queue_depth`,
    labels: { service: `other-${i}` },
    start: caseFile.asOf - POINTS * 60_000,
    stepMs: 60_000,
    values: Array.from({ length: POINTS }, () => 3 + normalOf(random)),
  }));
  const known = caseFile.changes[0];
  const changes = Array.from({ length: Math.max(0, CHANGES - caseFile.changes.length) }, (_, i) =>
    known === undefined ? [] : [{ ...known, id: `more-${i}`, at: caseFile.asOf - i * 600_000 }],
  ).flat();
  return { ...caseFile, series: [...caseFile.series, ...more], changes: [...caseFile.changes, ...changes] };
}
