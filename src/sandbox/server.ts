import { type FastifyInstance, type FastifyReply, fastify } from "fastify";
import { Gauge, Registry } from "prom-client";
import { z } from "zod";
import type { Clock } from "../lib/clock.ts";
import { deeds, resources } from "./control.ts";
import { type Engine, faultNamed } from "./engine.ts";
import { faults } from "./faults.ts";
import type { Memory } from "./memory.ts";
import { parseKey } from "./meter.ts";
import { inputSamples, logTemplates, seriesBetween } from "./telemetry.ts";

export interface SandboxDoor {
  readonly engine: Engine;
  readonly memory: Memory;
  readonly clock: Clock;
}

const Range = z.object({ from: z.coerce.number(), to: z.coerce.number() });
const Name = z.object({ resource: z.string(), "*": z.string() });

/** The sandbox's own HTTP API: what monitoring reads, what operators set, and the drills. */
export function createSandboxServer(door: SandboxDoor): FastifyInstance {
  const app = fastify({ logger: false, bodyLimit: 65_536 });
  app.setErrorHandler((error, _request, reply) => {
    if (error instanceof z.ZodError) return reply.code(400).send({ error: z.prettifyError(error) });
    const status = (error as { statusCode?: number }).statusCode ?? 500;
    return reply.code(status).send({ error: error instanceof Error ? error.message : "failed" });
  });
  reads(app, door);
  statusPages(app, door);
  control(app, door);
  drills(app, door);
  return app;
}

function reads(app: FastifyInstance, { engine, memory, clock }: SandboxDoor): void {
  app.get("/api/series", (request) => {
    const { from, to } = Range.parse(request.query);
    return { series: seriesBetween(memory, from, to) };
  });
  app.get("/api/changes", (request) => {
    const { from, to } = Range.parse(request.query);
    return { changes: memory.changes(from, to) };
  });
  app.get("/api/logs", () => ({ logs: logTemplates(engine.world, memory, clock.now()) }));
  app.get("/api/samples", () => ({ samples: inputSamples(engine.world) }));
  app.get("/api/journal", () => ({ journal: memory.journal() }));
  app.get("/metrics", async (_request, reply) => {
    const registry = exposition(memory, clock.now());
    return reply.type(registry.contentType).send(await registry.metrics());
  });
}

/** The latest value of each series, for a real Prometheus: `sandbox_<signal>{…}`. */
function exposition(memory: Memory, now: number): Registry {
  const registry = new Registry();
  const latest = memory.values(now - 5_000, now + 1_000).at(-1)?.values ?? [];
  const gauges = new Map<string, { labels: Set<string>; rows: { labels: Record<string, string>; value: number }[] }>();
  for (const [key, value] of latest) {
    const { signal, labels } = parseKey(key);
    const gauge = gauges.get(signal) ?? { labels: new Set<string>(), rows: [] };
    for (const label of Object.keys(labels)) gauge.labels.add(label);
    gauge.rows.push({ labels, value });
    gauges.set(signal, gauge);
  }
  for (const [signal, { labels, rows }] of gauges) {
    const gauge = new Gauge({
      name: `sandbox_${signal}`,
      help: `The signal ${signal}`,
      labelNames: [...labels],
      registers: [registry],
    });
    for (const row of rows) gauge.set(row.labels, row.value);
  }
  return registry;
}

/** Statuspage v2 of each provider. Green: an outage here is not admitted before it is over. */
function statusPages(app: FastifyInstance, { engine }: SandboxDoor): void {
  app.get<{ Params: { provider: string } }>("/status/:provider/api/v2/incidents.json", (request, reply) => {
    const { provider } = request.params;
    if (engine.world.providers[provider] === undefined) return reply.code(404).send({ error: "there is no such page" });
    return { page: { id: provider, name: provider }, incidents: [] };
  });
  app.get<{ Params: { provider: string } }>("/status/:provider/api/v2/summary.json", (request, reply) => {
    const { provider } = request.params;
    if (engine.world.providers[provider] === undefined) return reply.code(404).send({ error: "there is no such page" });
    return {
      page: { id: provider, name: provider },
      status: { indicator: "none", description: "All Systems Operational" },
      components: [],
      incidents: [],
      scheduled_maintenances: [],
    };
  });
}

