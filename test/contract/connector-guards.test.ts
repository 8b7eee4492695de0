import { afterEach, describe, expect, test } from "vitest";
import type { Connector } from "../../src/connectors/connector.ts";
import { haproxy } from "../../src/connectors/haproxy/index.ts";
import { http } from "../../src/connectors/http/index.ts";
import { litellm } from "../../src/connectors/litellm/index.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { Fault } from "../../src/lib/fault.ts";
import { createHttp } from "../../src/lib/http.ts";
import { silentLog } from "../../src/lib/log.ts";
import type { Action } from "../../src/ports.ts";
import { type FakeHaproxy, STOPPED, startHaproxy } from "../fakes/systems/haproxy.ts";
import { startLitellm } from "../fakes/systems/litellm.ts";
import { startWorkers } from "../fakes/systems/workers.ts";

const open: { close(): Promise<void> }[] = [];
afterEach(() => Promise.all(open.splice(0).map((fake) => fake.close())));

function kept<T extends { close(): Promise<void> }>(fake: T): T {
  open.push(fake);
  return fake;
}

const deps = { http: createHttp, clock: systemClock, log: silentLog };
const context = { signal: AbortSignal.timeout(60_000) };
const applying = { ...context, idempotencyKey: "exe_1:step" };

function actionOf(connector: Connector, settings: unknown, name: string): Action {
  const action = connector.connect(settings, deps).actions?.find((one) => one.name === name);
  if (action === undefined) throw new Error(`no action ${name}`);
  return action;
}

async function refusal(action: Action, params: Record<string, string | number>): Promise<string | null> {
  return (await action.preview(params, await action.read(params, context), context)).refuse;
}

describe("HAProxy", () => {
  async function start(): Promise<{ fake: FakeHaproxy; drain: Action; weigh: Action; settings: unknown }> {
    const fake = kept(
      await startHaproxy([
        { backend: "gpu", server: "gpu-1" },
        { backend: "gpu", server: "gpu-2" },
        { backend: "batch", server: "gpu-1" },
        { backend: "batch", server: "gpu-2" },
      ]),
    );
    const settings = { address: fake.address };
    return {
      fake,
      settings,
      drain: actionOf(haproxy, settings, "haproxy.drain_server"),
      weigh: actionOf(haproxy, settings, "haproxy.set_weight"),
    };
  }

  test.each([
    ["is down", (fake: FakeHaproxy) => set(fake, { op: STOPPED })],
    ["is in maintenance", (fake: FakeHaproxy) => set(fake, { admin: 1 })],
    ["is drained", (fake: FakeHaproxy) => set(fake, { admin: 8 })],
    ["has no weight", (fake: FakeHaproxy) => set(fake, { weight: 0 })],
  ])("a node is not drained when the only other server %s", async (_how, spoil) => {
    const { fake, drain, weigh } = await start();
    expect(await refusal(drain, { node: "gpu-1" })).toBeNull();
    spoil(fake);
    expect(await refusal(drain, { node: "gpu-1" })).toBe("no other server of backend gpu takes traffic");
    expect(await refusal(weigh, { backend: "gpu", server: "gpu-1", weight: 0 })).toContain("no other server");
    expect(fake.writes()).toBe(0);
  });

  function set(fake: FakeHaproxy, state: Partial<FakeHaproxy["servers"][number]>): void {
    fake.servers = fake.servers.map((one) =>
      one.backend === "gpu" && one.server === "gpu-2" ? Object.assign(one, state) : one,
    );
  }

  test("no more traffic is sent to a server that is down, and the share that moves is told", async () => {
    const { fake, weigh } = await start();
    set(fake, { op: STOPPED, weight: 10 });
    expect(await refusal(weigh, { backend: "gpu", server: "gpu-2", weight: 50 })).toContain("is down");
    set(fake, { op: 2, weight: 100 });
    const params = { backend: "gpu", server: "gpu-1", weight: 50 };
    expect(await weigh.preview(params, { weight: 100 }, context)).toMatchObject({
      reachShare: 0.5,
      target: "haproxy:gpu/gpu-1",
    });
  });

  test.each(["gpu-1; disable server gpu/gpu-2", "gpu-1\nset weight gpu/gpu-2 0", "gpu/gpu-1", ""])(
    "the name %j cannot become a command",
    async (node) => {
      const { fake, drain } = await start();
      await expect(drain.read({ node }, context)).rejects.toMatchObject({ kind: "invalid" });
      expect(fake.commands).toEqual([]);
    },
  );

  test("a refusal half-way leaves nothing half done", async () => {
    const { fake, drain } = await start();
    const before = await drain.read({ node: "gpu-1" }, context);
    fake.servers = fake.servers.filter(({ backend, server }) => backend !== "batch" || server !== "gpu-1");
    expect(await drain.apply({ node: "gpu-1" }, { ...applying, before })).toMatchObject({ outcome: "failed" });
    expect(fake.servers.every(({ admin }) => admin === 0)).toBe(true);
  });

  test("a server that was in maintenance stays so, and comes back so", async () => {
    const { fake, drain } = await start();
    const other = fake.servers.find(({ backend, server }) => backend === "batch" && server === "gpu-1");
    if (other !== undefined) other.admin = 1;
    const before = await drain.read({ node: "gpu-1" }, context);
    await drain.apply({ node: "gpu-1" }, { ...applying, before });
    expect(other?.admin).toBe(1);
    expect(await drain.confirm({ node: "gpu-1" }, { ...applying, before })).toBe("yes");
    await drain.undo?.({ node: "gpu-1" }, { ...applying, before });
    expect(await drain.read({ node: "gpu-1" }, context)).toEqual(before);
  });

  test("check sees a socket that may not change anything", async () => {
    const { fake, settings } = await start();
    const check = () => haproxy.connect(settings, deps).check?.(context.signal);
    expect(await check()).toMatchObject([{ ok: true }, { ok: true }]);
    fake.level = "operator";
    expect(await check()).toMatchObject([
      { ok: true },
      { ok: false, remedy: expect.stringContaining("level admin") as string },
    ]);
  });
});

