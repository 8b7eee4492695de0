import underPressure from "@fastify/under-pressure";
import { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from "fastify";
import type { FlowDeps } from "../flows/deps.ts";
import { ingest } from "../flows/ingest.ts";
import { Fault, type FaultKind } from "../lib/fault.ts";
import type { MetricsRegistry } from "../lib/metrics.ts";
import { type Access, foreign } from "./guard.ts";

/** Alertmanager groups of hundreds of alerts stay far below this; everything larger is a mistake or an attack. */
const BODY_LIMIT_BYTES = 4 * 1024 * 1024;
const REQUEST_TIMEOUT_MS = 15_000;
const MAX_IN_FLIGHT = 1_000;
const RETRY_AFTER_S = 5;

const STATUS: Readonly<Record<FaultKind, number>> = {
  config: 500,
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  too_large: 413,
  rate_limited: 429,
  unavailable: 503,
  timeout: 503,
};

export interface HttpDoor {
  readonly deps: FlowDeps;
  readonly metrics: MetricsRegistry;
  readonly access: Access;
  /** More doors on the same port (the API, the console, Slack in HTTP mode). */
  readonly more: readonly ((app: FastifyInstance) => Promise<void>)[];
}

/** Builds the HTTP door: deliveries in, health, metrics, and what is hung on besides. Listening is the caller's. */
export async function createServer(door: HttpDoor): Promise<FastifyInstance> {
  const app = fastify({
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    forceCloseConnections: "idle",
    logger: false,
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
  await app.register(underPressure, {
    maxEventLoopDelay: 2_000,
    retryAfter: RETRY_AFTER_S,
    message: "overloaded, try again in a few seconds",
    pressureHandler: (_request, reply) => {
      void overloaded(reply);
    },
  });
  app.addHook("onRequest", async (request, reply) => {
    const because = foreign(request, door.access);
    if (because !== null) return reply.code(403).send({ error: because });
    return undefined;
  });
  app.setErrorHandler((error: FastifyError, _request, reply) => answerError(error, reply, door));
  app.setNotFoundHandler((_request, reply) => reply.code(404).send({ error: "nothing is here" }));
  webhooks(app, door);
  health(app, door);
  for (const hang of door.more) await hang(app);
  return app;
}

function webhooks(app: FastifyInstance, { deps }: HttpDoor): void {
  let inFlight = 0;
  // Counted before the body is read: what waits in memory is what must be bounded.
  const enter = async (request: FastifyRequest<{ Params: { connector: string } }>, reply: FastifyReply) => {
    const { connector } = request.params;
    if (inFlight >= MAX_IN_FLIGHT) {
      const known = deps.connected.some(({ id }) => id === connector);
      if (known) deps.metrics.count("deliveries", { connector, result: "overloaded" });
      return overloaded(reply);
    }
    inFlight += 1;
    reply.raw.once("close", () => {
      inFlight -= 1;
    });
    return undefined;
  };
  app.post<{ Params: { connector: string } }>("/webhooks/:connector", { onRequest: enter }, async (request, reply) => {
    const body = request.body instanceof Uint8Array ? request.body : new Uint8Array();
    const done = await ingest(request.params.connector, { headers: headersOf(request), body }, deps);
    if (done.result === "unreadable") return reply.code(422).send({ error: done.fault, delivery: done.id });
    return reply.code(done.result === "duplicate" ? 200 : 202).send(done);
  });
}

function overloaded(reply: FastifyReply): FastifyReply {
  return reply
    .code(503)
    .header("retry-after", String(RETRY_AFTER_S))
    .send({ error: "overloaded, try again in a few seconds" });
}

function health(app: FastifyInstance, { deps, metrics }: HttpDoor): void {
  app.get("/healthz", () => ({ ok: true }));
  app.get("/readyz", async (_request, reply) => {
    await deps.store.ping();
    return reply.send({ ok: true });
  });
  app.get("/metrics", async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()));
}

/** Header names in lower case with one value each, as connectors want them. */
function headersOf({ headers }: FastifyRequest): Record<string, string> {
  const entries = Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)] as const],
  );
  return Object.fromEntries(entries);
}

/** A fault says what was wrong; a defect says nothing to the outside and everything to the log. */
function answerError(error: FastifyError, reply: FastifyReply, { deps }: HttpDoor): FastifyReply {
  if (error instanceof Fault) {
    const code = STATUS[error.kind];
    if (code === 503) void reply.header("retry-after", String(RETRY_AFTER_S));
    return reply.code(code).send({ error: error.message });
  }
  const code = error.statusCode ?? 500;
  if (code === 413) return reply.code(413).send({ error: `the body is larger than ${BODY_LIMIT_BYTES} bytes` });
  if (code < 500) return reply.code(code).send({ error: error.message });
  deps.log.error("a request failed", { fault: error.message, stack: error.stack });
  return reply.code(500).send({ error: "something went wrong here; it is in the log" });
}
