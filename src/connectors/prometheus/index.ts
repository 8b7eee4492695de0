import pLimit from "p-limit";
import { z } from "zod";
import { HOUR, MINUTE, type Window } from "../../domain/time.ts";
import { Fault } from "../../lib/fault.ts";
import type { Check, Scope, SignalSource } from "../../ports.ts";
import { type ConnectorDeps, defineConnector, SecretText } from "../connector.ts";
import { BaseUrl, below, checked, scrubbed } from "../kit/outbound.ts";
import { basicOf } from "../kit/signature.ts";
import { createApi, gridOf, type PrometheusApi } from "./api.ts";
import { type Ask, type LabelNames, plan, usualNames } from "./plan.ts";
import { presetNames, presets, type Query } from "./queries.ts";
import { type Answer, seriesOf } from "./series.ts";

/** Queries at once: a Prometheus runs 20 by default (`--query.max-concurrency`), and is not ours alone. */
const AT_ONCE = 6;
/** What metrics and labels exist is asked again after this. */
const KNOWN_FOR_MS = 5 * MINUTE;

const names = z.union([
  z
    .string()
    .min(1)
    .transform((name) => [name]),
  z.array(z.string().min(1)).min(1),
]);
const labelNames = z.record(z.string(), names).default({});

const Settings = z
  .strictObject({
    url: BaseUrl,
    token: SecretText.optional(),
    basic: z.strictObject({ username: z.string().min(1), password: SecretText }).optional(),
    /** Tenant of Mimir, Cortex or Thanos, sent as X-Scope-OrgID. */
    org_id: z.string().min(1).optional(),
    /** Distance of the points, at least. */
    step_s: z.number().int().min(1).max(3_600).default(30),
    /** Length of rates in the queries that are built in. */
    rate_window: z
      .string()
      .regex(/^[1-9]\d*[smh]$/, "expected a duration such as 5m")
      .default("5m"),
    presets: z.array(z.enum(presetNames)).default([...presetNames]),
    /** Our label → how it is called here; before the usual names. */
    labels: labelNames,
    /** Signal → the query to use instead of those built in; false switches the signal off. */
    queries: z
      .record(z.string(), z.union([z.literal(false), z.strictObject({ expr: z.string().min(1), labels: labelNames })]))
      .default({}),
  })
  .refine(({ token, basic }) => token === undefined || basic === undefined, {
    message: "set either token or basic, not both",
  });
type Settings = z.output<typeof Settings>;

export const prometheus = defineConnector({
  id: "prometheus",
  about: "Asks Prometheus (or Mimir, Thanos, VictoriaMetrics) for signals by PromQL.",
  settings: Settings,
  sample: {
    url: "http://127.0.0.1:9090",
    token: "prometheus-example-token",
    org_id: "ml",
    labels: { service: "service" },
    queries: {
      quality_score: { expr: "avg by ($by) (judge_score{$scope})", labels: { prompt_version: "prompt" } },
      cost_per_hour: false,
    },
  },
  examples: [],
  connect: (settings, deps) => {
    const { url, token, basic, org_id } = settings;
    const headers: Record<string, string> = {};
    if (token !== undefined) headers["authorization"] = `Bearer ${token.reveal()}`;
    if (basic !== undefined) headers["authorization"] = `Basic ${basicOf(basic)}`;
    if (org_id !== undefined) headers["x-scope-orgid"] = org_id;
    const secrets = [token, basic?.password, basic === undefined ? undefined : basicOf(basic)];
    const http = scrubbed(deps.http({ name: "Prometheus" }), secrets);
    const api = createApi(http, url, headers, deps.log);
    return {
      signals: sourceOf(settings, api, deps),
      check: (signal) => check(settings, api, { now: deps.clock.now(), signal }),
    };
  },
});

