import type { Cause } from "../cause.ts";
import type { Change, ChangeKind } from "../change.ts";

/** What the words of a change say about it. The words are untrusted: they can shift a weight, never decide. */
export interface ChangeReading {
  /** What this change could do here. */
  readonly cause: Cause;
  /** From 0 to 1: how plainly it says that it touches nothing that runs. */
  readonly harmless: number;
  /** It says that more may be asked of others: retries, batches, more workers. */
  readonly addsLoad: boolean;
  /** It says that somebody was already repairing something. */
  readonly mitigation: boolean;
  /** It says that it takes effect later, or only on what is new. */
  readonly latent: boolean;
  /** Milliseconds after `at` when it says that it takes effect; 0 where it says nothing. */
  readonly delayMs: number;
  readonly tokens: ReadonlySet<string>;
}

const KIND_CAUSE: Readonly<Record<ChangeKind, Cause>> = {
  prompt: "prompt",
  model: "model",
  data: "data",
  infra: "gpu_infra",
  code: "application",
  config: "application",
  flag: "application",
  provider: "upstream_provider",
};

/** How strongly the kind alone fixes the cause; words must outweigh it. */
const KIND_FIRMNESS: Readonly<Record<ChangeKind, number>> = {
  prompt: 3,
  model: 3,
  data: 2.5,
  infra: 2.5,
  code: 1.6,
  config: 1.4,
  flag: 1.2,
  provider: 4,
};

/** Words that say what is touched, whatever the kind of the change. Weight of one hit in the target or files. */
const TOUCHES: readonly (readonly [Cause, number, RegExp])[] = [
  [
    "measurement",
    4,
    /\b(judge|grader|rubric|golden|gold.?set|evaluation|evaluator|evals?\b|benchmark|scorer|scoring.?script|annotat(or|ion))/,
  ],
  [
    "measurement",
    4,
    /\b(alert.?(rule|ing|manager|threshold)s?|alerts?\b|recording.?rules?|slo\b|exporter|telemetry|instrumentation|observability|prometheus|statsd|otel|scrap(e|ing)|metrics?\b|histogram.?buckets?|sampling.?rate|monitor(s|ing)?.?(rule|threshold))/,
  ],
  [
    "demand",
    3.5,
    /\b(campaign|mailing|newsletter|mail.?shot|promotion(al)?\b|marketing|press release|product.?launch|load.?test|crawler|bulk (job|import|request|send)|batch.?job|backfill.?job|tenant onboard|customer onboard)/,
  ],
  [
    "prompt",
    2.6,
    /\b(prompts?|system.?(prompt|message)|few.?shots?|instructions?|tool.?(description|definition|schema)s?|persona|memory.?block|prompt.?template|chat.?prompt)\b/,
  ],
  [
    "data",
    2.2,
    /\b(embedd(er|ing)s?|re.?embed|vector.?(index|store|db)|re.?index(ed|ing)?|feature.?(store|pipeline|view|table|set))/,
  ],
  [
    "data",
    1.7,
    /\b(index(es)?|chunk(s|ing|er)?|features\b|dataset|corpus|etl|ingest(ion)?|reference.?data|vocabulary|retriev(er|al)|dedup|join key|labels? file|documents?|schema|columns?|lookup|snapshot)\b/,
  ],
  [
    "model",
    2.2,
    /\b(model.?(id|name|version|alias|weights?|router|routing)|checkpoint|adapter|lora|tokeni[sz]er|quanti[sz](ation|ed|e)|fp8|int8|int4|awq|gptq|temperature|top.?[pk]\b|decoding|sampling.?param|fine.?tun(e|ed|ing)|distill(ed)?|champion|speculative|draft model|chat.?template)\b/,
  ],
  [
    "gpu_infra",
    2.2,
    /\b(node.?(image|pool|group)|driver|cuda|nccl|gpu.?operator|gpu|helm|autoscal(er|ing)|hpa|vllm|triton|tensorrt|sglang|tgi\b|max(imum)?.?(batch|num.?seqs?|model.?len|sequences)|batch.?size|kv.?cache|tensor.?parallel|gpu.?memory|cni|ingress|load.?balancer|service.?mesh|mtu)\b/,
  ],
  [
    "gpu_infra",
    1.5,
    /\b(nodes?|kernel|chart|replicas?|engine|certificate|dns|scheduler|firewall|storage.?class|pvc)\b/,
  ],
  ["upstream_provider", 2.2, /\b(deprecat(ed|ion)|retire(d|ment)?|sunset|api.?version of)\b/],
];

