import type { CaseContext } from "./case-context.ts";
import { type Finding, type Hypothesis, type Judge, observed, weigh } from "./hypothesis.ts";
import { freshLogs } from "./log-freshness.ts";
import { type XidMeaning, xidIn, xidMeaning } from "./xid.ts";

/** XIDs by their meaning: a fallen GPU is hardware, a page fault is first of all the application's. */
export const judgeHardware: Judge = (context, hypotheses) => {
  const seen = new Set<number>();
  return freshLogs(context).flatMap(({ template, service, labels, count }) => {
    const code = xidIn(template);
    const meaning = code === null ? null : xidMeaning(code);
    if (code === null || meaning === null || seen.has(code)) return [];
    seen.add(code);
    const where = labels["node"] ?? service;
    const evidence = observed(context, "hardware", {
      id: `xid:${code}`,
      source: "logs",
      statement: `XID ${code} on ${where}, ${count} times: ${meaning.what} (${meaning.about}; NVIDIA says ${meaning.action})`,
      labels: { service, ...labels },
      value: count,
    });
    return [xidFinding(evidence, meaning, hypotheses, context)];
  });
};

function xidFinding(
  evidence: Finding["evidence"],
  { about }: XidMeaning,
  hypotheses: readonly Hypothesis[],
  _context: CaseContext,
): Finding {
  return weigh(evidence, hypotheses, ({ mechanism }) => {
    if (about === "hardware") return mechanism === "gpu_fault" ? 1 : mechanism === "infra" ? -0.3 : 0;
    if (about === "driver") return mechanism === "infra" ? 1.5 : mechanism === "gpu_fault" ? 0 : 0;
    if (about === "application")
      return mechanism === "gpu_fault"
        ? -2
        : mechanism === "application" || mechanism === "model" || mechanism === "infra"
          ? 1.5
          : 0;
    return 0;
  });
}
