import type { Chance } from "./random.ts";
import { live, routes, type Traits, tenants, type World } from "./world.ts";

/** One request and what became of it. */
export interface Fate {
  readonly service: "support-chat" | "ticket-summary" | "lead-writer";
  readonly tenant: string;
  readonly language: string;
  readonly route: string;
  readonly promptVersion: string;
  readonly modelVersion: string;
  readonly provider: string | null;
  readonly node: string | null;
  readonly inputTokens: number;
  readonly cachedTokens: number;
  readonly outputTokens: number;
  readonly ttftS: number;
  readonly latencyS: number;
  readonly costUsd: number;
  readonly failed: "none" | "app" | "overloaded" | "gpu" | "timeout" | "limited";
  readonly formatValid: boolean;
  readonly refused: boolean;
  readonly hallucinated: boolean;
  readonly retrieved: boolean;
  /** What the judge says, for the share of answers that it looks at; null where it did not. */
  readonly judged: number | null;
  readonly disliked: boolean;
}

/** The state of the self-hosted pool in one tick, which every request on it feels. */
export interface PoolState {
  readonly ready: readonly string[];
  readonly waitS: number;
  readonly slowdown: number;
}

const TIMEOUT_S = 30;
const PREFILL_TOKENS_PER_S = 9_000;
const DECODE_TOKENS_PER_S = 62;
const JUDGED_SHARE = 0.6;
/** How well the hosted model copes with a language that it has hardly seen. */
const WEAK_LANGUAGES: Readonly<Record<string, number>> = { pt: -0.3, ja: -0.34 };

/**
 * Sends one request of the support assistant through prompt, router, retrieval, model and judge. Token counts have the
 * shape of the public Azure LLM inference trace of 2023 (conversation): log-normal with a heavy tail, medians about
 * 1,000 in and 130 out.
 */
export function supportRequest(world: World, chance: Chance, pool: PoolState, tenant: string): Fate {
  const language = chance.weighted(world.languages);
  const route = chance.weighted(routes);
  const prompt = live(world, "support-chat/system");
  const retrieved = chance.hit(
    live(world, "help-centre").retrieval * (WEAK_LANGUAGES[language] === undefined ? 1 : 0.86),
  );
  const hosted = !world.routed.includes(language) && chance.hit(0.56);
  const answer = hosted ? hostedAnswer(world, chance, pool) : providerAnswer(world, chance);
  const size = sizeOf(prompt, answer.traits, { retrieved }, chance);
  const timing = answer.timing(size.inputTokens - size.cachedTokens, size.outputTokens);
  const failed = failureOf(world, chance, { tenant, route, answer, latencyS: timing.latencyS });
  const outcome = outcomeOf(world, chance, {
    retrieved,
    traits: answer.traits,
    weak: hosted ? (WEAK_LANGUAGES[language] ?? 0) : 0,
  });
  return {
    service: "support-chat",
    tenant,
    language,
    route,
    promptVersion: world.parts["support-chat/system"]?.live ?? "",
    modelVersion: answer.model,
    provider: answer.provider,
    node: answer.node,
    ...size,
    ...timing,
    costUsd: answer.price * ((size.inputTokens - size.cachedTokens * 0.9) * 1e-6 + size.outputTokens * 4e-6),
    failed,
    retrieved,
    ...outcome,
    judged: failed === "none" && chance.hit(JUDGED_SHARE) ? outcome.judged : null,
  };
}

function sizeOf(
  prompt: Traits,
  model: Traits,
  { retrieved }: { retrieved: boolean },
  chance: Chance,
): Pick<Fate, "inputTokens" | "cachedTokens" | "outputTokens"> {
  const question = Math.min(7_000, chance.lognormal(320, 0.9));
  const warm = chance.hit(0.94) ? 1 : 0;
  return {
    inputTokens: Math.round(prompt.tokens + question + (retrieved ? 640 : 380)),
    cachedTokens: Math.round(prompt.tokens * prompt.cacheable * warm + question * 0.22 * prompt.cacheable),
    outputTokens: Math.max(4, Math.round(Math.min(1_500, chance.lognormal(130, 0.75)) * model.length * prompt.length)),
  };
}

interface Ending {
  readonly tenant: string;
  readonly route: string;
  readonly answer: Answer;
  readonly latencyS: number;
}

function failureOf(world: World, chance: Chance, { tenant, route, answer, latencyS }: Ending): Fate["failed"] {
  if (isLimited(world, chance, tenant)) return "limited";
  if (route === "/chat/attachments" && chance.hit(live(world, "support-chat").crash)) return "app";
  if (answer.failed !== "none") return answer.failed;
  return latencyS > TIMEOUT_S ? "timeout" : "none";
}

interface Answered {
  readonly retrieved: boolean;
  readonly traits: Traits;
  /** Below zero where the model hardly knows the language. */
  readonly weak: number;
}

