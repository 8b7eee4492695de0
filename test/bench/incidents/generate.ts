import { signals } from "../../../src/domain/signal.ts";
import { FILLERS } from "./fillers.ts";
import type { Flat, Move, Sketch } from "./sketch.ts";

/** A small deterministic generator (mulberry32). */
export function randomOf(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export function normalOf(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

const USUAL: Readonly<Record<string, number>> = {
  request_rate: 40,
  error_ratio: 0.004,
  timeout_ratio: 0.002,
  latency_p95: 2.1,
  ttft_p95: 0.6,
  inter_token_latency_p95: 0.03,
  input_tokens_per_request: 2200,
  output_tokens_per_request: 300,
  cost_per_hour: 40,
  cache_hit_ratio: 0.6,
  quality_score: 0.87,
  format_valid_ratio: 0.995,
  refusal_ratio: 0.012,
  hallucination_ratio: 0.03,
  guardrail_block_ratio: 0.02,
  tool_error_ratio: 0.01,
  negative_feedback_ratio: 0.045,
  empty_response_ratio: 0.001,
  prediction_mean: 0.2,
  retrieval_hit_ratio: 0.91,
  feature_null_ratio: 0.006,
  data_freshness: 300,
  drift_psi: 0.04,
  queue_depth: 3,
  kv_cache_usage: 0.55,
  preemptions_rate: 0.1,
  ready_replicas_ratio: 1,
  pod_restarts: 0,
  pending_pods: 0,
  gpu_utilization: 0.7,
  gpu_memory_used: 0.83,
  gpu_xid_errors: 0,
  gpu_ecc_errors: 0,
  gpu_temperature: 64,
  gpu_throttle_ratio: 0.002,
  node_not_ready: 0,
  network_errors_rate: 0.07,
  provider_error_ratio: 0.005,
  provider_latency_p95: 1.8,
  provider_rate_limited_ratio: 0.001,
  provider_overloaded_ratio: 0.001,
  probe_success_ratio: 0.997,
  probe_format_valid_ratio: 0.997,
};
/** Follow the hour of the day. */
const RHYTHMIC = [
  "request_rate",
  "latency_p95",
  "gpu_utilization",
  "cost_per_hour",
  "queue_depth",
  "kv_cache_usage",
  "provider_latency_p95",
];
const MINUTE = 60_000;

export interface GeneratedOptions {
  /** Standard deviation of the noise, as a factor of the usual one. */
  readonly noise?: number;
  /** Share of the optional series that is left out. */
  readonly missing?: number;
}

/** One recorded scenario of a sketch, in the format of version 1; the same seed gives the same bytes. */
export function generate(
  sketch: Sketch,
  seed: number,
  { noise = 1, missing = 0.3 }: GeneratedOptions = {},
): Record<string, unknown> {
  const random = randomOf(seed * 7919 + hash(sketch.name));
  const stepMs = (sketch.stepS ?? 60) * 1000;
  const now = Date.UTC(
    2026,
    Math.floor(random() * 9),
    1 + Math.floor(random() * 27),
    Math.floor(random() * 24),
    Math.floor(random() * 60),
  );
  const lag = Math.max(3, Math.round(sketch.lag * (0.8 + random() * 0.5)));
  const onset = now - lag * MINUTE;
  const clock: Clock = { now, onset, stepMs, start: now - (sketch.hours ?? 8) * 3_600_000 };
  const focal = sketch.services[0]?.name ?? "service";
  const place = (on: Readonly<Record<string, string>> | undefined) => on ?? { service: sketch.alert[2] ?? focal };
  const kept = sketch.flat.filter(() => random() >= missing);
  const moves = sketch.moves.filter((move, i) => i === 0 || move.always === true || random() >= missing * 0.7);
  const rhythm = { size: sketch.rhythm ?? 0.18, phase: random() * 2 * Math.PI };
  const series = [
    ...moves,
    ...kept.map((flat): Move & { still: true } => ({
      signal: flat.signal,
      ...(flat.on === undefined ? {} : { on: flat.on }),
      from: usualOf(flat),
      to: usualOf(flat),
      still: true,
    })),
  ].map((move) => seriesOf(move, place(move.on), { clock, random, noise, rhythm }));
  const changes = [
    ...sketch.changes.map((change) => ({ ...change, time: onset + change.at * MINUTE })),
    ...fillers(sketch, clock, random),
  ]
    .filter(({ time }) => time <= now)
    .toSorted((a, b) => a.time - b.time);
  const ids = new Map(changes.map((change, i) => [change.key, `chg-${String(i + 1).padStart(3, "0")}`]));
  return {
    version: 1,
    id: `${sketch.name}-${seed}`,
    title: sketch.name,
    now: new Date(now).toISOString(),
    catalog: {
      services: sketch.services.map((service) => ({
        owner: "team",
        models: [],
        prompts: [],
        providers: [],
        gpu_pools: [],
        datasets: [],
        depends_on: [],
        ...service,
      })),
    },
    alerts: [alertBody(sketch, focal, now)],
    changes: changes.map((change) => changeOf(change, ids.get(change.key) ?? "", { focal, onset })),
    series,
    provider_status: (sketch.status ?? []).map(({ provider, title, impact, started, posted, components }) => ({
      provider,
      title,
      impact,
      started_at: iso(onset + started * MINUTE),
      posted_at: iso(onset + posted * MINUTE),
      resolved_at: null,
      components: components ?? ["API"],
    })),
    samples: (sketch.samples ?? []).map((sample) => sampleOf(sample, sample.service ?? focal, random)),
    logs: (sketch.logs ?? [])
      .filter(() => random() >= missing)
      .map(({ service, template, perMin, baseline, labels, from }) => {
        const since = onset + (from ?? 0.5) * MINUTE;
        return {
          service: service ?? focal,
          labels: labels ?? {},
          template,
          first_seen: iso(Math.min(since, now - MINUTE)),
          last_seen: iso(now - MINUTE / 2),
          count: Math.max(2, Math.round(perMin * Math.max(1, (now - since) / MINUTE))),
          baseline_per_hour: baseline ?? 0,
        };
      }),
    traces: [],
    expect: {
      cause: sketch.cause,
      causes_ok: sketch.causesOk ?? [],
      culprit: sketch.culprit === undefined ? null : (ids.get(sketch.culprit) ?? null),
      culprits_ok: (sketch.culpritsOk ?? []).flatMap((key) => ids.get(key) ?? []),
      remedy: sketch.remedy,
    },
  };
}

function iso(at: number): string {
  return new Date(at).toISOString();
}

function hash(text: string): number {
  let h = 2166136261;
  for (let i = 0; i < text.length; i += 1) h = Math.imul(h ^ text.charCodeAt(i), 16777619);
  return h >>> 0;
}

interface Clock {
  readonly now: number;
  readonly onset: number;
  readonly stepMs: number;
  readonly start: number;
}

interface Making {
  readonly clock: Clock;
  readonly random: () => number;
  readonly noise: number;
  readonly rhythm: { readonly size: number; readonly phase: number };
}

function usualOf({ signal, at }: Flat): number {
  return at ?? USUAL[signal] ?? 1;
}

function seriesOf(move: Move & { still?: true }, labels: Readonly<Record<string, string>>, making: Making) {
  const { clock, random, noise, rhythm } = making;
  const usual = move.from ?? USUAL[move.signal] ?? 1;
  const values: (number | null)[] = [];
  const known = Object.hasOwn(signals, move.signal);
  for (let at = clock.start; at <= clock.now; at += clock.stepMs) {
    const since = (at - clock.onset) / MINUTE - (move.delay ?? 0) - (move.still === true ? 0 : 0.2);
    if (move.appears === true && since < 0) values.push(null);
    else if (random() < 0.004) values.push(null);
    else
      values.push(noisy(levelAt(move, usual, since) * tide(move.signal, at, rhythm), move.signal, { random, noise }));
  }
  return {
    ...(known ? { signal: move.signal } : { metric: move.signal }),
    labels,
    start: iso(clock.start),
    step_s: clock.stepMs / 1000,
    values,
  };
}

function levelAt(move: Move & { still?: true }, usual: number, since: number): number {
  if (move.still === true || since < 0) return usual;
  if (move.wave !== undefined && Math.floor(since / move.wave) % 2 === 1) return usual + (move.to - usual) * 0.15;
  const share = move.ramp === undefined || move.ramp === 0 ? 1 : Math.min(1, since / move.ramp);
  return usual + (move.to - usual) * share;
}

function tide(signal: string, at: number, { size, phase }: Making["rhythm"]): number {
  return RHYTHMIC.includes(signal) ? 1 + size * Math.sin((2 * Math.PI * at) / 86_400_000 + phase) : 1;
}

function noisy(level: number, signal: string, { random, noise }: { random: () => number; noise: number }): number {
  const unit = (signals as Readonly<Record<string, { unit: string }>>)[signal]?.unit ?? "value";
  const z = normalOf(random) * noise;
  if (
    ["1/min", "pods", "nodes"].includes(unit) &&
    level < 20 &&
    signal !== "network_errors_rate" &&
    signal !== "preemptions_rate"
  )
    return level === 0 ? 0 : Math.max(0, Math.round(level + z * Math.sqrt(level) * 0.6));
  if (signal === "ready_replicas_ratio" && level > 0.999) return 1;
  if (unit === "ratio") return Math.min(1, Math.max(0, level + z * (0.0006 + 0.09 * level * (1 - level))));
  if (signal === "gpu_temperature") return level + z * 0.9;
  return Math.max(0, level * (1 + 0.05 * z));
}

function alertBody({ alert: [name, summary, service, severity] }: Sketch, focal: string, now: number) {
  const labels = { alertname: name, severity: severity ?? "critical", service: service ?? focal };
  return {
    version: "4",
    groupKey: `{}:{alertname="${name}"}`,
    status: "firing",
    receiver: "bot",
    groupLabels: {},
    commonLabels: labels,
    commonAnnotations: { summary },
    externalURL: "http://alertmanager.example",
    alerts: [
      {
        status: "firing",
        labels,
        annotations: { summary },
        startsAt: iso(now - MINUTE),
        endsAt: "0001-01-01T00:00:00Z",
        generatorURL: "",
        fingerprint: `${name}-${service ?? focal}`,
      },
    ],
  };
}

type Timed = Sketch["changes"][number] & { readonly time: number };

function changeOf(change: Timed, id: string, { focal, onset }: { focal: string; onset: number }) {
  const service = change.service === undefined ? focal : change.service;
  const [strategy, percent, done] = change.rollout ?? [];
  return {
    id,
    at: iso(change.time),
    kind: change.kind,
    system: change.system ?? "github",
    service,
    target: change.target ?? `${service ?? "platform"}/${change.kind}`,
    title: change.title,
    author: "someone",
    before: change.before ?? null,
    after: change.after ?? null,
    url: null,
    scope: change.scope ?? {},
    rollout:
      strategy === undefined
        ? null
        : {
            strategy,
            percent,
            completed_at: done === null || done === undefined ? null : iso(onset + (change.at + done) * MINUTE),
          },
    summary: change.summary ?? null,
  };
}

function fillers(sketch: Sketch, clock: Clock, random: () => number): Timed[] {
  const count = 2 + Math.floor(random() * 8);
  const services = sketch.services.map(({ name }) => name);
  return Array.from({ length: count }, (_, i) => {
    const filler = FILLERS[Math.floor(random() * FILLERS.length)] ?? FILLERS[0];
    const own = filler?.anywhere === true && random() < 0.6;
    const service = own ? (services[Math.floor(random() * services.length)] ?? null) : (filler?.service ?? null);
    // Half of them within two hours of the alert, the rest over a day.
    const before = random() < 0.5 ? random() * 120 : random() * 1440;
    return {
      key: `filler-${i}`,
      at: 0,
      kind: filler?.kind ?? "code",
      system: filler?.system ?? "github",
      service,
      title: filler?.title ?? "",
      summary: filler?.summary ?? null,
      time: clock.now - before * MINUTE,
    };
  });
}

function sampleOf(
  { name, kind, shift, unseen }: NonNullable<Sketch["samples"]>[number],
  service: string,
  random: () => number,
) {
  const numeric = (by: number) => Math.round((10 + 3 * normalOf(random) + by) * 1000) / 1000;
  const word = (by: number) =>
    unseen !== undefined && random() < by ? unseen : (["a", "b", "b", "c"][Math.floor(random() * 4)] ?? "a");
  const make = (by: number, count: number) =>
    Array.from({ length: count }, () => (kind === "numeric" ? numeric(by * 3) : word(by)));
  return { name, service, kind, reference: make(0, 400), current: make(shift, 300) };
}
