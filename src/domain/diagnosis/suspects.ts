import type { Cause } from "../cause.ts";
import type { Change } from "../change.ts";
import type { Labels } from "../json.ts";
import { worstNode } from "./carriers.ts";
import { type CaseContext, changesBefore } from "./case-context.ts";
import { readChange } from "./change-words.ts";
import type { AmbientKind } from "./diagnosis.ts";
import type { Hypothesis, Mechanism } from "./hypothesis.ts";
import { foundation } from "./topology.ts";
import { newVersions } from "./versions.ts";
import { WEIGHTS } from "./weights.ts";

/** Every change of the look-back window, and every ambient cause that the catalogue or the series make possible. */
export function suspectsOf(context: CaseContext): Hypothesis[] {
  const all = [...changesBefore(context).map(changeSuspect), ...ambientSuspects(context)];
  const seen = new Set<string>();
  return all.filter(({ id }) => !seen.has(id) && seen.add(id));
}

function changeSuspect(change: Change): Hypothesis {
  const reading = readChange(change);
  return {
    id: `change:${change.id}`,
    cause: reading.cause,
    mechanism: mechanismOf(reading.cause),
    change,
    reading,
    ambient: null,
    subject: { ...change.scope, ...(change.service === null ? {} : { service: change.service }) },
    title: change.title === "" ? `${change.kind} change of ${change.target}` : change.title,
    prior: WEIGHTS.changePrior[change.kind],
  };
}

function mechanismOf(cause: Cause): Mechanism {
  switch (cause) {
    case "gpu_infra":
      return "infra";
    case "upstream_provider":
      return "provider_change";
    case "demand":
      return "demand_change";
    default:
      return cause;
  }
}

interface Ambient {
  readonly kind: AmbientKind;
  readonly cause: Cause;
  readonly mechanism: Mechanism;
  readonly about: string;
  readonly subject: Labels;
  readonly title: string;
}

function ambientSuspects(context: CaseContext): Hypothesis[] {
  const main = [...context.topology.focal][0] ?? null;
  const service: Labels = main === null ? {} : { service: main };
  const found: Ambient[] = [
    ...[...context.providers].flatMap((provider) => providerSuspects(provider, service)),
    ...infraSuspects(context, service),
    ...dataSuspects(context, service),
    ...demandSuspects(context, service),
    {
      kind: "broken_measurement",
      cause: "measurement",
      mechanism: "measurement",
      about: main ?? "",
      subject: service,
      title: "The measurement is wrong, not the service",
    },
    {
      kind: "application_fault",
      cause: "application",
      mechanism: "application_fault",
      about: main ?? "",
      subject: service,
      title: "The application fails by itself (a secret, a limit, a leak)",
    },
    ...newVersions(context).map(
      ({ cause, version, service: name, dimension }): Ambient => ({
        kind: "unrecorded",
        cause,
        mechanism: cause === "prompt" ? "prompt" : "model",
        about: `${dimension}:${version}`,
        subject: { service: name, [dimension]: version },
        title: `${cause === "prompt" ? "Prompt" : "Model"} version ${version} went live without a recorded change`,
      }),
    ),
    {
      kind: "unrecorded",
      cause: "unknown",
      mechanism: "unknown",
      about: "",
      subject: service,
      title: "Something that nobody recorded",
    },
  ];
  return found.map(({ kind, cause, mechanism, about, subject, title }) => ({
    id: `ambient:${kind}:${about}`,
    cause,
    mechanism,
    change: null,
    reading: null,
    ambient: kind,
    subject,
    title,
    prior: mechanism === "unknown" ? WEIGHTS.unknownPrior : WEIGHTS.ambientPrior[kind],
  }));
}

function providerSuspects(provider: string, service: Labels): Ambient[] {
  const rest = { cause: "upstream_provider" as const, about: provider, subject: { ...service, provider } };
  return [
    { ...rest, kind: "provider_outage", mechanism: "provider_outage", title: `${provider} is failing or slow` },
    { ...rest, kind: "provider_throttling", mechanism: "provider_throttling", title: `${provider} throttles us` },
    {
      ...rest,
      kind: "provider_silent_change",
      mechanism: "provider_silent_change",
      title: `${provider} changed what it answers`,
    },
  ];
}

