import { HTTPReceiver } from "@slack/bolt";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { SECOND } from "../domain/time.ts";
import type { Clock } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import type { Secret } from "../lib/secret.ts";
import type { Metrics } from "../ports.ts";
import { slackLogger } from "./clients.ts";

const PATH = "/slack/events";
/** Bolt refuses what is older than five minutes, but takes any time in the future. */
const FUTURE_S = 60;
const FORM = "application/x-www-form-urlencoded";

export interface HttpDeps {
  readonly signingSecret: Secret;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

export interface SlackHttp {
  readonly receiver: HTTPReceiver;
  /** Hangs `POST /slack/events` on the server that owns the port. */
  readonly routes: (app: FastifyInstance) => Promise<void>;
}

/**
 * HTTP mode: our own server takes the request and hands its raw bytes to Bolt's receiver, which checks the signature
 * and answers.
 */
export function createHttpDoor({ signingSecret, clock, log, metrics }: HttpDeps): SlackHttp {
  const receiver = new HTTPReceiver({ signingSecret: signingSecret.reveal(), logger: slackLogger(log) });
  const routes = (app: FastifyInstance): Promise<void> => {
    app.post(PATH, (request, reply) => {
      if (isFromTheFuture(request, clock.now())) {
        metrics.count("deliveries", { connector: "slack", result: "unauthenticated" });
        return reply.code(401).send({ error: "the timestamp lies in the future" });
      }
      reply.hijack();
      reply.raw.once("finish", () => {
        const refused = reply.raw.statusCode === 401;
        metrics.count("deliveries", { connector: "slack", result: refused ? "unauthenticated" : "stored" });
      });
      receiver.requestListener(withRawBody(request), reply.raw);
      return reply;
    });
    return Promise.resolve();
  };
  return { receiver, routes };
}

function isFromTheFuture({ headers }: FastifyRequest, now: number): boolean {
  return Number(headers["x-slack-request-timestamp"]) > now / SECOND + FUTURE_S;
}

/** The request as Bolt reads one whose body was read before; it compares the content type to the letter. */
function withRawBody({ raw, body }: FastifyRequest): FastifyRequest["raw"] {
  if (raw.headers["content-type"]?.toLowerCase().startsWith(FORM)) raw.headers["content-type"] = FORM;
  return Object.assign(raw, { rawBody: body instanceof Uint8Array ? Buffer.from(body) : Buffer.alloc(0) });
}
