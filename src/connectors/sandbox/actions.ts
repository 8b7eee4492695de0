import { z } from "zod";
import type { Json } from "../../domain/json.ts";
import type { HttpClient } from "../../lib/http.ts";
import type { Action, Applied } from "../../ports.ts";
import { defineAction } from "../connector.ts";

/** The window of the sandbox's signals is eight seconds: an effect is seen whole after that. */
const EFFECT_MS = 9_000;
const text = z.string().min(1).max(80);

interface Setting<P extends z.ZodObject> {
  readonly name: string;
  readonly params: P;
  /** Path of the resource under `/api/`. */
  readonly path: (params: z.output<P>) => string;
  /** The wanted state, given the state now. */
  readonly wanted: (params: z.output<P>, before: Json) => Json;
  readonly summary: (params: z.output<P>) => string;
  readonly reach: string;
  readonly reachShare: number | null;
  readonly sideEffect: string;
  /** Why it must not be done now, or null. */
  readonly refuse?: (params: z.output<P>, before: Json) => Promise<string | null>;
}

/** Everything that the bot may do to the sandbox, through the sandbox's own control API. */
export function sandboxActions(client: HttpClient, base: string): Action[] {
  const setting = <P extends z.ZodObject>(spec: Setting<P>) => defineSetting(spec, client, base);
  return [...versionActions(setting), ...trafficActions(setting), ...poolActions(client, base, setting)];
}

/** Parts of which one version is live: what each is called, where it is set, what follows. */
const versioned = [
  {
    name: "sandbox.set_prompt_label",
    what: "prompt",
    subject: "prompt",
    path: "prompts",
    sideEffect: "answers follow the earlier wording within seconds",
  },
  {
    name: "sandbox.set_model_version",
    what: "model",
    subject: "model",
    path: "models",
    sideEffect: "new requests go to the earlier version",
  },
  {
    name: "sandbox.rollback_deploy",
    what: "deployment",
    subject: "target",
    path: "deployments",
    sideEffect: "instances restart one after the other",
  },
  {
    name: "sandbox.set_index_alias",
    what: "dataset",
    subject: "dataset",
    path: "indexes",
    sideEffect: "answers miss what only the newer build held",
  },
  {
    name: "sandbox.pin_judge",
    what: "judge",
    subject: "judge",
    path: "judges",
    sideEffect: "nothing changes for users",
  },
] as const;

function versionActions(setting: Define): Action[] {
  return versioned.map(({ name, what, subject, path, sideEffect }) =>
    setting({
      name,
      params: z.strictObject({ [subject]: text, version: text }),
      path: (params) => `${path}/${String(params[subject])}`,
      wanted: (params) => ({ version: String(params["version"]) }),
      summary: (params) => `Set the ${what} ${String(params[subject])} to version ${String(params["version"])}`,
      reach: "all of its traffic",
      reachShare: 1,
      sideEffect,
    }),
  );
}

type Define = <P extends z.ZodObject>(spec: Setting<P>) => Action;

function trafficActions(setting: Define): Action[] {
  return [
    setting({
      name: "sandbox.drain_provider",
      params: z.strictObject({ provider: text }),
      path: ({ provider }) => `providers/${provider}`,
      wanted: () => ({ weight: 0 }),
      summary: ({ provider }) => `Take the provider ${provider} out of the rotation`,
      reach: "the share of traffic that goes to this provider",
      reachShare: 0.3,
      sideEffect: "the other provider takes its traffic, at its price",
    }),
    setting({
      name: "sandbox.drain_node",
      params: z.strictObject({ node: text }),
      path: ({ node }) => `nodes/${node}`,
      wanted: () => ({ state: "drained" }),
      summary: ({ node }) => `Drain the node ${node}`,
      reach: "one of four nodes of the pool",
      reachShare: 0.25,
      sideEffect: "the other nodes take its load",
    }),
    setting({
      name: "sandbox.set_flag",
      params: z.strictObject({ flag: text, value: text }),
      path: ({ flag }) => `flags/${flag}`,
      wanted: ({ value }) => ({ value }),
      summary: ({ flag, value }) => `Set the flag ${flag} to ${value}`,
      reach: "all users of the flag",
      reachShare: 1,
      sideEffect: "users lose what the flag brought",
    }),
    setting({
      name: "sandbox.limit_client",
      params: z.strictObject({ tenant: text }),
      path: ({ tenant }) => `limits/${tenant}`,
      wanted: (_params, before) => ({ ...(before as Record<string, Json>), per_second: usualOf(before) }),
      summary: ({ tenant }) => `Limit the client ${tenant} to its usual load`,
      reach: "one of six clients",
      reachShare: 0.17,
      sideEffect: "that client gets 429 above its limit",
    }),
    setting({
      name: "sandbox.route_drifted",
      params: z.strictObject({ service: text }),
      path: ({ service }) => `drift-route/${service}`,
      wanted: () => ({ languages: ["ja", "pt"] }),
      summary: ({ service }) =>
        `Send the languages that the hosted model copes badly with to the stronger model (${service})`,
      reach: "the requests in those languages",
      reachShare: null,
      sideEffect: "these requests cost about three times as much",
    }),
  ];
}

