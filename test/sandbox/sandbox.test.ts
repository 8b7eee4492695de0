import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { alertmanager } from "../../src/connectors/alertmanager.ts";
import { sandbox as connector } from "../../src/connectors/sandbox/index.ts";
import { causes } from "../../src/domain/cause.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { createHttp } from "../../src/lib/http.ts";
import { silentLog } from "../../src/lib/log.ts";
import { deeds, resources } from "../../src/sandbox/control.ts";
import { faults } from "../../src/sandbox/faults.ts";
import { seriesKey } from "../../src/sandbox/meter.ts";
import { startSandbox } from "../../src/sandbox/sandbox.ts";
import { type OfflineSandbox, offlineSandbox } from "./offline.ts";

const open: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

function offline(seed = 3): OfflineSandbox {
  const box = offlineSandbox(seed);
  open.push(box.close);
  return box;
}

/** Mean of a signal over the last seconds. */
function level(
  box: OfflineSandbox,
  signal: string,
  labels: Record<string, string> = { service: "support-chat" },
  seconds = 5,
): number {
  const key = seriesKey(signal, labels);
  const rows = box.memory.values(box.now() - seconds * 1_000, box.now() + 1);
  const values = rows.flatMap((row) => row.values.filter(([name]) => name === key).map(([, value]) => value));
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** What each fault moves, which way, and something that it must leave alone. */
const signatures: Record<string, { moves: [string, "up" | "down", Record<string, string>?]; leaves: string }> = {
  "bad-json-prompt": { moves: ["format_valid_ratio", "down"], leaves: "error_ratio" },
  "cache-busting-prompt": { moves: ["cache_hit_ratio", "down"], leaves: "format_valid_ratio" },
  "worse-model": { moves: ["quality_score", "down"], leaves: "cache_hit_ratio" },
  "wrong-adapter": { moves: ["refusal_ratio", "up"], leaves: "retrieval_hit_ratio" },
  "stale-index": { moves: ["retrieval_hit_ratio", "down"], leaves: "format_valid_ratio" },
  "drifted-input": { moves: ["drift_psi", "up"], leaves: "format_valid_ratio" },
  "gpu-off-the-bus": { moves: ["gpu_xid_errors", "up", { gpu_pool: "gpu-a" }], leaves: "format_valid_ratio" },
  "kv-cache-exhaustion": { moves: ["kv_cache_usage", "up", { service: "llm-pool" }], leaves: "format_valid_ratio" },
  "provider-outage": {
    moves: ["provider_overloaded_ratio", "up", { provider: "northwind" }],
    leaves: "retrieval_hit_ratio",
  },
  "silent-provider-update": {
    moves: ["probe_format_valid_ratio", "down", { provider: "northwind" }],
    leaves: "retrieval_hit_ratio",
  },
  "bad-deploy": { moves: ["error_ratio", "up"], leaves: "format_valid_ratio" },
  "runaway-client": { moves: ["request_rate", "up"], leaves: "format_valid_ratio" },
  "broken-judge": { moves: ["quality_score", "down"], leaves: "hallucination_ratio" },
};

test("the faults cover every cause that has an owner, and there are at least ten", () => {
  expect(faults.length).toBeGreaterThanOrEqual(10);
  expect(new Set(faults.map(({ cause }) => cause))).toEqual(new Set(causes.filter((cause) => cause !== "unknown")));
  expect(Object.keys(signatures).toSorted()).toEqual(faults.map(({ name }) => name).toSorted());
});

describe.each(faults.map(({ name }) => name))("%s", (name) => {
  test("moves what it should, leaves alone what it cannot touch, and fires within half a minute", () => {
    const box = offline();
    const signature = signatures[name];
    if (signature === undefined) throw new Error(`no signature for ${name}`);
    box.pass(20);
    expect(box.alerts()).toEqual([]);
    const [signal, direction, labels] = signature.moves;
    const calm = level(box, signal, labels);
    const untouched = level(box, signature.leaves, undefined, 60);
    box.drill(name, 5);
    box.pass(25);
    const now = level(box, signal, labels);
    expect(direction === "up" ? now - calm : calm - now).toBeGreaterThan(Math.abs(calm) * 0.07);
    expect(Math.abs(level(box, signature.leaves, undefined, 15) - untouched)).toBeLessThan(
      Math.max(0.05, Math.abs(untouched) * 0.1),
    );
    expect(box.alerts().length).toBeGreaterThan(0);
  });
});

describe("mending", () => {
  const set = (box: OfflineSandbox, resource: string, name: string, body: unknown) => {
    const found = resources[resource];
    const result = found?.set(box.engine.world, name, body);
    if (found === undefined || result === undefined || "refused" in result)
      throw new Error(`cannot set ${resource}/${name}`);
    const told = { ...found.told(name, null, null), author: "test" };
    box.engine.operate(result.world, told, { operation: `set ${resource}/${name}`, key: null, answer: null });
  };

  test("the right way back brings the signal back and ends the alerts; a wrong one does not", () => {
    const box = offline();
    box.pass(10);
    const { culprit } = box.drill("bad-json-prompt", 5);
    const change = box.memory.changes(0, box.now() + 1).find(({ id }) => id === culprit);
    box.pass(15);
    set(box, "providers", "northwind", { weight: 0 });
    box.pass(20);
    expect(level(box, "format_valid_ratio")).toBeLessThan(0.8);
    expect(box.alerts().length).toBeGreaterThan(0);
    set(box, "prompts", "support-chat/system", { version: change?.before });
    box.pass(15);
    expect(level(box, "format_valid_ratio")).toBeGreaterThan(0.94);
    expect(box.alerts()).toEqual([]);
  });

  test("a drained node takes its errors with it", () => {
    const box = offline();
    box.drill("gpu-off-the-bus", 5);
    box.pass(15);
    expect(level(box, "error_ratio")).toBeGreaterThan(0.06);
    const broken = Object.entries(box.engine.world.nodes).find(([, node]) => node.broken)?.[0] ?? "";
    set(box, "nodes", broken, { state: "drained" });
    box.pass(12);
    expect(level(box, "error_ratio")).toBeLessThan(0.02);
  });

  test("rebuilding the index makes it whole and fresh again", () => {
    const box = offline();
    box.drill("stale-index", 5);
    box.pass(12);
    const world = deeds["rebuild"]?.apply(box.engine.world, "help-centre");
    if (world === null || world === undefined) throw new Error("the index could not be rebuilt");
    box.engine.operate(
      world,
      {
        kind: "data",
        target: "help-centre",
        service: null,
        title: "Rebuild",
        author: "test",
        before: null,
        after: null,
        summary: null,
      },
      { operation: "rebuild", key: null, answer: null },
    );
    box.pass(12);
    expect(level(box, "retrieval_hit_ratio")).toBeGreaterThan(0.88);
  });
});

test("the seed fixes what happens; another seed is another story", () => {
  const story = (seed: number) => {
    const box = offline(seed);
    box.drill("worse-model", seed);
    box.pass(5);
    return JSON.stringify([box.engine.world, box.memory.changes(0, box.now() + 1)]);
  };
  expect(story(11)).toBe(story(11));
  expect(story(11)).not.toBe(story(12));
});

test("innocent changes stand before and after the culprit, of kinds that break things too", () => {
  const box = offline();
  box.drill("bad-deploy", 9);
  box.pass(10);
  const changes = box.memory.changes(0, box.now() + 1);
  const culprit = changes.findIndex(({ id }) => id === box.memory.drills()[0]?.culprit);
  expect(culprit).toBeGreaterThan(2);
  expect(changes.length - 1).toBeGreaterThan(culprit);
  expect(new Set(changes.map(({ kind }) => kind)).size).toBeGreaterThan(3);
});

describe("as a server", () => {
  interface Received {
    readonly path: string;
    readonly body: string;
  }

  /** Takes deliveries; the first ones are refused, as by a bot that is down. */
  async function target(refused: number): Promise<{ url: URL; received: Received[] }> {
    const received: Received[] = [];
    let left = refused;
    const server = createServer((request: IncomingMessage, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        left -= 1;
        if (left >= 0) return response.writeHead(503).end();
        received.push({ path: request.url ?? "", body: Buffer.concat(chunks).toString() });
        return response.writeHead(202).end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    open.push(() => {
      server.closeAllConnections();
      server.close();
    });
    return { url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`), received };
  }

  async function start(dir: string, url: URL | null) {
    const box = await startSandbox({ dir, port: 0, target: url, seed: 2, clock: systemClock, log: silentLog });
    open.push(() => box.close());
    return box;
  }

  const json = (url: string, method = "GET", body?: unknown, key?: string) =>
    fetch(url, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      headers: { "content-type": "application/json", ...(key === undefined ? {} : { "idempotency-key": key }) },
    });

  function folder(): string {
    const dir = mkdtempSync(join(tmpdir(), "faultline-box-"));
    open.push(() => rmSync(dir, { recursive: true, force: true }));
    return dir;
  }

  test("changes are delivered in order, again and again until they are taken", async () => {
    const { url, received } = await target(3);
    await start(folder(), url);
    await expect.poll(() => received.length, { timeout: 15_000 }).toBeGreaterThan(0);
    const { webhook } = connector.connect(
      { url: "http://127.0.0.1:1" },
      { http: createHttp, clock: systemClock, log: silentLog },
    );
    const first = received[0];
    const parsed = webhook?.parse({ headers: {}, body: Buffer.from(first?.body ?? "") }, Date.now());
    expect(first?.path).toBe("/webhooks/sandbox");
    expect(parsed?.changes.length).toBeGreaterThan(0);
  });

  test("an operation is done once for a key, and a restart forgets neither the state nor the journal", async () => {
    const dir = folder();
    const box = await start(dir, null);
    const set = (url: string, key: string) => json(`${url}/api/providers/northwind`, "PUT", { weight: 0 }, key);
    expect(await (await set(box.url, "k1")).json()).toEqual({ weight: 0 });
    expect(await (await set(box.url, "k1")).json()).toEqual({ weight: 0 });
    await box.close();
    open.splice(open.length - 1);
    const again = await start(dir, null);
    expect(await (await json(`${again.url}/api/providers/northwind`)).json()).toEqual({ weight: 0 });
    expect(await (await set(again.url, "k1")).json()).toEqual({ weight: 0 });
    const { journal } = (await (await json(`${again.url}/api/journal`)).json()) as { journal: unknown[] };
    expect(journal).toHaveLength(1);
  });

  test("what cannot be set is refused with a pointed message", async () => {
    const { url } = await start(folder(), null);
    expect(
      await (await json(`${url}/api/prompts/support-chat%2Fsystem`, "PUT", { version: "999" })).json(),
    ).toMatchObject({ error: expect.stringContaining('no version "999"') });
    expect((await json(`${url}/api/providers/nobody`, "PUT", { weight: 0 })).status).toBe(422);
    expect((await json(`${url}/api/providers/northwind`, "PUT", { weight: "much" })).status).toBe(400);
    expect((await json(`${url}/api/drills`, "POST", { fault: "nothing" })).status).toBe(404);
  });

  test("a Prometheus can scrape it", async () => {
    const { url } = await start(folder(), null);
    const text = await (await fetch(`${url}/metrics`)).text();
    expect(text).toMatch(/^sandbox_request_rate\{service="support-chat"\} \d/m);
    expect(text).toMatch(/^sandbox_gpu_utilization\{gpu_pool="gpu-a",node="gpu-a-1"\}/m);
  });
});

test("its alerts are Alertmanager bodies as the connector of the real one reads them", () => {
  const box = offline();
  box.drill("provider-outage", 5);
  box.pass(15);
  const [alert] = box.alerts();
  expect(alertmanager.id).toBe("alertmanager");
  expect(alert).toMatchObject({
    source: "alertmanager",
    status: "firing",
    service: "support-chat",
    signal: "error_ratio",
    endsAt: null,
  });
});
