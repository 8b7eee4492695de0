import { createHash } from "node:crypto";
import { type SeriesKey, seriesKey } from "./series-key.ts";
import { POOL, type World } from "./world.ts";

/** A rule on one series. Bounds that depend on the size of the service come from what it was launched with. */
interface Rule {
  readonly alert: string;
  readonly signal: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Who is paged: not every series has a service of its own. */
  readonly service: string;
  readonly above?: number | ((world: World) => number);
  readonly below?: number;
  readonly severity: "critical" | "warning";
  readonly summary: string;
}

type Bound = Pick<Rule, "above" | "below">;

function chat(alert: string, signal: string, bound: Bound, rest: Pick<Rule, "summary" | "severity">): Rule {
  return { alert, signal, ...bound, ...rest, service: "support-chat", labels: { service: "support-chat" } };
}

const critical = (summary: string) => ({ summary, severity: "critical" }) as const;
const warning = (summary: string) => ({ summary, severity: "warning" }) as const;

/** US dollars an hour for each request a second, of the service at its launch. */
const USUAL_COST = 15.5;

/**
 * What the people who run this would be paged for. Each bound lies well outside of what a day without a fault shows (the
 * extremes over ten hours of ten seeds), and well inside of what the faults do. Errors are paged for where users feel
 * them: of a provider that was taken out of the rotation nothing could ever be seen to recover.
 */
export const rules: readonly Rule[] = [
  chat(
    "SupportChatErrors",
    "error_ratio",
    { above: 0.05 },
    critical("support-chat fails more than 5 % of its requests"),
  ),
  chat("SupportChatSlow", "latency_p95", { above: 12 }, critical("support-chat p95 latency is above 12 s")),
  chat(
    "SupportChatFirstToken",
    "ttft_p95",
    { above: 1.2 },
    warning("support-chat p95 time to first token is above 1.2 s"),
  ),
  chat("SupportChatFormat", "format_valid_ratio", { below: 0.9 }, critical("support-chat answers miss their schema")),
  chat("SupportChatQuality", "quality_score", { below: 0.79 }, critical("support-chat quality score is below 0.79")),
  chat(
    "SupportChatRefusals",
    "refusal_ratio",
    { above: 0.085 },
    warning("support-chat refuses more than 8.5 % of requests"),
  ),
  chat(
    "SupportChatGrounding",
    "hallucination_ratio",
    { above: 0.14 },
    warning("support-chat answers are not grounded"),
  ),
  chat("SupportChatFeedback", "negative_feedback_ratio", { above: 0.085 }, warning("support-chat gets thumbs down")),
  chat(
    "SupportChatPromptCache",
    "cache_hit_ratio",
    { below: 0.3 },
    warning("support-chat prompt cache hit ratio is below 0.3"),
  ),
  chat(
    "SupportChatCost",
    "cost_per_hour",
    { above: ({ requestsPerSecond }) => 2 * USUAL_COST * requestsPerSecond },
    warning("support-chat costs twice as much as planned"),
  ),
  chat(
    "SupportChatRetrieval",
    "retrieval_hit_ratio",
    { below: 0.8 },
    warning("support-chat retrieval finds too little"),
  ),
  chat(
    "SupportChatTraffic",
    "request_rate",
    { above: ({ requestsPerSecond }) => 1.6 * requestsPerSecond },
    warning("support-chat receives far more requests than usual"),
  ),
  {
    ...chat("PoolQueue", "queue_depth", { above: 24 }, critical("requests queue in front of the pool")),
    service: "llm-pool",
    labels: { service: "llm-pool" },
  },
  {
    ...chat("PoolCache", "kv_cache_usage", { above: 0.92 }, warning("the key-value cache of the pool is full")),
    service: "llm-pool",
    labels: { service: "llm-pool" },
  },
  {
    ...chat("PoolXid", "gpu_xid_errors", { above: 6 }, warning("XID errors in the pool")),
    service: "llm-pool",
    labels: { gpu_pool: POOL },
  },
];

/** Seconds that a rule must hold before it fires, and must not hold before it is resolved. */
const FOR_S = 3;
const KEEP_S = 4;

/** What a rule has seen so far. */
interface RuleState {
  readonly streak: number;
  readonly calm: number;
  readonly firingSince: number | null;
}
export type MonitorState = Readonly<Record<string, RuleState>>;

