import type { Cause } from "../cause.ts";
import type { Labels } from "../json.ts";
import { worstNode } from "./carriers.ts";
import type { CaseContext } from "./case-context.ts";
import type { AmbientKind } from "./diagnosis.ts";
import type { Hypothesis, Mechanism } from "./hypothesis.ts";
import { type Subjects, subjectsOf } from "./subjects.ts";
import { foundation } from "./topology.ts";
import { type NewVersion, newVersions } from "./versions.ts";
import { WEIGHTS } from "./weights.ts";

interface Ambient {
  readonly kind: AmbientKind;
  readonly cause: Cause;
  readonly mechanism: Mechanism;
  readonly about: string;
  readonly subject: Labels;
  readonly title: string;
}

/** Every cause without a change that the catalogue or the series make possible, each with what it would be about. */
export function ambientSuspects(context: CaseContext): Hypothesis[] {
  const subjects = subjectsOf(context);
  const found = [
    ...[...context.providers].flatMap((provider) => providerSuspects(provider, subjects)),
    ...infraSuspects(context, subjects),
    ...dataSuspects(context, subjects),
    ...demandSuspects(context, subjects),
    ...ownSuspects(subjects),
    ...newVersions(context).map((version) => versionSuspect(context, version)),
  ];
  return found.map(({ kind, cause, mechanism, about, subject, title }) => ({
    id: `ambient:${kind}:${about}`,
    cause,
    mechanism,
    also: null,
    change: null,
    reading: null,
    ambient: kind,
    subject,
    title,
    prior: mechanism === "unknown" ? WEIGHTS.unknownPrior : WEIGHTS.ambientPrior[kind],
  }));
}

/** The named ones, without those that are not known. */
function labelled(entries: Readonly<Record<string, string | null | undefined>>): Labels {
  return Object.fromEntries(Object.entries(entries).flatMap(([key, value]) => (value ? [[key, value]] : [])));
}

function providerSuspects(provider: string, { main, singled }: Subjects): Ambient[] {
  const subject = labelled({
    service: main,
    provider,
    region: singled["region"],
    model_version: singled["model_version"],
  });
  const rest = { cause: "upstream_provider", about: provider, subject } as const;
  return [
    { ...rest, kind: "provider_outage", mechanism: "provider_outage", title: `${provider} is failing or slow` },
    { ...rest, kind: "provider_throttling", mechanism: "provider_throttling", title: `${provider} throttles us` },
    {
      ...rest,
      kind: "provider_silent_change",
      mechanism: "provider_silent_change",
      title: `${provider} changed what it serves`,
    },
  ];
}

function infraSuspects(context: CaseContext, { main, serving, singled }: Subjects): Ambient[] {
  const pools = [...context.pools];
  const worst = worstNode(context);
  if (pools.length === 0 && worst === null && serving === null) return [];
  const service = serving ?? main;
  const faults = (pools.length === 0 ? [null] : pools).map((pool): Ambient => {
    const peer = pools.find((other) => other !== pool);
    const here = worst !== null && (worst.pool === null || worst.pool === pool || pool === null);
    const subject = labelled({
      service,
      gpu_pool: pool,
      node: here ? worst.node : null,
      region: singled["region"],
      peer_pool: peer,
    });
    const title = `Hardware, a node or the network${pool === null ? "" : ` of ${pool}`} fails`;
    return { kind: "gpu_fault", cause: "gpu_infra", mechanism: "gpu_fault", about: pool ?? "", subject, title };
  });
  const exhausted: Ambient = {
    kind: "serving_exhaustion",
    cause: "gpu_infra",
    mechanism: "serving_exhaustion",
    about: service ?? "",
    subject: labelled({ service, gpu_pool: pools.length === 1 ? pools[0] : null, region: singled["region"] }),
    title: `${service ?? "The serving deployment"} is exhausted or stuck`,
  };
  return [...faults, exhausted];
}

const FED = ["data_freshness", "feature_null_ratio", "drift_psi", "retrieval_hit_ratio", "prediction_mean"];

function dataSuspects(context: CaseContext, { main, source, singled }: Subjects): Ambient[] {
  const stands = foundation(context.topology).some(({ datasets }) => datasets.length > 0);
  const measured = context.movements.some(({ signal }) => FED.includes(signal));
  if (!stands && !measured && context.file.samples.length === 0) return [];
  const subject = labelled({ service: main, source, region: singled["region"], feature: singled["feature"] });
  const drifted = labelled({
    service: main,
    language: singled["language"],
    tenant: singled["tenant"],
    region: singled["region"],
  });
  return [
    {
      kind: "stale_data",
      cause: "data",
      mechanism: "stale_data",
      about: source ?? main ?? "",
      subject,
      title: "What the service is fed is late, missing or broken",
    },
    {
      kind: "organic_drift",
      cause: "data",
      mechanism: "organic_drift",
      about: main ?? "",
      subject: drifted,
      title: "The inputs themselves have drifted",
    },
  ];
}

function demandSuspects({ pools }: CaseContext, { main, singled }: Subjects): Ambient[] {
  const tenant = singled["tenant"];
  const [pool] = pools;
  const subject = labelled({ service: main, tenant, gpu_pool: pools.size === 1 ? pool : null });
  return [
    {
      kind: "surge",
      cause: "demand",
      mechanism: "surge",
      about: main ?? "",
      subject,
      title: "More requests than usual",
    },
    {
      kind: "runaway_client",
      cause: "demand",
      mechanism: "runaway_client",
      about: tenant ?? "",
      subject,
      title: `${tenant ?? "One client"} sends too much`,
    },
  ];
}

function ownSuspects({ main, singled }: Subjects): Ambient[] {
  const subject = labelled({ service: main });
  const about = main ?? "";
  return [
    {
      kind: "broken_measurement",
      cause: "measurement",
      mechanism: "measurement",
      about,
      subject,
      title: "The measurement is wrong, not the service",
    },
    {
      kind: "application_fault",
      cause: "application",
      mechanism: "application_fault",
      about,
      subject: labelled({ service: main, region: singled["region"], route: singled["route"] }),
      title: "The application fails by itself (a secret, a limit, a leak)",
    },
    {
      kind: "unrecorded",
      cause: "unknown",
      mechanism: "unknown",
      about: "",
      subject,
      title: "Something that nobody recorded",
    },
  ];
}

function versionSuspect(context: CaseContext, { cause, version, service, dimension, good }: NewVersion): Ambient {
  const own = context.topology.services.get(service);
  const prompt = cause === "prompt" && own?.prompts.length === 1 ? own.prompts[0] : null;
  const model = cause === "model" && own?.models.length === 1 ? own.models[0] : null;
  return {
    kind: "unrecorded",
    cause,
    mechanism: cause === "prompt" ? "prompt" : "model",
    about: `${dimension}:${version}`,
    subject: labelled({ service, [dimension]: version, good_version: good, prompt, model }),
    title: `${cause === "prompt" ? "Prompt" : "Model"} version ${version} went live without a recorded change`,
  };
}
