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
const rule = (
  alert: string,
  signal: string,
  bound: Pick<Rule, "above" | "below">,
  summary: string,
  severity: Rule["severity"] = "critical",
  labels: Rule["labels"] = chat,
): Rule => ({
  alert,
  signal,
  labels,
  ...bound,
  severity,
  summary,
});

/** What the people who run this service would be paged for. Costs are judged against what a request usually costs. */
const rules: readonly Rule[] = [
  rule("SupportChatErrors", "error_ratio", { above: 0.065 }, "support-chat fails more than 6.5 % of its requests"),
  rule("SupportChatSlow", "latency_p95", { above: 13 }, "support-chat p95 latency is above 13 s"),
  rule(
    "SupportChatFirstToken",
    "ttft_p95",
    { above: 1.9 },
    "support-chat p95 time to first token is above 1.9 s",
    "warning",
  ),
  rule("SupportChatFormat", "format_valid_ratio", { below: 0.88 }, "support-chat answers miss their schema"),
  rule("SupportChatQuality", "quality_score", { below: 0.79 }, "support-chat quality score is below 0.79"),
  rule(
    "SupportChatRefusals",
    "refusal_ratio",
    { above: 0.085 },
    "support-chat refuses more than 8.5 % of requests",
    "warning",
  ),
  rule(
    "SupportChatCache",
    "cache_hit_ratio",
    { below: 0.14 },
    "support-chat prompt cache hit ratio is below 0.14",
    "warning",
  ),
  rule(
    "SupportChatRetrieval",
    "retrieval_hit_ratio",
    { below: 0.78 },
    "support-chat retrieval finds too little",
    "warning",
  ),
  rule(
    "SupportChatTraffic",
    "request_rate",
    { above: 110 },
    "support-chat receives far more requests than usual",
    "warning",
  ),
  rule("PoolQueue", "queue_depth", { above: 60 }, "requests queue in front of the pool", "critical", {
    service: "llm-pool",
  }),
  rule("PoolCache", "kv_cache_usage", { above: 0.95 }, "the key-value cache of the pool is full", "warning", {
    service: "llm-pool",
  }),
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
      generatorURL: `http://sandbox.invalid/graph?g0.expr=${signal}`,
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
