import type { FastifyInstance } from "fastify";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { connectors } from "../../src/connectors/index.ts";
import type { FlowDeps } from "../../src/flows/deps.ts";
import { apiRoutes } from "../../src/http/api.ts";
import type { Access } from "../../src/http/guard.ts";
import { createServer } from "../../src/http/server.ts";
import { createHttp } from "../../src/lib/http.ts";
import { createMetrics, type MetricsRegistry } from "../../src/lib/metrics.ts";
import { Secret } from "../../src/lib/secret.ts";
import { createHarness, type Harness } from "./harness.ts";

let world: Harness;
let deps: FlowDeps;
let metrics: MetricsRegistry;
let app: FastifyInstance;

async function serve(access: Access, alertmanager: object = {}): Promise<void> {
  const built = connectors
    .filter(({ id }) => id === "alertmanager")
    .map((c) => c.connect(alertmanager, { http: createHttp, clock: deps.clock, log: deps.log }));
  deps = { ...deps, connected: [...deps.connected, ...built] };
  app = await createServer({
    deps,
    metrics,
    access,
    more: [apiRoutes({ deps, access, version: "test", notices: [] }, () => Promise.resolve({}))],
  });
}

beforeEach(async () => {
  world = await createHarness();
  metrics = createMetrics();
  deps = { ...world.deps, metrics };
});
afterEach(async () => {
  await app.close();
  await world.close();
});

const body = (fingerprint: string, more: object = {}) => ({
  version: "4",
  groupKey: "{}:{}",
  truncatedAlerts: 0,
  status: "firing",
  receiver: "faultline",
  groupLabels: {},
  commonLabels: {},
  commonAnnotations: {},
  externalURL: "http://alertmanager.example",
  alerts: [
    {
      status: "firing",
      labels: { alertname: "High", service: "chat", severity: "critical" },
      annotations: { summary: "chat fails" },
      startsAt: "2026-11-24T02:00:00Z",
      endsAt: "0001-01-01T00:00:00Z",
      generatorURL: "http://prometheus.example",
      fingerprint,
      ...more,
    },
  ],
});
const json = { "content-type": "application/json" };
const post = (payload: unknown, headers: Record<string, string> = json, url = "/webhooks/alertmanager") =>
  app.inject({
    method: "POST",
    url,
    headers: { host: "127.0.0.1:8787", ...headers },
    payload: typeof payload === "string" ? payload : JSON.stringify(payload),
  });

