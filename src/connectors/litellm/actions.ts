import { z } from "zod";
import { SECOND } from "../../domain/time.ts";
import { Fault } from "../../lib/fault.ts";
import type { Action, Applied } from "../../ports.ts";
import { defineAction } from "../connector.ts";
import { applied, settled } from "../kit/action.ts";
import { type Deployment, findDeployment, type LitellmApi } from "./api.ts";

/** The process that answers follows at once; other replicas read the database every 30 s. */
const EFFECT_WITHIN_MS = 45 * SECOND;

const FROM_FILE = "comes from LiteLLM's config.yaml, which its API cannot change";

/** Weights by deployment id: the whole group, since the router ignores weights that only some of it have. */
const Weights = z.object({ weights: z.record(z.string(), z.number()) });
type Weights = z.output<typeof Weights>["weights"];

const WeightParams = z.strictObject({
  deployment: z.string().min(1),
  weight: z
    .union([z.number().min(0).max(1_000_000), z.string().regex(/^\d{1,6}(\.\d+)?$/)], {
      error: "expected a weight, 0 or more",
    })
    .transform(Number),
});

export function setWeight(api: LitellmApi): Action {
  const groupOf = async (deployment: string, signal: AbortSignal) => {
    const all = await api.deployments(signal);
    const found = findDeployment(all, deployment);
    return { found, group: all.filter(({ group }) => group === found.group) };
  };
  return defineAction({
    name: "litellm.set_weight",
    repeat: "idempotent_set",
    params: WeightParams,
    read: async ({ deployment }, { signal }) => ({ weights: weightsOf((await groupOf(deployment, signal)).group) }),
    preview: async ({ deployment, weight }, before, { signal }) => {
      const { found, group } = await groupOf(deployment, signal);
      const { weights } = Weights.parse(before);
      const after = { ...weights, [found.id]: weight };
      const share = shareOf([found.id], weights);
      return {
        target: `litellm:group:${found.group}`,
        summary: `Set the weight of ${found.model} (${found.id}) in ${found.group} from ${weights[found.id] ?? 0} to ${weight}`,
        before,
        after: { weights: after },
        reach: `${percent(share)} of the requests for ${found.group} go to it now`,
        reachShare: share,
        sideEffect: "the other deployments of the group take the difference, with their quota and price",
        reversible: true,
        effectWithinMs: EFFECT_WITHIN_MS,
        refuse: refusal(group, after),
      };
    },
    apply: async ({ deployment, weight }, { before, signal }) => {
      const { weights } = Weights.parse(before);
      const found = await settled(() => groupOf(deployment, signal));
      return "outcome" in found ? found : write(api, { ...weights, [found.found.id]: weight }, signal);
    },
    confirm: async ({ deployment, weight }, { signal }) =>
      (await groupOf(deployment, signal)).found.weight === weight ? "yes" : "no",
    undo: (_params, { before, signal }) => write(api, Weights.parse(before).weights, signal),
  });
}

const DrainParams = z.strictObject({ provider: z.string().min(1) });

