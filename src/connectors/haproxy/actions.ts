import { z } from "zod";
import { SECOND } from "../../domain/time.ts";
import { Fault } from "../../lib/fault.ts";
import type { Action } from "../../ports.ts";
import { defineAction } from "../connector.ts";
import { applied } from "../kit/action.ts";
import { type Address, type ServerState, serversOf, serves, tell } from "./runtime.ts";

/** What HAProxy allows in names; anything else could end the command and begin another. */
const Name = z.string().regex(/^[A-Za-z0-9_.:-]{1,200}$/, "expected a name of letters, digits and _ . : -");

/** New connections follow at once; those that are open finish where they are. */
const EFFECT_WITHIN_MS = 10 * SECOND;

export interface Target {
  readonly address: Address;
  readonly backends: readonly string[];
}

const WeightParams = z.strictObject({
  backend: Name,
  server: Name,
  weight: z
    .union([z.number().int().min(0).max(256), z.string().regex(/^\d{1,3}$/)], {
      error: "expected a weight from 0 to 256",
    })
    .transform(Number)
    .refine((weight) => weight <= 256, "expected a weight from 0 to 256"),
});
const WeightBefore = z.object({ weight: z.number() });

export function setWeight({ address, backends }: Target): Action {
  const find = async ({ backend, server }: { backend: string; server: string }, signal: AbortSignal) => {
    const all = await serversOf(backends, address, signal);
    const found = all.find((one) => one.backend === backend && one.server === server);
    if (found === undefined) throw new Fault("not_found", `no server ${backend}/${server} in the backends of HAProxy`);
    return { found, others: all.filter((one) => one.backend === backend && one.server !== server) };
  };
  const put = (backend: string, server: string, weight: number, signal: AbortSignal) =>
    applied(async () => {
      await tell(`set server ${backend}/${server} weight ${weight}`, address, signal);
      return `weight of ${backend}/${server} is ${weight}`;
    });
  return defineAction({
    name: "haproxy.set_weight",
    repeat: "idempotent_set",
    params: WeightParams,
    read: async (params, { signal }) => ({ weight: (await find(params, signal)).found.weight }),
    preview: async (params, before, { signal }) => {
      const { backend, server, weight } = params;
      const now = WeightBefore.parse(before).weight;
      const { found, others } = await find(params, signal);
      const share = shareOf([found], [found, ...others]);
      return {
        target: `haproxy:${backend}/${server}`,
        summary: `Set the weight of ${backend}/${server} from ${now} to ${weight}`,
        before: { weight: now },
        after: { weight },
        reach: `${percent(share)} of the traffic of backend ${backend} goes to it now`,
        reachShare: share,
        sideEffect:
          "the other servers of the backend take the difference; a reload of HAProxy puts the configured weight back",
        reversible: true,
        effectWithinMs: EFFECT_WITHIN_MS,
        refuse: weightRefusal(found, others, weight),
      };
    },
    apply: ({ backend, server, weight }, { signal }) => put(backend, server, weight, signal),
    confirm: async (params, { signal }) => ((await find(params, signal)).found.weight === params.weight ? "yes" : "no"),
    undo: ({ backend, server }, { before, signal }) => put(backend, server, WeightBefore.parse(before).weight, signal),
  });
}

function weightRefusal(found: ServerState, others: readonly ServerState[], weight: number): string | null {
  const name = `${found.backend}/${found.server}`;
  if (weight > found.weight && !found.running) return `${name} is down: more traffic for it would fail`;
  if (weight === 0 && !others.some(serves)) return `no other server of backend ${found.backend} takes traffic`;
  return null;
}

const DrainParams = z.strictObject({ node: Name });
const DrainBefore = z.object({
  servers: z.array(z.object({ backend: Name, server: Name, state: z.enum(["ready", "drain", "maint"]) })),
});
type Placed = z.output<typeof DrainBefore>["servers"][number];

export function drainServer({ address, backends }: Target): Action {
  const named = async (node: string, signal: AbortSignal) => {
    const all = await serversOf(backends, address, signal);
    const found = all.filter(({ server }) => server === node);
    if (found.length === 0) throw new Fault("not_found", `no server named ${node} in the backends of HAProxy`);
    return { all, found };
  };
  const put = async (servers: readonly Placed[], signal: AbortSignal) => {
    for (const { backend, server, state } of servers)
      await tell(`set server ${backend}/${server} state ${state}`, address, signal);
  };
  return defineAction({
    name: "haproxy.drain_server",
    repeat: "idempotent_set",
    params: DrainParams,
    read: async ({ node }, { signal }) => ({ servers: (await named(node, signal)).found.map(placed) }),
    preview: async ({ node }, before, { signal }) => {
      const { all, found } = await named(node, signal);
      const { servers } = DrainBefore.parse(before);
      const touched = all.filter(({ backend }) => found.some((one) => one.backend === backend));
      const share = shareOf(found, touched);
      const places = servers.map(({ backend }) => backend).join(", ");
      return {
        target: `haproxy:node:${node}`,
        summary: `Drain the server ${node} in ${places}`,
        before,
        after: { servers: servers.map(drained) },
        reach: `${percent(share)} of the traffic of ${places} goes to it now`,
        reachShare: share,
        sideEffect: "requests that it is working on finish there; the other servers take the rest",
        reversible: true,
        effectWithinMs: EFFECT_WITHIN_MS,
        refuse: drainRefusal(found, all),
      };
    },
    apply: async (_params, { before, signal }) => {
      const wanted = DrainBefore.parse(before).servers.filter(({ state }) => state === "ready");
      const done: Placed[] = [];
      const result = await applied(async () => {
        for (const one of wanted) {
          await put([drained(one)], signal);
          done.push(one);
        }
        return `drained in ${wanted.map(({ backend }) => backend).join(", ") || "no backend: it was out already"}`;
      });
      // A refusal in the second backend must not leave the first half done.
      if (result.outcome === "failed") await put(done, signal);
      return result;
    },
    confirm: async ({ node }, { signal }) =>
      (await named(node, signal)).found.every(({ admin }) => admin !== "ready") ? "yes" : "no",
    undo: (_params, { before, signal }) =>
      applied(async () => {
        const { servers } = DrainBefore.parse(before);
        await put(servers, signal);
        return `put back: ${servers.map(({ backend, server, state }) => `${backend}/${server} ${state}`).join(", ")}`;
      }),
  });
}

function placed({ backend, server, admin }: ServerState): Placed {
  return { backend, server, state: admin };
}

/** A server in maintenance stays so. */
function drained({ backend, server, state }: Placed): Placed {
  return { backend, server, state: state === "ready" ? "drain" : state };
}

function drainRefusal(found: readonly ServerState[], all: readonly ServerState[]): string | null {
  const alone = found.find(
    ({ backend, server }) =>
      !all.some((other) => other.backend === backend && other.server !== server && serves(other)),
  );
  return alone === undefined ? null : `no other server of backend ${alone.backend} takes traffic`;
}

/** The share of the traffic of all that goes to some of them, by weight; null where nobody serves. */
function shareOf(some: readonly ServerState[], all: readonly ServerState[]): number | null {
  const weigh = (servers: readonly ServerState[]) =>
    servers.filter(serves).reduce((sum, { weight }) => sum + weight, 0);
  const whole = weigh(all);
  return whole === 0 ? null : weigh(some) / whole;
}

function percent(share: number | null): string {
  return share === null ? "an unknown share" : `${Math.round(share * 100)} %`;
}
