import { Chance } from "./random.ts";
import { type Fate, neighbourRequest, type PoolState, supportRequest } from "./requests.ts";
import { live, tenants, type World } from "./world.ts";

/** What the machines of the pool show in one second. */
export interface NodeReading {
  readonly node: string;
  readonly utilization: number;
  readonly memory: number;
  readonly temperature: number;
  /** XID events in this second. */
  readonly xid: number;
}

/** One second of the sandbox. */
export interface Tick {
  readonly fates: readonly Fate[];
  readonly nodes: readonly NodeReading[];
  readonly queueDepth: number;
  readonly kvUsage: number;
  /** Preemptions in this second. */
  readonly preemptions: number;
  readonly readyRatio: number;
  readonly probes: readonly { readonly provider: string; readonly ok: boolean; readonly formatValid: boolean }[];
}

/** Canary requests a second to each provider. */
const PROBES = 5;
/** Seconds of decoding that one node does in a second when its batch is full. */
const NODE_CAPACITY = 37;
/** Sequences whose keys and values fit into the cache of one node. */
const KV_SEQUENCES = 30;

/**
 * Lives through one second: arrivals come in bursts (Poisson around a mean that swings slowly, as in the public Azure
 * trace), the pool works off what it can, and every request meets its fate.
 */
export function liveOneSecond(world: World): { world: World; tick: Tick } {
  const chance = new Chance(world.chance);
  const swing = 0.97 * world.swing + 0.018 * chance.normal();
  const arrivals = arrivalsOf(world, chance, swing);
  const pool = poolOf(world, arrivals.length, chance);
  const fates: Fate[] = arrivals.map((tenant) => supportRequest(world, chance, pool.state, tenant));
  for (let i = chance.poisson(12); i > 0; i -= 1) fates.push(neighbourRequest(world, chance, "ticket-summary"));
  for (let i = chance.poisson(10); i > 0; i -= 1) fates.push(neighbourRequest(world, chance, "lead-writer"));
  const probes = Object.entries(world.providers).flatMap(([provider, { overload, traits }]) =>
    Array.from({ length: PROBES }, () => ({
      provider,
      ok: !chance.hit(overload),
      formatValid: chance.hit(traits.format),
    })),
  );
  const nodes = Object.entries(world.nodes).map(([node, { drained, broken }]): NodeReading => {
    const utilization = drained ? 0 : broken ? 0.02 : Math.min(1, pool.load + 0.03 * chance.normal());
    return {
      node,
      utilization: Math.max(0, utilization),
      memory: drained || broken ? 0.05 : 0.86 + 0.005 * chance.normal(),
      temperature: 38 + 34 * utilization + chance.normal(),
      xid: broken && !drained ? chance.poisson(0.6) : 0,
    };
  });
  const next: World = { ...world, chance: chance.state, swing, backlog: pool.backlog };
  return {
    world: next,
    tick: {
      fates,
      nodes,
      queueDepth: pool.queue,
      kvUsage: pool.kv,
      preemptions: pool.preemptions,
      readyRatio: pool.readyRatio,
      probes,
    },
  };
}

/** The tenant of each request that arrives in this second. */
function arrivalsOf(world: World, chance: Chance, swing: number): string[] {
  const each = (world.requestsPerSecond / tenants.length) * Math.exp(swing);
  return tenants.flatMap((tenant) =>
    Array.from({ length: chance.poisson(each * (world.surge[tenant] ?? 1)) }, () => tenant),
  );
}

interface Pool {
  readonly state: PoolState;
  readonly backlog: number;
  readonly queue: number;
  readonly load: number;
  readonly kv: number;
  readonly preemptions: number;
  readonly readyRatio: number;
}

/** The pool as a queue of work: what comes in, what the ready nodes do, what waits; and its key-value cache. */
function poolOf(world: World, arrivals: number, chance: Chance): Pool {
  const names = Object.keys(world.nodes);
  const ready = names.filter((name) => world.nodes[name]?.drained === false);
  const replicas = ready.filter((name) => world.nodes[name]?.broken === false).length + world.extraReplicas;
  const capacity = Math.max(0.5, replicas) * NODE_CAPACITY;
  const limited = Object.entries(world.limits).reduce(
    (sum, [tenant, limit]) =>
      sum + Math.max(0, (world.requestsPerSecond / tenants.length) * (world.surge[tenant] ?? 1) - limit),
    0,
  );
  const length = live(world, "support-llm").length * live(world, "support-adapter").length;
  const work = Math.max(0, arrivals - limited) * 0.56 * 2.4 * length;
  const { sequences } = live(world, "llm-pool/serving");
  const admitted = sequences / 64;
  const offered = work / capacity;
  const kv = Math.min(
    0.998,
    (offered * 0.92 * Math.sqrt(admitted) * 64 * 0.5) / KV_SEQUENCES + 0.006 * chance.normal(),
  );
  const thrash = admitted > 1 ? Math.min(0.62, 0.2 * (admitted - 1)) : 0;
  const effective = capacity * (1 - thrash);
  const backlog = Math.max(0, Math.min(effective * 9, world.backlog + work - effective));
  return {
    state: { ready, waitS: backlog / effective, slowdown: (1 + 0.45 * Math.min(1, offered) ** 2) / (1 - thrash) },
    backlog,
    queue: Math.round(backlog / 2.4 + chance.poisson(1.5 * Math.min(1, offered))),
    load: Math.min(1, work / effective),
    kv: Math.max(0.02, kv),
    preemptions: chance.poisson(thrash * 9 + (kv > 0.97 ? 2 : 0)),
    readyRatio: replicas / (names.length + world.extraReplicas),
  };
}
