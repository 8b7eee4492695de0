import type { Chance } from "./random.ts";
import { tenants, type World } from "./world.ts";

/** A request as it arrives, before anything is done with it. */
export interface Arrival {
  readonly tenant: string;
  readonly language: string;
  readonly route: string;
  readonly conversationTokens: number;
  /** The length that the answer has where nothing changes it. */
  readonly answerTokens: number;
}

const ROUTES: Readonly<Record<string, number>> = { "/ask": 0.66, "/attachments": 0.2, "/handover": 0.14 };
/** Tokens of the same text in a language that the tokenizer cuts into smaller pieces. */
const VERBOSE: Readonly<Record<string, number>> = { ja: 1.5, pt: 1.2 };

/**
 * Token counts have the shape of the public Azure LLM inference trace of 2023, conversation part (19,366 requests: quartiles
 * 396, 1,020 and 1,189 tokens in, 85, 129 and 395 out): mixtures of log-normals, fitted by eye to its quantiles. The trace's
 * load swings slowly (index of dispersion 1.4 over one second, 16 over a minute); here each client swings by itself and
 * all swing together, which over six clients comes to about a third of its swing.
 */
const CONVERSATION = [
  { share: 0.44, median: 330, sigma: 0.5 },
  { share: 0.4, median: 1_090, sigma: 0.12 },
  { share: 0.16, median: 2_900, sigma: 0.33 },
] as const;
const ANSWER = [
  { share: 0.6, median: 92, sigma: 0.52 },
  { share: 0.36, median: 405, sigma: 0.08 },
  { share: 0.04, median: 600, sigma: 0.28 },
] as const;
const MOST_IN = 7_400;
const MOST_OUT = 1_000;

const SWING = { keep: 0.996, noise: 0.003 };
const BURST = { keep: 0.97, noise: 0.014 };

/** The load of the next second: how all of it, and each client's, swings. */
export function swung(world: World, chance: Chance): Pick<World, "swing" | "bursts"> {
  const next = (value: number, { keep, noise }: typeof SWING) => keep * value + noise * chance.normal();
  return {
    swing: next(world.swing, SWING),
    bursts: Object.fromEntries(tenants.map((tenant) => [tenant, next(world.bursts[tenant] ?? 0, BURST)])),
  };
}

/** Requests a minute that a client usually sends. */
export function usualPerMinute(world: World): number {
  return Math.round((60 * world.requestsPerSecond) / tenants.length);
}

/** Everything that arrives in one second, from every client. */
export function arrivalsOf(world: World, chance: Chance): Arrival[] {
  const each = world.requestsPerSecond / tenants.length;
  return tenants.flatMap((tenant) => {
    const mean = each * Math.exp(world.swing + (world.bursts[tenant] ?? 0)) * (world.surge[tenant] ?? 1);
    return Array.from({ length: chance.poisson(mean) }, () => arrival(world, chance, tenant));
  });
}

function arrival(world: World, chance: Chance, tenant: string): Arrival {
  const language = chance.weighted(world.languages);
  const conversationTokens = Math.round(mixture(chance, CONVERSATION, MOST_IN) * (VERBOSE[language] ?? 1));
  return {
    tenant,
    language,
    route: chance.weighted(ROUTES),
    conversationTokens,
    answerTokens: mixture(chance, ANSWER, MOST_OUT),
  };
}

type Mixture = readonly { readonly share: number; readonly median: number; readonly sigma: number }[];

export function mixture(chance: Chance, parts: Mixture, most: number): number {
  let left = chance.next();
  for (const { share, median, sigma } of parts) {
    left -= share;
    if (left < 0) return Math.max(8, Math.min(most, Math.round(chance.lognormal(median, sigma))));
  }
  return most;
}
