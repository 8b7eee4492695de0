import { z } from "zod";
import type { Action } from "../../ports.ts";
import type { Control, State } from "./control.ts";
import { deedAction, type Seen, type Setting, settingAction } from "./define.ts";

const name = z.string().min(1).max(80);
const whole = { reach: "all of its traffic", share: 1 };
/** A provider that fails so often is no place to send more traffic to. */
const FAILING = 0.2;
/** The utilisation at which a pool has nothing left to give. */
const FULL = 0.98;

/** Everything that the bot may do to the sandbox, through the sandbox's own control API. */
export function sandboxActions(control: Control): Action[] {
  return [
    ...versions.map((spec) => settingAction(control, versionSetting(spec))),
    settingAction(control, drainProvider),
    settingAction(control, drainNode),
    settingAction(control, scalePool),
    settingAction(control, setFlag),
    settingAction(control, limitClient),
    settingAction(control, routeDrifted),
    deedAction(control, {
      name: "sandbox.rebuild_index",
      on: "index",
      path: (index) => `/api/indexes/${encodeURIComponent(index)}/rebuild`,
      summary: (index) => `Rebuild the index ${index} from its source`,
      reach: "everything that reads the index",
      sideEffect: "the source is read once; the old build serves until the new one is complete",
      effectWithinMs: 8_000,
      back: { path: (index) => `/api/indexes/${encodeURIComponent(index)}`, key: "version" },
    }),
    deedAction(control, {
      name: "sandbox.restart_pool",
      on: "pool",
      path: (pool) => `/api/pools/${encodeURIComponent(pool)}/restart`,
      summary: (pool) => `Restart the replicas of ${pool} one by one`,
      reach: "every replica of the pool, one at a time",
      sideEffect: "a replica that restarts serves nothing; caches start cold",
      effectWithinMs: 20_000,
    }),
    deedAction(control, {
      name: "sandbox.purge_cache",
      on: "service",
      path: (service) => `/api/caches/${encodeURIComponent(service)}/purge`,
      summary: (service) => `Empty the caches of ${service}`,
      reach: "every request until the caches are warm again",
      sideEffect: "requests are slower and dearer until then",
      effectWithinMs: 12_000,
    }),
  ];
}

interface Versioned {
  readonly name: string;
  readonly subject: "prompt" | "model" | "target" | "dataset" | "judge";
  readonly method: "PUT" | "POST";
  readonly path: (subject: string) => string;
  readonly summary: (subject: string, version: string) => string;
  readonly sideEffect: string;
}

/** Parts of which one version is live. */
const versions: readonly Versioned[] = [
  {
    name: "sandbox.set_prompt_label",
    subject: "prompt",
    method: "PUT",
    path: (prompt) => `/api/prompts/${prompt}/label`,
    summary: (prompt, version) => `Put the live label of the prompt ${prompt} on version ${version}`,
    sideEffect: "users get that wording at once",
  },
  {
    name: "sandbox.set_model_version",
    subject: "model",
    method: "PUT",
    path: (model) => `/api/models/${model}`,
    summary: (model, version) => `Serve version ${version} of the model ${model}`,
    sideEffect: "requests in flight finish on the other version",
  },
  {
    name: "sandbox.rollback_deploy",
    subject: "target",
    method: "POST",
    path: (target) => `/api/deployments/${target}`,
    summary: (target, version) => `Deploy version ${version} of ${target}`,
    sideEffect: "instances restart one after the other",
  },
  {
    name: "sandbox.set_index_alias",
    subject: "dataset",
    method: "PUT",
    path: (dataset) => `/api/indexes/${dataset}`,
    summary: (dataset, version) => `Point the alias of ${dataset} at the build ${version}`,
    sideEffect: "answers miss whatever only the other build holds",
  },
  {
    name: "sandbox.pin_judge",
    subject: "judge",
    method: "PUT",
    path: (judge) => `/api/judges/${judge}`,
    summary: (judge, version) => `Pin the judge ${judge} to version ${version}`,
    sideEffect: "scores given by the other version cannot be compared",
  },
];

function versionSetting(spec: Versioned): Setting<z.ZodObject> {
  const subject = (params: Readonly<Record<string, unknown>>) => String(params[spec.subject]);
  const version = (params: Readonly<Record<string, unknown>>) => String(params["version"]);
  return {
    name: spec.name,
    params: z.strictObject({ [spec.subject]: name, version: name }),
    method: spec.method,
    path: (params) => spec.path(encodeURIComponent(subject(params))),
    key: "version",
    wanted: (params) => version(params),
    summary: (params) => spec.summary(subject(params), version(params)),
    reach: () => whole,
    sideEffect: spec.sideEffect,
    refuse: (params, { facts }) => {
      const known = z.array(z.string()).catch([]).parse(facts["versions"]);
      return known.includes(version(params))
        ? null
        : `${subject(params)} has no version ${version(params)}; it has ${known.join(", ")}`;
    },
  };
}

function define<P extends z.ZodObject>(setting: Setting<P>): Setting<P> {
  return setting;
}

/** The share of the support assistant's requests that has this label, by the last seconds. */
function shareOf({ latest }: Seen, labels: Readonly<Record<string, string>>): number | null {
  const part = latest("request_rate", { service: "support-chat", ...labels });
  const all = latest("request_rate", { service: "support-chat" });
  return part === null || all === null || all === 0 ? null : part / all;
}

function percent(share: number | null): string {
  return share === null ? "an unknown share" : `${Math.round(share * 100)} %`;
}

const Weights = z.record(z.string(), z.number());

