import { type Finding, type Hypothesis, type Judge, type Mechanism, observed, weigh } from "./hypothesis.ts";
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
    return [xidFinding(evidence, meaning, hypotheses)];
  });
};

const BY_MEANING: Readonly<Record<XidMeaning["about"], Readonly<Partial<Record<Mechanism, number>>>>> = {
  hardware: {
    gpu_fault: 3.6,
    infra: 0.2,
    serving_exhaustion: -1,
    provider_outage: -2.5,
    prompt: -3,
    model: -1.8,
    data: -3,
    application: -2,
    surge: -2,
  },
  driver: {
    infra: 2.6,
    gpu_fault: 1.8,
    serving_exhaustion: -0.5,
    provider_outage: -2.5,
    prompt: -3,
    model: -0.8,
    data: -3,
    application: -1.5,
    surge: -2,
  },
  application: {
    application: 1.2,
    model: 1,
    infra: 1,
    serving_exhaustion: 0.5,
    gpu_fault: -0.8,
    provider_outage: -2.5,
    prompt: -2.5,
    data: -2,
  },
  consequence: { gpu_fault: 0.8, infra: 0.6 },
};

function xidFinding(evidence: Finding["evidence"], { about }: XidMeaning, hypotheses: readonly Hypothesis[]): Finding {
  return weigh(evidence, hypotheses, ({ mechanism, change, subject }) => {
    const node = evidence.labels["node"];
    const place = change?.scope["node"] ?? subject["node"];
    const here = node === undefined || place === undefined ? 0 : node === place ? 1 : -1.5;
    return (BY_MEANING[about][mechanism] ?? 0) + here;
  });
}