function sourceOf(settings: Settings, api: PrometheusApi, { clock, log }: ConnectorDeps): SignalSource {
  const known = createKnowledge(settings, api, clock.now);
  const link = (expr: string) =>
    `${below(settings.url, "/graph")}?${new URLSearchParams({ "g0.expr": expr, "g0.tab": "0" }).toString()}`;
  return {
    query: async (scope, window, signal) => {
      const grid = gridOf(window, settings.step_s * 1000);
      if (grid === null) return [];
      const asks = asksFor(settings, scope, await known(window, signal));
      const limit = pLimit(AT_ONCE);
      const faults: Fault[] = [];
      const answers = await Promise.all(
        asks.map((ask) =>
          limit(async (): Promise<Answer[]> => {
            try {
              return [{ ask, rows: await api.range(ask.expr, grid, signal) }];
            } catch (error) {
              if (!(error instanceof Fault)) throw error;
              faults.push(error);
              log.warn("a signal could not be asked", {
                signal: ask.query.signal,
                kind: error.kind,
                fault: error.message,
              });
              return [];
            }
          }),
        ),
      );
      const [first] = faults;
      if (first !== undefined && faults.length === asks.length) throw first;
      return seriesOf(answers.flat(), grid, link);
    },
  };
}

/** The queries that can be asked here, in order of preference, each with the labels of its metric. */
type Known = readonly { readonly query: Query; readonly present: ReadonlySet<string> | null }[];

/** Finds out which of the built-in queries have metrics, and which labels these have; remembers it for a while. */
function createKnowledge(settings: Settings, api: PrometheusApi, now: () => number) {
  let last: { readonly at: number; readonly known: Known } | null = null;
  return async (window: Window, signal: AbortSignal): Promise<Known> => {
    if (last !== null && now() - last.at < KNOWN_FOR_MS) return last.known;
    const candidates = builtIn(settings);
    const wanted = [...new Set(candidates.flatMap(({ metrics }) => metrics))];
    const there = wanted.length === 0 ? new Set<string>() : await api.metricsAmong(wanted, window, signal);
    const usable = candidates.filter(({ metrics }) => metrics.every((metric) => there.has(metric)));
    const limit = pLimit(AT_ONCE);
    const labels = new Map(
      await Promise.all(
        [...new Set(usable.flatMap(({ metrics }) => metrics.slice(0, 1)))].map((metric) =>
          limit(async () => [metric, await api.labelsOf(metric, window, signal)] as const),
        ),
      ),
    );
    const known = usable.map((query) => ({ query, present: labels.get(query.metrics[0] ?? "") ?? new Set<string>() }));
    last = { at: now(), known };
    return known;
  };
}

function builtIn({ presets: wanted, queries }: Settings): Query[] {
  return wanted.flatMap((name) => presets[name]).filter(({ signal }) => !Object.hasOwn(queries, signal));
}

function asksFor(settings: Settings, scope: Scope, known: Known): Ask[] {
  const general: Record<string, readonly string[]> = { ...usualNames };
  for (const [label, own] of Object.entries(settings.labels)) general[label] = own;
  const own = Object.entries(settings.queries).flatMap(([signal, query]) =>
    query === false ? [] : [{ query: { signal, metrics: [], ...query }, present: null }],
  );
  const context = { scope, names: general satisfies LabelNames, window: settings.rate_window };
  return [...own, ...known].flatMap(({ query, present }) => plan({ query, present, ...context }));
}

const NO_METRICS = {
  not_found:
    "does it scrape the services? Name their metrics in connectors.prometheus.queries (docs/connectors/prometheus.md)",
};

async function check(
  settings: Settings,
  api: PrometheusApi,
  { now, signal }: { now: number; signal: AbortSignal },
): Promise<Check[]> {
  const reach = await checked("reachable", {}, () => api.ping(signal));
  if (!reach.ok) return [reach];
  const metrics = await checked("metrics", NO_METRICS, async () => {
    const wanted = [...new Set(builtIn(settings).flatMap((query) => query.metrics))];
    const there = await api.metricsAmong(wanted, { from: now - HOUR, to: now }, signal);
    const own = Object.values(settings.queries).filter((query) => query !== false).length;
    const signals = new Set(
      builtIn(settings)
        .filter((query) => query.metrics.every((name) => there.has(name)))
        .map(({ signal: name }) => name),
    );
    if (own + signals.size === 0) throw new Fault("not_found", "none of the metrics that are known here exist");
    return `${signals.size} signals from built-in queries (${[...signals].slice(0, 8).join(", ")}), ${own} from the settings`;
  });
  return [reach, metrics];
}
