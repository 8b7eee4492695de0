import { freshNode, type GpuNode, POOL, plain, type Traits, type World, withNodes, withPart } from "./world.ts";

/** Ticks that a replica needs to load the model; in the sandbox a second counts as a minute elsewhere. */
const LOADING = 3;

/** Each queue of the pool, cut to that share. */
export function cutQueues(world: World, share: number): World {
  return withNodes(world, (node) => ({ ...node, waiting: node.waiting * share }));
}

/** @param warmth how warm they are afterwards, 0 to 1 */
export function emptyCaches(world: World, warmth: number): World {
  return { ...world, warmth: Math.min(world.warmth, warmth) };
}

/** The replicas start again one after the other; each is away while it loads the model. */
export function restarted(world: World): World {
  const away = (node: GpuNode, index: number): GpuNode => {
    const loadingFrom = world.tick + 1 + LOADING * index;
    return { ...node, waiting: 0, loadingFrom, loadingUntil: loadingFrom + LOADING };
  };
  return emptyCaches(withNodes(world, away), 0.3);
}

/** The pool with that many nodes: new ones load the model first, the last ones go first. */
export function resized(world: World, replicas: number): World {
  const now = Object.entries(world.nodes);
  const kept = now.slice(0, replicas);
  const added = Array.from({ length: Math.max(0, replicas - now.length) }, (_, index): [string, GpuNode] => [
    `${POOL}-${now.length + index + 1}`,
    { ...freshNode, loadingFrom: world.tick, loadingUntil: world.tick + 1 + LOADING },
  ]);
  return { ...world, nodes: Object.fromEntries([...kept, ...added]) };
}

/** A new build of an index from its source, which has been in order all along; it goes live when it is complete. */
export function rebuilt(world: World, name: string): { world: World; version: string } {
  const index = world.parts[name];
  if (index === undefined) return { world, version: "" };
  const numbers = Object.keys(index.versions).map((version) => Number(version.replace(/\D/g, "")));
  const version = `b${Math.max(...numbers) + 1}`;
  const { retrieval, ageS } = plain;
  const fresh: Traits = { ...plain, retrieval, ageS };
  const versions = { ...index.versions, [version]: fresh };
  return { world: withPart(world, name, { live: version, good: version, versions }), version };
}
