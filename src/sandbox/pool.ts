import type { Chance } from "./random.ts";
import { type GpuNode, isLoading, live, type World, withNode } from "./world.ts";

/** What one second asks of one node. */
export interface Demand {
  requests: number;
  /** Tokens that no cache holds, tokens that will be decoded, tokens that a sequence keeps in the cache. */
  freshTokens: number;
  outputTokens: number;
  keptTokens: number;
}

/** How a request on this node fares that arrives in this second. */
export interface NodeState {
  readonly waitS: number;
  readonly prefillTokensPerS: number;
  readonly tokenS: number;
  /** Probability that the queue takes no more. */
  readonly full: number;
}

/** What one node shows in one second. */
export interface NodeReading {
  readonly node: string;
  readonly utilization: number;
  readonly memory: number;
  readonly temperature: number;
  readonly xid: number;
  readonly restarts: number;
  readonly waiting: number;
  readonly running: number;
  readonly kvUsage: number;
  readonly preemptions: number;
  /** 1 when it serves, 0 when it loads, is drained or is broken. */
  readonly ready: number;
}

/** Tokens that a node reads in a second when it does nothing else. */
const PREFILL_PER_S = 120_000;
/** Seconds for a token: alone, and more for each sequence that is decoded with it. */
const TOKEN_S = 0.009;
const TOKEN_S_EACH = 0.000_11;
const QUEUE_LIMIT = 60;
/** Of the sequences that the engine admits beyond its cache, those that it must throw out again in a second. */
const THRASH = 0.05;
const MOST_PREEMPTIONS = 9;

/** Nodes that requests are sent to: a broken one still counts, since nobody has taken it out. */
export function takingRequests(world: World): string[] {
  return Object.keys(world.nodes).filter((name) => {
    const node = world.nodes[name];
    return node !== undefined && !node.drained && !isLoading(node, world.tick);
  });
}

export interface Served {
  readonly world: World;
  readonly states: Readonly<Record<string, NodeState>>;
  readonly readings: readonly NodeReading[];
}

/**
 * One second of the pool: continuous batching as a fluid. Sequences are admitted up to the engine's limit and to what the
 * key-value cache holds, the rest waits; a token takes longer the more sequences are decoded together and the more
 * prompts are read meanwhile. An engine that admits more than its cache holds throws sequences out and reads them again.
 */
export function servePool(world: World, demands: ReadonlyMap<string, Demand>, chance: Chance): Served {
  let after = world;
  const states: Record<string, NodeState> = {};
  const readings: NodeReading[] = [];
  for (const [name, node] of Object.entries(world.nodes)) {
    const idle = node.drained || node.broken || isLoading(node, world.tick);
    const step = idle ? stopped(node) : decode(node, demands.get(name), live(world, "llm-pool/serving"), chance);
    after = withNode(after, name, step.next);
    states[name] = step.state;
    readings.push(reading(name, node, { ...step, idle }, chance));
  }
  return { world: after, states, readings };
}

interface Step {
  readonly next: Pick<GpuNode, "running" | "waiting" | "tokenS">;
  readonly state: NodeState;
  readonly kvUsage: number;
  readonly preemptions: number;
  readonly load: number;
}

function stopped(node: GpuNode): Step {
  return {
    next: { running: 0, waiting: 0, tokenS: node.tokenS },
    state: { waitS: 0, prefillTokensPerS: PREFILL_PER_S, tokenS: TOKEN_S, full: 0 },
    kvUsage: 0,
    preemptions: 0,
    load: 0,
  };
}

function decode(
  node: GpuNode,
  demand: Demand | undefined,
  { sequences, kvTokens }: { sequences: number; kvTokens: number },
  chance: Chance,
): Step {
  const requests = demand?.requests ?? 0;
  const mean = (sum: number | undefined, usual: number) => (requests === 0 ? usual : (sum ?? 0) / requests);
  const fresh = mean(demand?.freshTokens, 2_000);
  const output = mean(demand?.outputTokens, 210);
  const kept = mean(demand?.keptTokens, 1_900);
  const held = kvTokens / kept;
  const room = Math.min(sequences, held);
  const finished = Math.min(node.running, node.running / (output * node.tokenS));
  const queue = node.waiting + requests;
  const admitted = Math.min(queue, Math.max(0, room - (node.running - finished)));
  const left = queue - admitted;
  const waiting = Math.min(left, QUEUE_LIMIT);
  const beyond = Math.max(0, Math.min(sequences, node.running + left) - held);
  const preemptions = beyond > 0 ? Math.min(MOST_PREEMPTIONS, chance.poisson(beyond * THRASH)) : 0;
  const reading = Math.min(0.8, (admitted * fresh + preemptions * kept) / PREFILL_PER_S);
  const running = Math.min(room, node.running - finished + admitted);
  const tokenS = (TOKEN_S + TOKEN_S_EACH * running) / (1 - reading);
  const smooth = 0.6 * node.tokenS + 0.4 * tokenS;
  const perSecond = Math.max(1, running / (output * smooth));
  return {
    next: { running, waiting, tokenS: smooth },
    state: {
      waitS: (node.waiting + waiting) / 2 / perSecond,
      prefillTokensPerS: PREFILL_PER_S * (1 - reading),
      tokenS: smooth,
      full: requests === 0 ? 0 : Math.min(1, (left - waiting) / requests),
    },
    kvUsage: Math.min(1, (running + beyond) / held),
    preemptions,
    load: Math.min(1, reading + running / Math.max(1, sequences)),
  };
}

function reading(name: string, node: GpuNode, step: Step & { idle: boolean }, chance: Chance): NodeReading {
  const busy = step.idle ? 0.01 : Math.min(1, Math.max(0, 0.42 + 0.55 * step.load + 0.02 * chance.normal()));
  const lost = node.broken && !node.drained;
  return {
    node: name,
    utilization: busy,
    memory: node.broken ? 0 : node.drained ? 0.04 : Math.min(0.99, 0.88 + 0.004 * chance.normal()),
    temperature: 36 + 36 * busy + 0.8 * chance.normal(),
    xid: lost ? chance.poisson(0.5) : 0,
    restarts: lost && chance.hit(0.12) ? 1 : 0,
    waiting: step.next.waiting + chance.poisson(step.load),
    running: step.next.running,
    kvUsage: step.kvUsage,
    preemptions: step.preemptions,
    ready: step.idle ? 0 : 1,
  };
}
