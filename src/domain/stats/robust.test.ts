import { expect, test } from "vitest";
import { mad, mean, median, noiseScale, quantile } from "./robust.ts";

test("quantiles interpolate between the order statistics", () => {
  expect(quantile([4, 1, 3, 2], 0.5)).toBe(2.5);
  expect(quantile([1, 2, 3, 4, 5], 0.9)).toBeCloseTo(4.6, 12);
  expect(median([])).toBeNaN();
  expect(mean([])).toBeNaN();
});

test("the deviation is that of the normal law and does not see an outlier", () => {
  expect(mad([1, 2, 3, 4, 1000])).toBeCloseTo(1.4826, 4);
});

test("the noise is read from differences, so that a trend is none", () => {
  const trend = Array.from({ length: 50 }, (_, i) => i * 0.001 + (i % 2 === 0 ? 1 : -1));
  expect(noiseScale(trend)).toBeGreaterThan(1);
  expect(noiseScale([5, 5, 5, 5])).toBe(0);
  expect(noiseScale([1])).toBe(0);
});
