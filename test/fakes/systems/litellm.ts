import { type FakeServer, startFake } from "../server.ts";

interface Model {
  readonly id: string;
  readonly group: string;
  readonly model: string;
  weight: number | null;
  readonly fromFile: boolean;
}

/** A LiteLLM proxy's models: groups of deployments with weights, some kept in a file that its API cannot change. */
export interface FakeLitellm extends FakeServer {
  weights(): Record<string, number | null>;
}

export interface LitellmOptions {
  readonly adminKey: string;
  readonly models: readonly { id: string; group: string; model: string; weight?: number; fromFile?: boolean }[];
  /** A proxy from before the PATCH. */
  readonly old?: boolean;
}

export async function startLitellm({ adminKey, models: given, old = false }: LitellmOptions): Promise<FakeLitellm> {
  const models: Model[] = given.map(({ weight = null, fromFile = false, ...model }) => ({
    ...model,
    weight,
    fromFile,
  }));
  const server = await startFake(({ method, path, headers, text }) => {
    if (headers["authorization"] !== `Bearer ${adminKey}`)
      return { status: 401, json: { error: { message: "Authentication Error", code: "401" } } };
    if (method === "GET" && path === "/model/info") return { json: { data: models.map(shown) } };
    const [, id] = /^\/model\/([^/]+)\/update$/.exec(path) ?? [];
    if (method === "PATCH" && id !== undefined && !old) return set(decodeURIComponent(id), JSON.parse(text) as Update);
    if (method !== "POST" || path !== "/model/update") return { status: 404, json: { detail: "Not Found" } };
    const update = JSON.parse(text) as Update;
    return set(update.model_info?.id ?? "", update);
  });
  const set = (id: string, { litellm_params }: Update) => {
    const model = models.find((one) => one.id === id);
    if (model === undefined) return { status: 404, json: { error: { message: `Model ${id} not found` } } };
    if (model.fromFile) return { status: 400, json: { error: { message: "Model in config" } } };
    // A null keeps the old value.
    model.weight = litellm_params?.weight ?? model.weight;
    return { json: shown(model) };
  };
  return Object.assign(server, {
    weights: () => Object.fromEntries(models.map(({ id, weight }) => [id, weight])),
  });
}

interface Update {
  readonly model_info?: { readonly id: string };
  readonly litellm_params?: { readonly weight?: number | null };
}

function shown({ id, group, model, weight, fromFile }: Model) {
  const params = weight === null ? { model } : { model, weight };
  return { model_name: group, litellm_params: params, model_info: { id, db_model: !fromFile } };
}