/** How plainly a text says that nothing that runs is touched, 0 to 1. */
const HARMLESS: readonly (readonly [number, RegExp])[] = [
  [
    1,
    /\b(logging|css|text|tags?|json|markdown|docs?|comments?|metrics?|names?|labels?|layout|cosmetic|style|dashboards?|readme) only\b/,
  ],
  [
    1,
    /\b(lint(er|ing)?|dev.?dependenc(y|ies)|test.?only|tests? only|typo|readme|changelog|formatting|whitespace|unit tests?)\b/,
  ],
  [0.9, /\b(contacts?|owner(ship)?( field)?|cost cent(re|er)|code ?owners?|licen[cs]e header|grafana)\b/],
  [
    0.9,
    /\b(access log|log level|debug line|(trace|request) ids? (to|in|into) the.{0,12} logs?|logs? .{0,30}(trace|request) id|log(s|ging)? (failed|the))\b/,
  ],
  [0.8, /\b(tag|label)(s|led|ged)? (the |all )?(nodes|buckets|pools?|resources|instances)\b/],
  [0.8, /\b(other service|api examples|documentation|docs site|no functional change)\b/],
  [
    0.7,
    /\b((run|job|build) (ok|succeeded|finished|completed)|(nightly|weekly|daily) .* finished|renewed|no.?op|unchanged|same (words|size|behaviour|output))\b/,
  ],
  [
    0.5,
    /\b(only|patch release|one line|one sentence|minor|no interruption|no (user|customer|functional) (impact|change))\b/,
  ],
  [0.4, /\b(log|trace|counters?|telemetry)\b/],
];

/** Of code and flags: the parts of a user interface, which only the eye can see. */
const VISIBLE: readonly (readonly [number, RegExp])[] = [
  [
    0.6,
    /\b(front.?end|ui|layout|spacing|fonts?|colou?rs?|icons?|avatars?|badges?|buttons?|shortcuts?|menus?|panels?|dialogs?|tooltips?|toasts?|banners?|footers?|sidebar|(typing|loading|progress) (indicator|bar)|themes?|dark mode|settings page|(print|terminal|full.?screen) view|zoom)\b/,
  ],
];

const ADDS_LOAD =
  /\b(retr(y|ies|ied)|batch|concurren\w+|parallel\w*|workers?|poll(s|ing)?|prefetch\w*|fan.?out|backfill|re.?render|re.?process|crawl\w*|bulk|every (second|minute|\d+ s)|no (cache|limit)|unlimited|eager)\b/;

/** A setting of a deployment that serves from GPUs is first of all one of the engine. */
const ENGINE_CONFIG = 0.9;
/** Code of a pipeline that feeds models breaks what they are fed. */
const FEED_CHANGE = 2;

const MITIGATION =
  /\b(by (the )?on.?call|roll(ed|ing)?.?back|revert(s|ed|ing)?|mitigat\w+|hot.?fix|to take load off|on (a )?suspicion|emergency|incident|no effect( seen)?|as a precaution|drain(ed)? (traffic|node))\b/;

const LATENT =
  /\b(new (nodes|pods|sessions|users|documents|requests|tenants) only|until .*recycled|when .*(recycled|restart(ed|s)?)|next (nightly|weekly|daily|scheduled)?.?(run|restart|deploy|build|release)|from (tomorrow|monday|next|midnight)|takes effect|effective|expir(es|y|ed|ation)|valid (for|until)|ttl|renew(al|ed)?|host by host|follows the channel|channel|schedule[ds]?|nightly|reminder|retire[ds]?|retirement|deprecat(ed|ion)|switched off|sunset|over (the next|four|several|\d+) (hours|days))\b/;

const DELAY =
  /\bin (an?|one|two|three|four|five|six|seven|eight|nine|ten|twelve|fourteen|thirty|sixty|ninety|\d+) (minute|hour|day|week|month)s?\b/;
const NUMBERS: Readonly<Record<string, number>> = {
  a: 1,
  an: 1,
  one: 1,
  two: 2,
  three: 3,
  four: 4,
  five: 5,
  six: 6,
  seven: 7,
  eight: 8,
  nine: 9,
  ten: 10,
  twelve: 12,
  fourteen: 14,
  thirty: 30,
  sixty: 60,
  ninety: 90,
};
const UNITS: Readonly<Record<string, number>> = {
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
  week: 604_800_000,
  month: 2_592_000_000,
};

/** Longest text that is read; the rest of a diff adds words, not sense. */
const MAX_TEXT = 4_000;

/** What the changed service is for, where that bears on what a setting or a line of code there can break. */
export type Role = "engine" | "feed" | "other";

export function readChange(change: Change, role: Role): ChangeReading {
  const words = plain(`${change.title} ${change.summary ?? ""}`);
  const place = plain(`${withoutService(change)} ${change.files.slice(0, 40).join(" ")}`);
  const values = plain(`${change.before ?? ""} ${change.after ?? ""}`);
  const diff = plain(touchedLines(change.diff));
  const latent = LATENT.test(words);
  return {
    cause: causeOf(
      change,
      { owner: plain(`${change.service ?? ""} ${change.system}`), words, place, values, diff },
      role,
    ),
    harmless: harmlessIn(words, latent, change.kind),
    addsLoad: ADDS_LOAD.test(words),
    mitigation: MITIGATION.test(words),
    latent,
    delayMs: delayIn(words),
    tokens: tokensOf(`${words} ${plain(change.target)} ${values} ${diff}`),
  };
}

