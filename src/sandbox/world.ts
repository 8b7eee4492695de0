import { Chance } from "./random.ts";

/** How a version of a prompt, a model, an adapter, an application or a judge makes requests turn out. */
export interface Traits {
  /** Probability that the output passes its schema. */
  readonly format: number;
  /** Share of the prompt's tokens that a prefix cache can reuse. */
  readonly cacheable: number;
  /** Tokens that it adds to every request. */
  readonly tokens: number;
  /** Added to the true quality of an answer. */
  readonly quality: number;
  readonly refusal: number;
  readonly hallucination: number;
  /** Factor on the length of answers. */
  readonly length: number;
  /** Probability that a request on the heavy route fails in the application. */
  readonly crash: number;
  /** Sequences that the serving engine admits at once. */
  readonly sequences: number;
  /** Probability that retrieval finds what it should. */
  readonly retrieval: number;
  /** Age of the newest record, in seconds. */
  readonly age: number;
  /** Added to what the judge says, not to what is true. */
  readonly bias: number;
}

export const plain: Traits = {
  format: 1,
  cacheable: 0,
  tokens: 0,
  quality: 0,
  refusal: 0,
  hallucination: 0,
  length: 1,
  crash: 0,
  sequences: 64,
  retrieval: 1,
  age: 900,
  bias: 0,
};

export const partKinds = ["prompt", "model", "deployment", "index", "judge"] as const;
export type PartKind = (typeof partKinds)[number];

/** Something of which one version is live. */
export interface Part {
  readonly kind: PartKind;
  readonly live: string;
  readonly versions: Readonly<Record<string, Traits>>;
}

export interface Provider {
  /** Share in the traffic that goes to providers. */
  readonly weight: number;
  /** Probability that a request is answered with 529. */
  readonly overload: number;
  /** What the answers are like; the name of the model behind the name. */
  readonly traits: Traits;
  readonly responseModel: string;
}

export interface GpuNode {
  readonly drained: boolean;
  /** Fell off the bus: errors and XID 79. */
  readonly broken: boolean;
}

/** The whole state of the sandbox at one moment: data, so that it can be kept. */
export interface World {
  /** State of the source of chance. */
  readonly chance: number;
  readonly seed: number;
  readonly parts: Readonly<Record<string, Part>>;
  readonly providers: Readonly<Record<string, Provider>>;
  readonly nodes: Readonly<Record<string, GpuNode>>;
  readonly extraReplicas: number;
  readonly flags: Readonly<Record<string, string>>;
  /** Requests a second that a tenant may send; without an entry, any number. */
  readonly limits: Readonly<Record<string, number>>;
  /** Factor on a tenant's traffic. */
  readonly surge: Readonly<Record<string, number>>;
  /** Weights of the languages that users write. */
  readonly languages: Readonly<Record<string, number>>;
  /** Languages that go to the stronger model of a provider. */
  readonly routed: readonly string[];
  /** Slow swing of the load around 1, and what waits in front of the pool (in seconds of its work). */
  readonly swing: number;
  readonly backlog: number;
  readonly requestsPerSecond: number;
}

export const tenants = ["aldgate", "borough", "camden", "deptford", "ealing", "fulham"] as const;
export const routes: Readonly<Record<string, number>> = {
  "/chat": 0.66,
  "/chat/attachments": 0.2,
  "/chat/handover": 0.14,
};

/** A fresh, healthy sandbox; the seed varies its sizes. */
export function freshWorld(seed: number): World {
  const chance = new Chance(seed * 2_654_435_761 + 97);
  const version = (low: number) => low + chance.whole(30);
  const p = version(12);
  const m = version(3);
  const part = (kind: PartKind, live: string, traits: Partial<Traits>, before: string): Part => ({
    kind,
    live,
    versions: { [before]: { ...plain, ...traits }, [live]: { ...plain, ...traits } },
  });
  return {
    seed,
    parts: {
      "support-chat/system": part(
        "prompt",
        `${p}`,
        { format: 0.985, cacheable: 0.64, tokens: 1_150, refusal: 0.008 },
        `${p - 1}`,
      ),
      "ticket-summary/system": part("prompt", `${version(4)}`, { format: 0.99, cacheable: 0.5, tokens: 600 }, "3"),
      "support-llm": part("model", `v${m + 1}`, { quality: 0.02, refusal: 0.008, hallucination: 0.03 }, `v${m}`),
      "support-adapter": part("model", `a${version(2)}`, { format: 0.995 }, "a1"),
      "support-chat": part("deployment", `4.${version(10)}.0`, { crash: 0.004 }, "4.9.0"),
      "llm-pool/serving": part("deployment", `r${version(40)}`, { sequences: 64 }, "r39"),
      retrieval: part("deployment", `2.${version(5)}.1`, {}, "2.4.0"),
      "help-centre": part("index", `b${version(200)}`, { retrieval: 0.93, age: 900 }, "b199"),
      "support-judge": part("judge", `j${version(3)}`, {}, "j2"),
    },
    providers: {
      northwind: {
        weight: 0.55,
        overload: 0,
        traits: { ...plain, format: 0.985, refusal: 0.01, hallucination: 0.025, quality: 0.03 },
        responseModel: "nw-large-2026-05",
      },
      "acme-ai": {
        weight: 0.45,
        overload: 0,
        traits: { ...plain, format: 0.985, refusal: 0.012, hallucination: 0.03, quality: 0.02 },
        responseModel: "acme-chat-4",
      },
    },
    nodes: Object.fromEntries(
      ["gpu-a-1", "gpu-a-2", "gpu-a-3", "gpu-a-4"].map((name) => [name, { drained: false, broken: false }]),
    ),
    extraReplicas: 0,
    flags: { "compact-answers": "off", "beta-badge": "on" },
    limits: {},
    surge: {},
    languages: { en: 0.54, de: 0.16, fr: 0.12, es: 0.1, pt: 0.04, ja: 0.04 },
    routed: [],
    swing: 0,
    backlog: 0,
    requestsPerSecond: chance.between(52, 68),
    chance: chance.state,
  };
}

/** The traits of the version that is live. */
export function live(world: World, name: string): Traits {
  const part = world.parts[name];
  return part?.versions[part.live] ?? plain;
}
