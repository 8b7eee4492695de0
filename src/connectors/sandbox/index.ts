import { z } from "zod";
import { Change } from "../../domain/change.ts";
import type { Check, Webhook } from "../../ports.ts";
import { defineConnector, SecretText } from "../connector.ts";
import { readBody } from "../kit/inbound.ts";
import { answerOf, BaseUrl, below, checked } from "../kit/outbound.ts";
import { hmacSha256, requireHmac } from "../kit/signature.ts";
import { sandboxActions } from "./actions.ts";
import { controlOf } from "./control.ts";
import { telemetryOf } from "./telemetry.ts";

const Settings = z.strictObject({
  /** Address of the sandbox. */
  url: BaseUrl,
  /** Signs its deliveries (HMAC-SHA256 over the body); without one they are taken in local mode only. */
  secret: SecretText.optional(),
});
type Settings = z.output<typeof Settings>;

const SIGNATURE = "X-Sandbox-Signature";
const Body = z.object({ id: z.string().min(1).max(200), changes: z.array(Change).min(1) });
const Drills = z.object({ faults: z.array(z.object({ name: z.string() })) });

/** The sandbox: a small AI service to break on purpose. Reached over HTTP like every other system. */
export const sandbox = defineConnector({
  id: "sandbox",
  about: "Watches and mends the small AI service of local mode that is there to be broken.",
  settings: Settings,
  sample: { url: "http://127.0.0.1:8790", secret: "sandbox-example-secret" },
  sign: (body, { secret }): Record<string, string> =>
    secret === undefined ? {} : { [SIGNATURE.toLowerCase()]: hmacSha256(secret, body) },
  examples: [
    {
      name: "a prompt version went live",
      headers: { "content-type": "application/json" },
      body: {
        id: "d-sandbox-00012",
        changes: [
          {
            id: "sandbox-00012",
            at: 1_795_500_000_000,
            kind: "prompt",
            system: "sandbox",
            service: "support-chat",
            target: "support-chat/system",
            title: "Warmer greeting",
            author: "d.costa",
            before: "17",
            after: "18",
            url: null,
            scope: {},
            rollout: null,
            summary: "four sentences reworded",
            commit: null,
            files: [],
            diff: null,
          },
        ],
      },
      parsed: {
        changes: [
          {
            id: "sandbox-00012",
            at: 1_795_500_000_000,
            kind: "prompt",
            system: "sandbox",
            target: "support-chat/system",
            before: "17",
            after: "18",
          },
        ],
      },
    },
  ],
  connect: (settings, { http, clock }) => {
    const client = http({ name: "the sandbox", timeoutMs: 5_000 });
    return {
      webhook: webhookOf(settings),
      ...telemetryOf(client, settings.url),
      actions: sandboxActions(controlOf(client, settings.url, () => clock.now())),
      check: async (signal) => [
        deliveries(settings),
        await checked("reachable", { unavailable: "start it: npm run -s faultline -- sandbox" }, async () => {
          const answer = await client.send(below(settings.url, "/api/drills"), { signal });
          return `it can be broken in ${answerOf(answer, Drills, "the sandbox").faults.length} ways`;
        }),
      ],
    };
  },
});

function webhookOf({ secret }: Settings): Webhook {
  return {
    signed: secret !== undefined,
    verify: (request) => {
      if (secret !== undefined) requireHmac(request, SIGNATURE, secret, []);
    },
    deliveryId: (request) => {
      try {
        return readBody(request, Body.pick({ id: true }), "a delivery of the sandbox").id;
      } catch {
        return null;
      }
    },
    parse: (request) => ({ alerts: [], changes: readBody(request, Body, "a delivery of the sandbox").changes }),
  };
}

function deliveries({ secret }: Settings): Check {
  const signed = secret !== undefined;
  return {
    name: "deliveries",
    ok: signed,
    detail: signed ? "deliveries must carry the signature" : "deliveries are taken from anybody",
    remedy: signed ? "" : "set connectors.sandbox.secret, and start the sandbox with the same",
  };
}