describe("deliveries in local mode", () => {
  beforeEach(() => serve({ kind: "local" }));

  test("a delivery is stored with its job before the answer, and a repeat changes nothing", async () => {
    expect((await post(body("a"))).statusCode).toBe(202);
    expect((await post(body("a"))).statusCode).toBe(200);
    const jobs = await deps.store.jobs.counts(deps.clock.now());
    expect(jobs.find(({ kind }) => kind === "triage")).toMatchObject({ waiting: 1 });
    expect(await metrics.text()).toContain('faultline_deliveries_total{connector="alertmanager",result="duplicate"} 1');
  });

  test("an unknown connector is 404 and a body that is no JSON is 400, and neither is kept", async () => {
    expect((await post(body("a"), json, "/webhooks/nobody")).statusCode).toBe(404);
    const refused = await post("{not json");
    expect(refused.statusCode).toBe(400);
    expect(refused.json()).toEqual({ error: "the body is not JSON in UTF-8" });
    expect(await deps.store.unreadable(10)).toEqual([]);
  });

  test("a field of the wrong type is kept, marked and named", async () => {
    const answer = await post(body("a", { startsAt: 12 }));
    expect(answer.statusCode).toBe(422);
    expect(answer.json<{ error: string }>().error).toContain("startsAt");
    const [kept] = await deps.store.unreadable(10);
    expect(kept).toMatchObject({ connector: "alertmanager", state: "unreadable" });
    expect(kept?.fault).toContain("startsAt");
  });

  test("overload counts what is in flight, not what was: a thousand and more in a row are all answered", async () => {
    const url = await app.listen({ host: "127.0.0.1", port: 0 });
    const statuses = new Set<number>();
    for (let i = 0; i < 1_050; i += 1) {
      const answer = await fetch(`${url}/webhooks/alertmanager`, { method: "POST", body: "{", headers: json });
      statuses.add(answer.status);
      await answer.text();
    }
    expect([...statuses]).toEqual([400]);
  });

  test("an oversized body is 413", async () => {
    expect((await post(" ".repeat(5 * 1024 * 1024))).statusCode).toBe(413);
  });

  test("a page of another origin, a foreign host name and a cross-site request are refused", async () => {
    expect((await post(body("a"), { ...json, origin: "https://evil.example" })).statusCode).toBe(403);
    expect((await post(body("a"), { ...json, host: "evil.example:8787" })).statusCode).toBe(403);
    expect((await post(body("a"), { ...json, "sec-fetch-site": "cross-site" })).statusCode).toBe(403);
    expect((await post(body("a"), { ...json, origin: "http://127.0.0.1:8787" })).statusCode).toBe(202);
  });

  test("an approval must be JSON, name its person, and show the digest that it saw", async () => {
    const incidentId = await world.incident();
    const proposal = await world.proposal(incidentId);
    const url = `/api/proposals/${proposal.id}/decision`;
    const decision = { digest: proposal.digest, verdict: "approved", by: "kim" };
    expect((await post(decision, { "content-type": "text/plain" }, url)).statusCode).toBe(400);
    expect((await post({ ...decision, by: undefined }, json, url)).statusCode).toBe(400);
    expect((await post({ ...decision, digest: "other" }, json, url)).statusCode).toBe(409);
    expect((await post(decision, json, url)).json()).toMatchObject({ ok: true });
    expect((await post(decision, json, url)).statusCode).toBe(409);
    const view = await app.inject({ url: `/api/incidents/${incidentId}`, headers: { host: "localhost:8787" } });
    expect(view.json()).toMatchObject({ id: incidentId, status: "mitigating", executions: [{ state: "running" }] });
    for (const key of ["severity", "title", "onset", "alerts", "diagnosis", "proposals", "timeline"])
      expect(view.json()).toHaveProperty(key);
  });

  test("health, readiness and metrics answer", async () => {
    for (const url of ["/healthz", "/readyz", "/metrics"])
      expect((await app.inject({ url, headers: { host: "localhost" } })).statusCode).toBe(200);
  });
});

describe("configured mode", () => {
  const access: Access = {
    kind: "people",
    people: { kim: new Secret("kims-long-token"), lee: new Secret("lees-long-token") },
  };
  beforeEach(() => serve(access, { token: "the-shared-token" }));

  test("a delivery without the token or with a wrong one is 401 and nothing is kept but a counter", async () => {
    expect((await post(body("a"))).statusCode).toBe(401);
    expect((await post(body("a"), { ...json, authorization: "Bearer wrong-token" })).statusCode).toBe(401);
    expect((await post(body("a"), { ...json, authorization: "Bearer the-shared-token" })).statusCode).toBe(202);
    expect(await metrics.text()).toContain('faultline_deliveries_total{connector="alertmanager",result="refused"} 2');
  });

  test("the API wants a person, and the person is who the token says", async () => {
    expect((await app.inject({ url: "/api/incidents" })).statusCode).toBe(401);
    const basic = (name: string, token: string) => ({
      authorization: `Basic ${Buffer.from(`${name}:${token}`).toString("base64")}`,
    });
    expect((await app.inject({ url: "/api/incidents", headers: basic("kim", "lees-long-token") })).statusCode).toBe(
      401,
    );
    const incidentId = await world.incident();
    const proposal = await world.proposal(incidentId);
    const decision = { digest: proposal.digest, verdict: "approved", by: "somebody-else" };
    await post(decision, { ...json, ...basic("kim", "kims-long-token") }, `/api/proposals/${proposal.id}/decision`);
    expect(await deps.store.decisions(proposal.id)).toMatchObject([{ by: "kim" }]);
  });
});
