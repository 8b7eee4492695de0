import { createHash } from "node:crypto";
import { type SeriesKey, seriesKey } from "./meter.ts";

/** A rule on one series: fires when it holds for `FOR_S` seconds in a row. */
interface Rule {
  readonly alert: string;
  readonly signal: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly above?: number;
  readonly below?: number;
  readonly severity: "critical" | "warning";
  readonly summary: string;
}

const chat = { service: "support-chat" };
const pool = { service: "llm-pool" };

/** What the people who run this service would be paged for. */
const rules: readonly Rule[] = [
  {
    alert: "SupportChatErrors",
    signal: "error_ratio",
    labels: chat,
    above: 0.065,
    severity: "critical",
    summary: "support-chat fails more than 6.5 % of its requests",
  },
  {
    alert: "SupportChatSlow",
    signal: "latency_p95",
    labels: chat,
    above: 13,
    severity: "critical",
    summary: "support-chat p95 latency is above 13 s",
  },
  {
    alert: "SupportChatFirstToken",
    signal: "ttft_p95",
    labels: chat,
    above: 1.9,
    severity: "warning",
    summary: "support-chat p95 time to first token is above 1.9 s",
  },
  {
    alert: "SupportChatFormat",
    signal: "format_valid_ratio",
    labels: chat,
    below: 0.88,
    severity: "critical",
    summary: "support-chat answers miss their schema",
  },
  {
    alert: "SupportChatQuality",
    signal: "quality_score",
    labels: chat,
    below: 0.79,
    severity: "critical",
    summary: "support-chat quality score is below 0.79",
  },
  {
    alert: "SupportChatRefusals",
    signal: "refusal_ratio",
    labels: chat,
    above: 0.085,
    severity: "warning",
    summary: "support-chat refuses more than 8.5 % of requests",
  },
  {
    alert: "SupportChatCache",
    signal: "cache_hit_ratio",
    labels: chat,
    below: 0.14,
    severity: "warning",
    summary: "support-chat prompt cache hit ratio is below 0.14",
  },
  {
    alert: "SupportChatRetrieval",
    signal: "retrieval_hit_ratio",
    labels: chat,
    below: 0.78,
    severity: "warning",
    summary: "support-chat retrieval finds too little",
  },
  {
    alert: "SupportChatTraffic",
    signal: "request_rate",
    labels: chat,
    above: 110,
    severity: "warning",
    summary: "support-chat receives far more requests than usual",
  },
  {
    alert: "PoolQueue",
    signal: "queue_depth",
    labels: pool,
    above: 60,
    severity: "critical",
    summary: "requests queue in front of the pool",
  },
  {
    alert: "PoolCache",
    signal: "kv_cache_usage",
    labels: pool,
    above: 0.95,
    severity: "warning",
    summary: "the key-value cache of the pool is full",
  },
];

const FOR_S = 3;
const KEEP_S = 4;

/** What a rule has seen so far. */
export interface RuleState {
  readonly streak: number;
  readonly calm: number;
  readonly firingSince: number | null;
}
export type MonitorState = Readonly<Record<string, RuleState>>;

/** An alert of an Alertmanager webhook, version "4". */
export interface WebhookAlert {
  readonly status: "firing" | "resolved";
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAt: string;
  readonly endsAt: string;
  readonly generatorURL: string;
  readonly fingerprint: string;
}

/** Judges every rule on the values of one second. @returns the state after, and the bodies to deliver, one for each service whose alerts changed */
export function evaluate(
  state: MonitorState,
  values: ReadonlyMap<SeriesKey, number>,
  now: number,
): { state: MonitorState; bodies: object[] } {
  const next: Record<string, RuleState> = {};
  const changed = new Set<string>();
  const ended: { rule: Rule; since: number }[] = [];
  for (const each of rules) {
    const before = state[each.alert] ?? { streak: 0, calm: 0, firingSince: null };
    const after = follow(before, holds(each, values), now);
    next[each.alert] = after;
    if (before.firingSince === after.firingSince) continue;
    changed.add(each.labels["service"] ?? "");
    if (before.firingSince !== null) ended.push({ rule: each, since: before.firingSince });
  }
  const bodies = [...changed].map((service) => {
    const mine = rules.filter((each) => each.labels["service"] === service);
    const firing = mine.flatMap((each) => alertOf(each, next[each.alert]?.firingSince ?? null, null));
    const over = ended
      .filter((each) => each.rule.labels["service"] === service)
      .flatMap((each) => alertOf(each.rule, each.since, now));
    return body(service, [...firing, ...over]);
  });
  return { state: next, bodies };
}

function holds({ signal, labels, above, below }: Rule, values: ReadonlyMap<SeriesKey, number>): boolean {
  const value = values.get(seriesKey(signal, labels));
  return value !== undefined && ((above !== undefined && value > above) || (below !== undefined && value < below));
}

function follow({ streak, calm, firingSince }: RuleState, bad: boolean, now: number): RuleState {
  if (bad) return { streak: streak + 1, calm: 0, firingSince: firingSince ?? (streak + 1 >= FOR_S ? now : null) };
  return { streak: 0, calm: calm + 1, firingSince: calm + 1 >= KEEP_S ? null : firingSince };
}

function alertOf(
  { alert, signal, labels, severity, summary }: Rule,
  since: number | null,
  endedAt: number | null,
): WebhookAlert[] {
  if (since === null) return [];
  const all = { alertname: alert, severity, signal, ...labels };
  const fingerprint = createHash("sha256")
    .update(JSON.stringify(Object.entries(all).toSorted()))
    .digest("hex")
    .slice(0, 16);
  return [
    {
      status: endedAt === null ? "firing" : "resolved",
      labels: all,
      annotations: { summary },
      startsAt: new Date(since).toISOString(),
      endsAt: endedAt === null ? "0001-01-01T00:00:00Z" : new Date(endedAt).toISOString(),
      generatorURL: "",
      fingerprint,
    },
  ];
}

function body(service: string, alerts: readonly WebhookAlert[]): object {
  const firing = alerts.some(({ status }) => status === "firing");
  return {
    version: "4",
    groupKey: `{}:{service="${service}"}`,
    truncatedAlerts: 0,
    status: firing ? "firing" : "resolved",
    receiver: "faultline",
    groupLabels: { service },
    commonLabels: { service },
    commonAnnotations: {},
    externalURL: "http://sandbox.invalid",
    alerts,
  };
}
