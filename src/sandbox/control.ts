import { z } from "zod";
import type { ChangeKind } from "../domain/change.ts";
import type { Labels } from "../domain/json.ts";
import { usualPerMinute } from "./arrivals.ts";
import { cutQueues, emptyCaches, rebuilt, resized, restarted } from "./deeds.ts";
import { type PartKind, POOL, tenants, usualLanguages, type World, withNode, withPart, withProvider } from "./world.ts";

/** The world after an operation, or why it cannot be done. */
export type Done = { readonly world: World } | { readonly refused: string };

/** How an operation is told to whoever listens to changes. */
export interface Told {
  readonly kind: ChangeKind;
  readonly service: string | null;
  readonly title: string;
  readonly before: string | null;
  readonly after: string | null;
  readonly scope?: Labels;
}

/** One thing that can be read and set from outside. */
export interface Resource {
  /** Its state now, or null where there is no such thing. Only what can be set: a state put back is the same again. */
  readonly read: (world: World, name: string) => Readonly<Record<string, unknown>> | null;
  /** What can only be looked at. */
  readonly facts?: (world: World, name: string) => Readonly<Record<string, unknown>>;
  readonly names: (world: World) => readonly string[];
  /** @throws ZodError for a body that is not understood */
  readonly set: (world: World, name: string, body: unknown) => Done;
  readonly told: (change: { world: World; name: string; before: unknown; after: unknown }) => Told;
}

const Version = z.strictObject({ version: z.string().min(1).max(80) });

function part(kind: PartKind): Resource {
  const ofKind = (world: World, name: string) => (world.parts[name]?.kind === kind ? world.parts[name] : undefined);
  return {
    read: (world, name) => {
      const found = ofKind(world, name);
      return found === undefined ? null : { version: found.live };
    },
    facts: (world, name) => ({ versions: Object.keys(ofKind(world, name)?.versions ?? {}) }),
    names: (world) => Object.keys(world.parts).filter((name) => ofKind(world, name) !== undefined),
    set: (world, name, body) => {
      const { version } = Version.parse(body);
      const versions = Object.keys(ofKind(world, name)?.versions ?? {});
      if (!versions.includes(version))
        return { refused: `${name} has no version ${JSON.stringify(version)}; it has ${versions.join(", ")}` };
      const after = withPart(world, name, { live: version });
      // New arguments of the engine mean new processes: what waited is sent again, and the caches start cold.
      return { world: name === "llm-pool/serving" ? emptyCaches(cutQueues(after, 0), 0.5) : after };
    },
    told: ({ world, name, before, after }) => ({
      kind: world.parts[name]?.told ?? "config",
      service: world.parts[name]?.service ?? null,
      title: `Set ${name} to ${versionIn(after)}`,
      before: versionIn(before),
      after: versionIn(after),
    }),
  };
}

function versionIn(state: unknown): string | null {
  return z.object({ version: z.string() }).safeParse(state).data?.version ?? null;
}

/** A resource whose state is one value. */
function setting<K extends string, V extends z.ZodType>(spec: {
  readonly key: K;
  readonly value: V;
  readonly kind: ChangeKind;
  readonly service: string | null;
  readonly names: Resource["names"];
  readonly facts?: Resource["facts"];
  readonly get: (world: World, name: string) => unknown;
  readonly put: (world: World, name: string, value: z.output<V>) => World;
  readonly scope?: (name: string) => Labels;
}): Resource {
  const { key, kind, service, names, facts, get, put, scope } = spec;
  const Body = z.strictObject({ [key]: spec.value });
  const said = (state: unknown) => {
    const value = z.record(z.string(), z.unknown()).parse(state)[key];
    return typeof value === "string" ? value : JSON.stringify(value ?? null);
  };
  return {
    read: (world, name) => (names(world).includes(name) ? { [key]: get(world, name) } : null),
    ...(facts === undefined ? {} : { facts }),
    names,
    set: (world, name, body) => ({ world: put(world, name, Body.parse(body)[key] as z.output<V>) }),
    told: ({ name, before, after }) => ({
      kind,
      service,
      title: `Set ${key} of ${name} to ${said(after)}`,
      before: said(before),
      after: said(after),
      ...(scope === undefined ? {} : { scope: scope(name) }),
    }),
  };
}

