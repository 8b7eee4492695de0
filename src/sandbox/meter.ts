import type { Fate } from "./requests.ts";
import type { Tick } from "./tick.ts";
import type { World } from "./world.ts";

/** Seconds that a ratio or a percentile looks back: long enough to be smooth, short enough to follow a break. */
export const WINDOW_S = 8;
const SECONDS_PER_HOUR = 3_600;
const POOL = "gpu-a";

/** A slice with fewer requests in the window than this has no value: a ratio over a handful says nothing. */
const LEAST = 15;

/** A name of the vocabulary with its labels, as one text: `signal|key=value,…` */
export type SeriesKey = string;

export function seriesKey(signal: string, labels: Readonly<Record<string, string>>): SeriesKey {
  return `${signal}|${Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(",")}`;
}

export function parseKey(key: SeriesKey): { signal: string; labels: Record<string, string> } {
  const [signal = "", rest = ""] = key.split("|");
  return {
    signal,
    labels: Object.fromEntries(
      rest
        .split(",")
        .filter(Boolean)
        .map((pair) => pair.split("=") as [string, string]),
    ),
  };
}

/** The dimensions that the support assistant's signals are cut by. */
const SLICES: readonly [string, (fate: Fate) => string | null][] = [
  ["prompt_version", ({ promptVersion }) => promptVersion],
  ["model_version", ({ modelVersion }) => modelVersion],
  ["provider", ({ provider }) => provider],
  ["node", ({ node }) => node],
  ["tenant", ({ tenant }) => tenant],
  ["language", ({ language }) => language],
  ["route", ({ route }) => route],
];

interface Group {
  readonly labels: Record<string, string>;
  readonly fates: Fate[];
}

/** What the last seconds say, as one value for each series. Ratios over nothing are left out. */
export function measure(ticks: readonly Tick[], world: World): Map<SeriesKey, number> {
  const values = new Map<SeriesKey, number>();
  for (const { labels, fates } of together(ticks)) {
    if (Object.keys(labels).length === 1 || fates.length >= LEAST) service(values, labels, fates, ticks.length);
  }
  providers(values, ticks);
  pool(values, ticks);
  data(values, ticks, world);
  return values;
}

/** Groups of a second never change, and each second is in eight windows. */
const grouped = new WeakMap<Tick, Map<string, Group>>();

function groupsOf(tick: Tick): Map<string, Group> {
  const known = grouped.get(tick);
  if (known !== undefined) return known;
  const groups = new Map<string, Group>();
  const put = (key: string, labels: () => Record<string, string>, fate: Fate) => {
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { labels: labels(), fates: [fate] });
    else group.fates.push(fate);
  };
  for (const fate of tick.fates) {
    const { service: name } = fate;
    put(name, () => ({ service: name }), fate);
    if (name !== "support-chat") continue;
    for (const [dimension, of] of SLICES) {
      const value = of(fate);
      if (value !== null) put(`${dimension}=${value}`, () => ({ service: name, [dimension]: value }), fate);
    }
  }
  grouped.set(tick, groups);
  return groups;
}

function together(ticks: readonly Tick[]): Iterable<Group> {
  const all = new Map<string, Group>();
  for (const tick of ticks) {
    for (const [key, { labels, fates }] of groupsOf(tick)) {
      const group = all.get(key);
      if (group === undefined) all.set(key, { labels, fates: [...fates] });
      else for (const fate of fates) group.fates.push(fate);
    }
  }
  return all.values();
}

type Put = (signal: string, value: number | null) => void;

function service(
  values: Map<SeriesKey, number>,
  labels: Record<string, string>,
  fates: readonly Fate[],
  seconds: number,
): void {
  const put: Put = (signal, value) => {
    if (value !== null) values.set(seriesKey(signal, labels), value);
  };
  const good = fates.filter(({ failed }) => failed === "none");
  traffic(put, fates, seconds);
  speedAndSize(put, good);
  answers(put, good);
  if (labels["service"] !== "support-chat") return;
  put(
    "retrieval_hit_ratio",
    share(good, ({ retrieved }) => retrieved),
  );
  if (Object.keys(labels).length > 1) return;
  put(
    "timeout_ratio",
    share(fates, ({ failed }) => failed === "timeout"),
  );
  put(
    "tool_error_ratio",
    share(good, ({ formatValid }) => !formatValid),
  );
  put(
    "empty_response_ratio",
    share(good, ({ outputTokens }) => outputTokens <= 5),
  );
  put(
    "inter_token_latency_p95",
    p95(good.map(({ latencyS, ttftS, outputTokens }) => (latencyS - ttftS) / outputTokens)),
  );
}

function traffic(put: Put, fates: readonly Fate[], seconds: number): void {
  const admitted = fates.filter(({ failed }) => failed !== "limited");
  put("request_rate", fates.length / seconds);
  put(
    "error_ratio",
    share(admitted, ({ failed }) => failed !== "none"),
  );
  put("cost_per_hour", (sum(fates.map(({ costUsd }) => costUsd)) / seconds) * SECONDS_PER_HOUR);
}

