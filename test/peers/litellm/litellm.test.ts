import { afterAll, beforeAll, expect, test } from "vitest";
import { litellm } from "../../../src/connectors/litellm/index.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import { createHttp } from "../../../src/lib/http.ts";
import { silentLog } from "../../../src/lib/log.ts";
import type { Action, Connected } from "../../../src/ports.ts";
import { installed, scratch, withPeers } from "../peer.ts";
import { type Postgres, startPostgres } from "../postgres.ts";
import { KEY, type LitellmProxy, makeTables, startProxy } from "./proxy.ts";

const REQUESTS = 60;
const PROGRAM = installed("litellm/bin/litellm");
const ENGINE = installed("prisma/client/index.js");

/** One deployment that answers by itself: no model and no network is needed. */
function deployment(id: string, group: string, model: string, weight?: number) {
  const params = { model, api_base: "http://127.0.0.1:9/v1", api_key: "unused", mock_response: `from ${id}` };
  return {
    model_name: group,
    litellm_params: weight === undefined ? params : { ...params, weight },
    model_info: { id },
  };
}

function connect(url: string): Connected {
  return litellm.connect(
    { url, admin_key: KEY, providers: { "azure-openai": "azure" } },
    { http: createHttp, clock: systemClock, log: silentLog },
  );
}

function actionOf(connected: Connected, name: string): Action {
  const found = connected.actions?.find((candidate) => candidate.name === name);
  if (found === undefined) throw new Error(`no action ${name}`);
  return found;
}

const context = () => ({ signal: AbortSignal.timeout(20_000) });

async function prepare(connected: Connected, name: string, params: Record<string, string | number>) {
  const it = actionOf(connected, name);
  const before = await it.read(params, context());
  const preview = await it.preview(params, before, context());
  return { it, before, preview, apply: () => ({ ...context(), idempotencyKey: "peer-test", before }) };
}

withPeers("LiteLLM without a database", [PROGRAM], () => {
  const { dir, remove } = scratch("litellm");
  let proxy: LitellmProxy;
  let connected: Connected;
  beforeAll(async () => {
    const model_list = [deployment("one", "chat", "openai/a"), deployment("two", "chat", "azure/b")];
    proxy = await startProxy(dir, { model_list }, null);
    connected = connect(proxy.url);
  });
  afterAll(async () => {
    await proxy?.child.kill();
    remove();
  });

  test("reads the deployments and refuses what the proxy's API cannot change, before anything is written", async () => {
    const { before, preview } = await prepare(connected, "litellm.set_weight", { deployment: "one", weight: 0 });
    expect(before).toEqual({ weights: { one: 1, two: 1 } });
    expect(preview.refuse).toMatch(/config\.yaml/);
    expect(Object.keys(await proxy.served("chat", 40)).sort()).toEqual(["one", "two"]);
  });

  test("says a failure where it is forced, since the proxy refuses a write", async () => {
    const { it, apply } = await prepare(connected, "litellm.set_weight", { deployment: "one", weight: 0 });
    const result = await it.apply({ deployment: "one", weight: 0 }, apply()).catch((error: unknown) => error);
    expect(result).not.toMatchObject({ outcome: "succeeded" });
    expect(await it.confirm({ deployment: "one", weight: 0 }, apply())).toBe("no");
  });

  test("the doctor says that a database is needed", async () => {
    const [check] = (await connected.check?.(AbortSignal.timeout(10_000))) ?? [];
    expect(check).toMatchObject({ ok: false, remedy: expect.stringContaining("STORE_MODEL_IN_DB") });
  });
});

withPeers("LiteLLM with its database", [PROGRAM, ENGINE], () => {
  const { dir, remove } = scratch("litellm");
  let postgres: Postgres;
  let proxy: LitellmProxy;
  let connected: Connected;
  beforeAll(async () => {
    postgres = await startPostgres();
    const url = await postgres.database("litellm");
    expect(await makeTables(url)).toBeGreaterThan(0);
    proxy = await startProxy(dir, {}, url);
    const models = [
      deployment("one", "chat", "openai/a"),
      deployment("two", "chat", "azure/b"),
      deployment("three", "chat", "azure/c"),
      deployment("alone", "summary", "azure/d"),
    ];
    for (const model of models) expect((await proxy.call("POST", "/model/new", model)).status).toBe(200);
    connected = connect(proxy.url);
  });
  afterAll(async () => {
    await proxy?.child.kill();
    await postgres?.stop();
    remove();
  });

  test("moves a weight: read, preview, apply, confirm, undo, and the answers come from elsewhere", async () => {
    const params = { deployment: "one", weight: 0 };
    const { it, before, preview, apply } = await prepare(connected, "litellm.set_weight", params);
    expect(before).toEqual({ weights: { one: 1, two: 1, three: 1 } });
    expect(preview).toMatchObject({ refuse: null, reversible: true, after: { weights: { one: 0, two: 1, three: 1 } } });
    expect(await it.confirm(params, apply())).toBe("no");
    expect((await it.apply(params, apply())).outcome).toBe("succeeded");
    expect(await it.confirm(params, apply())).toBe("yes");
    expect(Object.keys(await proxy.served("chat", REQUESTS)).sort()).toEqual(["three", "two"]);
    expect((await it.undo?.(params, apply()))?.outcome).toBe("succeeded");
    expect(await it.read(params, context())).toEqual(before);
    expect(await proxy.served("chat", REQUESTS)).toHaveProperty("one");
  });

  test("takes a provider out of the rotation by its name in the catalogue, and puts it back", async () => {
    const params = { provider: "azure-openai" };
    const { it, before, preview, apply } = await prepare(connected, "litellm.drain_provider", params);
    expect(preview.refuse).toBeNull();
    expect(preview.reach).toContain("summary has no other provider");
    expect((await it.apply(params, apply())).outcome).toBe("succeeded");
    expect(await it.confirm(params, apply())).toBe("yes");
    expect(await proxy.served("chat", REQUESTS)).toEqual({ one: REQUESTS });
    expect(await proxy.served("summary", 5)).toEqual({ alone: 5 });
    expect((await it.apply(params, apply())).outcome).toBe("succeeded");
    expect((await it.undo?.(params, apply()))?.outcome).toBe("succeeded");
    expect(await it.read(params, context())).toEqual(before);
    expect(Object.keys(await proxy.served("chat", REQUESTS)).length).toBe(3);
  });

  test("refuses to leave a group without anybody who answers", async () => {
    const { preview } = await prepare(connected, "litellm.set_weight", { deployment: "alone", weight: 0 });
    expect(preview.refuse).toMatch(/nothing would be left/);
  });

  test("the doctor counts what can be changed, and tells a wrong key", async () => {
    const [check] = (await connected.check?.(AbortSignal.timeout(10_000))) ?? [];
    expect(check).toMatchObject({ ok: true, detail: expect.stringMatching(/4 deployments, 4 of them/) });
    const wrong = litellm.connect(
      { url: proxy.url, admin_key: "sk-wrong-key-of-nobody" },
      { http: createHttp, clock: systemClock, log: silentLog },
    );
    const [refused] = (await wrong.check?.(AbortSignal.timeout(10_000))) ?? [];
    expect(refused?.ok).toBe(false);
    expect(JSON.stringify(refused)).not.toContain("sk-wrong-key-of-nobody");
  });
});
