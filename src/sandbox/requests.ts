import type { Arrival } from "./arrivals.ts";
import type { Fate, Outcome } from "./fate.ts";
import type { NodeState } from "./pool.ts";
import type { Chance } from "./random.ts";
import { live, liveVersion, type NeighbourName, neighbours, plain, type Traits, type World } from "./world.ts";

/** Which model a request is sent to, and by whom it is served. */
export interface Way {
  readonly node: string | null;
  readonly provider: string | null;
}

/** A request that was let in, with what is known before it is served. */
export interface Sent {
  readonly arrival: Arrival;
  readonly way: Way;
  readonly retrieved: boolean;
  readonly inputTokens: number;
  readonly cachedTokens: number;
  readonly outputTokens: number;
}

/** What the parts that serve look like in this second. */
export interface Serving {
  readonly states: Readonly<Record<string, NodeState>>;
  /** The share of requests to each provider that is over its quota. */
  readonly overQuota: Readonly<Record<string, number>>;
}

const TIMEOUT_S = 30;
const JUDGED_SHARE = 0.6;
/** Tokens of the passages that retrieval adds, where it finds something and where it finds little. */
const PASSAGES = { found: 640, poor: 380 };
/** Of the conversation, what an earlier turn has left in the cache. */
const EARLIER_TURNS = 0.3;
/** How well the hosted model copes with languages that it has hardly seen, against its usual quality. */
const WEAK: Readonly<Record<string, number>> = { pt: -0.28, ja: -0.34 };
/** US dollars for a million tokens: in, in and cached, out. The pool's are its cost spread over its usual load. */
const PRICE = { hosted: { in: 0.5, cached: 0.1, out: 1.5 }, provider: { in: 3, cached: 0.3, out: 12 } };
const PROVIDER_READS_PER_S = 14_000;
/** Of the requests to a provider, those that it fails on any day. */
const USUAL_FAILURES = 0.000_8;

/** Prompt, retrieval and router: what is sent where. A prompt caches up to the first thing in it that varies. */
export function send(world: World, chance: Chance, arrival: Arrival, nodes: readonly string[]): Sent {
  const prompt = live(world, "support-chat/system");
  const weak = WEAK[arrival.language] === undefined ? 1 : 0.9;
  const retrieved = chance.hit(live(world, "help-centre").retrieval * weak);
  const way = route(world, chance, arrival, nodes);
  const traits = servedBy(world, way);
  const warm = chance.hit(0.96 * world.warmth) ? 1 : 0;
  const turns = prompt.stablePrefix > 0.9 ? EARLIER_TURNS : 0;
  const compact = world.flags["compact-answers"] === "on" ? 0.75 : 1;
  return {
    arrival,
    way,
    retrieved,
    inputTokens: prompt.tokens + arrival.conversationTokens + (retrieved ? PASSAGES.found : PASSAGES.poor),
    cachedTokens: Math.round(warm * (prompt.tokens * prompt.stablePrefix + arrival.conversationTokens * turns)),
    outputTokens: Math.max(4, Math.round(arrival.answerTokens * traits.length * prompt.length * compact)),
  };
}

function route(world: World, chance: Chance, { language }: Arrival, nodes: readonly string[]): Way {
  const hosted = !world.routed.includes(language) && chance.hit(0.56);
  const node = hosted ? nodes[chance.whole(nodes.length)] : undefined;
  if (node !== undefined) return { node, provider: null };
  const weights = Object.entries(world.providers).map(([name, { weight }]) => [name, weight] as const);
  return { node: null, provider: chance.weighted(Object.fromEntries(weights)) };
}

/** What answers: the hosted model with its adapter, or a provider's. */
function servedBy(world: World, { provider }: Way): Traits {
  if (provider !== null) return world.providers[provider]?.traits ?? plain;
  const model = live(world, "support-llm");
  const adapter = live(world, "support-adapter");
  return {
    ...model,
    format: model.format * adapter.format,
    quality: model.quality + adapter.quality,
    refusal: model.refusal + adapter.refusal,
    hallucination: model.hallucination + adapter.hallucination,
    length: model.length * adapter.length,
  };
}

