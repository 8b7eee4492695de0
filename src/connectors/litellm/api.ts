import { z } from "zod";
import { Fault } from "../../lib/fault.ts";
import type { ConnectorDeps } from "../connector.ts";
import { SecretText } from "../connector.ts";
import { answerOf, BaseUrl, below, scrubbed } from "../kit/outbound.ts";

export const Settings = z.strictObject({
  url: BaseUrl,
  /** A key with the role proxy_admin. */
  admin_key: SecretText,
  /** Provider in the catalogue → what LiteLLM calls it (`custom_llm_provider`, or the part of the model before `/`). */
  providers: z.record(z.string(), z.string()).default({}),
});
export type Settings = z.output<typeof Settings>;

const WHO = "LiteLLM";

const Entry = z.object({
  model_name: z.string(),
  litellm_params: z.object({
    model: z.string(),
    custom_llm_provider: z.string().nullish(),
    weight: z.number().nullish(),
    rpm: z.number().nullish(),
    tpm: z.number().nullish(),
  }),
  model_info: z.object({ id: z.string(), db_model: z.boolean().nullish() }),
});
const ModelInfo = z.object({ data: z.array(Entry) });

/** One deployment of a model group. */
export interface Deployment {
  readonly id: string;
  /** The name that applications ask for; several deployments may share it. */
  readonly group: string;
  readonly model: string;
  readonly provider: string;
  /** What the router shares traffic by (below). */
  readonly weight: number;
  /** The weight is set on the deployment itself, not derived. */
  readonly explicit: boolean;
  /** Kept in the database; one from config.yaml cannot be changed by the API. */
  readonly writable: boolean;
}

export interface LitellmApi {
  deployments(signal: AbortSignal): Promise<Deployment[]>;
  setWeight(id: string, weight: number, signal: AbortSignal): Promise<void>;
}

export function createApi({ url, admin_key }: Settings, { http }: ConnectorDeps): LitellmApi {
  const client = scrubbed(http({ name: WHO }), [admin_key]);
  const headers = { authorization: `Bearer ${admin_key.reveal()}` };
  return {
    deployments: async (signal) => {
      const { data } = answerOf(await client.send(below(url, "/model/info"), { headers, signal }), ModelInfo, WHO);
      return data.map((entry) => deploymentOf(entry, data));
    },
    setWeight: async (id, weight, signal) => {
      const path = `/model/${encodeURIComponent(id)}/update`;
      const json = { litellm_params: { weight } };
      const answer = await client.send(below(url, path), { method: "PATCH", headers, json, signal, allow: [404, 405] });
      if (answer.status !== 404 && answer.status !== 405) return;
      // Proxies from before the PATCH have only the older call.
      const older = { model_info: { id }, litellm_params: { weight } };
      await client.send(below(url, "/model/update"), { method: "POST", headers, json: older, signal });
    },
  };
}

function deploymentOf(entry: z.output<typeof Entry>, all: readonly z.output<typeof Entry>[]): Deployment {
  const { model_name: group, litellm_params: params, model_info } = entry;
  return {
    id: model_info.id,
    group,
    model: params.model,
    provider: params.custom_llm_provider ?? (params.model.includes("/") ? (params.model.split("/")[0] ?? "") : ""),
    weight: weightOf(
      entry,
      all.filter(({ model_name }) => model_name === group),
    ),
    explicit: typeof params.weight === "number",
    writable: model_info.db_model === true,
  };
}

/**
 * The router shares by weight where a deployment of the group has one, else by rpm, else by tpm, else evenly
 * (litellm/router_strategy/simple_shuffle.py). This is that share as a weight.
 */
function weightOf({ litellm_params: own }: z.output<typeof Entry>, group: readonly z.output<typeof Entry>[]): number {
  for (const key of ["weight", "rpm", "tpm"] as const) {
    if (group.some(({ litellm_params }) => typeof litellm_params[key] === "number")) return own[key] ?? 0;
  }
  return 1;
}

/** The deployment with this id, or the only one of that model or group. @throws Fault "not_found" | "conflict" */
export function findDeployment(all: readonly Deployment[], name: string): Deployment {
  const found = all.filter(({ id }) => id === name);
  const named = found.length > 0 ? found : all.filter(({ model, group }) => model === name || group === name);
  const [first, second] = named;
  if (first === undefined) throw new Fault("not_found", `LiteLLM has no deployment ${name}`);
  if (second !== undefined)
    throw new Fault("conflict", `LiteLLM has ${named.length} deployments ${name}: name one by its id`);
  return first;
}
