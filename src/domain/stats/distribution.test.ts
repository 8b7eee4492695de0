import { expect, test } from "vitest";
import { decileShares, jensenShannon, psi, psiNoise, wasserstein } from "./distribution.ts";

// Golden values computed with scipy 1.17.1 (jensenshannon, wasserstein_distance) and by hand for the index.
const EVEN = Array.from({ length: 10 }, () => 0.1);
const SKEWED = [0.06, 0.07, 0.08, 0.09, 0.1, 0.1, 0.11, 0.12, 0.13, 0.14];

test("the stability index is the symmetric divergence of the shares", () => {
  expect(psi(EVEN, SKEWED)).toBeCloseTo(0.06257909978, 10);
  expect(psi(EVEN, EVEN)).toBe(0);
});

test("an empty bin counts as a ten-thousandth", () => {
  expect(psi(EVEN, [0, 0.13, ...SKEWED.slice(2)])).toBeCloseTo(0.7294015068, 9);
});

test("the index has a floor that small samples reach by chance", () => {
  expect(psiNoise({ n: 200, m: 200, bins: 10, p: 0.05 })).toBeCloseTo(0.1692, 4);
  expect(psiNoise({ n: 5000, m: 500, bins: 10, p: 0.05 })).toBeCloseTo(0.0372, 4);
  expect(psiNoise({ n: 0, m: 500, bins: 10, p: 0.05 })).toBe(Number.POSITIVE_INFINITY);
});

test("the Jensen–Shannon distance is in base two", () => {
  expect(jensenShannon(EVEN, SKEWED)).toBeCloseTo(0.1059124059, 10);
  expect(jensenShannon([1, 0], [0, 1])).toBeCloseTo(1, 12);
});

test("the Wasserstein distance has the unit of the values", () => {
  const reference = [0.61, 0.72, 0.68, 0.75, 0.7, 0.66, 0.74, 0.71, 0.69, 0.73];
  expect(wasserstein(reference, [0.55, 0.58, 0.62, 0.67, 0.6, 0.57, 0.64, 0.59])).toBeCloseTo(0.0965, 10);
  expect(wasserstein([1, 2, 3], [4, 5, 6])).toBeCloseTo(3, 12);
});

test("deciles of a reference that repeats itself have fewer bins, and every value falls into one", () => {
  const { reference, current } = decileShares([1, 1, 1, 1, 2, 2, 3], [0, 1, 9]);
  expect(reference.length).toBe(current.length);
  expect(reference.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12);
  expect(current.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12);
});