function speedAndSize(put: Put, good: readonly Fate[]): void {
  const input = sum(good.map(({ inputTokens }) => inputTokens));
  put("latency_p95", p95(good.map(({ latencyS }) => latencyS)));
  put("ttft_p95", p95(good.map(({ ttftS }) => ttftS)));
  put("cache_hit_ratio", input === 0 ? null : sum(good.map(({ cachedTokens }) => cachedTokens)) / input);
  put("input_tokens_per_request", mean(good.map(({ inputTokens }) => inputTokens)));
  put("output_tokens_per_request", mean(good.map(({ outputTokens }) => outputTokens)));
}

function answers(put: Put, good: readonly Fate[]): void {
  put(
    "format_valid_ratio",
    share(good, ({ formatValid }) => formatValid),
  );
  put(
    "refusal_ratio",
    share(good, ({ refused }) => refused),
  );
  put(
    "hallucination_ratio",
    share(good, ({ hallucinated }) => hallucinated),
  );
  put(
    "negative_feedback_ratio",
    share(good, ({ disliked }) => disliked),
  );
  put("quality_score", mean(good.flatMap((fate) => (fate.judged === null ? [] : [fate.judged]))));
}

function share(of: readonly Fate[], is: (fate: Fate) => boolean): number | null {
  return of.length === 0 ? null : of.filter(is).length / of.length;
}

function providers(values: Map<SeriesKey, number>, ticks: readonly Tick[]): void {
  const fates = ticks.flatMap((tick) => tick.fates);
  const probes = ticks.flatMap((tick) => tick.probes);
  for (const provider of new Set(probes.map((probe) => probe.provider))) {
    const set = (signal: string, value: number | null) =>
      value !== null && values.set(seriesKey(signal, { provider }), value);
    const mine = fates.filter(
      (fate) => fate.provider === provider && fate.failed !== "limited" && fate.failed !== "app",
    );
    const asked = probes.filter((probe) => probe.provider === provider);
    if (mine.length > 0) {
      const overloaded = mine.filter(({ failed }) => failed === "overloaded").length / mine.length;
      set("provider_error_ratio", overloaded);
      set("provider_overloaded_ratio", overloaded);
      set("provider_rate_limited_ratio", 0);
      set("provider_latency_p95", p95(mine.map(({ latencyS }) => latencyS)));
    }
    set("probe_success_ratio", asked.filter(({ ok }) => ok).length / asked.length);
    const answered = asked.filter(({ ok }) => ok);
    set(
      "probe_format_valid_ratio",
      answered.length === 0 ? null : answered.filter(({ formatValid }) => formatValid).length / answered.length,
    );
  }
}

function pool(values: Map<SeriesKey, number>, ticks: readonly Tick[]): void {
  const last = ticks.at(-1);
  if (last === undefined) return;
  const perMinute = 60 / ticks.length;
  const nodes = ticks.flatMap((tick) => tick.nodes);
  const set = (signal: string, labels: Record<string, string>, value: number | null) =>
    value !== null && values.set(seriesKey(signal, labels), value);
  const about = (labels: Record<string, string>, readings: typeof nodes) => {
    set("gpu_utilization", labels, mean(readings.map(({ utilization }) => utilization)));
    set("gpu_memory_used", labels, mean(readings.map(({ memory }) => memory)));
    set("gpu_temperature", labels, mean(readings.map(({ temperature }) => temperature)));
    set("gpu_xid_errors", labels, sum(readings.map(({ xid }) => xid)) * perMinute);
    set("gpu_ecc_errors", labels, 0);
    set("gpu_throttle_ratio", labels, 0);
  };
  about({ gpu_pool: POOL }, nodes);
  for (const { node } of last.nodes)
    about(
      { gpu_pool: POOL, node },
      nodes.filter((reading) => reading.node === node),
    );
  const serving = { service: "llm-pool" };
  set("queue_depth", serving, mean(ticks.map(({ queueDepth }) => queueDepth)));
  set("kv_cache_usage", serving, mean(ticks.map(({ kvUsage }) => kvUsage)));
  set("preemptions_rate", serving, sum(ticks.map(({ preemptions }) => preemptions)) * perMinute);
  set("ready_replicas_ratio", serving, last.readyRatio);
}

/** Data signals: the age of the newest record, and how far the input has moved from its reference (PSI over languages). */
function data(values: Map<SeriesKey, number>, ticks: readonly Tick[], world: World): void {
  const index = world.parts["help-centre"];
  const traits = index?.versions[index.live];
  if (traits !== undefined) values.set(seriesKey("data_freshness", { service: "support-chat" }), traits.age);
  const languages = ticks.flatMap(({ fates }) =>
    fates.filter((fate) => fate.service === "support-chat").map((fate) => fate.language),
  );
  if (languages.length > 0) values.set(seriesKey("drift_psi", { service: "support-chat" }), psi(languages));
}

/** The mix of languages that the assistant was launched with. */
export const referenceLanguages: Readonly<Record<string, number>> = {
  en: 0.58,
  de: 0.16,
  fr: 0.13,
  es: 0.09,
  pt: 0.02,
  ja: 0.02,
};

function psi(languages: readonly string[]): number {
  const floor = 0.01;
  return sum(
    Object.entries(referenceLanguages).map(([language, expected]) => {
      const actual = Math.max(floor, languages.filter((other) => other === language).length / languages.length);
      return (actual - expected) * Math.log(actual / Math.max(floor, expected));
    }),
  );
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : sum(values) / values.length;
}

function p95(values: readonly number[]): number | null {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(0.95 * sorted.length))] ?? null;
}