function plain(text: string): string {
  return text
    .slice(0, MAX_TEXT)
    .toLowerCase()
    .replaceAll(/[_/.:,;()"']+/g, " ")
    .replaceAll(/\s+/g, " ");
}

function touchedLines(diff: string | null): string {
  const lines = (diff ?? "").slice(0, MAX_TEXT * 4).split("\n");
  return lines.filter((line) => /^[+-][^+-]/.test(line)).join(" ");
}

interface Texts {
  /** Service and system that the change was made on. */
  readonly owner: string;
  readonly words: string;
  readonly place: string;
  readonly values: string;
  readonly diff: string;
}

/** The target without the name of the service: that says where, not what. */
function withoutService({ target, service, kind }: Change): string {
  const name = service ?? "";
  const rest = name !== "" && target.startsWith(name) ? target.slice(name.length) : target;
  return rest === `/${kind}` ? "" : rest;
}

function causeOf(change: Change, texts: Texts, role: Role): Cause {
  const scores = new Map<Cause, number>([[KIND_CAUSE[change.kind], KIND_FIRMNESS[change.kind]]]);
  // Another embedder is a model by its kind; what it breaks is the index that the old one made.
  const embedder = change.kind === "model" && /embed/.test(`${texts.words} ${texts.values} ${texts.place}`);
  if (embedder) scores.set("data", 1.6);
  if (role === "engine" && change.kind === "config") scores.set("gpu_infra", ENGINE_CONFIG);
  if (role === "feed" && ["code", "config", "flag"].includes(change.kind)) scores.set("data", FEED_CHANGE);
  for (const [cause, hit] of touched(texts)) scores.set(cause, (scores.get(cause) ?? 0) + hit);
  return [...scores].reduce((top, next) => (next[1] > top[1] ? next : top))[0];
}

/** For each cause the plainest word that is touched, by where it stands. */
function touched({ owner, words, place, values, diff }: Texts): Map<Cause, number> {
  const best = new Map<Cause, number>();
  for (const [cause, weight, pattern] of TOUCHES) {
    // The name of a judge, of the alerting or of marketing says what is touched; that of a product does not.
    const whole = cause === "measurement" || cause === "demand" ? `${owner} ${place}` : place;
    const counted: readonly (readonly [string, number])[] = [
      [whole, 1],
      [words, 0.7],
      [values, 0.8],
      [diff, 0.5],
    ];
    const hits = counted.reduce((sum, [text, share]) => (pattern.test(text) ? sum + share : sum), 0);
    best.set(cause, Math.max(best.get(cause) ?? 0, weight * Math.min(1.3, hits)));
  }
  return best;
}

/** What takes effect later may well say “only”: that is no promise. */
function harmlessIn(words: string, latent: boolean, kind: ChangeKind): number {
  const lists = kind === "code" || kind === "flag" ? [...HARMLESS, ...VISIBLE] : HARMLESS;
  const most = lists.reduce((top, [weight, pattern]) => (pattern.test(words) ? Math.max(top, weight) : top), 0);
  return latent && most <= 0.5 ? 0 : most;
}

function delayIn(words: string): number {
  const [, amount = "", unit = ""] = DELAY.exec(words) ?? [];
  const count = NUMBERS[amount] ?? Number.parseInt(amount, 10);
  return Number.isFinite(count) ? count * (UNITS[unit] ?? 0) : 0;
}

const STOP = new Set(
  "the and for with from that this into onto over than then them they are was were has have had not now new old all any its per one two more less when where which while after before until only also each other same next last first service error errors failed failure alert high low above below percent requests request answers answer seconds code data model prompt infra config flag provider github langfuse mlflow argocd kubernetes terraform launchdarkly airflow version update change added adds add main system".split(
    " ",
  ),
);

/** Words of three letters and more that mean something, without plural and common endings. */
export function tokensOf(text: string): Set<string> {
  const raw = text.toLowerCase().split(/[^a-z0-9]+/);
  return new Set(raw.filter((word) => word.length >= 3 && !STOP.has(word) && !/^\d+$/.test(word)).map(stem));
}

function stem(word: string): string {
  if (word.length > 5 && word.endsWith("ing")) return word.slice(0, -3);
  if (word.length > 4 && word.endsWith("es")) return word.slice(0, -2);
  if (word.length > 4 && word.endsWith("ed")) return word.slice(0, -2);
  return word.length > 3 && word.endsWith("s") ? word.slice(0, -1) : word;
}