/** What becomes of a request that was sent. */
export function served(world: World, chance: Chance, sent: Sent, serving: Serving): Fate {
  const { arrival, way, retrieved, inputTokens, cachedTokens, outputTokens } = sent;
  const timing = way.provider === null ? hostedTiming(sent, serving, chance) : providerTiming(world, sent, chance);
  const price = way.provider === null ? PRICE.hosted : PRICE.provider;
  const outcome = outcomeOf(world, chance, sent, serving);
  const late = outcome === "timeout" || timing.latencyS > TIMEOUT_S;
  const answer = answerOf(world, chance, sent);
  return {
    service: "support-chat",
    tenant: arrival.tenant,
    language: arrival.language,
    route: arrival.route,
    promptVersion: liveVersion(world, "support-chat/system"),
    modelVersion:
      way.provider === null
        ? `support-llm-${liveVersion(world, "support-llm")}+${liveVersion(world, "support-adapter")}`
        : `${way.provider}-chat`,
    provider: way.provider,
    node: way.node,
    conversationTokens: arrival.conversationTokens,
    inputTokens,
    cachedTokens,
    outputTokens,
    ttftS: late ? TIMEOUT_S : timing.ttftS,
    latencyS: late ? TIMEOUT_S : timing.latencyS,
    costUsd:
      outcome === "ok"
        ? 1e-6 * ((inputTokens - cachedTokens) * price.in + cachedTokens * price.cached + outputTokens * price.out)
        : 0,
    outcome: outcome === "ok" && late ? "timeout" : outcome,
    retrieved,
    ...answer,
  };
}

/** A request of a client that is over its limit: answered 429 by our own gateway. */
export function limited(arrival: Arrival): Fate {
  return {
    service: "support-chat",
    tenant: arrival.tenant,
    language: arrival.language,
    route: arrival.route,
    promptVersion: "",
    modelVersion: "",
    provider: null,
    node: null,
    conversationTokens: arrival.conversationTokens,
    inputTokens: 0,
    cachedTokens: 0,
    outputTokens: 0,
    ttftS: 0,
    latencyS: 0,
    costUsd: 0,
    outcome: "limited",
    formatValid: true,
    refused: false,
    hallucinated: false,
    retrieved: true,
    toolFailed: false,
    blocked: false,
    judged: null,
    disliked: false,
  };
}

function outcomeOf(world: World, chance: Chance, { arrival, way }: Sent, serving: Serving): Outcome {
  if (arrival.route === "/attachments" && chance.hit(live(world, "support-chat").crash)) return "crashed";
  if (way.provider !== null) return providerOutcome(world, chance, way.provider, serving);
  if (way.node === null) return "full";
  if (world.nodes[way.node]?.broken === true) return chance.hit(0.7) ? "gpu" : "timeout";
  return chance.hit(serving.states[way.node]?.full ?? 0) ? "full" : "ok";
}

function providerOutcome(world: World, chance: Chance, provider: string, { overQuota }: Serving): Outcome {
  if (chance.hit(overQuota[provider] ?? 0)) return "throttled";
  if (!chance.hit(USUAL_FAILURES + (world.providers[provider]?.overload ?? 0))) return "ok";
  return chance.hit(0.85) ? "overloaded" : "timeout";
}

interface Timing {
  readonly ttftS: number;
  readonly latencyS: number;
}

function hostedTiming(
  { way, inputTokens, cachedTokens, outputTokens }: Sent,
  serving: Serving,
  chance: Chance,
): Timing {
  const state = serving.states[way.node ?? ""];
  if (state === undefined) return { ttftS: 0.1, latencyS: 0.1 };
  const reads = (inputTokens - cachedTokens) / (state.prefillTokensPerS / 4);
  const ttftS = 0.09 + (state.waitS + reads) * chance.lognormal(1, 0.25) + 2 * state.tokenS;
  return { ttftS, latencyS: ttftS + outputTokens * state.tokenS * chance.lognormal(1, 0.1) };
}

function providerTiming(world: World, { way, inputTokens, cachedTokens, outputTokens }: Sent, chance: Chance): Timing {
  const strain = 1 + 2.5 * (world.providers[way.provider ?? ""]?.overload ?? 0);
  const reads = (inputTokens - cachedTokens) / PROVIDER_READS_PER_S;
  const ttftS = strain * (0.3 * chance.lognormal(1, 0.25) + reads);
  return { ttftS, latencyS: ttftS + (strain * outputTokens * chance.lognormal(1, 0.15)) / 74 };
}

