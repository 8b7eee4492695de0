import { type Finding, type Hypothesis, type Judge, type Mechanism, observed, weigh } from "./hypothesis.ts";
import { freshLogs } from "./log-freshness.ts";
import { readWeights } from "./mechanism-weights.ts";
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
    return [xidFinding(evidence, meaning, hypotheses)];
  });
};

const BY_MEANING: Readonly<Record<XidMeaning["about"], Readonly<Partial<Record<Mechanism, number>>>>> = {
  hardware: readWeights(
    "gpu 3.6, infra 0.2, exhaust -1, outage -2.5, prompt -3, model -1.8, data -3, app -2, surge -2",
  ),
  driver: readWeights(
    "infra 2.6, gpu 1.8, exhaust -0.5, outage -2.5, prompt -3, model -0.8, data -3, app -1.5, surge -2",
  ),
  // The signal that counts XIDs spoke against the application before their meaning was known: this takes it back.
  application: readWeights("app 4, model 2.4, infra 1.6, exhaust 0.5, gpu -2.4, outage -2.5, prompt -1, data -1"),
  consequence: readWeights("gpu 0.8, infra 0.6"),
};

function xidFinding(evidence: Finding["evidence"], { about }: XidMeaning, hypotheses: readonly Hypothesis[]): Finding {
  return weigh(evidence, hypotheses, ({ mechanism, change, subject }) => {
    const node = evidence.labels["node"];
    const place = change?.scope["node"] ?? subject["node"];
    const here = node === undefined || place === undefined ? 0 : node === place ? 1 : -1.5;
    return (BY_MEANING[about][mechanism] ?? 0) + here;
  });
}
