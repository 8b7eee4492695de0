import { createHmac } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { Catalog } from "../../src/domain/catalog.ts";
import { signals } from "../../src/domain/signal.ts";
import { type Clock, systemClock } from "../../src/lib/clock.ts";
import { silentLog } from "../../src/lib/log.ts";
import { Secret } from "../../src/lib/secret.ts";
import { type Sandbox, startSandbox } from "../../src/sandbox/sandbox.ts";
import { spawnSandbox } from "../process/bot.ts";
import { answers, freePort, until } from "../process/child.ts";

const open: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close();
});

function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), "faultline-box-"));
  open.push(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

interface Start {
  readonly dir?: string;
  readonly target?: URL;
  readonly secret?: Secret;
  readonly clock?: Clock;
}

async function start({ dir = folder(), target, secret, clock = systemClock }: Start = {}): Promise<Sandbox> {
  const box = await startSandbox({
    dir,
    port: 0,
    target: target ?? null,
    seed: 2,
    clock,
    log: silentLog,
    ...(secret === undefined ? {} : { secret }),
  });
  let isClosed = false;
  const close = async () => {
    if (!isClosed) await box.close();
    isClosed = true;
  };
  open.push(close);
  return { ...box, close };
}

interface Call {
  readonly method?: "GET" | "PUT" | "POST";
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

async function call(box: Pick<Sandbox, "url">, path: string, { method = "GET", body, headers = {} }: Call = {}) {
  const response = await fetch(new URL(path, box.url), {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    headers: { ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
  });
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Record<string, unknown>,
  };
}

interface Received {
  readonly path: string;
  readonly body: string;
  readonly signature: string | undefined;
}

/** Takes deliveries; the first ones are answered with a status that means "not now". */
async function target(refusals: readonly number[]): Promise<{ url: URL; received: Received[] }> {
  const received: Received[] = [];
  const left = [...refusals];
  const server = createServer((request: IncomingMessage, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const refusal = left.shift();
      if (refusal !== undefined) return response.writeHead(refusal).end();
      const signature = request.headers["x-sandbox-signature"];
      const said = typeof signature === "string" ? signature : undefined;
      received.push({ path: request.url ?? "", body: Buffer.concat(chunks).toString(), signature: said });
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

const Delivery = z.object({ id: z.string(), changes: z.array(z.object({ id: z.string(), title: z.string() })) });

describe("deliveries", () => {
  test("come in order, again and again until they are taken, each once, and signed", async () => {
    const { url, received } = await target([503, 500, 429]);
    const secret = new Secret("sandbox-secret-1");
    const box = await start({ target: url, secret });
    await call(box, "/api/flags/beta-badge", { method: "PUT", body: { value: "off" } });
    const titles = () =>
      received.flatMap(({ body }) => Delivery.parse(JSON.parse(body)).changes.map(({ title }) => title));
    await expect.poll(titles, { timeout: 20_000 }).toContain("Set value of beta-badge to off");
    expect(new Set(received.map(({ path }) => path))).toEqual(new Set(["/webhooks/sandbox"]));
    const ids = received.map(({ body }) => Delivery.parse(JSON.parse(body)).id);
    expect(ids).toEqual([...new Set(ids)].toSorted());
    for (const { body, signature } of received)
      expect(signature).toBe(createHmac("sha256", secret.reveal()).update(body).digest("hex"));
  });

  test("that are refused for good do not hold up those behind them", async () => {
    const { url, received } = await target([400]);
    await start({ target: url });
    await expect.poll(() => received.length, { timeout: 20_000 }).toBeGreaterThan(0);
  });
});

describe("control", () => {
  test("does an operation once for a key, says so in the journal, and publishes it", async () => {
    const box = await start();
    const put = {
      method: "PUT",
      body: { weight: 0 },
      headers: { "idempotency-key": "k1", "user-agent": "faultline" },
    } as const;
    const first = await call(box, "/api/providers/northwind", put);
    await call(box, "/api/providers/northwind", { method: "PUT", body: { weight: 0.5 } });
    expect(await call(box, "/api/providers/northwind", put)).toMatchObject({ status: 200, body: first.body });
    expect((await call(box, "/api/providers/northwind")).body["weight"]).toBe(0.5);
    const { journal } = (await call(box, "/api/journal")).body;
    expect(journal).toMatchObject([
      { operation: "drain_provider", target: "northwind", key: "k1", answer: { weight: 0 } },
      { operation: "drain_provider", key: null, answer: { weight: 0.5 } },
    ]);
    const { changes } = (await call(box, `/api/changes?from=0&to=${Date.now() + 1_000}`)).body;
    expect(changes).toContainEqual(
      expect.objectContaining({
        target: "northwind",
        author: "faultline",
        before: "0.55",
        after: "0",
        scope: { provider: "northwind" },
      }),
    );
    expect((await call(box, "/api/journal/k1")).body).toMatchObject({ key: "k1" });
    expect((await call(box, "/api/journal/k2")).status).toBe(404);
  });

  test("refuses a key that was used for something else, and a state that is not what was looked at", async () => {
    const box = await start();
    const headers = { "idempotency-key": "k1" };
    await call(box, "/api/nodes/gpu-a-1", { method: "POST", body: { state: "drained" }, headers });
    expect(
      await call(box, "/api/nodes/gpu-a-2", { method: "POST", body: { state: "drained" }, headers }),
    ).toMatchObject({
      status: 409,
      body: { error: "this idempotency key was used for drain_node of gpu-a-1" },
    });
    const seen = await call(box, "/api/pools/gpu-a");
    const etag = seen.headers.get("etag") ?? "";
    const scale = (replicas: number) =>
      call(box, "/api/pools/gpu-a", { method: "PUT", body: { replicas }, headers: { "if-match": etag } });
    expect(await scale(5)).toMatchObject({ status: 200, body: { replicas: 5 } });
    expect((await scale(6)).status).toBe(409);
  });

  const refusals = [
    {
      path: "/api/prompts/support-chat%2Fsystem/label",
      body: { version: "999" },
      status: 422,
      said: 'has no version "999"',
    },
    { path: "/api/prompts/nobody/label", body: { version: "1" }, status: 404, said: "there are support-chat/system" },
    { path: "/api/models/support-llm", body: { version: 3 }, status: 400, said: "version" },
    { path: "/api/providers/northwind", body: { weight: "much" }, status: 400, said: "weight" },
    { path: "/api/providers/northwind", body: { weight: 0, more: 1 }, status: 400, said: "more" },
    { path: "/api/limits/nobody", body: { per_minute: 5 }, status: 404, said: "there are aldgate" },
    { path: "/api/nowhere/x", body: {}, status: 404, said: "there is no PUT /api/nowhere/x" },
    { path: "/api/nodes/gpu-a-1", method: "POST", body: {}, status: 400, said: "state" },
    { path: "/api/drills", method: "POST", body: { fault: "nothing" }, status: 404, said: "there are bad-json-prompt" },
    { path: "/api/indexes/nothing/rebuild", method: "POST", body: {}, status: 404, said: "there are help-centre" },
  ] as const;

  test("says what is wrong with a request, and does nothing", async () => {
    const box = await start();
    for (const refusal of refusals) {
      const method = "method" in refusal ? refusal.method : "PUT";
      const answer = await call(box, refusal.path, { method, body: refusal.body });
      expect(answer.status, refusal.path).toBe(refusal.status);
      expect(answer.body["error"]).toContain(refusal.said);
    }
    expect((await call(box, "/api/journal")).body).toEqual({ journal: [] });
  });
});

test("SIGKILL takes nothing back: what was done, and done under which key, is still so after the next start", async () => {
  const dataDir = folder();
  const port = await freePort();
  const box = { url: `http://127.0.0.1:${port}` };
  const up = () => until("the sandbox", () => answers(`${box.url}/api/drills`), { withinMs: 60_000, everyMs: 50 });
  const killed = async (child: ReturnType<typeof spawnSandbox>) => void (await child.kill("SIGKILL"));
  const first = spawnSandbox({ dataDir, port });
  open.push(() => killed(first));
  await up();
  const put = { method: "PUT", body: { value: "off" }, headers: { "idempotency-key": "k1" } } as const;
  await call(box, "/api/flags/beta-badge", put);
  await killed(first);
  const second = spawnSandbox({ dataDir, port });
  open.push(() => killed(second));
  await up();
  expect((await call(box, "/api/flags/beta-badge")).body).toEqual({ value: "off" });
  await call(box, "/api/flags/beta-badge", { method: "PUT", body: { value: "on" } });
  expect((await call(box, "/api/flags/beta-badge", put)).body).toEqual({ value: "off" });
  expect((await call(box, "/api/flags/beta-badge")).body).toEqual({ value: "on" });
  expect((await call(box, "/api/journal")).body["journal"]).toHaveLength(2);
});

test("a stop neither heals nor changes it, and time that passed meanwhile is lived through", async () => {
  const dir = folder();
  let offset = 0;
  const clock: Clock = { now: () => Date.now() + offset, sleep: (ms, signal) => systemClock.sleep(ms, signal) };
  const box = await start({ dir, clock });
  await call(box, "/api/drills", { method: "POST", body: { fault: "bad-json-prompt", seed: 4 } });
  offset += 20_000;
  const from = Math.floor(clock.now() / 1000) * 1000 - 60_000;
  const until = Math.floor(clock.now() / 1000) * 1000 - 1_000;
  const series = async (one: Sandbox) => (await call(one, `/api/series?from=${from}&to=${until}`)).body["series"];
  const length = async () =>
    z.array(z.object({ values: z.array(z.unknown()) })).parse(await series(box))[0]?.values.length;
  await expect.poll(length, { timeout: 10_000 }).toBe(Math.ceil((until - from) / 1_000));
  const told = await series(box);
  await box.close();

  offset += 30_000;
  const again = await start({ dir, clock });
  expect(await series(again)).toEqual(told);
  expect((await call(again, "/api/prompts/support-chat%2Fsystem/label")).body).toMatchObject({
    version: await brokenOf(again),
  });
  const { series: all } = (await call(again, `/api/series?from=${until}&to=${clock.now()}`)).body;
  const rate = z
    .array(
      z.object({
        signal: z.string(),
        labels: z.record(z.string(), z.string()),
        values: z.array(z.number().nullable()),
      }),
    )
    .parse(all)
    .find(({ signal, labels }) => signal === "format_valid_ratio" && Object.keys(labels).length === 1);
  expect(rate?.values.length).toBeGreaterThan(25);
  expect(Math.max(...(rate?.values ?? []).map((value) => value ?? 1))).toBeLessThan(0.85);
});

/** The version that the drill's culprit put live, by the change on record. */
async function brokenOf(box: Sandbox): Promise<string> {
  const { culprit } = (await call(box, "/api/drills/truth")).body;
  const { changes } = (await call(box, `/api/changes?from=0&to=${Date.now() + 600_000}`)).body;
  const found = z.array(z.object({ id: z.string(), after: z.string().nullable() })).parse(changes);
  return found.find(({ id }) => id === culprit)?.after ?? "no culprit";
}

describe("telemetry", () => {
  test("shows signals of the vocabulary, whole and in slices, on one grid of seconds", async () => {
    const box = await start();
    const now = Date.now();
    const { series } = (await call(box, `/api/series?from=${now - 600_000}&to=${now}`)).body;
    const all = z
      .array(
        z.object({
          signal: z.string(),
          labels: z.record(z.string(), z.string()),
          stepMs: z.number(),
          values: z.array(z.unknown()),
        }),
      )
      .parse(series);
    expect(all.filter(({ signal }) => !Object.hasOwn(signals, signal))).toEqual([]);
    expect(new Set(all.map(({ signal }) => signal)).size).toBeGreaterThan(35);
    const dimensions = new Set(all.flatMap(({ labels }) => Object.keys(labels)));
    expect([...dimensions]).toEqual(
      expect.arrayContaining([
        "prompt_version",
        "model_version",
        "provider",
        "node",
        "tenant",
        "language",
        "route",
        "gpu_pool",
      ]),
    );
    expect(new Set(all.map(({ stepMs, values }) => `${stepMs} ${values.length}`)).size).toBe(1);
    const { services } = Catalog.parse(box.catalog);
    const named = all.flatMap(({ labels }) => labels["service"] ?? []);
    expect(named.filter((name) => !services.some((service) => service.name === name))).toEqual([]);
  });

  test("is there for a Prometheus, under the names that such stacks use", async () => {
    const box = await start();
    await expect
      .poll(async () => (await fetch(new URL("/metrics", box.url))).text(), { timeout: 10_000 })
      .toMatch(/^gen_ai_client_operation_duration_seconds_bucket\{le="0.05",service="support-chat"/m);
    const text = await (await fetch(new URL("/metrics", box.url))).text();
    expect(text).toMatch(/^http_requests_total\{service="support-chat",route="\/ask",status="200"\} \d+$/m);
    expect(text).toMatch(/^vllm:kv_cache_usage_perc\{service="llm-pool",node="gpu-a-1"\} 0\.\d+$/m);
    expect(text).toMatch(/^sandbox_request_rate\{service="support-chat"\} \d/m);
    expect(text).toMatch(/^# TYPE vllm:num_preemptions_total counter$/m);
  });

  test("a provider's page is green at the beginning of an outage and admits it later", async () => {
    let offset = 0;
    const clock: Clock = { now: () => Date.now() + offset, sleep: (ms, signal) => systemClock.sleep(ms, signal) };
    const box = await start({ clock });
    await call(box, "/api/drills", { method: "POST", body: { fault: "provider-outage", seed: 4 } });
    const incidents = async () => {
      const pages = await Promise.all(
        ["northwind", "acme-ai"].map((name) => call(box, `/status/${name}/api/v2/incidents.json`)),
      );
      return pages.flatMap(({ body }) => body["incidents"] as unknown[]);
    };
    offset += 60_000;
    expect(await incidents()).toEqual([]);
    offset += 600_000;
    await expect
      .poll(incidents, { timeout: 10_000 })
      .toMatchObject([{ status: "investigating", impact: "major", resolved_at: null, components: [{ name: "API" }] }]);
    await call(box, "/api/reset", { method: "POST", body: {} });
    expect(await incidents()).toMatchObject([{ status: "resolved", resolved_at: expect.any(String) }]);
    expect((await call(box, "/status/nobody/api/v2/summary.json")).status).toBe(404);
  });
});
