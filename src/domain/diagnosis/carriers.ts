import type { CaseContext } from "./case-context.ts";
import { type Effect, sinceOnset } from "./effect.ts";
import type { Movement } from "./movement.ts";

/** For one signal of one entity and one dimension: the values that carry the effect and those that do not. */
export interface Carriers {
  readonly signal: string;
  readonly entity: string;
  readonly dimension: string;
  readonly hit: readonly Movement[];
  readonly spared: readonly Movement[];
  /** The whole moved, whatever the slices say. */
  readonly whole: Movement | null;
}

/** Weaker than this and the slice has only its share of the noise. */
const CARRIES = 0.22;

/** Groups the slices of each signal by dimension; only those with something to say. */
export function carriersOf(context: CaseContext): Carriers[] {
  const groups = new Map<string, Movement[]>();
  for (const movement of context.movements) {
    if (movement.points < 3 || context.relation(movement) === "stranger") continue;
    const dimensions = Object.keys(movement.slice).filter((key) => key !== "service");
    for (const dimension of dimensions) {
      const rest = Object.entries(movement.slice).filter(([key]) => key !== dimension && key !== "service");
      const key = JSON.stringify([movement.signal, movement.entity.kind, movement.entity.name, dimension, rest]);
      groups.set(key, [...(groups.get(key) ?? []), movement]);
    }
  }
  return [...groups].flatMap(([key, slices]) => {
    const [signal = "", kind = "", entity = "", dimension = ""] = JSON.parse(key) as string[];
    const whole = context.movements.find(
      (movement) =>
        movement.signal === signal &&
        movement.entity.kind === kind &&
        movement.entity.name === entity &&
        Object.keys(movement.slice).filter((label) => label !== "service").length === 0,
    );
    const hit = slices.filter((slice) => carries(slice, context, { whole: whole ?? null, slices }));
    if (hit.length === 0 && !(whole !== undefined && strong(whole, context))) return [];
    return [
      {
        signal,
        entity,
        dimension,
        hit,
        spared: sparedOf(slices, hit, { whole: whole ?? null, context }),
        whole: whole ?? null,
      },
    ];
  });
}

function strong(movement: Movement, context: CaseContext): boolean {
  return context.coherent.includes(movement) && movement.strength >= CARRIES && movement.harmful !== false;
}

interface Peers {
  readonly whole: Movement | null;
  readonly slices: readonly Movement[];
}

/**
 * A slice carries the effect when it moved at the onset and not much less than its peers; a slice that has no past is
 * compared with what the whole was before.
 */
function carries(slice: Movement, context: CaseContext, { whole, slices }: Peers): boolean {
  const most = Math.max(0, ...slices.map((peer) => (context.coherent.includes(peer) ? size(peer) : 0)));
  if (strong(slice, context)) return most === 0 || size(slice) >= most * 0.3;
  if (slice.appearedAt === null || slice.now === null) return false;
  const usual = whole?.before ?? slices.find((peer) => peer !== slice && peer.appearedAt === null)?.before ?? null;
  if (usual === null) return false;
  const away = Math.abs(slice.now - usual);
  const moved = whole !== null && whole.now !== null && whole.before !== null ? Math.abs(whole.now - whole.before) : 0;
  return moved > 0 ? away >= moved * 0.8 && strong(whole ?? slice, context) : away > Math.abs(usual) * 0.2;
}

/**
 * Not to have been seen to move is not to have been spared: a slice counts as spared only when what it did since the
 * onset is clearly less than half of what the hit ones did. The rest stay undecided.
 */
function sparedOf(
  slices: readonly Movement[],
  hit: readonly Movement[],
  { whole, context }: { whole: Movement | null; context: CaseContext },
): Movement[] {
  const others = slices.filter((slice) => !hit.includes(slice));
  const reference = hit.length > 0 ? hit : whole === null ? [] : [whole];
  const most = Math.max(0, ...reference.map(size));
  const up = (reference[0]?.now ?? 0) >= (reference[0]?.before ?? 0);
  return others.filter((slice) =>
    isLess(sinceOnset(slice.series, context.onset, context.asOf), up ? most / 2 : -most / 2),
  );
}

/** Standard errors by which a slice's own move must stay away from half of its peers'. */
const CLEARLY = 2;

function isLess(effect: Effect | null, half: number): boolean {
  if (effect === null) return false;
  return half >= 0 ? effect.mean + CLEARLY * effect.error < half : effect.mean - CLEARLY * effect.error > half;
}

function size({ before, now }: Movement): number {
  return before === null || now === null ? 0 : Math.abs(now - before);
}

/** The node that alone, or with few others, carries a harmful shift; null where none stands out. */
export function worstNode(context: CaseContext): { node: string; pool: string | null } | null {
  const nodes = carriersOf(context).filter(
    ({ dimension, hit, spared }) => dimension === "node" && hit.length > 0 && (spared.length > 0 || hit.length === 1),
  );
  const best = nodes.flatMap(({ hit }) => hit).toSorted((a, b) => b.strength - a.strength || b.z - a.z)[0];
  const node = best?.slice["node"];
  if (best === undefined || node === undefined) return fromLogs(context);
  return { node, pool: best.series.labels["gpu_pool"] ?? null };
}

function fromLogs({ logs }: CaseContext): { node: string; pool: string | null } | null {
  const hit = logs.find(
    ({ labels, template }) =>
      labels["node"] !== undefined && /xid|ecc|nccl|nvlink|cuda|gpu|thermal|i\/o error/i.test(template),
  );
  return hit?.labels["node"] === undefined ? null : { node: hit.labels["node"], pool: hit.labels["gpu_pool"] ?? null };
}
