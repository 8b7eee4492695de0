import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sandbox as connector } from "../../src/connectors/sandbox/index.ts";
import type { Json } from "../../src/domain/json.ts";
import { type Clock, systemClock } from "../../src/lib/clock.ts";
import { createHttp } from "../../src/lib/http.ts";
import { silentLog } from "../../src/lib/log.ts";
import type { Connected } from "../../src/ports.ts";
import { loadRunbooks } from "../../src/runbooks.ts";
import { type Sandbox, startSandbox } from "../../src/sandbox/sandbox.ts";

let dir = "";
let box: Sandbox;
let connected: Connected;
let offset = 0;
const clock: Clock = { now: () => Date.now() + offset, sleep: (ms, signal) => systemClock.sleep(ms, signal) };

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "faultline-box-"));
  box = await startSandbox({ dir, port: 0, target: null, seed: 5, clock, log: silentLog });
  connected = connector.connect({ url: box.url }, { http: createHttp, clock, log: silentLog });
}, 60_000);
afterAll(async () => {
  await box.close();
  rmSync(dir, { recursive: true, force: true });
});

const signal = () => AbortSignal.timeout(20_000);

function action(name: string) {
  const found = connected.actions?.find((one) => one.name === `sandbox.${name}`);
  if (found === undefined) throw new Error(`no action ${name}`);
  return found;
}

async function get(path: string): Promise<Record<string, Json>> {
  return (await (await fetch(new URL(path, box.url))).json()) as Record<string, Json>;
}

async function post(path: string, body: Json): Promise<void> {
  const headers = { "content-type": "application/json" };
  await fetch(new URL(path, box.url), { method: "POST", body: JSON.stringify(body), headers });
}

/** Lets the sandbox live through that many seconds, which takes none. */
async function pass(seconds: number): Promise<void> {
  offset += seconds * 1_000;
  const wanted = Math.floor(clock.now() / 1_000) * 1_000;
  await expect
    .poll(async () => {
      const series = await connected.signals?.query(everything(), { from: wanted, to: wanted + 1 }, signal());
      return series?.length;
    })
    .toBeGreaterThan(0);
}

function everything() {
  const { services } = box.catalog;
  return {
    services: services.map(({ name }) => name),
    providers: [...new Set(services.flatMap(({ providers }) => providers))],
    gpuPools: ["gpu-a"],
  };
}

async function versionsOf(path: string): Promise<{ live: string; other: string }> {
  const state = await get(path);
  const live = String(state["version"]);
  return { live, other: (state["versions"] as string[]).find((version) => version !== live) ?? "" };
}

test("every sandbox action that a runbook names is there, and takes the parameters that the runbook gives", () => {
  const steps = loadRunbooks("runbooks").flatMap(({ steps: own }) => own);
  const wanted = steps.flatMap((step) =>
    step.actions
      .filter((name) => name.startsWith("sandbox."))
      .map((name) => ({ name, params: Object.keys(step.with) })),
  );
  expect(wanted.length).toBeGreaterThan(12);
  for (const { name, params } of wanted) {
    const found = connected.actions?.find((one) => one.name === name);
    expect(Object.keys(found?.params.shape ?? {}).toSorted(), name).toEqual(params.toSorted());
  }
});

const settings: Readonly<Record<string, () => Promise<Record<string, string>>>> = {
  set_prompt_label: async () => ({
    prompt: "support-chat/system",
    version: (await versionsOf("/api/prompts/support-chat%2Fsystem/label")).other,
  }),
  set_model_version: async () => ({
    model: "support-llm",
    version: (await versionsOf("/api/models/support-llm")).other,
  }),
  rollback_deploy: async () => ({
    target: "llm-pool/serving",
    version: (await versionsOf("/api/deployments/llm-pool%2Fserving")).other,
  }),
  set_index_alias: async () => ({
    dataset: "help-centre",
    version: (await versionsOf("/api/indexes/help-centre")).other,
  }),
  pin_judge: async () => ({ judge: "support-judge", version: (await versionsOf("/api/judges/support-judge")).other }),
  drain_provider: async () => ({ provider: "acme-ai" }),
  drain_node: async () => ({ node: "gpu-a-2" }),
  set_flag: async () => ({ flag: "beta-badge", value: "off" }),
  limit_client: async () => ({ tenant: "camden" }),
  scale_pool: async () => ({ service: "llm-pool" }),
};

