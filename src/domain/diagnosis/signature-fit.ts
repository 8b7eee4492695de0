import type { CaseContext } from "./case-context.ts";
import { bringsLoad } from "./change-reach.ts";
import type { Hypothesis, Mechanism } from "./hypothesis.ts";
import { readWeights } from "./mechanism-weights.ts";
import type { Movement } from "./movement.ts";
import { GROUPS, SIGNATURE } from "./signature-weights.ts";
import { relationOf } from "./topology.ts";

/** Within one group the strongest signal counts whole and its kin less: they say the same thing again. */
const RANK_SHARE = [1, 0.4, 0.2, 0.1] as const;
/** Traffic within this factor of its usual level is no surge. */
const SURGE_STRENGTH = 0.3;
/** A change that says it asks more of others predicts more traffic nearly as a surge does. */
const ADDED_LOAD = 2.4;
/** A second way of doing harm counts where it predicts the whole better than the first, at this discount. */
const SECOND_WAY = 0.4;

/** What each moved signal adds to a suspect: under the likelier of its ways of doing harm. */
export function movedWeights(
  hypothesis: Hypothesis,
  moved: readonly Movement[],
  context: CaseContext,
): [Movement, number][] {
  const relevant = moved.filter((movement) => concerns(movement, hypothesis));
  const first = weightsUnder(hypothesis.mechanism, hypothesis, { relevant, context });
  if (hypothesis.also === null) return first;
  const second = weightsUnder(hypothesis.also, hypothesis, { relevant, context });
  return total(second) - SECOND_WAY > total(first) ? second : first;
}

function total(weights: readonly [Movement, number][]): number {
  return weights.reduce((sum, [, weight]) => sum + weight, 0);
}

/** A provider's or pool's own signals say nothing about a suspect at another provider or pool. */
export function concerns({ entity }: Movement, { subject }: Hypothesis): boolean {
  if (entity.kind === "provider") return subject["provider"] === undefined || subject["provider"] === entity.name;
  if (entity.kind === "gpu_pool") return subject["gpu_pool"] === undefined || subject["gpu_pool"] === entity.name;
  return true;
}

interface Seen {
  readonly relevant: readonly Movement[];
  readonly context: CaseContext;
}

function weightsUnder(
  mechanism: Mechanism,
  { change, reading }: Hypothesis,
  { relevant, context }: Seen,
): [Movement, number][] {
  return Object.values(GROUPS).flatMap((group) => {
    const weighed = relevant
      .filter(({ signal }) => group.includes(signal))
      .map((movement): [Movement, number] => [movement, weightOf({ mechanism, change, reading, movement, context })])
      .toSorted((a, b) => Math.abs(b[1]) - Math.abs(a[1]));
    const seen = new Map<string, number>();
    return weighed.map(([movement, raw], place): [Movement, number] => {
      const repeats = seen.get(movement.signal) ?? 0;
      seen.set(movement.signal, repeats + 1);
      return [movement, raw * (RANK_SHARE[Math.min(place + repeats, RANK_SHARE.length - 1)] ?? 0)];
    });
  });
}

interface Weighed {
  readonly change: Hypothesis["change"];
  readonly mechanism: Mechanism;
  readonly reading: Hypothesis["reading"];
  readonly movement: Movement;
  readonly context: CaseContext;
}

function weightOf(weighed: Weighed): number {
  const { mechanism, movement } = weighed;
  const row = SIGNATURE[mechanism] ?? {};
  const { signal, state, harmful, strength } = movement;
  const directed = row[`${signal}${state === "up" ? "+" : "-"}`];
  const plain = harmful === true ? row[signal] : undefined;
  const usual = bounded(directed ?? plain ?? 0, weighed);
  const raw = placed(hosted(usual, weighed), weighed) * (0.4 + 0.6 * strength);
  return signal === "request_rate" && state === "up" ? trafficWeight(raw, weighed) : raw;
}

/** Inputs more than about twice as long are not a longer prompt but longer contents. */
const PROMPT_SIZED = 0.6;
/** A rule or an exporter that was changed can move any signal that it reports. */
const REPORTED = 0.35;

