import { z } from "zod";
import type { Webhook } from "../../ports.ts";
import { defineConnector, SecretText } from "../connector.ts";
import { readBody } from "../kit/inbound.ts";
import { hmacSha256, requireBearer, requireTimedHmac } from "../kit/signature.ts";
import { alertOf, changeOf, GenericBody } from "./body.ts";

const SIGNATURE = "X-Faultline-Signature";

const Settings = z
  .strictObject({
    /** Shared with the senders, who sign with it (HMAC-SHA256 over time and body). */
    secret: SecretText.optional(),
    /** Or a bearer token, for senders that cannot sign. */
    token: SecretText.optional(),
  })
  .refine(({ secret, token }) => secret === undefined || token === undefined, {
    message: "set either secret or token, not both",
  });
type Settings = z.output<typeof Settings>;

export const generic = defineConnector({
  id: "generic",
  about: "Takes alerts and changes as plain JSON from any system (see docs/openapi.yaml).",
  settings: Settings,
  sample: { secret: "generic-example-secret" },
  sign: (body, { secret, token }, now): Record<string, string> => {
    if (token !== undefined) return { authorization: `Bearer ${token.reveal()}` };
    if (secret === undefined) return {};
    const seconds = Math.floor(now / 1000);
    return { "x-faultline-signature": `t=${seconds},v1=${hmacSha256(secret, `${seconds}.`, body)}` };
  },
  examples: [
    {
      name: "a change and the alert that followed",
      headers: { "content-type": "application/json" },
      body: {
        changes: [
          {
            id: "retrain-4711",
            kind: "data",
            target: "faq-index",
            title: "Rebuilt the FAQ index",
            at: "2026-11-20T01:55:00Z",
            service: "support-chat",
            author: "nightly-job",
            before: "2026-11-19",
            after: "2026-11-20",
          },
        ],
        alerts: [
          {
            title: "Retrieval hits halved",
            severity: "critical",
            service: "support-chat",
            signal: "retrieval_hit_ratio",
            labels: { language: "de", shard: 3 },
            startsAt: 1_795_140_191,
            url: "javascript:alert(1)",
          },
        ],
      },
      parsed: {
        changes: [
          {
            id: "generic:retrain-4711",
            at: Date.UTC(2026, 10, 20, 1, 55),
            kind: "data",
            system: "generic",
            before: "2026-11-19",
            after: "2026-11-20",
          },
        ],
        alerts: [
          {
            source: "generic",
            status: "firing",
            severity: "critical",
            signal: "retrieval_hit_ratio",
            labels: { service: "support-chat", language: "de", shard: "3" },
            startsAt: 1_795_140_191_000,
            endsAt: null,
            url: null,
          },
        ],
      },
    },
  ],
  connect: (settings) => ({ webhook: webhookOf(settings), check: async () => [deliveries(settings)] }),
});

function webhookOf({ secret, token }: Settings): Webhook {
  return {
    signed: secret !== undefined || token !== undefined,
    verify: (request, now) => {
      if (secret !== undefined) requireTimedHmac(request, SIGNATURE, secret, now);
      if (token !== undefined) requireBearer(request, token);
    },
    deliveryId: ({ headers }) => headers["idempotency-key"]?.slice(0, 200) || null,
    parse: (request, now) => {
      const { alerts, changes } = readBody(request, GenericBody, "a delivery of alerts and changes");
      return {
        alerts: alerts.map((alert) => alertOf(alert, now)),
        changes: changes.map((change) => changeOf(change, now)),
      };
    },
  };
}

function deliveries({ secret, token }: Settings) {
  const signed = secret !== undefined || token !== undefined;
  return {
    name: "deliveries",
    ok: signed,
    detail: signed ? "deliveries must be signed or carry the token" : "deliveries are taken from anybody",
    remedy: signed ? "" : "set connectors.generic.secret (or token) and give it to the senders",
  };
}
