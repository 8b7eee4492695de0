import type { Labels } from "../domain/json.ts";
import type { Fate } from "./fate.ts";
import type { NodeReading } from "./pool.ts";
import { type SeriesKey, seriesKey } from "./series-key.ts";
import type { Tick } from "./tick.ts";
import { POOL, usualLanguages } from "./world.ts";

type Values = Map<SeriesKey, number>;

/** What the things show that the services stand on: probes of providers, nodes and engine of the pool, the data. */
export function foundationSignals(values: Values, ticks: readonly Tick[]): void {
  probes(values, ticks);
  pool(values, ticks);
  data(values, ticks);
}

function probes(values: Values, ticks: readonly Tick[]): void {
  const all = ticks.flatMap((tick) => tick.probes);
  for (const provider of new Set(all.map((probe) => probe.provider))) {
    const mine = all.filter((probe) => probe.provider === provider);
    const answered = mine.filter(({ ok }) => ok);
    values.set(seriesKey("probe_success_ratio", { provider }), answered.length / mine.length);
    if (answered.length === 0) continue;
    const valid = answered.filter(({ formatValid }) => formatValid).length;
    values.set(seriesKey("probe_format_valid_ratio", { provider }), valid / answered.length);
  }
}

function pool(values: Values, ticks: readonly Tick[]): void {
  const last = ticks.at(-1)?.nodes ?? [];
  const all = ticks.flatMap(({ nodes }) => nodes);
  about(values, { gpu_pool: POOL }, all, ticks.length);
  for (const { node } of last) {
    const mine = all.filter((reading) => reading.node === node);
    about(values, { gpu_pool: POOL, node }, mine, ticks.length);
    engine(values, { service: "llm-pool", node }, mine, ticks.length);
  }
  engine(values, { service: "llm-pool" }, all, ticks.length);
  const serving = { service: "llm-pool" };
  const ready = last.filter((reading) => reading.ready === 1).length;
  values.set(seriesKey("ready_replicas_ratio", serving), ready / Math.max(1, last.length));
  values.set(seriesKey("pending_pods", serving), 0);
  values.set(seriesKey("pod_restarts", serving), (60 * sum(all.map(({ restarts }) => restarts))) / ticks.length);
}

function about(values: Values, labels: Labels, readings: readonly NodeReading[], seconds: number): void {
  const set = (signal: string, value: number) => values.set(seriesKey(signal, labels), value);
  set("gpu_utilization", mean(readings.map(({ utilization }) => utilization)));
  set("gpu_memory_used", mean(readings.map(({ memory }) => memory)));
  set("gpu_temperature", mean(readings.map(({ temperature }) => temperature)));
  set("gpu_xid_errors", (60 * sum(readings.map(({ xid }) => xid))) / seconds);
  set("gpu_ecc_errors", 0);
  set("gpu_throttle_ratio", 0);
  if (labels["node"] !== undefined) return;
  set("node_not_ready", 0);
  set("network_errors_rate", 0);
}

function engine(values: Values, labels: Labels, readings: readonly NodeReading[], seconds: number): void {
  const nodes = new Set(readings.map(({ node }) => node)).size;
  const ready = readings.filter((reading) => reading.ready === 1);
  const set = (signal: string, value: number) => values.set(seriesKey(signal, labels), value);
  set("queue_depth", (nodes * sum(readings.map(({ waiting }) => waiting))) / Math.max(1, readings.length));
  set("preemptions_rate", (60 * sum(readings.map(({ preemptions }) => preemptions))) / seconds);
  if (ready.length > 0) set("kv_cache_usage", mean(ready.map(({ kvUsage }) => kvUsage)));
}

/** The age of the newest record, and how far the input has moved from its reference (PSI over the languages). */
function data(values: Values, ticks: readonly Tick[]): void {
  const service = { service: "support-chat" };
  values.set(seriesKey("data_freshness", service), ticks.at(-1)?.ageS ?? 0);
  const fates = ticks.flatMap((tick) => tick.fates.filter((fate) => fate.service === "support-chat"));
  if (fates.length > 0) values.set(seriesKey("drift_psi", service), psiOfLanguages(fates));
}

/** Shares below this count as this: one rare language must not make the index jump. */
const FLOOR = 0.01;

function psiOfLanguages(fates: readonly Fate[]): number {
  const counts = new Map<string, number>();
  for (const { language } of fates) counts.set(language, (counts.get(language) ?? 0) + 1);
  return sum(
    Object.entries(usualLanguages).map(([language, expected]) => {
      const actual = Math.max(FLOOR, (counts.get(language) ?? 0) / fates.length);
      return (actual - expected) * Math.log(actual / Math.max(FLOOR, expected));
    }),
  );
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : sum(values) / values.length;
}
