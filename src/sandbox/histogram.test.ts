import fc from "fast-check";
import { expect, test } from "vitest";
import { Histogram } from "./histogram.ts";

const times = fc.array(fc.double({ min: 0.01, max: 50, noNaN: true }), { minLength: 1, maxLength: 300 });

test("a quantile lies within a twentieth of the exact one", () => {
  fc.assert(
    fc.property(times, fc.constantFrom(0.5, 0.9, 0.95), (values, share) => {
      const histogram = new Histogram(8);
      histogram.next();
      for (const value of values) histogram.add(value);
      const sorted = values.toSorted((a, b) => a - b);
      const at = Math.min(sorted.length - 1, Math.floor(share * sorted.length));
      const near = sorted.slice(Math.max(0, at - 1), at + 1);
      const got = histogram.quantile(share) ?? 0;
      expect(got).toBeGreaterThanOrEqual(Math.min(...near) * 0.95);
      expect(got).toBeLessThanOrEqual(Math.max(...near) * 1.06);
    }),
  );
});

test("whole seconds drop out again, and nothing is left of them", () => {
  const histogram = new Histogram(3);
  histogram.next();
  histogram.add(20);
  for (let i = 0; i < 2; i += 1) {
    histogram.next();
    histogram.add(1);
  }
  expect(histogram.quantile(0.95)).toBeGreaterThan(19);
  histogram.next();
  expect(histogram.quantile(0.95)).toBeLessThan(1.1);
  histogram.next();
  histogram.next();
  expect(histogram.quantile(0.95)).toBeNull();
});