/** Everything that the control API can read and set. */
export const resources = {
  prompts: part("prompt"),
  models: part("model"),
  deployments: part("deployment"),
  indexes: part("index"),
  judges: part("judge"),
  providers: setting({
    key: "weight",
    value: z.number().min(0).max(1),
    kind: "config",
    service: null,
    names: ({ providers }) => Object.keys(providers),
    facts: ({ providers }) => ({
      weights: Object.fromEntries(Object.entries(providers).map(([name, { weight }]) => [name, weight])),
    }),
    get: ({ providers }, name) => providers[name]?.weight,
    put: (world, name, weight) => withProvider(world, name, { weight }),
    scope: (provider) => ({ provider }),
  }),
  nodes: setting({
    key: "state",
    value: z.enum(["drained", "ready"]),
    kind: "infra",
    service: "llm-pool",
    names: ({ nodes }) => Object.keys(nodes),
    facts: ({ nodes }) => ({ pool: POOL, ready: Object.values(nodes).filter(({ drained }) => !drained).length }),
    get: ({ nodes }, name) => (nodes[name]?.drained === true ? "drained" : "ready"),
    put: (world, name, state) => withNode(world, name, { drained: state === "drained" }),
    scope: (node) => ({ node }),
  }),
  pools: setting({
    key: "replicas",
    value: z.number().int().min(1).max(12),
    kind: "infra",
    service: "llm-pool",
    names: () => [POOL],
    get: ({ nodes }) => Object.keys(nodes).length,
    put: (world, _name, replicas) => resized(world, replicas),
    scope: (pool) => ({ gpu_pool: pool }),
  }),
  flags: setting({
    key: "value",
    value: z.string().min(1).max(80),
    kind: "flag",
    service: "support-chat",
    names: ({ flags }) => Object.keys(flags),
    get: ({ flags }, name) => flags[name],
    put: (world, name, value) => ({ ...world, flags: { ...world.flags, [name]: value } }),
  }),
  limits: setting({
    key: "per_minute",
    value: z.number().positive().nullable(),
    kind: "config",
    service: "support-chat",
    names: () => tenants,
    facts: (world) => ({ usual_per_minute: usualPerMinute(world) }),
    get: ({ limits }, name) => limits[name] ?? null,
    put: limit,
    scope: (tenant) => ({ tenant }),
  }),
  router: setting({
    key: "languages",
    value: z.array(z.string().min(2).max(8)).max(12),
    kind: "config",
    service: "support-chat",
    names: () => ["drift-route"],
    facts: (world) => ({ drifted: drifted(world) }),
    get: ({ routed }) => routed,
    put: (world, _name, languages) => ({ ...world, routed: languages }),
  }),
} satisfies Record<string, Resource>;

/** Languages that the router sees far more of than it was set up for: twice its usual share, and one in twenty at least. */
function drifted({ languages }: World): string[] {
  const share = (weights: Readonly<Record<string, number>>, name: string) =>
    (weights[name] ?? 0) / Object.values(weights).reduce((sum, weight) => sum + weight, 0);
  return Object.keys(languages).filter((name) => {
    const now = share(languages, name);
    return now > 0.05 && now > 2 * share(usualLanguages, name);
  });
}

function limit(world: World, name: string, perMinute: number | null): World {
  const { [name]: _before, ...others } = world.limits;
  if (perMinute === null) return { ...world, limits: others };
  // What that client had waiting in front of the pool is turned away with the rest of it.
  const surge = world.surge[name] ?? 1;
  const excess = Math.max(0, surge - perMinute / usualPerMinute(world)) / (tenants.length - 1 + surge);
  return cutQueues({ ...world, limits: { ...others, [name]: perMinute } }, 1 - excess);
}

/** Something that is done once and sets no state. */
export interface Deed {
  readonly names: (world: World) => readonly string[];
  readonly done: (
    world: World,
    name: string,
  ) => { readonly world: World; readonly told: Told; readonly answer: unknown };
}

export const deeds = {
  rebuild_index: {
    names: resources.indexes.names,
    done: (world, name) => {
      const { world: after, version } = rebuilt(world, name);
      const before = world.parts[name]?.live ?? null;
      const service = world.parts[name]?.service ?? null;
      return {
        world: after,
        told: { kind: "data", service, title: `Rebuild ${name}`, before, after: version },
        answer: { version },
      };
    },
  },
  restart_pool: {
    names: () => [POOL],
    done: (world, name) => ({
      world: restarted(world),
      told: {
        kind: "infra",
        service: "llm-pool",
        title: `Restart ${name}`,
        before: null,
        after: null,
        scope: { gpu_pool: name },
      },
      answer: { restarted: name },
    }),
  },
  purge_cache: {
    names: () => ["support-chat"],
    done: (world, name) => ({
      world: emptyCaches(world, 0),
      told: { kind: "config", service: name, title: `Purge the caches of ${name}`, before: null, after: null },
      answer: { purged: name },
    }),
  },
} satisfies Record<string, Deed>;
