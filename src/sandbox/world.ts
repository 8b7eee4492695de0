import type { ChangeKind } from "../domain/change.ts";

/** How a version of a part makes requests turn out; a part uses the traits of its kind and leaves the rest plain. */
export interface Traits {
  /** Probability that the output passes its schema. */
  readonly format: number;
  /** Tokens that it adds to every request, and the share of them that comes before anything that varies. */
  readonly tokens: number;
  readonly stablePrefix: number;
  /** Added to the true quality of an answer. */
  readonly quality: number;
  readonly refusal: number;
  readonly hallucination: number;
  /** Factor on the length of answers. */
  readonly length: number;
  /** Probability that a request with an attachment fails in the application, and what the log says then. */
  readonly crash: number;
  readonly trace: string;
  /** Sequences that the serving engine decodes at once on a node, and the tokens that its key-value cache holds. */
  readonly sequences: number;
  readonly kvTokens: number;
  /** Probability that retrieval finds what it should. */
  readonly retrieval: number;
  /** Age of the newest record, in seconds. */
  readonly ageS: number;
  /** Added to what the judge says, not to what is true. */
  readonly bias: number;
}

export const plain: Traits = {
  format: 1,
  tokens: 0,
  stablePrefix: 1,
  quality: 0,
  refusal: 0,
  hallucination: 0,
  length: 1,
  crash: 0.004,
  trace: "attachment could not be read: unsupported type <*>",
  sequences: 96,
  kvTokens: 260_000,
  retrieval: 0.93,
  ageS: 600,
  bias: 0,
};

export const partKinds = ["prompt", "model", "deployment", "index", "judge"] as const;
export type PartKind = (typeof partKinds)[number];

/** Something of which one version is live. */
export interface Part {
  readonly kind: PartKind;
  /** How a new version is told. */
  readonly told: ChangeKind;
  readonly service: string | null;
  readonly live: string;
  /** The last version that was in order; where a reset goes back to. */
  readonly good: string;
  readonly versions: Readonly<Record<string, Traits>>;
}

export interface Provider {
  /** Share in the traffic that goes to providers. */
  readonly weight: number;
  /** Requests a second that it takes from us. */
  readonly quota: number;
  /** Probability that a request is answered with 529, or not at all. */
  readonly overload: number;
  readonly traits: Traits;
  /** The model behind the name, as its answers say. */
  readonly responseModel: string;
}

export interface GpuNode {
  readonly drained: boolean;
  /** Fell off the bus: every request on it fails, and XID 79 is in the kernel's log. */
  readonly broken: boolean;
  /** Loads the model between these ticks, and serves nothing meanwhile. */
  readonly loadingFrom: number;
  readonly loadingUntil: number;
  /** Sequences being decoded, requests that wait, and seconds for one token of one sequence. */
  readonly running: number;
  readonly waiting: number;
  readonly tokenS: number;
}

/** Something that a provider's status page shows from `postedAt` on. */
export interface Posted {
  readonly id: string;
  readonly provider: string;
  readonly startedAt: number;
  readonly postedAt: number;
  readonly resolvedAt: number | null;
}

/** The whole state of the sandbox at one moment: data, so that it can be kept. */
export interface World {
  readonly seed: number;
  /** State of the source of chance, and seconds lived. */
  readonly chance: number;
  readonly tick: number;
  readonly parts: Readonly<Record<string, Part>>;
  readonly providers: Readonly<Record<string, Provider>>;
  readonly nodes: Readonly<Record<string, GpuNode>>;
  readonly flags: Readonly<Record<string, string>>;
  /** Requests a minute that a tenant may send; without an entry, any number. */
  readonly limits: Readonly<Record<string, number>>;
  /** Factor on a tenant's traffic. */
  readonly surge: Readonly<Record<string, number>>;
  /** Weights of the languages that users write. */
  readonly languages: Readonly<Record<string, number>>;
  /** Languages that go to the stronger model of the providers. */
  readonly routed: readonly string[];
  readonly posted: readonly Posted[];
  /** How warm the prompt caches are, 0 to 1. */
  readonly warmth: number;
  /** Logarithm of the load, for all and for each tenant: a slow swing, and bursts. */
  readonly swing: number;
  readonly bursts: Readonly<Record<string, number>>;
  readonly requestsPerSecond: number;
}

export const POOL = "gpu-a";
export const LEAST_NODES = 4;
/** The share of requests that the router sends to the model that we host. */
export const HOSTED_SHARE = 0.56;
export const tenants = ["aldgate", "borough", "camden", "deptford", "ealing", "fulham"] as const;
export const usualLanguages: Readonly<Record<string, number>> = {
  en: 0.54,
  de: 0.16,
  fr: 0.12,
  es: 0.1,
  pt: 0.04,
  ja: 0.04,
};
/** Requests a second of the neighbours, each on one provider. */
export const neighbours = {
  "ticket-summary": { provider: "northwind", perSecond: 20 },
  "lead-writer": { provider: "acme-ai", perSecond: 18 },
} as const;
export type NeighbourName = keyof typeof neighbours;

export const freshNode: GpuNode = {
  drained: false,
  broken: false,
  loadingFrom: 0,
  loadingUntil: 0,
  running: 0,
  waiting: 0,
  tokenS: 0.018,
};

export function isLoading({ loadingFrom, loadingUntil }: GpuNode, tick: number): boolean {
  return loadingFrom <= tick && tick < loadingUntil;
}

/** The traits of the version that is live. */
export function live(world: World, name: string): Traits {
  const part = world.parts[name];
  return part?.versions[part.live] ?? plain;
}

export function liveVersion(world: World, name: string): string {
  return world.parts[name]?.live ?? "none";
}

/** The world with more of a part, a node or a provider. */
export function withPart(world: World, name: string, more: Partial<Part>): World {
  const part = world.parts[name];
  return part === undefined ? world : { ...world, parts: { ...world.parts, [name]: { ...part, ...more } } };
}

export function withNode(world: World, name: string, more: Partial<GpuNode>): World {
  const node = world.nodes[name];
  return node === undefined ? world : { ...world, nodes: { ...world.nodes, [name]: { ...node, ...more } } };
}

export function withProvider(world: World, name: string, more: Partial<Provider>): World {
  const provider = world.providers[name];
  if (provider === undefined) return world;
  return { ...world, providers: { ...world.providers, [name]: { ...provider, ...more } } };
}

/** The same with every node changed. */
export function withNodes(world: World, change: (node: GpuNode, index: number) => GpuNode): World {
  const nodes = Object.entries(world.nodes).map(([name, node], index) => [name, change(node, index)] as const);
  return { ...world, nodes: Object.fromEntries(nodes) };
}
