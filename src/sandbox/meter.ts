import type { Labels } from "../domain/json.ts";
import type { Fate } from "./fate.ts";
import { foundationSignals } from "./foundation.ts";
import { Histogram } from "./histogram.ts";
import { type SeriesKey, seriesKey } from "./series-key.ts";
import type { Tick } from "./tick.ts";

/** Seconds that a ratio or a percentile looks back: long enough to be smooth, short enough to follow a break. */
export const WINDOW_S = 8;
const SECONDS_PER_HOUR = 3_600;
/** A slice with fewer answers in the window than this has no value: a ratio over a handful says nothing. */
const LEAST = 15;
/** An answer of so few tokens says nothing. */
const EMPTY_TOKENS = 5;

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

/** What is summed up over the requests of a group. */
const OF_ALL = ["sent", "failed", "timeouts", "overloaded", "throttled", "theirs", "cost", "ok"] as const;
/** The same for those that were answered, alone. */
const OF_ANSWERED = [
  "invalid",
  "refused",
  "hallucinated",
  "disliked",
  "toolFailed",
  "blocked",
  "empty",
  "retrieved",
  "judged",
  "score",
  "input",
  "cached",
  "output",
] as const;
const SUMS = [...OF_ALL, ...OF_ANSWERED];
type Sums = Readonly<Record<(typeof SUMS)[number], number>>;

/** What one request adds to each sum, in their order. */
function sumsOf(fate: Fate): number[] {
  const { outcome } = fate;
  const foreign = fate.provider !== null;
  const ok = outcome === "ok";
  const all = [
    1,
    Number(!ok),
    Number(outcome === "timeout"),
    Number(foreign && outcome === "overloaded"),
    Number(foreign && outcome === "throttled"),
    Number(foreign && !ok && outcome !== "crashed"),
    fate.costUsd,
    Number(ok),
  ];
  if (!ok) return all;
  all.push(
    Number(!fate.formatValid),
    Number(fate.refused),
    Number(fate.hallucinated),
    Number(fate.disliked),
    Number(fate.toolFailed),
    Number(fate.blocked),
    Number(fate.outputTokens <= EMPTY_TOKENS),
    Number(fate.retrieved),
    Number(fate.judged !== null),
    fate.judged ?? 0,
    fate.inputTokens,
    fate.cachedTokens,
    fate.outputTokens,
  );
  return all;
}

/** The requests of the window that share their labels: sums for each second of it, and their times. */
class Group {
  readonly labels: Labels;
  readonly latency = new Histogram(WINDOW_S);
  readonly ttft = new Histogram(WINDOW_S);
  readonly pace = new Histogram(WINDOW_S);
  readonly #seconds: Float64Array[] = [];

  readonly #keys = new Map<string, SeriesKey>();

  constructor(labels: Labels) {
    this.labels = labels;
  }

  key(signal: string): SeriesKey {
    const known = this.#keys.get(signal) ?? seriesKey(signal, this.labels);
    this.#keys.set(signal, known);
    return known;
  }

  next(): void {
    const oldest = this.#seconds.length < WINDOW_S ? undefined : this.#seconds.shift();
    this.#seconds.push(oldest?.fill(0) ?? new Float64Array(SUMS.length));
    this.latency.next();
    this.ttft.next();
    this.pace.next();
  }

  add(fate: Fate, one: readonly number[]): void {
    const now = this.#seconds.at(-1);
    if (now === undefined) return;
    for (let i = 0; i < one.length; i += 1) now[i] = (now[i] ?? 0) + (one[i] ?? 0);
    if (fate.outcome !== "ok") return;
    this.latency.add(fate.latencyS);
    this.ttft.add(fate.ttftS);
    this.pace.add((fate.latencyS - fate.ttftS) / fate.outputTokens);
  }

  total(): Sums {
    const total = new Float64Array(SUMS.length);
    for (const second of this.#seconds)
      for (let i = 0; i < total.length; i += 1) total[i] = (total[i] ?? 0) + (second[i] ?? 0);
    return Object.fromEntries(SUMS.map((name, i) => [name, total[i] ?? 0])) as Sums;
  }
}

/** Turns seconds into the signals of the vocabulary, over a window that slides. */
export class Meter {
  readonly #groups = new Map<string, Group>();
  readonly #ticks: Tick[] = [];