function bounded(weight: number, { mechanism, reading, movement: { signal, strength } }: Weighed): number {
  if (mechanism === "prompt" && signal === "input_tokens_per_request" && strength > PROMPT_SIZED && weight > 0)
    return weight * 0.2;
  return mechanism === "measurement" && reading !== null && weight < 0 && signal !== "negative_feedback_ratio"
    ? weight * REPORTED
    : weight;
}

function trafficWeight(raw: number, weighed: Weighed): number {
  const { reading, movement, context } = weighed;
  const more = reading?.addsLoad === true || sendsIt(weighed);
  const weight = more ? Math.max(raw, ADDED_LOAD * movement.strength) : raw;
  if (movement.strength < SURGE_STRENGTH) return Math.min(0, weight);
  return (
    weight *
    (follows(movement, context) ? 0.2 : 1) *
    (weight > 0 && reading === null ? frontDoor(movement, context) : 1)
  );
}

/** The change is on another service, above or beside, whose own traffic rose: it sends what arrives here. */
function sendsIt({ change, movement, context }: Weighed): boolean {
  if (change?.service == null || change.service === movement.entity.name) return false;
  const relation = relationOf(context.topology, change.service);
  return (relation === "caller" || relation === "sibling") && bringsLoad(context, change.service);
}

/** More traffic on a service below is a surge only if it came in from outside. */
function frontDoor(movement: Movement, context: CaseContext): number {
  if (context.relation(movement) !== "dependency") return 1;
  const above = context.movements.filter(
    (other) =>
      other.signal === "request_rate" &&
      other.points >= 4 &&
      Object.keys(other.slice).length === 0 &&
      ["focal", "caller"].includes(context.relation(other)),
  );
  if (above.length === 0) return 0.45;
  return above.some((other) => context.coherent.includes(other) && other.state === "up") ? 1 : 0.15;
}

/** Clients that retry make traffic rise after the errors; a surge comes first. */
function follows({ onset }: Movement, { onset: incident, stepMs }: CaseContext): boolean {
  return onset !== null && incident !== null && onset.from > incident.at + 2 * stepMs;
}

const PACE = ["inter_token_latency_p95", "ttft_p95", "latency_p95"];

/** Where somebody else hosts the model, its pace is theirs: no version of ours made it slower. */
function hosted(weight: number, { mechanism, movement, context }: Weighed): number {
  const theirs = mechanism === "model" && context.pools.size === 0 && context.providers.size > 0;
  return theirs && PACE.includes(movement.signal) && weight > 0 ? weight * 0.2 : weight;
}

const HOSTING: readonly Mechanism[] = ["gpu_fault", "infra", "serving_exhaustion"];
const OWN: readonly Mechanism[] = ["application", "application_fault"];

const FEED_FAILS = ["error_ratio", "timeout_ratio", "latency_p95", "request_rate", "pod_restarts", "queue_depth"];
/** Trouble of a pipeline below is trouble with what it feeds. */
const FEED = readWeights(
  "stale 1.4, data 0.9, app -0.3, fault -0.4, prompt -1, model -0.8, outage -0.4, gpu -0.6, surge -0.6",
);

/** Pods and queues of an application that stands on no GPU of ours speak of the application, not of the GPUs. */
function placed(weight: number, { mechanism, movement: { signal, entity }, context: { topology } }: Weighed): number {
  const service = entity.kind === "service" ? topology.services.get(entity.name) : undefined;
  if (service?.kind === "pipeline" && !topology.focal.has(service.name) && FEED_FAILS.includes(signal))
    return FEED[mechanism] ?? 0;
  if (service === undefined || service.kind === "serving" || service.gpu_pools.length > 0) return weight;
  if (![...(GROUPS["pods"] ?? []), "queue_depth"].includes(signal)) return weight;
  if (HOSTING.includes(mechanism)) return weight * 0.4;
  return OWN.includes(mechanism) ? Math.max(weight, 0) + 0.6 : weight;
}