/** The body of an Alertmanager webhook, version "4" (prometheus/alertmanager notify/webhook, template/template.go). */
export interface WebhookBody {
  readonly version: "4";
  readonly groupKey: string;
  readonly truncatedAlerts: number;
  readonly status: "firing" | "resolved";
  readonly receiver: string;
  readonly groupLabels: Readonly<Record<string, string>>;
  readonly commonLabels: Readonly<Record<string, string>>;
  readonly commonAnnotations: Readonly<Record<string, string>>;
  readonly externalURL: string;
  readonly alerts: readonly WebhookAlert[];
}

interface WebhookAlert {
  readonly status: "firing" | "resolved";
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAt: string;
  readonly endsAt: string;
  readonly generatorURL: string;
  readonly fingerprint: string;
}

const ZERO_TIME = "0001-01-01T00:00:00Z";
const EXTERNAL_URL = "http://sandbox.invalid";

export interface Judged {
  readonly state: MonitorState;
  /** One body for each service whose alerts changed. */
  readonly bodies: readonly WebhookBody[];
}

/** Judges every rule on the values of one second. */
export function evaluate(
  state: MonitorState,
  { values, world, at }: { values: ReadonlyMap<SeriesKey, number>; world: World; at: number },
): Judged {
  const next: Record<string, RuleState> = {};
  const changed = new Set<string>();
  const ended: { rule: Rule; since: number }[] = [];
  for (const rule of rules) {
    const key = seriesKey(rule.alert, rule.labels);
    const before = state[key] ?? { streak: 0, calm: 0, firingSince: null };
    const after = follow(before, holds(rule, values, world), at);
    next[key] = after;
    if (before.firingSince === after.firingSince) continue;
    changed.add(rule.service);
    if (before.firingSince !== null) ended.push({ rule, since: before.firingSince });
  }
  const bodies = [...changed].map((service) => {
    const mine = rules.filter((rule) => rule.service === service);
    const firing = mine.flatMap((rule) =>
      alertOf(rule, next[seriesKey(rule.alert, rule.labels)]?.firingSince ?? null, null),
    );
    const over = ended
      .filter(({ rule }) => rule.service === service)
      .flatMap(({ rule, since }) => alertOf(rule, since, at));
    return bodyOf(service, [...firing, ...over]);
  });
  return { state: next, bodies };
}

/** Does any rule fire now? */
export function isFiring(state: MonitorState): boolean {
  return Object.values(state).some(({ firingSince }) => firingSince !== null);
}

function holds({ signal, labels, above, below }: Rule, values: ReadonlyMap<SeriesKey, number>, world: World): boolean {
  const value = values.get(seriesKey(signal, labels));
  if (value === undefined) return false;
  const most = typeof above === "function" ? above(world) : above;
  return (most !== undefined && value > most) || (below !== undefined && value < below);
}

function follow({ streak, calm, firingSince }: RuleState, bad: boolean, at: number): RuleState {
  if (bad) return { streak: streak + 1, calm: 0, firingSince: firingSince ?? (streak + 1 >= FOR_S ? at : null) };
  return { streak: 0, calm: calm + 1, firingSince: calm + 1 >= KEEP_S ? null : firingSince };
}

function alertOf(rule: Rule, since: number | null, endedAt: number | null): WebhookAlert[] {
  if (since === null) return [];
  const { alert, signal, service, severity, summary } = rule;
  const labels = { alertname: alert, service, severity, signal, ...rule.labels };
  return [
    {
      status: endedAt === null ? "firing" : "resolved",
      labels,
      annotations: { summary },
      startsAt: new Date(since).toISOString(),
      endsAt: endedAt === null ? ZERO_TIME : new Date(endedAt).toISOString(),
      generatorURL: "",
      fingerprint: fingerprint(labels),
    },
  ];
}

/** Sixteen hexadecimal digits that depend on the labels alone, as Alertmanager's do. */
function fingerprint(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return createHash("sha256").update(JSON.stringify(pairs)).digest("hex").slice(0, 16);
}

function bodyOf(service: string, alerts: readonly WebhookAlert[]): WebhookBody {
  return {
    version: "4",
    groupKey: `{}:{service="${service}"}`,
    truncatedAlerts: 0,
    status: alerts.some(({ status }) => status === "firing") ? "firing" : "resolved",
    receiver: "faultline",
    groupLabels: { service },
    commonLabels: common(alerts.map(({ labels }) => labels)),
    commonAnnotations: common(alerts.map(({ annotations }) => annotations)),
    externalURL: EXTERNAL_URL,
    alerts,
  };
}

/** What all of them say alike. */
function common(all: readonly Readonly<Record<string, string>>[]): Record<string, string> {
  const [first = {}, ...others] = all;
  return Object.fromEntries(
    Object.entries(first).filter(([key, value]) => others.every((other) => other[key] === value)),
  );
}
