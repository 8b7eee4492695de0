import { type Arrival, arrivalsOf, swung, usualPerMinute } from "./arrivals.ts";
import type { Fate } from "./fate.ts";
import { type Demand, type NodeReading, servePool, takingRequests } from "./pool.ts";
import { Chance } from "./random.ts";
import { limited, neighbourRequest, providerOf, type Sent, send, served } from "./requests.ts";
import { live, type NeighbourName, neighbours, type World } from "./world.ts";

/** A canary request of ours to a provider. */
export interface Probe {
  readonly provider: string;
  readonly ok: boolean;
  readonly formatValid: boolean;
}

/** One second of the sandbox. */
export interface Tick {
  readonly fates: readonly Fate[];
  readonly nodes: readonly NodeReading[];
  readonly probes: readonly Probe[];
  /** Age of the newest record that retrieval can find, in seconds. */
  readonly ageS: number;
}

/** How fast the caches fill again after they were emptied: most of the way in ten seconds. */
const WARMING = 0.22;
/** Canary requests a second to each provider. */
const PROBES_PER_S = 5;
/** A canary asks for something simple, always the same: it passes its schema unless the model is no longer the same. */
const EASIER = 0.02;

/**
 * Lives through one second: requests arrive, are let in or not, go through prompt, retrieval and router to a node or a
 * provider, and every one meets the fate that follows from the state of those parts. Pure: the same world gives the same.
 */
export function liveOneSecond(before: World): { world: World; tick: Tick } {
  const chance = new Chance(before.chance);
  const warmth = before.warmth + WARMING * (1 - before.warmth);
  const world: World = { ...before, ...swung(before, chance), tick: before.tick + 1, warmth };
  const { let: admitted, refused } = atTheGate(world, chance, arrivalsOf(world, chance));
  const nodes = takingRequests(world);
  const sent = admitted.map((arrival) => send(world, chance, arrival, nodes));
  const others = neighbourArrivals(chance);
  const overQuota = overQuotaOf(world, sent, others);
  const pool = servePool(world, demandsOf(sent), chance);
  const serving = { states: pool.states, overQuota };
  const fates = [
    ...sent.map((one) => served(world, chance, one, serving)),
    ...refused.map(limited),
    ...others.map((service) => neighbourRequest(world, chance, service, overQuota)),
  ];
  const probes = probesOf(world, chance);
  const ageS = live(world, "help-centre").ageS + 30 * chance.next();
  return { world: { ...pool.world, chance: chance.state }, tick: { fates, nodes: pool.readings, probes, ageS } };
}

/** Our own gateway: a client over its limit is answered 429. */
function atTheGate(world: World, chance: Chance, arrivals: readonly Arrival[]): { let: Arrival[]; refused: Arrival[] } {
  const admitted: Arrival[] = [];
  const refused: Arrival[] = [];
  for (const arrival of arrivals) {
    const limit = world.limits[arrival.tenant];
    const sends = usualPerMinute(world) * (world.surge[arrival.tenant] ?? 1);
    if (limit !== undefined && chance.hit(1 - limit / sends)) refused.push(arrival);
    else admitted.push(arrival);
  }
  return { let: admitted, refused };
}

function neighbourArrivals(chance: Chance): NeighbourName[] {
  return (Object.keys(neighbours) as NeighbourName[]).flatMap((name) =>
    Array.from({ length: chance.poisson(neighbours[name].perSecond) }, () => name),
  );
}

function overQuotaOf(world: World, sent: readonly Sent[], others: readonly NeighbourName[]): Record<string, number> {
  return Object.fromEntries(
    Object.entries(world.providers).map(([name, { quota }]) => {
      const mine = sent.filter(({ way }) => way.provider === name).length;
      const all = mine + others.filter((other) => providerOf(world, other) === name).length;
      return [name, Math.max(0, 1 - quota / Math.max(1, all))];
    }),
  );
}

function demandsOf(sent: readonly Sent[]): Map<string, Demand> {
  const demands = new Map<string, Demand>();
  for (const { way, inputTokens, cachedTokens, outputTokens } of sent) {
    if (way.node === null) continue;
    const demand = demands.get(way.node) ?? { requests: 0, freshTokens: 0, outputTokens: 0, keptTokens: 0 };
    demand.requests += 1;
    demand.freshTokens += inputTokens - cachedTokens;
    demand.outputTokens += outputTokens;
    demand.keptTokens += inputTokens - cachedTokens + outputTokens / 2;
    demands.set(way.node, demand);
  }
  return demands;
}

function probesOf(world: World, chance: Chance): Probe[] {
  return Object.entries(world.providers).flatMap(([provider, { overload, traits }]) =>
    Array.from({ length: PROBES_PER_S }, () => ({
      provider,
      ok: !chance.hit(overload),
      formatValid: !chance.hit(1 - traits.format - EASIER),
    })),
  );
}
