import { z } from "zod";
import type { ChangeDraft } from "./change.ts";
import { type PartKind, tenants, type World } from "./world.ts";

/** One thing that can be read and set from outside. */
export interface Resource {
  /** Its state now, or null where there is no such thing. */
  readonly read: (world: World, name: string) => unknown;
  readonly body: z.ZodType;
  /** The world after it was set, or why it cannot be. */
  readonly set: (world: World, name: string, body: unknown) => { readonly world: World } | { readonly refused: string };
  /** How the change is told to whoever listens. */
  readonly told: (name: string, before: unknown, after: unknown) => Omit<ChangeDraft, "at" | "author">;
}

const Version = z.object({ version: z.string().min(1).max(80) });

function part(kind: PartKind, changeKind: ChangeDraft["kind"], service: string | null): Resource {
  return {
    read: (world, name) => {
      const found = world.parts[name];
      return found?.kind === kind ? { version: found.live, versions: Object.keys(found.versions) } : null;
    },
    body: Version,
    set: (world, name, body) => {
      const found = world.parts[name];
      const { version } = Version.parse(body);
      if (found === undefined) return { refused: `there is no ${kind} named "${name}"` };
      if (found.versions[version] === undefined)
        return { refused: `${name} has no version "${version}"; it has ${Object.keys(found.versions).join(", ")}` };
      return { world: { ...world, parts: { ...world.parts, [name]: { ...found, live: version } } } };
    },
    told: (name, before, after) => ({
      kind: changeKind,
      target: name,
      service,
      title: `Set ${name} to ${versionOf(after)}`,
      before: versionOf(before),
      after: versionOf(after),
      summary: null,
    }),
  };
}

function versionOf(state: unknown): string | null {
  return z.object({ version: z.string() }).safeParse(state).data?.version ?? null;
}

/** A resource whose state is told as a configuration change. */
function setting(kind: ChangeDraft["kind"], service: string | null, rest: Omit<Resource, "told">): Resource {
  return {
    ...rest,
    told: (name, before, after) => ({
      kind,
      target: name,
      service,
      title: `Set ${name}`,
      before: JSON.stringify(before),
      after: JSON.stringify(after),
      summary: null,
    }),
  };
}

const Weight = z.object({ weight: z.number().min(0).max(1) });
const Drained = z.object({ state: z.enum(["drained", "ready"]) });
const Replicas = z.object({ extra: z.number().int().min(0).max(8) });
const Value = z.object({ value: z.string().max(80) });
const Limit = z.object({ per_second: z.number().positive().nullable() });
const Routed = z.object({ languages: z.array(z.string().max(8)).max(12) });

/** Everything that the control API can read and set, by the first part of its path. */
export const resources: Readonly<Record<string, Resource>> = {
  prompts: part("prompt", "prompt", "support-chat"),
  models: part("model", "model", "support-chat"),
  deployments: part("deployment", "code", null),
  indexes: part("index", "data", "retrieval"),
  judges: part("judge", "config", null),
  providers: setting("config", null, {
    read: (world, name) => (world.providers[name] === undefined ? null : { weight: world.providers[name].weight }),
    body: Weight,
    set: (world, name, body) => {
      const provider = world.providers[name];
      if (provider === undefined) return { refused: `there is no provider named "${name}"` };
      return { world: { ...world, providers: { ...world.providers, [name]: { ...provider, ...Weight.parse(body) } } } };
    },
  }),
  nodes: setting("infra", "llm-pool", {
    read: (world, name) =>
      world.nodes[name] === undefined ? null : { state: world.nodes[name].drained ? "drained" : "ready" },
    body: Drained,
    set: (world, name, body) => {
      const node = world.nodes[name];
      if (node === undefined) return { refused: `there is no node named "${name}"` };
      return {
        world: {
          ...world,
          nodes: { ...world.nodes, [name]: { ...node, drained: Drained.parse(body).state === "drained" } },
        },
      };
    },
  }),
  pools: setting("infra", "llm-pool", {
    read: (world, name) => (name === "gpu-a" ? { extra: world.extraReplicas } : null),
    body: Replicas,
    set: (world, name, body) =>
      name === "gpu-a"
        ? { world: { ...world, extraReplicas: Replicas.parse(body).extra } }
        : { refused: `there is no pool named "${name}"` },
  }),
  flags: setting("flag", "support-chat", {
    read: (world, name) => (world.flags[name] === undefined ? null : { value: world.flags[name] }),
    body: Value,
    set: (world, name, body) =>
      world.flags[name] === undefined
        ? { refused: `there is no flag named "${name}"` }
        : { world: { ...world, flags: { ...world.flags, [name]: Value.parse(body).value } } },
  }),
  limits: setting("config", "support-chat", {
    read: (world, name) =>
      tenants.some((tenant) => tenant === name)
        ? { per_second: world.limits[name] ?? null, usual: usual(world) }
        : null,
    body: Limit,
    set: (world, name, body) => {
      if (!tenants.some((tenant) => tenant === name)) return { refused: `there is no tenant named "${name}"` };
      const { per_second: limit } = Limit.parse(body);
      const { [name]: _before, ...others } = world.limits;
      return { world: { ...world, limits: limit === null ? others : { ...others, [name]: limit } } };
    },
  }),
  "drift-route": setting("config", "support-chat", {
    read: (world) => ({ languages: world.routed }),
    body: Routed,
    set: (world, _name, body) => ({ world: { ...world, routed: Routed.parse(body).languages } }),
  }),
};

/** What a tenant usually sends, in requests a second. */
function usual(world: World): number {
  return Number((world.requestsPerSecond / tenants.length).toFixed(2));
}

/** Deeds that set no state but do something once. */
export const deeds: Readonly<
  Record<
    string,
    {
      readonly title: string;
      readonly kind: ChangeDraft["kind"];
      readonly apply: (world: World, name: string) => World | null;
    }
  >
> = {
  rebuild: {
    title: "Rebuild the index",
    kind: "data",
    apply: (world, name) => {
      const index = world.parts[name];
      if (index?.kind !== "index") return null;
      const fresh = {
        ...index.versions[index.live],
        retrieval: 0.93,
        age: 900,
      } as World["parts"][string]["versions"][string];
      const version = `${index.live}+rebuilt`;
      return {
        ...world,
        parts: {
          ...world.parts,
          [name]: { ...index, live: version, versions: { ...index.versions, [version]: fresh } },
        },
      };
    },
  },
  restart: {
    title: "Restart the pool",
    kind: "infra",
    apply: (world, name) => (name === "gpu-a" ? { ...world, backlog: 0 } : null),
  },
  purge: {
    title: "Empty the response cache",
    kind: "config",
    apply: (world, name) => (name === "support-chat" ? world : null),
  },
};