test.each(Object.entries(settings))(
  "sandbox.%s shows what it would do, does it once, confirms it, and takes it back",
  async (name, params) => {
    const one = action(name);
    const given = await params();
    const before = await one.read(given, { signal: signal() });
    const preview = await one.preview(given, before, { signal: signal() });
    expect(preview).toMatchObject({ before, refuse: null, reversible: true });
    expect(preview.after).not.toEqual(before);
    const context = { signal: signal(), idempotencyKey: `${name}:1`, before };
    expect(await one.confirm(given, context)).toBe("no");
    const done = async () => ((await get("/api/journal"))["journal"] as Json[]).length;
    const count = await done();
    expect(await one.apply(given, context)).toMatchObject({ outcome: "succeeded" });
    expect(await one.apply(given, context)).toMatchObject({ outcome: "succeeded" });
    expect(await done()).toBe(count + 1);
    expect(await one.confirm(given, context)).toBe("yes");
    expect(await one.read(given, { signal: signal() })).toEqual(preview.after);
    expect(await one.undo?.(given, { ...context, idempotencyKey: `${name}:undo` })).toMatchObject({
      outcome: "succeeded",
    });
    expect(await one.read(given, { signal: signal() })).toEqual(before);
  },
);

test.each([
  ["rebuild_index", "retrieval"],
  ["restart_pool", "support-chat"],
  ["purge_cache", "support-chat"],
])("sandbox.%s for %s is done once and can be asked for afterwards", async (name, service) => {
  const one = action(name);
  const before = await one.read({ service }, { signal: signal() });
  const context = { signal: signal(), idempotencyKey: `${name}:1`, before };
  expect((await one.preview({ service }, before, { signal: signal() })).refuse).toBeNull();
  expect(await one.confirm({ service }, context)).toBe("no");
  await one.apply({ service }, context);
  const again = await one.read({ service }, { signal: signal() });
  await one.apply({ service }, context);
  expect(await one.read({ service }, { signal: signal() })).toEqual(again);
  expect(await one.confirm({ service }, context)).toBe("yes");
  if (one.undo === null) return;
  await one.undo({ service }, { ...context, idempotencyKey: `${name}:undo` });
  expect(await one.read({ service }, { signal: signal() })).toEqual(before);
});

describe("refuses what would make it worse", () => {
  const refusal = async (name: string, params: Record<string, string>) => {
    const before = await action(name).read(params, { signal: signal() });
    return (await action(name).preview(params, before, { signal: signal() })).refuse;
  };

  test("a version that does not exist", async () => {
    expect(await refusal("set_model_version", { model: "support-llm", version: "v999" })).toContain(
      "has no version v999",
    );
  });

  test("taking the last provider out of the rotation", async () => {
    const params = { provider: "acme-ai" };
    const before = await action("drain_provider").read(params, { signal: signal() });
    const context = { signal: signal(), idempotencyKey: "last:1", before };
    await action("drain_provider").apply(params, context);
    expect(await refusal("drain_provider", { provider: "northwind" })).toContain("nowhere to go");
    await action("drain_provider").undo?.(params, { ...context, idempotencyKey: "last:undo" });
  });

  test("a shift onto a provider that fails itself", async () => {
    await post("/api/drills", { fault: "provider-outage", seed: 8 });
    await pass(20);
    const { faults } = await get("/api/drills");
    expect(faults).toBeDefined();
    const refusals = await Promise.all(
      ["northwind", "acme-ai"].map((provider) => refusal("drain_provider", { provider })),
    );
    expect(refusals.filter((one) => one?.includes("is failing itself"))).toHaveLength(1);
    expect(refusals.filter((one) => one === null)).toHaveLength(1);
    await post("/api/reset", {});
  });

  test("a route for drifted input where nothing has drifted", async () => {
    expect(await refusal("route_drifted", { service: "support-chat" })).toBe("no language has drifted");
  });

  test("a pool that belongs to no such service", async () => {
    await expect(action("restart_pool").read({ service: "lead-writer" }, { signal: signal() })).rejects.toThrow(
      "lead-writer stands on no pool",
    );
  });
});

test("answers an investigation: changes, series of the scope alone, logs, samples, status pages", async () => {
  await pass(5);
  const window = { from: clock.now() - 600_000, to: clock.now() };
  const series = await connected.signals?.query(
    { services: ["support-chat"], providers: ["northwind"], gpuPools: [] },
    window,
    signal(),
  );
  const about = new Set(series?.map(({ labels }) => labels["service"] ?? labels["provider"]));
  expect(about).toEqual(new Set(["support-chat", "northwind"]));
  const changes = await connected.changes?.changesIn(window, signal());
  expect(changes?.every(({ system, at }) => system === "sandbox" && at >= window.from && at < window.to)).toBe(true);
  const logs = await connected.telemetry?.logsIn?.(everything(), window, signal());
  expect(logs).toContainEqual(
    expect.objectContaining({ service: "support-chat", template: expect.stringMatching(/^request finished/) }),
  );
  const samples = await connected.telemetry?.samplesIn?.(everything(), window, signal());
  expect(samples?.map(({ name }) => name)).toEqual(["language", "route", "conversation_tokens"]);
  expect(samples?.every(({ reference, current }) => reference.length > 200 && current.length > 200)).toBe(true);
  expect(connected.status?.providers).toEqual(["northwind", "acme-ai"]);
  const checks = await connected.check?.(signal());
  expect(checks?.map(({ name, ok }) => [name, ok])).toEqual([
    ["deliveries", false],
    ["reachable", true],
  ]);
});