function usualOf(before: Json): number {
  return z.object({ usual: z.number() }).parse(before).usual;
}

function poolActions(client: HttpClient, base: string, setting: Define): Action[] {
  return [
    setting({
      name: "sandbox.scale_pool",
      params: z.strictObject({ service: text }),
      path: () => "pools/gpu-a",
      wanted: (_params, before) => ({ extra: z.object({ extra: z.number() }).parse(before).extra + 2 }),
      summary: () => "Add two replicas to the pool gpu-a",
      reach: "the pool",
      reachShare: 1,
      sideEffect: "costs two more replicas for each hour",
    }),
    deed(
      {
        name: "sandbox.rebuild_index",
        path: () => "rebuild/help-centre",
        summary: "Rebuild the index help-centre from its source",
      },
      client,
      base,
    ),
    deed(
      {
        name: "sandbox.restart_pool",
        path: () => "restart/gpu-a",
        summary: "Restart the replicas of the pool one by one",
      },
      client,
      base,
    ),
    deed(
      { name: "sandbox.purge_cache", path: (service) => `purge/${service}`, summary: "Empty the response cache" },
      client,
      base,
    ),
  ];
}

function defineSetting<P extends z.ZodObject>(spec: Setting<P>, client: HttpClient, base: string): Action {
  const url = (params: z.output<P>) =>
    new URL(`/api/${spec.path(params).split("/").map(encodeURIComponent).join("/")}`, base);
  const read = async (params: z.output<P>, signal: AbortSignal): Promise<Json> =>
    z.json().parse((await client.send(url(params), { signal })).json()) as Json;
  const put = async (
    params: z.output<P>,
    state: Json,
    context: { idempotencyKey: string; signal: AbortSignal },
  ): Promise<Applied> => {
    const answer = await client.send(url(params), {
      method: "PUT",
      json: state,
      headers: { "idempotency-key": context.idempotencyKey },
      signal: context.signal,
    });
    return { outcome: "succeeded", detail: `the sandbox answered ${answer.status}` };
  };
  return defineAction({
    name: spec.name,
    repeat: "keyed",
    params: spec.params,
    read: async (params, { signal }) => settable(await read(params, signal)),
    preview: async (params, before) => ({
      target: `sandbox:${spec.path(params)}`,
      summary: spec.summary(params),
      before,
      after: settable(spec.wanted(params, before)),
      reach: spec.reach,
      reachShare: spec.reachShare,
      sideEffect: spec.sideEffect,
      reversible: true,
      effectWithinMs: EFFECT_MS,
      refuse: (await spec.refuse?.(params, before)) ?? null,
    }),
    apply: (params, context) => put(params, spec.wanted(params, context.before), context),
    confirm: async (params, { before, signal }) =>
      same(settable(await read(params, signal)), settable(spec.wanted(params, before))) ? "yes" : "no",
    undo: (params, context) => put(params, context.before, context),
  });
}

/** The part of a state that can be set: what versions there are is not it. */
function settable(state: Json): Json {
  if (state === null || typeof state !== "object" || Array.isArray(state)) return state;
  const { versions: _versions, ...rest } = state as Record<string, Json>;
  return rest;
}

function same(a: Json, b: Json): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

interface Deed {
  readonly name: string;
  readonly path: (service: string) => string;
  readonly summary: string;
}

/** Something that is done once and cannot be taken back. */
function deed({ name, path, summary }: Deed, client: HttpClient, base: string): Action {
  return defineAction({
    name,
    repeat: "keyed",
    params: z.strictObject({ service: text }),
    read: () => Promise.resolve("not done"),
    preview: ({ service }, before) => ({
      target: `sandbox:${path(service)}`,
      summary,
      before,
      after: "done once",
      reach: "the whole of it",
      reachShare: 1,
      sideEffect: "slower until it is warm again",
      reversible: false,
      effectWithinMs: EFFECT_MS,
      refuse: null,
    }),
    apply: async ({ service }, { idempotencyKey, signal }) => {
      const answer = await client.send(new URL(`/api/do/${path(service)}`, base), {
        method: "POST",
        json: {},
        headers: { "idempotency-key": idempotencyKey },
        signal,
      });
      return { outcome: "succeeded", detail: `the sandbox answered ${answer.status}` };
    },
    confirm: () => Promise.resolve("unknown"),
    undo: null,
  });
}
