import { z } from "zod";
import { Change } from "../../domain/change.ts";
import { Labels } from "../../domain/json.ts";
import { SECOND } from "../../domain/time.ts";
import type { HttpClient } from "../../lib/http.ts";
import type { Capabilities, Scope } from "../../ports.ts";
import { Instant, linkOf, MaybeInstant } from "../kit/inbound.ts";
import { answerOf, below } from "../kit/outbound.ts";

const WHO = "the sandbox";
/** A template's count is judged against its usual rate: what counts is what is logged now, not the whole look-back. */
const LOGS_MS = 20 * SECOND;
const PROVIDERS = ["northwind", "acme-ai"];

export const SeriesAnswer = z.object({
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
const Values = z.array(z.union([z.number(), z.string()]));
const Samples = z.object({
  samples: z.array(
    z.object({
      name: z.string(),
      service: z.string(),
      kind: z.enum(["numeric", "categorical"]),
      reference: Values,
      current: Values,
    }),
  ),
});
const Changes = z.object({ changes: z.array(Change) });
const Page = z.object({
  incidents: z.array(
    z.object({
      name: z.string(),
      impact: z.enum(["none", "minor", "major", "critical", "maintenance"]),
      created_at: Instant,
      started_at: Instant,
      resolved_at: MaybeInstant,
      shortlink: z.string().nullish(),
      components: z.array(z.object({ name: z.string() })),
    }),
  ),
});

/** Everything that can be looked at in the sandbox. */
export function telemetryOf(
  client: HttpClient,
  base: string,
): Required<Pick<Capabilities, "changes" | "signals" | "telemetry" | "status">> {
  const ask = async <S extends z.ZodType>(path: string, schema: S, signal: AbortSignal): Promise<z.output<S>> =>
    answerOf(await client.send(below(base, path), { signal }), schema, WHO);
  return {
    changes: {
      changesIn: async ({ from, to }, signal) =>
        (await ask(`/api/changes?from=${from}&to=${to}`, Changes, signal)).changes,
    },
    signals: {
      query: async (scope, { from, to }, signal) => {
        const { series } = await ask(`/api/series?from=${from}&to=${to}`, SeriesAnswer, signal);
        return series.filter(({ labels }) => isWithin(labels, scope));
      },
    },
    telemetry: {
      logsIn: async ({ services }, { from, to }, signal) => {
        const { logs } = await ask(`/api/logs?from=${Math.max(from, to - LOGS_MS)}&to=${to}`, Logs, signal);
        return logs.filter(({ service }) => services.includes(service));
      },
      samplesIn: async ({ services }, _window, signal) => {
        const { samples } = await ask("/api/samples", Samples, signal);
        return samples.filter(({ service }) => services.includes(service));
      },
    },
    status: {
      providers: PROVIDERS,
      incidentsIn: async (window, signal) => {
        const pages = await Promise.all(
          PROVIDERS.map(async (provider) => {
            const { incidents } = await ask(`/status/${provider}/api/v2/incidents.json`, Page, signal);
            return incidents.map((incident) => incidentOf(provider, incident));
          }),
        );
        const isOpen = (resolvedAt: number | null) => resolvedAt === null || resolvedAt >= window.from;
        return pages.flat().filter(({ postedAt, resolvedAt }) => postedAt < window.to && isOpen(resolvedAt));
      },
    },
  };
}

function incidentOf(provider: string, incident: z.output<typeof Page>["incidents"][number]) {
  return {
    provider,
    title: incident.name,
    impact: incident.impact,
    startedAt: incident.started_at,
    postedAt: incident.created_at,
    resolvedAt: incident.resolved_at,
    components: incident.components.map(({ name }) => name),
    url: linkOf(incident.shortlink),
  };
}

function isWithin(labels: Labels, { services, providers, gpuPools }: Scope): boolean {
  const { service, provider, gpu_pool: pool } = labels;
  if (service !== undefined) return services.includes(service);
  if (provider !== undefined) return providers.includes(provider);
  return pool !== undefined && gpuPools.includes(pool);
}
