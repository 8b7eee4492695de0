import { createHmac } from "node:crypto";
import { z } from "zod";
import { Change } from "../../domain/change.ts";
import { Labels } from "../../domain/json.ts";
import { Fault } from "../../lib/fault.ts";
import type { HttpClient } from "../../lib/http.ts";
import { type Secret, sameSecret } from "../../lib/secret.ts";
import type { Capabilities, Scope, Webhook } from "../../ports.ts";
import { defineConnector, SecretText } from "../connector.ts";
import { sandboxActions } from "./actions.ts";

const Settings = z.strictObject({
  /** Address of the sandbox. */
  url: z.url(),
  /** Signs its deliveries; without one they are taken in local mode only. */
  secret: SecretText.optional(),
});

const SIGNATURE = "x-sandbox-signature";
const Body = z.object({ id: z.string().min(1), changes: z.array(Change) });
const SeriesAnswer = z.object({
  series: z.array(
    z.object({
      signal: z.string(),
      labels: Labels,
      start: z.number(),
      stepMs: z.number().positive(),
      values: z.array(z.number().nullable()),
    }),
  ),
});
const Logs = z.object({
  logs: z.array(
    z.object({
      service: z.string(),
      labels: Labels,
      template: z.string(),
      firstSeen: z.number(),
      lastSeen: z.number(),
      count: z.number(),
      baselinePerHour: z.number(),
    }),
  ),
});
const Samples = z.object({
  samples: z.array(
    z.object({
      name: z.string(),
      service: z.string(),
      kind: z.enum(["numeric", "categorical"]),
      reference: z.array(z.union([z.number(), z.string()])),
      current: z.array(z.union([z.number(), z.string()])),
    }),
  ),
});
const Page = z.object({ incidents: z.array(z.unknown()) });
const PROVIDERS = ["northwind", "acme-ai"];

/** The sandbox: a small AI service to break on purpose. Reached over HTTP like every other system. */
export const sandbox = defineConnector({
  id: "sandbox",
  about: "the small AI service of local mode that is there to be broken",
  settings: Settings,
  sample: { url: "http://127.0.0.1:8790", secret: "sandbox-secret" },
  sign: (body, { secret }) => (secret === undefined ? {} : { [SIGNATURE]: signature(secret, body) }),
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
        changes: [{ id: "sandbox-00012", kind: "prompt", target: "support-chat/system", before: "17", after: "18" }],
      },
    },
  ],
  connect: ({ url, secret }, { http }): Capabilities => {
    const client = http({ name: "the sandbox", timeoutMs: 5_000 });
    const at = (path: string) => new URL(path, url);
    const read = async <S extends z.ZodType>(path: string, schema: S, signal: AbortSignal): Promise<z.output<S>> =>
      parsed(schema, (await client.send(at(path), { signal })).json());
    return {
      webhook: webhook(secret),
      changes: {
        changesIn: async ({ from, to }, signal) =>
          (await read(`/api/changes?from=${from}&to=${to}`, z.object({ changes: z.array(Change) }), signal)).changes,
      },
      signals: {
        query: async (scope, { from, to }, signal) =>
          (await read(`/api/series?from=${from}&to=${to}`, SeriesAnswer, signal)).series.filter(({ labels }) =>
            within(labels, scope),
          ),
      },
      telemetry: {
        logsIn: async (_scope, _window, signal) => (await read("/api/logs", Logs, signal)).logs,
        samplesIn: async (_scope, _window, signal) => (await read("/api/samples", Samples, signal)).samples,
      },
      status: { providers: PROVIDERS, incidentsIn: (_window, signal) => pages(read, signal) },
      actions: sandboxActions(client, url),
      check: async (signal) => [await reachable(client, at("/api/drills"), signal)],
    };
  },
});

function webhook(secret: Secret | undefined): Webhook {
  return {
    signed: secret !== undefined,
    verify: ({ headers, body }) => {
      if (secret === undefined) return;
      const given = headers[SIGNATURE] ?? "";
      if (!sameSecret(given, signature(secret, Buffer.from(body))))
        throw new Fault("unauthenticated", "the signature of the sandbox is missing or wrong");
    },
    deliveryId: ({ body }) => {
      const known = z.object({ id: z.string().min(1) }).safeParse(json(body));
      return known.success ? known.data.id : null;
    },
    parse: ({ body }) => {
      const data = json(body);
      const checked = Body.safeParse(data);
      if (!checked.success) throw new Fault("invalid", z.prettifyError(checked.error));
      return { alerts: [], changes: checked.data.changes };
    },
  };
}

function signature(secret: Secret, body: string | Uint8Array): string {
  return createHmac("sha256", secret.reveal()).update(body).digest("hex");
}

function json(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body).toString("utf8"));
  } catch (error) {
    throw new Fault("invalid", "the body is not JSON", { cause: error });
  }
}

function parsed<S extends z.ZodType>(schema: S, data: unknown): z.output<S> {
  const checked = schema.safeParse(data);
  if (checked.success) return checked.data;
  throw new Fault("unavailable", `the sandbox answered with something unexpected: ${z.prettifyError(checked.error)}`);
}

function within(labels: Labels, { services, providers, gpuPools }: Scope): boolean {
  const { service, provider, gpu_pool: pool } = labels;
  if (service !== undefined) return services.includes(service);
  if (provider !== undefined) return providers.includes(provider);
  return pool === undefined || gpuPools.includes(pool);
}

/** The status pages of the sandbox's providers never admit anything while it burns; what is asked is that they answer. */
async function pages(
  read: (path: string, schema: typeof Page, signal: AbortSignal) => Promise<z.output<typeof Page>>,
  signal: AbortSignal,
): Promise<never[]> {
  await Promise.all(PROVIDERS.map((provider) => read(`/status/${provider}/api/v2/incidents.json`, Page, signal)));
  return [];
}

async function reachable(client: HttpClient, url: URL, signal: AbortSignal) {
  try {
    await client.send(url, { signal });
    return { name: "reachable", ok: true, detail: url.origin, remedy: "" };
  } catch (error) {
    return {
      name: "reachable",
      ok: false,
      detail: error instanceof Error ? error.message : "no answer",
      remedy: "start it: npm run -s faultline -- sandbox",
    };
  }
}