function outcomeOf(
  world: World,
  chance: Chance,
  { retrieved, traits, weak }: Answered,
): Pick<Fate, "formatValid" | "refused" | "hallucinated" | "disliked"> & { judged: number } {
  const prompt = live(world, "support-chat/system");
  const hallucinated = chance.hit(
    Math.min(1, traits.hallucination + prompt.hallucination + (retrieved ? 0 : 0.3) - weak * 0.5),
  );
  const refused = chance.hit(traits.refusal + prompt.refusal);
  const formatValid = chance.hit(prompt.format * traits.format);
  const harm = (retrieved ? 0 : 0.22) + (hallucinated ? 0.2 : 0) + (refused ? 0.3 : 0) + (formatValid ? 0 : 0.03);
  const truth = clamp(0.88 + traits.quality + prompt.quality + weak - harm + 0.05 * chance.normal());
  return {
    formatValid,
    refused,
    hallucinated,
    disliked: chance.hit(0.015 + 0.25 * Math.max(0, 0.8 - truth)),
    judged: clamp(truth + live(world, "support-judge").bias),
  };
}

function clamp(value: number): number {
  return Math.max(0, Math.min(1, value));
}

function isLimited(world: World, chance: Chance, tenant: string): boolean {
  const limit = world.limits[tenant];
  if (limit === undefined) return false;
  const sends = (world.requestsPerSecond / tenants.length) * (world.surge[tenant] ?? 1);
  return chance.hit(1 - Math.min(1, limit / sends));
}

interface Answer {
  readonly model: string;
  readonly provider: string | null;
  readonly node: string | null;
  readonly traits: Traits;
  readonly failed: Fate["failed"];
  readonly price: number;
  readonly timing: (freshTokens: number, outputTokens: number) => { ttftS: number; latencyS: number };
}

function hostedAnswer(world: World, chance: Chance, pool: PoolState): Answer {
  const model = live(world, "support-llm");
  const adapter = live(world, "support-adapter");
  const node = pool.ready[chance.whole(Math.max(1, pool.ready.length))] ?? null;
  const broken = node === null || world.nodes[node]?.broken === true;
  return {
    model: `support-llm-${world.parts["support-llm"]?.live}+${world.parts["support-adapter"]?.live}`,
    provider: null,
    node,
    traits: {
      ...model,
      format: model.format * adapter.format,
      quality: model.quality + adapter.quality,
      refusal: model.refusal + adapter.refusal,
      hallucination: model.hallucination + adapter.hallucination,
      length: model.length * adapter.length,
    },
    failed: broken && chance.hit(0.72) ? "gpu" : "none",
    price: 1.1,
    timing: (fresh, output) => {
      const ttftS =
        0.12 +
        pool.waitS +
        (fresh / PREFILL_TOKENS_PER_S) * pool.slowdown * chance.lognormal(1, 0.2) +
        (broken ? chance.between(2, 9) : 0);
      return { ttftS, latencyS: ttftS + (output / DECODE_TOKENS_PER_S) * pool.slowdown * chance.lognormal(1, 0.12) };
    },
  };
}

function providerAnswer(world: World, chance: Chance): Answer {
  const weights = Object.fromEntries(Object.entries(world.providers).map(([name, { weight }]) => [name, weight]));
  const name = chance.weighted(weights);
  const provider = world.providers[name];
  const overloaded = chance.hit(provider?.overload ?? 0);
  return {
    model: `${name}-chat`,
    provider: name,
    node: null,
    traits: provider?.traits ?? live(world, "none"),
    failed: overloaded ? "overloaded" : "none",
    price: 3,
    timing: (fresh, output) => {
      const strain = 1 + 2.5 * (provider?.overload ?? 0);
      const ttftS = strain * (0.32 * chance.lognormal(1, 0.25) + fresh / 14_000);
      return { ttftS, latencyS: ttftS + (strain * output * chance.lognormal(1, 0.15)) / 74 };
    },
  };
}

/** One request of a neighbour that stands on one provider alone. */
export function neighbourRequest(world: World, chance: Chance, service: "ticket-summary" | "lead-writer"): Fate {
  const name = service === "ticket-summary" ? "northwind" : "acme-ai";
  const provider = world.providers[name];
  const base = live(world, "ticket-summary/system");
  const overloaded = chance.hit(provider?.overload ?? 0);
  const strain = 1 + 2.5 * (provider?.overload ?? 0);
  const inputTokens = Math.round(base.tokens + chance.lognormal(700, 0.8));
  const outputTokens = Math.round(chance.lognormal(90, 0.5));
  const ttftS = strain * 0.35 * chance.lognormal(1, 0.25);
  const traits = provider?.traits ?? base;
  const refused = chance.hit(traits.refusal);
  return {
    service,
    tenant: "internal",
    language: "en",
    route: "/run",
    promptVersion: service === "ticket-summary" ? (world.parts["ticket-summary/system"]?.live ?? "") : "1",
    modelVersion: `${name}-chat`,
    provider: name,
    node: null,
    inputTokens,
    cachedTokens: Math.round(base.tokens * base.cacheable),
    outputTokens,
    ttftS,
    latencyS: ttftS + (strain * outputTokens) / 74,
    costUsd: 3 * (inputTokens * 1e-6 + outputTokens * 4e-6),
    failed: overloaded ? "overloaded" : "none",
    formatValid: chance.hit(traits.format * 0.995),
    refused,
    hallucinated: chance.hit(traits.hallucination),
    retrieved: true,
    judged: chance.hit(0.5)
      ? Math.max(0, Math.min(1, 0.88 + traits.quality - (refused ? 0.3 : 0) + 0.05 * chance.normal()))
      : null,
    disliked: chance.hit(0.012),
  };
}