describe("LiteLLM", () => {
  const models = [
    { id: "a1", group: "chat", model: "azure/gpt" },
    { id: "o1", group: "chat", model: "openai/gpt" },
    { id: "o2", group: "chat", model: "openai/gpt" },
    { id: "z1", group: "legacy", model: "azure/old" },
    { id: "f1", group: "file", model: "mistral/large", fromFile: true },
    { id: "f2", group: "file", model: "openai/gpt", fromFile: true },
  ];
  async function start() {
    const fake = kept(await startLitellm({ adminKey: "sk-admin-key", models }));
    const settings = { url: fake.url, admin_key: "sk-admin-key" };
    return {
      fake,
      settings,
      drain: actionOf(litellm, settings, "litellm.drain_provider"),
      weigh: actionOf(litellm, settings, "litellm.set_weight"),
    };
  }

  test("a model from the file is not promised to be changed", async () => {
    const { drain, weigh } = await start();
    expect(await refusal(drain, { provider: "mistral" })).toContain("config.yaml");
    expect(await refusal(weigh, { deployment: "f1", weight: 1 })).toContain("config.yaml");
  });

  test("a group is never left without anybody to answer", async () => {
    const { drain, weigh, fake } = await start();
    expect(await refusal(weigh, { deployment: "z1", weight: 0 })).toContain(
      "nothing would be left to answer for legacy",
    );
    const preview = await drain.preview(
      { provider: "azure" },
      await drain.read({ provider: "azure" }, context),
      context,
    );
    expect(preview.reach).toContain("legacy has no other provider");
    expect(preview.reachShare).toBeCloseTo(1 / 3);
    expect(fake.writes()).toBe(0);
  });

  test("a name that stands for several deployments, or for none, is refused", async () => {
    const { weigh, drain } = await start();
    await expect(weigh.read({ deployment: "openai/gpt", weight: 1 }, context)).rejects.toMatchObject({
      kind: "conflict",
    });
    await expect(weigh.read({ deployment: "nothing", weight: 1 }, context)).rejects.toMatchObject({
      kind: "not_found",
    });
    await expect(drain.read({ provider: "nobody" }, context)).rejects.toMatchObject({ kind: "not_found" });
  });

  test("check tells a proxy whose models all come from its file", async () => {
    const { settings } = await start();
    expect(await litellm.connect(settings, deps).check?.(context.signal)).toMatchObject([
      { ok: true, detail: "6 deployments, 4 of them can be changed" },
    ]);
    const fixed = kept(
      await startLitellm({ adminKey: "sk-admin-key", models: models.map((model) => ({ ...model, fromFile: true })) }),
    );
    expect(await litellm.connect({ ...settings, url: fixed.url }, deps).check?.(context.signal)).toMatchObject([
      { ok: false, remedy: expect.stringContaining("STORE_MODEL_IN_DB") as string },
    ]);
  });
});