function control(app: FastifyInstance, door: SandboxDoor): void {
  app.get("/api/:resource/*", (request, reply) => {
    const { resource, "*": name } = Name.parse(request.params);
    const state = resources[resource]?.read(door.engine.world, name) ?? null;
    return state === null ? reply.code(404).send({ error: `there is nothing named "${resource}/${name}"` }) : state;
  });
  app.put("/api/:resource/*", (request, reply) => {
    const { resource, "*": name } = Name.parse(request.params);
    const found = resources[resource];
    if (found === undefined) return reply.code(404).send({ error: `there is no "${resource}" here` });
    const body = found.body.parse(request.body);
    const before = found.read(door.engine.world, name);
    return once(door, keyOf(request.headers), reply, () => {
      const result = found.set(door.engine.world, name, body);
      if ("refused" in result) return { refused: result.refused };
      const after = found.read(result.world, name);
      return {
        world: result.world,
        told: { ...found.told(name, before, after), author: authorOf(request.headers) },
        operation: `set ${resource}/${name}`,
        answer: after,
      };
    });
  });
  app.post("/api/do/:deed/*", (request, reply) => {
    const { deed, "*": name } = z.object({ deed: z.string(), "*": z.string() }).parse(request.params);
    const found = deeds[deed];
    return once(door, keyOf(request.headers), reply, () => {
      const world = found?.apply(door.engine.world, name) ?? null;
      if (found === undefined || world === null) return { refused: `cannot ${deed} "${name}"` };
      const told = {
        kind: found.kind,
        target: name,
        service: null,
        title: found.title,
        author: authorOf(request.headers),
        before: null,
        after: null,
        summary: null,
      };
      return { world, told, operation: `${deed} ${name}`, answer: { done: deed } };
    });
  });
}

type Done =
  | { readonly refused: string }
  | {
      readonly world: Engine["world"];
      readonly told: Parameters<Engine["operate"]>[1];
      readonly operation: string;
      readonly answer: unknown;
    };

/** Does an operation once for an idempotency key: a repeat gets the same answer and changes nothing. */
function once({ engine, memory }: SandboxDoor, key: string | null, reply: FastifyReply, act: () => Done): unknown {
  const earlier = key === null ? null : memory.answered(key);
  if (earlier !== null) return earlier.answer;
  const done = act();
  if ("refused" in done) return reply.code(422).send({ error: done.refused });
  engine.operate(done.world, done.told, { operation: done.operation, key, answer: done.answer });
  return done.answer;
}

function keyOf(headers: Record<string, unknown>): string | null {
  const key = headers["idempotency-key"];
  return typeof key === "string" && key !== "" ? key.slice(0, 200) : null;
}

function authorOf(headers: Record<string, unknown>): string {
  return headers["user-agent"] === "faultline" ? "faultline" : "operator";
}

function drills(app: FastifyInstance, { engine, memory }: SandboxDoor): void {
  app.get("/api/drills", () => ({
    faults: faults.map(({ name, about }) => ({ name, about })),
    history: memory.drills().map(({ id, fault, startedAt }) => ({ id, fault, startedAt })),
  }));
  app.get("/api/drills/running", () => {
    const last = memory.drills().at(-1);
    return last === undefined ? null : { fault: last.fault, startedAt: last.startedAt };
  });
  app.get(
    "/api/drills/truth",
    (_request, reply) => memory.drills().at(-1) ?? reply.code(404).send({ error: "nothing was broken yet" }),
  );
  app.post("/api/drills", (request, reply) => {
    const { fault: name, seed } = z
      .object({ fault: z.string(), seed: z.number().int().default(1) })
      .parse(request.body);
    const fault = faultNamed(name);
    if (fault === null)
      return reply
        .code(404)
        .send({ error: `there is no fault named "${name}"; there are ${faults.map((each) => each.name).join(", ")}` });
    const { id, startedAt } = engine.drill(fault, seed);
    return reply.code(201).send({ id, startedAt });
  });
  app.post("/api/reset", (_request, reply) => {
    engine.reset();
    return reply.send({ ok: true });
  });
}
