import { expect, test } from "vitest";
import { arrivalsOf, swung } from "./arrivals.ts";
import { freshWorld } from "./fresh-world.ts";
import { Chance } from "./random.ts";
import type { World } from "./world.ts";

const chance = new Chance(7);
let world: World = freshWorld(3);
const seconds = Array.from({ length: 600 }, () => {
  world = { ...world, ...swung(world, chance) };
  return arrivalsOf(world, chance);
});
const all = seconds.flat();

function quantile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(share * values.length)] ?? 0;
}

/** Quantiles of the public Azure LLM inference trace of 2023, conversation part. */
test.each([
  ["conversation", "conversationTokens", [396, 1_020, 1_189, 2_735]],
  ["answer", "answerTokens", [85, 129, 395, 424]],
] as const)(
  "the tokens of a %s have the shape of the trace at the quartiles and the ninth decile",
  (_what, key, wanted) => {
    const tokens = all.map((arrival) => arrival[key]);
    for (const [i, share] of [0.25, 0.5, 0.75, 0.9].entries()) {
      const ratio = quantile(tokens, share) / (wanted[i] ?? 1);
      expect(ratio, `${share}`).toBeGreaterThan(0.7);
      expect(ratio, `${share}`).toBeLessThan(1.35);
    }
  },
);

test("arrivals come in more uneven numbers than chance alone would send them, the more so over longer times", () => {
  const dispersion = (width: number) => {
    const counts = Array.from({ length: Math.floor(seconds.length / width) }, (_, i) =>
      seconds.slice(i * width, (i + 1) * width).reduce((sum, second) => sum + second.length, 0),
    );
    const mean = counts.reduce((sum, count) => sum + count, 0) / counts.length;
    return counts.reduce((sum, count) => sum + (count - mean) ** 2, 0) / counts.length / mean;
  };
  expect(dispersion(1)).toBeGreaterThan(1);
  expect(dispersion(30)).toBeGreaterThan(dispersion(1));
});
