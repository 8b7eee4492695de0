import { type FastifyInstance, fastify } from "fastify";
import { z } from "zod";
import { Fault } from "../lib/fault.ts";
import { catalog } from "./catalog.ts";
import { deeds, resources } from "./control.ts";
import { deedRoute, resourceRoutes } from "./control-api.ts";
import type { SandboxDoor } from "./door.ts";
import { drillRoutes } from "./drill-api.ts";
import { exposition } from "./exposition.ts";
import { inputSamples } from "./samples.ts";
import { statusPages } from "./status-pages.ts";

const STATUS: Readonly<Partial<Record<Fault["kind"], number>>> = { not_found: 404, conflict: 409, invalid: 422 };

/** The sandbox's own HTTP API: what monitoring reads, what operators set, and the drills. */
export function createSandboxServer(door: SandboxDoor): FastifyInstance {
  const app = fastify({ logger: false, bodyLimit: 65_536 });
  app.setErrorHandler((error, _request, reply) => {
    if (error instanceof z.ZodError) return reply.code(400).send({ error: z.prettifyError(error) });
    if (error instanceof Fault) return reply.code(STATUS[error.kind] ?? 500).send({ error: error.message });
    const status = (error as { statusCode?: number }).statusCode ?? 500;
    return reply.code(status).send({ error: error instanceof Error ? error.message : "failed" });
  });
  app.setNotFoundHandler((request, reply) =>
    reply.code(404).send({ error: `there is no ${request.method} ${request.url.split("?")[0]} here` }),
  );
  telemetry(app, door);
  statusPages(app, door);
  control(app, door);
  drillRoutes(app, door);
  return app;
}

const Range = z.object({ from: z.coerce.number(), to: z.coerce.number() });

function telemetry(app: FastifyInstance, { engine, memory }: SandboxDoor): void {
  app.get("/api/series", (request) => {
    const { from, to } = Range.parse(request.query);
    return { series: engine.history.series(from, to) };
  });
  app.get("/api/changes", (request) => {
    const { from, to } = Range.parse(request.query);
    return { changes: memory.changes(from, to) };
  });
  app.get("/api/logs", (request) => {
    const { from, to } = Range.parse(request.query);
    return { logs: engine.history.logs(from, to) };
  });
  app.get("/api/samples", () => {
    const { reference, current } = engine.input;
    return { samples: inputSamples(reference, current) };
  });
  app.get<{ Params: { name: string } }>("/api/services/:name", ({ params: { name } }) => {
    const found = catalog.services.find((service) => service.name === name);
    if (found === undefined) throw new Fault("not_found", `there is no service named ${JSON.stringify(name)}`);
    return { name, index: found.datasets[0] ?? null, pool: found.gpu_pools[0] ?? null };
  });
  app.get("/metrics", async (_request, reply) => {
    const { text, contentType } = await exposition(engine);
    return reply.type(contentType).send(text);
  });
}

/** Every operation has the name under which the bot knows it as an action, and one address. */
function control(app: FastifyInstance, door: SandboxDoor): void {
  const set = resourceRoutes(app, door);
  set("set_prompt_label", { resource: resources.prompts, path: "/api/prompts/:name/label", method: "PUT" });
  set("set_prompt_label", { resource: resources.prompts, path: "/api/prompts/*", method: "PUT" });
  set("set_model_version", { resource: resources.models, path: "/api/models/:name", method: "PUT" });
  set("rollback_deploy", { resource: resources.deployments, path: "/api/deployments/:name", method: "POST" });
  set("set_index_alias", { resource: resources.indexes, path: "/api/indexes/:name", method: "PUT" });
  set("pin_judge", { resource: resources.judges, path: "/api/judges/:name", method: "PUT" });
  set("drain_provider", { resource: resources.providers, path: "/api/providers/:name", method: "PUT" });
  set("drain_node", { resource: resources.nodes, path: "/api/nodes/:name", method: "POST" });
  set("scale_pool", { resource: resources.pools, path: "/api/pools/:name", method: "PUT" });
  set("set_flag", { resource: resources.flags, path: "/api/flags/:name", method: "PUT" });
  set("limit_client", { resource: resources.limits, path: "/api/limits/:name", method: "PUT" });
  set("route_drifted", { resource: resources.router, path: "/api/router/:name", method: "PUT" });
  const once = deedRoute(app, door);
  once("rebuild_index", { deed: deeds.rebuild_index, path: "/api/indexes/:name/rebuild" });
  once("restart_pool", { deed: deeds.restart_pool, path: "/api/pools/:name/restart" });
  once("purge_cache", { deed: deeds.purge_cache, path: "/api/caches/:name/purge" });
  app.get("/api/journal", () => ({ journal: door.memory.journal() }));
  app.get<{ Params: { key: string } }>("/api/journal/:key", (request) => {
    const entry = door.memory.done(request.params.key);
    if (entry === null) throw new Fault("not_found", "nothing was done under this key");
    return entry;
  });
}