  /** Takes one second in. @returns the value of each series that has one now */
  take(tick: Tick): Map<SeriesKey, number> {
    this.#ticks.push(tick);
    if (this.#ticks.length > WINDOW_S) this.#ticks.shift();
    for (const group of this.#groups.values()) group.next();
    for (const fate of tick.fates) if (fate.outcome !== "limited") this.#add(fate);
    const values = new Map<SeriesKey, number>();
    for (const [key, group] of this.#groups) if (!measure(values, group, this.#ticks.length)) this.#groups.delete(key);
    foundationSignals(values, this.#ticks);
    return values;
  }

  /** The requests of the window, for samples of the input. */
  fates(): Fate[] {
    return this.#ticks.flatMap(({ fates }) => fates);
  }

  #add(fate: Fate): void {
    const one = sumsOf(fate);
    this.#group("service", fate.service, null).add(fate, one);
    if (fate.provider !== null) this.#group("from", fate.provider, null).add(fate, one);
    if (fate.service !== "support-chat") return;
    for (const [dimension, of] of SLICES) {
      const value = of(fate);
      if (value !== null) this.#group(dimension, value, fate.service).add(fate, one);
    }
  }

  #group(dimension: string, value: string, service: string | null): Group {
    const key = `${dimension} ${value}`;
    const known = this.#groups.get(key);
    if (known !== undefined) return known;
    const name = dimension === "from" ? "provider" : dimension;
    const group = new Group(service === null ? { [name]: value } : { service, [name]: value });
    group.next();
    this.#groups.set(key, group);
    return group;
  }
}

/** @returns false when nothing is left of the group in the window */
function measure(values: Map<SeriesKey, number>, group: Group, seconds: number): boolean {
  const total = group.total();
  if (total.sent === 0) return false;
  const set = (signal: string, value: number | null) => {
    if (value !== null && Number.isFinite(value)) values.set(group.key(signal), value);
  };
  if (group.labels["service"] === undefined) {
    provider(set, group, total);
    return true;
  }
  const isSlice = Object.keys(group.labels).length > 1;
  set("request_rate", total.sent / seconds);
  set("cost_per_hour", (total.cost / seconds) * SECONDS_PER_HOUR);
  if (isSlice && total.sent < LEAST) return true;
  set("error_ratio", total.failed / total.sent);
  if (!isSlice || total.ok >= LEAST) answers(set, group, total);
  if (!isSlice) whole(set, group, total);
  return true;
}

type Set = (signal: string, value: number | null) => void;

function answers(set: Set, { labels, latency, ttft }: Group, total: Sums): void {
  if (total.ok === 0) return;
  set("latency_p95", latency.quantile(0.95));
  set("ttft_p95", ttft.quantile(0.95));
  set("format_valid_ratio", 1 - total.invalid / total.ok);
  set("refusal_ratio", total.refused / total.ok);
  set("hallucination_ratio", total.hallucinated / total.ok);
  set("negative_feedback_ratio", total.disliked / total.ok);
  set("quality_score", total.judged === 0 ? null : total.score / total.judged);
  set("cache_hit_ratio", total.cached / total.input);
  set("input_tokens_per_request", total.input / total.ok);
  set("output_tokens_per_request", total.output / total.ok);
  if (labels["service"] === "support-chat") set("retrieval_hit_ratio", total.retrieved / total.ok);
}

function whole(set: Set, { pace }: Group, total: Sums): void {
  set("timeout_ratio", total.timeouts / total.sent);
  if (total.ok === 0) return;
  set("inter_token_latency_p95", pace.quantile(0.95));
  set("tool_error_ratio", total.toolFailed / total.ok);
  set("guardrail_block_ratio", total.blocked / total.ok);
  set("empty_response_ratio", total.empty / total.ok);
}

function provider(set: Set, { latency }: Group, total: Sums): void {
  set("provider_error_ratio", total.theirs / total.sent);
  set("provider_overloaded_ratio", total.overloaded / total.sent);
  set("provider_rate_limited_ratio", total.throttled / total.sent);
  set("provider_latency_p95", latency.quantile(0.95));
}
