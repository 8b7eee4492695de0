import type { ProviderIncident } from "../case-file.ts";
import type { CaseContext } from "./case-context.ts";
import { type Finding, type Hypothesis, type Judge, observed, weigh } from "./hypothesis.ts";
import type { Movement } from "./movement.ts";
import { WEIGHTS } from "./weights.ts";
import { clock, duration } from "./wording.ts";

const { status: STATUS } = WEIGHTS;

/** Our own errors by provider against its status page and our probes. */
export const judgeProviders: Judge = (context, hypotheses) =>
  [...context.providers].flatMap((provider) => [
    ...statusFindings(context, provider, hypotheses),
    ...probeFindings(context, provider, hypotheses),
    ...retirementFindings(context, provider, hypotheses),
  ]);

function isAbout({ mechanism, subject }: Hypothesis, provider: string): boolean {
  return mechanism.startsWith("provider") && subject["provider"] === provider;
}

function statusFindings(context: CaseContext, provider: string, hypotheses: readonly Hypothesis[]): Finding[] {
  const { asOf, onset, file } = context;
  const open = file.providerStatus.filter(
    (incident) => same(incident.provider, provider) && visible(incident, context),
  );
  if (open.length > 0)
    return open.map((incident, place) => postedFinding(context, { incident, provider, place }, hypotheses));
  if (!(file.pagesAsked ?? []).includes(provider)) return [];
  const age = onset === null ? 0 : asOf - onset.at;
  const weight = age >= STATUS.lateMs ? STATUS.greenLate : STATUS.green;
  const evidence = observed(context, "provider", {
    id: `status:${provider}:green`,
    source: "status page",
    statement: `the status page of ${provider} shows nothing ${duration(age)} after the onset`,
    labels: { provider },
  });
  return [
    weigh(evidence, hypotheses, (hypothesis) =>
      isAbout(hypothesis, provider) && hypothesis.mechanism === "provider_outage" ? weight : 0,
    ),
  ];
}

function same(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

function visible({ postedAt, resolvedAt }: ProviderIncident, { asOf, onset }: CaseContext): boolean {
  return postedAt <= asOf && (resolvedAt === null || resolvedAt > asOf || onset === null || resolvedAt >= onset.from);
}

interface Posted {
  readonly incident: ProviderIncident;
  readonly provider: string;
  readonly place: number;
}

function postedFinding(
  context: CaseContext,
  { incident, provider, place }: Posted,
  hypotheses: readonly Hypothesis[],
): Finding {
  const { onset, stepMs } = context;
  const planned = incident.impact === "maintenance";
  const gap = onset === null ? 0 : Math.abs(onset.at - incident.startedAt) / stepMs;
  const began = onset === null || incident.startedAt <= onset.to + 10 * stepMs;
  const size = planned ? 1.4 : incident.impact === "none" || incident.impact === "minor" ? 0.75 : 1;
  const fits = !began ? 0.2 : gap <= 5 ? 1.25 : gap <= 60 ? 1 : 0.5;
  const strength = STATUS.posted * (planned ? 0.5 : 1) * Math.min(1, size) * fits * touches(context, provider);
  const evidence = observed(context, "provider", {
    id: `status:${provider}:${place}`,
    source: "status page",
    statement: `${provider} posted “${incident.title}” (${incident.impact}) at ${clock(incident.postedAt)}, begun ${clock(incident.startedAt)}`,
    labels: { provider },
    at: incident.postedAt,
    url: incident.url ?? null,
  });
  return weigh(evidence, hypotheses, (hypothesis) => {
    if (!isAbout(hypothesis, provider)) return 0;
    return (
      strength *
      (hypothesis.mechanism === "provider_silent_change"
        ? 0.4
        : hypothesis.mechanism === "provider_throttling"
          ? 0.6
          : 1)
    );
  });
}

/** A posted incident of a provider whose own signals, where measured, are all quiet is about something that we do not use. */
function touches(context: CaseContext, provider: string): number {
  const own = context.movements.filter(
    (movement) => movement.entity.kind === "provider" && movement.entity.name === provider && movement.points >= 4,
  );
  if (own.length === 0) return 0.8;
  return own.some((movement) => moved(movement, context)) ? 1 : 0.25;
}

function moved(movement: Movement, context: CaseContext): boolean {
  return context.coherent.includes(movement) && movement.harmful === true;
}

/** Probes of ours that stay well while our traffic fails say that what we send is at fault. */
function probeFindings(context: CaseContext, provider: string, hypotheses: readonly Hypothesis[]): Finding[] {
  const own = context.movements.filter(
    ({ entity, points }) => entity.kind === "provider" && entity.name === provider && points >= 4,
  );
  const probes = own.filter(({ signal }) => signal === "probe_success_ratio");
  const errors = own.filter((movement) => movement.signal === "provider_error_ratio" && moved(movement, context));
  if (probes.length === 0 || errors.length === 0 || probes.some((probe) => moved(probe, context))) return [];
  const evidence = observed(context, "provider", {
    id: `probe:${provider}:well`,
    statement: `our probes of ${provider} succeed while our traffic to it fails`,
    signal: "probe_success_ratio",
    labels: { provider },
    value: probes[0]?.now ?? null,
    unit: "ratio",
  });
  return [
    weigh(evidence, hypotheses, ({ change, mechanism, subject }) => {
      if (mechanism === "provider_outage" && subject["provider"] === provider) return -1.4;
      return change !== null && (mechanism === "application" || mechanism === "prompt" || mechanism === "model")
        ? 0.8
        : 0;
    }),
  ];
}

/** From one moment on every call of one model fails and the others do not: it was switched off. */
function retirementFindings(context: CaseContext, provider: string, hypotheses: readonly Hypothesis[]): Finding[] {
  const own = context.movements.filter(
    ({ entity, signal, slice }) =>
      entity.kind === "provider" &&
      entity.name === provider &&
      signal === "provider_error_ratio" &&
      slice["model_version"] !== undefined,
  );
  const gone = own.find((movement) => moved(movement, context) && (movement.now ?? 0) > 0.85);
  const fine = own.filter((movement) => !moved(movement, context));
  const version = gone?.slice["model_version"];
  if (version === undefined || fine.length === 0) return [];
  const evidence = observed(context, "provider", {
    id: `retired:${provider}:${version}`,
    statement: `nearly every call of ${version} at ${provider} fails, calls of ${fine.map(({ slice }) => slice["model_version"]).join(", ")} do not`,
    signal: "provider_error_ratio",
    labels: { provider, model_version: version },
    value: gone?.now ?? null,
    baseline: gone?.before ?? null,
    unit: "ratio",
  });
  return [
    weigh(evidence, hypotheses, ({ mechanism, subject, change }) => {
      if (subject["provider"] === provider && mechanism === "provider_change")
        return change?.scope["model_version"] === version ? 2.5 : 0.5;
      if (subject["provider"] === provider && mechanism === "provider_silent_change") return 1.2;
      return mechanism === "gpu_fault" || mechanism === "surge" || mechanism === "prompt" ? -1 : 0;
    }),
  ];
}
