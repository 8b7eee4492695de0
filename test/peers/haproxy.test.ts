import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { haproxy } from "../../src/connectors/haproxy/index.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { createHttp } from "../../src/lib/http.ts";
import { silentLog } from "../../src/lib/log.ts";
import type { Action, Connected } from "../../src/ports.ts";
import { answers, type Child, freePort, startChild, until } from "../process/child.ts";
import { programAt, withPeers } from "./peer.ts";

const REQUESTS = 120;

withPeers("HAProxy", ["haproxy"], () => {
  const home = mkdtempSync(join(tmpdir(), "faultline-haproxy-"));
  const hits: Record<string, number> = { "gpu-1": 0, "gpu-2": 0 };
  const servers: Server[] = [];
  let child: Child | null = null;
  let front = "";
  let connected: Connected;

  beforeAll(async () => {
    const ports = [await backend("gpu-1"), await backend("gpu-2")];
    const [frontPort, statsPort] = [await freePort(), await freePort()];
    const config = join(home, "haproxy.cfg");
    writeFileSync(
      config,
      [
        "global",
        `  stats socket ipv4@127.0.0.1:${statsPort} level admin`,
        `  stats socket ${join(home, "read-only.sock")} mode 600 level operator`,
        "defaults",
        "  mode http",
        "  timeout connect 2s",
        "  timeout client 5s",
        "  timeout server 5s",
        "frontend front",
        `  bind 127.0.0.1:${frontPort}`,
        "  default_backend gpu",
        "backend gpu",
        "  balance roundrobin",
        ...ports.map((port, index) => `  server gpu-${index + 1} 127.0.0.1:${port} check inter 200ms weight 100`),
        "backend spare",
        `  server only-one 127.0.0.1:${ports[0]}`,
        "",
      ].join("\n"),
    );
    child = startChild({ command: programAt("haproxy") ?? "", args: ["-W", "-db", "-f", config] });
    front = `http://127.0.0.1:${frontPort}/`;
    await until("HAProxy to serve", () => answers(front), { withinMs: 10_000, log: () => child?.output() ?? "" });
    connected = haproxy.connect(
      { address: `tcp://127.0.0.1:${statsPort}`, backends: ["gpu"] },
      { http: createHttp, clock: systemClock, log: silentLog },
    );
  });

  beforeEach(() => {
    hits["gpu-1"] = 0;
    hits["gpu-2"] = 0;
  });

  afterAll(async () => {
    await child?.kill();
    for (const server of servers) server.close();
    rmSync(home, { recursive: true, force: true });
  });

  async function backend(name: string): Promise<number> {
    const server = createServer((request, response) => {
      if (request.method === "GET") hits[name] = (hits[name] ?? 0) + 1;
      response.setHeader("connection", "close").end(name);
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    return address !== null && typeof address === "object" ? address.port : 0;
  }

  const action = (name: string): Action => {
    const found = connected.actions?.find((candidate) => candidate.name === name);
    if (found === undefined) throw new Error(`no action ${name}`);
    return found;
  };
  const context = () => ({ signal: AbortSignal.timeout(5_000) });

  /** Sends requests through the front and counts where they arrived. */
  async function traffic(): Promise<{ readonly first: number; readonly second: number }> {
    hits["gpu-1"] = 0;
    hits["gpu-2"] = 0;
    for (let sent = 0; sent < REQUESTS; sent += 1) {
      const response = await fetch(front, { headers: { connection: "close" } });
      expect(response.status).toBe(200);
      await response.text();
    }
    return { first: hits["gpu-1"] ?? 0, second: hits["gpu-2"] ?? 0 };
  }

  async function through(name: string, params: Record<string, string | number>) {
    const it = action(name);
    const before = await it.read(params, context());
    const preview = await it.preview(params, before, context());
    const apply = { ...context(), idempotencyKey: "peer-test", before };
    return { it, before, preview, apply };
  }

  test("shares the traffic evenly before anything is done", async () => {
    expect(await traffic()).toEqual({ first: REQUESTS / 2, second: REQUESTS / 2 });
  });

  test("moves a weight: read, preview, apply, confirm, undo, and the traffic follows each time", async () => {
    const params = { backend: "gpu", server: "gpu-1", weight: 20 };
    const { it, before, preview, apply } = await through("haproxy.set_weight", params);
    expect(before).toEqual({ weight: 100 });
    expect(preview).toMatchObject({ before: { weight: 100 }, after: { weight: 20 }, reversible: true, refuse: null });
    expect(preview.reachShare).toBeCloseTo(0.5);
    expect(await it.confirm(params, apply)).toBe("no");
    expect((await it.apply(params, apply)).outcome).toBe("succeeded");
    expect(await it.confirm(params, apply)).toBe("yes");
    const moved = (await traffic()).first / REQUESTS;
    expect(moved).toBeGreaterThan(0.1);
    expect(moved).toBeLessThan(0.25);
    expect((await it.apply(params, apply)).outcome).toBe("succeeded");
    expect(await it.read(params, context())).toEqual({ weight: 20 });
    expect((await it.undo?.(params, apply))?.outcome).toBe("succeeded");
    expect(await it.read(params, context())).toEqual(before);
    expect((await traffic()).first).toBeGreaterThan(REQUESTS / 3);
  });

  test("drains a server so that nothing new reaches it, and puts it back", async () => {
    const params = { node: "gpu-2" };
    const { it, preview, apply } = await through("haproxy.drain_server", params);
    expect(preview.refuse).toBeNull();
    expect((await it.apply(params, apply)).outcome).toBe("succeeded");
    expect(await it.confirm(params, apply)).toBe("yes");
    expect(await traffic()).toEqual({ first: REQUESTS, second: 0 });
    expect((await it.undo?.(params, apply))?.outcome).toBe("succeeded");
    expect(await it.confirm(params, apply)).toBe("no");
    expect((await traffic()).second).toBeGreaterThan(REQUESTS / 3);
  });

  test("refuses to take away the last server, before anything is written", async () => {
    const first = await through("haproxy.drain_server", { node: "gpu-1" });
    await first.it.apply({ node: "gpu-1" }, first.apply);
    try {
      const { preview } = await through("haproxy.drain_server", { node: "gpu-2" });
      expect(preview.refuse).toMatch(/no other server/);
      const weight = await through("haproxy.set_weight", { backend: "gpu", server: "gpu-2", weight: 0 });
      expect(weight.preview.refuse).toMatch(/no other server/);
    } finally {
      await first.it.undo?.({ node: "gpu-1" }, first.apply);
    }
  });

  test("knows no server outside of the backends that may be touched, and passes no second command on", async () => {
    await expect(action("haproxy.drain_server").read({ node: "only-one" }, context())).rejects.toMatchObject({
      kind: "not_found",
    });
    const smuggled = { backend: "gpu", server: "gpu-1; shutdown", weight: 1 };
    await expect(action("haproxy.set_weight").read(smuggled, context())).rejects.toMatchObject({ kind: "invalid" });
  });

  test("the doctor sees the servers and tells a socket that may not write", async () => {
    const checks = (await connected.check?.(AbortSignal.timeout(5_000))) ?? [];
    expect(checks.map(({ ok }) => ok)).toEqual([true, true]);
    const reader = haproxy.connect(
      { address: `unix:${join(home, "read-only.sock")}` },
      { http: createHttp, clock: systemClock, log: silentLog },
    );
    const refused = (await reader.check?.(AbortSignal.timeout(5_000))) ?? [];
    expect(refused.find(({ name }) => name === "rights")).toMatchObject({
      ok: false,
      remedy: expect.stringContaining("level admin"),
    });
  });
});
