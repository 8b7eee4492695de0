import { expect, test } from "vitest";
import { freshWorld } from "./fresh-world.ts";
import { type Demand, servePool, takingRequests } from "./pool.ts";
import { Chance } from "./random.ts";
import { plain, type World, withNode, withPart } from "./world.ts";

const each = (requests: number): Demand => ({
  requests,
  freshTokens: 1_900 * requests,
  outputTokens: 210 * requests,
  keptTokens: 2_000 * requests,
});

/** Lives through seconds in which every node that takes requests gets so many. */
function run(world: World, requests: number, seconds: number) {
  const chance = new Chance(1);
  let last = servePool(world, new Map(), chance);
  for (let i = 0; i < seconds; i += 1) {
    const { world: now } = last;
    const demands = new Map(takingRequests(now).map((name) => [name, each(requests)]));
    last = servePool({ ...now, tick: now.tick + 1 }, demands, chance);
  }
  return last;
}

const calm = freshWorld(1);

test("nothing waits at the usual load", () => {
  const { states, world } = run(calm, 8, 30);
  for (const { waitS, full } of Object.values(states)) expect([waitS, full]).toEqual([0, 0]);
  for (const { running } of Object.values(world.nodes)) expect(running).toBeLessThan(60);
});

test("at three times the load the batch is full, requests wait, then are turned away; they drain when it is over", () => {
  const flooded = run(calm, 26, 20);
  const node = flooded.states["gpu-a-1"];
  expect(node?.waitS).toBeGreaterThan(1);
  expect(node?.full).toBeGreaterThan(0.1);
  expect(run(flooded.world, 8, 40).states["gpu-a-1"]?.waitS).toBe(0);
});

test("a cache too small for what the engine admits throws sequences out, and requests wait", () => {
  const tight = { ...plain, sequences: 256, kvTokens: 32_000 };
  const broken = withPart(calm, "llm-pool/serving", { live: "x", versions: { x: tight } });
  const { readings } = run(broken, 8, 20);
  expect(readings[0]?.kvUsage).toBe(1);
  expect(readings[0]?.preemptions).toBeGreaterThan(0);
  expect(readings[0]?.waiting).toBeGreaterThan(5);
});

test("a broken node still gets requests until it is drained, and is the only one that reports XIDs", () => {
  const broken = withNode(calm, "gpu-a-3", { broken: true });
  expect(takingRequests(broken)).toContain("gpu-a-3");
  const seen = Array.from({ length: 20 }, (_, i) => run(broken, 8, i)).flatMap(({ readings }) => readings);
  expect(new Set(seen.filter(({ xid }) => xid > 0).map(({ node }) => node))).toEqual(new Set(["gpu-a-3"]));
  const drained = withNode(broken, "gpu-a-3", { drained: true });
  expect(takingRequests(drained)).toEqual(["gpu-a-1", "gpu-a-2", "gpu-a-4"]);
  expect(run(drained, 8, 20).readings.every(({ xid }) => xid === 0)).toBe(true);
});
