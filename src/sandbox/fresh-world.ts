import type { ChangeKind } from "../domain/change.ts";
import { Chance } from "./random.ts";
import {
  freshNode,
  HOSTED_SHARE,
  LEAST_NODES,
  neighbours,
  type Part,
  type PartKind,
  POOL,
  type Provider,
  plain,
  type Traits,
  tenants,
  usualLanguages,
  type World,
} from "./world.ts";

/** A healthy sandbox; the seed varies its sizes and the numbers of its versions. */
export function freshWorld(seed: number): World {
  const chance = new Chance(seed * 2_654_435_761 + 97);
  const requestsPerSecond = chance.between(52, 68);
  return {
    seed,
    tick: 0,
    parts: parts(chance),
    providers: providers(requestsPerSecond),
    nodes: Object.fromEntries(
      Array.from({ length: LEAST_NODES }, (_, index) => [`${POOL}-${index + 1}`, { ...freshNode, running: 30 }]),
    ),
    flags: { "compact-answers": "off", "beta-badge": "on", "typing-indicator": "on" },
    limits: {},
    surge: {},
    languages: usualLanguages,
    routed: [],
    posted: [],
    warmth: 1,
    swing: 0,
    bursts: Object.fromEntries(tenants.map((tenant) => [tenant, 0])),
    requestsPerSecond,
    chance: chance.state,
  };
}

function parts(chance: Chance): Record<string, Part> {
  const number = (low: number) => low + chance.whole(30);
  const part = (
    as: Pick<Part, "kind" | "told" | "service">,
    name: (n: number) => string,
    traits: Partial<Traits>,
  ): Part => {
    const n = number(12);
    const own = { ...plain, ...traits };
    return { ...as, live: name(n), good: name(n), versions: { [name(n - 1)]: own, [name(n)]: own } };
  };
  const of = (kind: PartKind, told: ChangeKind, service: string | null) => ({ kind, told, service });
  const release = (n: number) => `4.${n}.0`;
  return {
    "support-chat/system": part(of("prompt", "prompt", "support-chat"), String, {
      format: 0.985,
      tokens: 1_800,
      stablePrefix: 0.96,
      refusal: 0.008,
    }),
    "ticket-summary/system": part(of("prompt", "prompt", "ticket-summary"), String, { format: 0.99, tokens: 600 }),
    "lead-writer/system": part(of("prompt", "prompt", "lead-writer"), String, { format: 0.99, tokens: 500 }),
    "support-llm": part(of("model", "model", "support-chat"), (n) => `v${n}`, {
      quality: 0.02,
      refusal: 0.008,
      hallucination: 0.03,
    }),
    "support-adapter": part(of("model", "model", "support-chat"), (n) => `a${n}`, { format: 0.995 }),
    "summary-llm": part(of("model", "model", "ticket-summary"), (n) => `s${n}`, {}),
    "support-chat": part(of("deployment", "code", "support-chat"), release, {}),
    retrieval: part(of("deployment", "code", "retrieval"), release, {}),
    "ticket-summary": part(of("deployment", "code", "ticket-summary"), release, {}),
    "lead-writer": part(of("deployment", "code", "lead-writer"), release, {}),
    "llm-pool/serving": part(of("deployment", "infra", "llm-pool"), (n) => `r${n}`, {}),
    "help-centre": part(of("index", "data", "retrieval"), (n) => `b${200 + n}`, {}),
    "product-sheets": part(of("index", "data", "lead-writer"), (n) => `b${100 + n}`, {}),
    "support-judge": part(of("judge", "config", "support-chat"), (n) => `j${n}`, {}),
    "summary-judge": part(of("judge", "config", "ticket-summary"), (n) => `j${n}`, {}),
  };
}

/** What a provider takes from us: enough for all of its peer's traffic too, not for three times of everything. */
function providers(requestsPerSecond: number): Record<string, Provider> {
  const foreign = requestsPerSecond * (1 - HOSTED_SHARE);
  const quota = (name: string) =>
    1.7 *
    (foreign + Object.values(neighbours).reduce((sum, one) => sum + (one.provider === name ? one.perSecond : 0), 0));
  return {
    northwind: {
      weight: 0.55,
      quota: quota("northwind"),
      overload: 0,
      traits: { ...plain, format: 0.985, refusal: 0.01, hallucination: 0.025, quality: 0.03 },
      responseModel: "nw-large-2026-05",
    },
    "acme-ai": {
      weight: 0.45,
      quota: quota("acme-ai"),
      overload: 0,
      traits: { ...plain, format: 0.985, refusal: 0.012, hallucination: 0.03, quality: 0.02 },
      responseModel: "acme-chat-4-0613",
    },
  };
}

/** Every hidden fault and every leftover of a remedy is gone; each part is on its last version that was in order. */
export function healed(world: World, at: number): World {
  const fresh = freshWorld(world.seed);
  return {
    ...world,
    parts: Object.fromEntries(Object.entries(world.parts).map(([name, part]) => [name, { ...part, live: part.good }])),
    providers: fresh.providers,
    nodes: Object.fromEntries(
      Object.keys(fresh.nodes).map((name) => {
        const node = world.nodes[name] ?? freshNode;
        return [name, { ...node, drained: false, broken: false, waiting: 0 }];
      }),
    ),
    flags: fresh.flags,
    limits: {},
    surge: {},
    languages: usualLanguages,
    routed: [],
    posted: world.posted
      .filter(({ postedAt }) => postedAt <= at)
      .map((one) => ({ ...one, resolvedAt: one.resolvedAt ?? at })),
  };
}