export function drainProvider(api: LitellmApi, providers: Readonly<Record<string, string>>): Action {
  const look = async (provider: string, signal: AbortSignal) => {
    const theirs = Object.hasOwn(providers, provider) ? (providers[provider] ?? provider) : provider;
    const all = await api.deployments(signal);
    const mine = all.filter((one) => one.provider === theirs);
    if (mine.length === 0) throw new Fault("not_found", `LiteLLM has no deployment of provider ${theirs}`);
    const has = (group: string, isMine: boolean) =>
      all.some((one) => one.group === group && one.weight > 0 && (one.provider === theirs) === isMine);
    const groups = [...new Set(mine.map(({ group }) => group))];
    const movable = groups.filter((group) => has(group, false));
    const stuck = groups.filter((group) => !has(group, false) && has(group, true));
    return {
      affected: all.filter(({ group }) => movable.includes(group)),
      isMine: (id: string) => mine.some((one) => one.id === id),
      movable,
      stuck,
    };
  };
  return defineAction({
    name: "litellm.drain_provider",
    repeat: "idempotent_set",
    params: DrainParams,
    read: async ({ provider }, { signal }) => ({ weights: weightsOf((await look(provider, signal)).affected) }),
    preview: async ({ provider }, before, { signal }) => {
      const { affected, isMine, movable, stuck } = await look(provider, signal);
      const { weights } = Weights.parse(before);
      const after = drained(weights, isMine);
      const share = shareOf(Object.keys(weights).filter(isMine), weights);
      const stays = stuck.length === 0 ? "" : `; ${stuck.join(", ")} has no other provider and stays as it is`;
      return {
        target: `litellm:provider:${provider}`,
        summary: `Take ${provider} out of the rotation for ${movable.join(", ") || "no model group"}`,
        before,
        after: { weights: after },
        reach: `${percent(share)} of the weight of ${movable.length} model groups${stays}`,
        reachShare: share,
        sideEffect: "the other providers take its requests, with their quota and price",
        reversible: true,
        effectWithinMs: EFFECT_WITHIN_MS,
        refuse:
          movable.length === 0
            ? `no model group of ${provider} has another provider that takes requests`
            : refusal(affected, after),
      };
    },
    apply: async ({ provider }, { before, signal }) => {
      const { weights } = Weights.parse(before);
      const seen = await settled(() => look(provider, signal));
      return "outcome" in seen ? seen : write(api, drained(weights, seen.isMine), signal);
    },
    confirm: async ({ provider }, { before, signal }) => {
      const { weights } = Weights.parse(before);
      const theirs = Object.hasOwn(providers, provider) ? providers[provider] : provider;
      const mine = (await api.deployments(signal)).filter(
        (one) => one.provider === theirs && Object.hasOwn(weights, one.id),
      );
      return mine.length > 0 && mine.every(({ weight }) => weight === 0) ? "yes" : "no";
    },
    undo: (_params, { before, signal }) => write(api, Weights.parse(before).weights, signal),
  });
}

function weightsOf(deployments: readonly Deployment[]): Weights {
  return Object.fromEntries(deployments.map(({ id, weight }) => [id, weight]));
}

function drained(weights: Weights, isMine: (id: string) => boolean): Weights {
  return Object.fromEntries(Object.entries(weights).map(([id, weight]) => [id, isMine(id) ? 0 : weight]));
}

/** Others first, so that the traffic has somewhere to go; a refusal half-way puts back what was written. */
async function write(api: LitellmApi, weights: Weights, signal: AbortSignal): Promise<Applied> {
  const done: Deployment[] = [];
  const result = await applied(async () => {
    const now = new Map((await api.deployments(signal)).map((one) => [one.id, one]));
    const open = Object.entries(weights).filter(
      ([id, weight]) => now.get(id)?.explicit !== true || now.get(id)?.weight !== weight,
    );
    for (const [id, weight] of open.toSorted(([, a], [, b]) => b - a)) {
      await api.setWeight(id, weight, signal);
      const before = now.get(id);
      if (before !== undefined) done.push(before);
    }
    return open.map(([id, weight]) => `${id}: ${weight}`).join(", ") || "it was so already";
  });
  if (result.outcome === "failed") for (const { id, weight } of done) await api.setWeight(id, weight, signal);
  return result;
}

function refusal(deployments: readonly Deployment[], after: Weights): string | null {
  const fixed = deployments.find(({ writable }) => !writable);
  if (fixed !== undefined) return `${fixed.model} (${fixed.id}) in ${fixed.group} ${FROM_FILE}`;
  const groups = [...new Set(deployments.map(({ group }) => group))];
  const empty = groups.find((name) => deployments.every(({ id, group }) => group !== name || (after[id] ?? 0) === 0));
  return empty === undefined ? null : `nothing would be left to answer for ${empty}`;
}

function shareOf(ids: readonly string[], weights: Weights): number | null {
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  const whole = sum(Object.values(weights));
  return whole === 0 ? null : sum(ids.map((id) => weights[id] ?? 0)) / whole;
}

function percent(share: number | null): string {
  return share === null ? "an unknown share" : `${Math.round(share * 100)} %`;
}