function infraSuspects(context: CaseContext, service: Labels): Ambient[] {
  const serving = foundation(context.topology).filter(
    ({ name, kind, gpu_pools }) => kind === "serving" || gpu_pools.length > 0 || measured(context, name),
  );
  const names =
    serving.length === 0 && context.topology.services.size === 0
      ? Object.values(service)
      : serving.map(({ name }) => name);
  const pools = [...context.pools];
  const worst = worstNode(context);
  const faults = (pools.length === 0 ? [null] : pools).map((pool): Ambient => {
    const node =
      worst !== null && (worst.pool === null || worst.pool === pool || pool === null) ? { node: worst.node } : {};
    const subject = { ...service, ...(pool === null ? {} : { gpu_pool: pool }), ...node };
    return {
      kind: "gpu_fault",
      cause: "gpu_infra",
      mechanism: "gpu_fault",
      about: pool ?? "",
      subject,
      title: `Hardware or a node${pool === null ? "" : ` of ${pool}`} fails`,
    };
  });
  const applies = pools.length > 0 || worst !== null || names.length > 0;
  return [
    ...(applies ? faults : []),
    ...[...new Set(names)].map(
      (name): Ambient => ({
        kind: "serving_exhaustion",
        cause: "gpu_infra",
        mechanism: "serving_exhaustion",
        about: name,
        subject: { ...service, service: name },
        title: `${name} is exhausted or stuck`,
      }),
    ),
  ];
}

function measured({ movements }: CaseContext, name: string): boolean {
  const serving = ["queue_depth", "kv_cache_usage", "ready_replicas_ratio", "pod_restarts", "pending_pods"];
  return movements.some(({ entity, signal }) => entity.name === name && serving.includes(signal));
}

function dataSuspects(context: CaseContext, service: Labels): Ambient[] {
  const moved = context.coherent.find(({ signal }) => signal === "data_freshness" || signal === "feature_null_ratio");
  const stands = foundation(context.topology).some(({ datasets }) => datasets.length > 0);
  const seen = ["data_freshness", "feature_null_ratio", "drift_psi", "retrieval_hit_ratio", "prediction_mean"];
  if (!stands && context.file.samples.length === 0 && !context.movements.some(({ signal }) => seen.includes(signal)))
    return [];
  const about = moved?.entity.name ?? Object.values(service)[0] ?? "";
  const subject = about === "" ? service : { ...service, source: about };
  return [
    {
      kind: "stale_data",
      cause: "data",
      mechanism: "stale_data",
      about,
      subject,
      title: "What the service is fed is late, missing or broken",
    },
    {
      kind: "organic_drift",
      cause: "data",
      mechanism: "organic_drift",
      about: Object.values(service)[0] ?? "",
      subject: service,
      title: "The inputs themselves have drifted",
    },
  ];
}

function demandSuspects(context: CaseContext, service: Labels): Ambient[] {
  const tenant = context.coherent
    .filter(
      ({ slice, signal, state }) =>
        slice["tenant"] !== undefined &&
        state === "up" &&
        ["request_rate", "input_tokens_per_request"].includes(signal),
    )
    .toSorted((a, b) => b.z - a.z)[0]?.slice["tenant"];
  const subject = tenant === undefined ? service : { ...service, tenant };
  return [
    {
      kind: "surge",
      cause: "demand",
      mechanism: "surge",
      about: Object.values(service)[0] ?? "",
      subject,
      title: "More requests than usual",
    },
    {
      kind: "runaway_client",
      cause: "demand",
      mechanism: "runaway_client",
      about: tenant ?? "",
      subject,
      title: tenant === undefined ? "One client sends too much" : `${tenant} sends too much`,
    },
  ];
}