function weightsIn(facts: State): Readonly<Record<string, number>> {
  return Weights.catch({}).parse(facts["weights"]);
}

const drainProvider = define({
  name: "sandbox.drain_provider",
  params: z.strictObject({ provider: name }),
  method: "PUT",
  path: ({ provider }) => `/api/providers/${encodeURIComponent(provider)}`,
  key: "weight",
  wanted: () => 0,
  summary: ({ provider }) => `Take the provider ${provider} out of the rotation`,
  reach: ({ provider }, seen) => {
    const share = shareOf(seen, { provider });
    return { reach: `${percent(share)} of the requests, which go to the other provider then`, share };
  },
  sideEffect: "the other provider takes all of it: its quota and price apply",
  refuse: ({ provider }, { facts, latest }) => {
    const others = Object.entries(weightsIn(facts)).filter(([other, weight]) => other !== provider && weight > 0);
    if (others.length === 0) return "no other provider is in the rotation: its traffic would have nowhere to go";
    const failing = others.find(([other]) => (latest("provider_error_ratio", { provider: other }) ?? 0) > FAILING);
    return failing === undefined ? null : `${failing[0]} would take its traffic and is failing itself`;
  },
});

const drainNode = define({
  name: "sandbox.drain_node",
  params: z.strictObject({ node: name }),
  method: "POST",
  path: ({ node }) => `/api/nodes/${encodeURIComponent(node)}`,
  key: "state",
  wanted: () => "drained",
  summary: ({ node }) => `Drain the node ${node}`,
  reach: ({ node }, seen) => {
    const share = shareOf(seen, { node });
    return { reach: `${percent(share)} of the requests, which go to the other nodes then`, share };
  },
  sideEffect: "the other nodes of the pool take its load",
  refuse: ({ node }, { facts, latest }) => {
    const ready = z.number().catch(0).parse(facts["ready"]);
    if (ready < 2) return `${node} is the last node of the pool that takes requests`;
    const pool = { gpu_pool: String(facts["pool"]) };
    const all = (latest("gpu_utilization", pool) ?? 0) * ready;
    const others = (all - (latest("gpu_utilization", { ...pool, node }) ?? 0)) / (ready - 1);
    return others < FULL ? null : "the other nodes of the pool are full already";
  },
});

const MOST_REPLICAS = 12;
const MORE_REPLICAS = 2;

const scalePool = define({
  name: "sandbox.scale_pool",
  params: z.strictObject({ service: name }),
  method: "PUT",
  path: () => "/api/pools/gpu-a",
  key: "replicas",
  wanted: (_params, before) => z.number().parse(before["replicas"]) + MORE_REPLICAS,
  summary: (_params, replicas) => `Scale the pool gpu-a to ${String(replicas)} replicas`,
  reach: () => ({ reach: "the pool; nothing that runs is touched", share: 0 }),
  sideEffect: "two more replicas are paid for each hour",
  refuse: (_params, _seen, before) =>
    z.number().parse(before["replicas"]) + MORE_REPLICAS > MOST_REPLICAS
      ? "the pool has as many replicas as it may"
      : null,
});

const setFlag = define({
  name: "sandbox.set_flag",
  params: z.strictObject({ flag: name, value: name }),
  method: "PUT",
  path: ({ flag }) => `/api/flags/${encodeURIComponent(flag)}`,
  key: "value",
  wanted: ({ value }) => value,
  summary: ({ flag, value }) => `Set the flag ${flag} to ${value}`,
  reach: () => ({ reach: "everybody who sees the flag", share: 1 }),
  sideEffect: "users lose what the flag brought",
});

const limitClient = define({
  name: "sandbox.limit_client",
  params: z.strictObject({ tenant: name }),
  method: "PUT",
  path: ({ tenant }) => `/api/limits/${encodeURIComponent(tenant)}`,
  key: "per_minute",
  wanted: (_params, _before, facts) => z.number().parse(facts["usual_per_minute"]),
  summary: ({ tenant }, limit) => `Limit the client ${tenant} to its usual ${String(limit)} requests a minute`,
  reach: ({ tenant }, seen) => {
    const share = shareOf(seen, { tenant });
    return { reach: `the client ${tenant}, ${percent(share)} of the requests now`, share };
  },
  sideEffect: "that client is answered 429 above its limit",
});

const routeDrifted = define({
  name: "sandbox.route_drifted",
  params: z.strictObject({ service: name }),
  method: "PUT",
  path: () => "/api/router/drift-route",
  key: "languages",
  wanted: (_params, before, facts) => {
    const drifted = z.array(z.string()).catch([]).parse(facts["drifted"]);
    return drifted.length > 0 ? drifted : (before["languages"] ?? []);
  },
  summary: (_params, languages) => `Send requests in ${String(languages)} to the stronger model of the providers`,
  reach: (_params, seen) => {
    const drifted = z.array(z.string()).catch([]).parse(seen.facts["drifted"]);
    const shares = drifted.map((language) => shareOf(seen, { language }) ?? 0);
    const share = shares.reduce((sum, one) => sum + one, 0);
    return { reach: `the requests in ${drifted.join(", ") || "no language"}, ${percent(share)} of all`, share };
  },
  sideEffect: "each of these requests costs several times as much",
  refuse: (_params, { facts, latest }) => {
    if (z.array(z.string()).catch([]).parse(facts["drifted"]).length === 0) return "no language has drifted";
    const failing = ["northwind", "acme-ai"].filter(
      (provider) => (latest("provider_error_ratio", { provider }) ?? 0) > FAILING,
    );
    return failing.length === 0 ? null : `${failing.join(" and ")} would take the requests and is failing itself`;
  },
});