type Answer = Pick<Fate, "formatValid" | "refused" | "hallucinated" | "toolFailed" | "blocked" | "judged" | "disliked">;

/** The answer itself: what is true of it, and what the judge and the user make of it. */
function answerOf(world: World, chance: Chance, { arrival, way, retrieved }: Sent): Answer {
  const prompt = live(world, "support-chat/system");
  const traits = servedBy(world, way);
  const weak = way.provider === null ? (WEAK[arrival.language] ?? 0) : 0;
  const ungrounded = traits.hallucination + prompt.hallucination + (retrieved ? 0 : 0.3) - weak * 0.5;
  const hallucinated = chance.hit(Math.min(1, ungrounded));
  const refused = chance.hit(traits.refusal + prompt.refusal);
  const formatValid = chance.hit(prompt.format * traits.format);
  const losses = (retrieved ? 0 : 0.22) + (hallucinated ? 0.2 : 0) + (refused ? 0.3 : 0) + (formatValid ? 0 : 0.03);
  const truth = within(0.88 + traits.quality + prompt.quality + weak - losses + 0.05 * chance.normal());
  return {
    formatValid,
    refused,
    hallucinated,
    toolFailed: formatValid ? chance.hit(0.006) : chance.hit(0.55),
    blocked: chance.hit(0.012),
    judged: chance.hit(JUDGED_SHARE) ? within(truth + live(world, "support-judge").bias) : null,
    disliked: chance.hit(0.015 + 0.25 * Math.max(0, 0.8 - truth) + (formatValid ? 0 : 0.08)),
  };
}

function within(share: number): number {
  return Math.max(0, Math.min(1, share));
}

/** Who serves a neighbour: its own provider, or the one with most traffic where that is out of the rotation. */
export function providerOf(world: World, service: NeighbourName): string {
  const own = neighbours[service].provider;
  if ((world.providers[own]?.weight ?? 0) > 0) return own;
  const byWeight = Object.entries(world.providers).toSorted(([, a], [, b]) => b.weight - a.weight);
  return byWeight[0]?.[0] ?? own;
}

/** One request of a neighbour, which stands on one provider alone. */
export function neighbourRequest(
  world: World,
  chance: Chance,
  service: NeighbourName,
  overQuota: Serving["overQuota"],
): Fate {
  const provider = providerOf(world, service);
  const there = world.providers[provider];
  const traits = there?.traits ?? plain;
  const prompt = live(world, `${service}/system`);
  const arrival: Arrival = {
    tenant: "internal",
    language: "en",
    route: "/run",
    conversationTokens: Math.round(chance.lognormal(700, 0.5)),
    answerTokens: Math.round(chance.lognormal(90, 0.35)),
  };
  const sent: Sent = {
    arrival,
    way: { provider, node: null },
    retrieved: true,
    inputTokens: prompt.tokens + arrival.conversationTokens,
    cachedTokens: Math.round(prompt.tokens * prompt.stablePrefix),
    outputTokens: Math.max(4, Math.round(arrival.answerTokens * traits.length * prompt.length)),
  };
  const timing = providerTiming(world, sent, chance);
  const overloaded = chance.hit(there?.overload ?? 0);
  const outcome: Outcome = chance.hit(overQuota[provider] ?? 0) ? "throttled" : overloaded ? "overloaded" : "ok";
  const refused = chance.hit(traits.refusal);
  const hallucinated = chance.hit(traits.hallucination);
  const truth = within(0.9 + traits.quality - (refused ? 0.3 : 0) - (hallucinated ? 0.2 : 0) + 0.05 * chance.normal());
  return {
    ...limited(arrival),
    service,
    promptVersion: liveVersion(world, `${service}/system`),
    modelVersion: `${provider}-chat`,
    provider,
    inputTokens: sent.inputTokens,
    cachedTokens: sent.cachedTokens,
    outputTokens: sent.outputTokens,
    ...timing,
    costUsd:
      1e-6 * ((sent.inputTokens - sent.cachedTokens) * PRICE.provider.in + sent.outputTokens * PRICE.provider.out),
    outcome,
    formatValid: chance.hit(prompt.format * traits.format),
    refused,
    hallucinated,
    judged: chance.hit(0.5) ? truth : null,
    disliked: chance.hit(0.012),
  };
}