describe("a configured HTTP call", () => {
  const faultOf = (settings: unknown): string => {
    try {
      http.connect(settings, deps);
    } catch (error) {
      if (error instanceof Fault && error.kind === "config") return error.message;
      throw error;
    }
    throw new Error("it was taken");
  };
  const call = { name: "run", about: "Run it", method: "POST", url: "https://api.example.org/run" };

  test("goes to hosts that are listed, and nowhere else", () => {
    const hosts = ["api.example.org"];
    expect(faultOf({ hosts, calls: [{ ...call, url: "https://api.example.org.evil.org/" }] })).toContain(
      "connectors.http.calls.0.url: its host is not in",
    );
    expect(faultOf({ hosts, calls: [{ ...call, url: "https://api.example.org:8443/" }] })).toContain(
      "its host is not in",
    );
    expect(faultOf({ hosts, calls: [{ ...call, url: "https://api.example.org@evil.org/" }] })).toContain(
      "its host is not in",
    );
    expect(faultOf({ hosts, calls: [{ ...call, url: "file:///etc/passwd" }] })).toContain("expected an address");
    expect(faultOf({ hosts, calls: [{ ...call, read: { url: "https://other.example.org/" } }] })).toContain(
      "calls.0.read.url",
    );
  });

  test("names every fault of its settings at once", () => {
    const message = faultOf({
      hosts: ["api.example.org"],
      calls: [{ ...call, undo: "nothing", body: { a: { param: "b" }, c: { before: true } } }, call],
    });
    for (const part of [
      "calls.0.name: another call",
      "calls.0.undo: no call is named nothing",
      "calls.0.read: a call that can be taken back needs it",
      "calls.0.body.a: no parameter b",
      "calls.0.body.c: nothing reads",
    ])
      expect(message).toContain(part);
  });

  test("puts a parameter into its field as it is: nothing in it is a template, a path or another field", async () => {
    const fake = kept(await startWorkers("workers-api-key"));
    const settings = {
      hosts: [new URL(fake.url).host],
      calls: [
        {
          ...call,
          url: `${fake.url}/pages`,
          params: { who: "string" },
          body: { who: { param: "who" }, team: { value: { id: 7 } } },
        },
      ],
    };
    const action = actionOf(http, settings, "http.run");
    const who = 'x", "admin": true, "{{env}}/../';
    const preview = await action.preview({ who }, null, context);
    expect(preview).toMatchObject({ after: { sent: { who, team: { id: 7 } } }, reversible: false });
    expect(await action.apply({ who }, { ...applying, before: null })).toMatchObject({ outcome: "succeeded" });
    expect(JSON.parse(fake.received.at(-1)?.text ?? "")).toEqual({ who, team: { id: 7 } });
    expect(action.repeat).toBe("at_most_once");
  });

  test("fails where the other side refuses the value, with its words", async () => {
    const fake = kept(await startWorkers("workers-api-key"));
    const url = `${fake.url}/workers`;
    const scale = {
      ...call,
      name: "scale",
      method: "PUT",
      url,
      secret_headers: { "x-api-key": "workers-api-key" },
      params: { count: "number" },
      body: { count: { param: "count" } },
    };
    const action = actionOf(http, { hosts: [new URL(fake.url).host], calls: [scale] }, "http.scale");
    expect(await action.apply({ count: 99 }, { ...applying, before: null })).toMatchObject({
      outcome: "failed",
      detail: expect.stringContaining("up to 10") as string,
    });
    await expect(action.apply({ count: "many" }, { ...applying, before: null })).rejects.toMatchObject({
      kind: "invalid",
    });
  });
});
