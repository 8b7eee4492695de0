import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { benjaminiHochberg, chiSquare, kolmogorovSmirnov } from "./two-sample.ts";

// Computed with scipy 1.17.1 (ks_2samp, chi2_contingency, false_discovery_control).
const REFERENCE = [0.61, 0.72, 0.68, 0.75, 0.7, 0.66, 0.74, 0.71, 0.69, 0.73];
const CURRENT = [0.55, 0.58, 0.62, 0.67, 0.6, 0.57, 0.64, 0.59];

describe("the Kolmogorov–Smirnov test", () => {
  test("agrees with scipy on two small samples, exactly and asymptotically", () => {
    const exact = kolmogorovSmirnov(REFERENCE, CURRENT, "exact");
    expect(exact?.d).toBeCloseTo(0.8, 12);
    expect(exact?.p).toBeCloseTo(0.002422414187, 12);
    expect(exact?.less).toBeCloseTo(0.8, 12);
    expect(kolmogorovSmirnov(REFERENCE, CURRENT, "asymptotic")?.p).toBeCloseTo(0.0032, 10);
  });

  test("agrees with scipy on shifted integers and on ties", () => {
    expect(kolmogorovSmirnov([1, 2, 3, 4, 5], [3, 4, 5, 6, 7])?.p).toBeCloseTo(0.873015873, 9);
    expect(kolmogorovSmirnov([1, 1, 2, 2, 3, 3], [2, 2, 3, 3, 4, 4])?.p).toBeCloseTo(0.9307359307, 9);
  });

  test("agrees with scipy on two hundred against two hundred", () => {
    const u = Array.from({ length: 200 }, (_, i) => i / 200);
    const v = u.map((value) => 0.9 * value + 0.08);
    expect(kolmogorovSmirnov(u, v)?.p).toBeCloseTo(0.5452713464, 9);
    expect(kolmogorovSmirnov(u, v, "asymptotic")?.p).toBeCloseTo(0.5182193645, 9);
  });

  test("keeps the digits of the smallest probabilities", () => {
    const low = Array.from({ length: 100 }, (_, i) => i);
    const high = low.map((value) => value + 1000);
    // 2 / C(200, 100): only the two paths along the edges stay apart.
    expect(kolmogorovSmirnov(low, high, "exact")?.p).toBeCloseTo(2 / 9.0548514656103e58, 70);
    expect(kolmogorovSmirnov(low, high, "exact")?.p).toBeGreaterThan(0);
  });

  test("says nothing about an empty sample and reads only what is finite", () => {
    expect(kolmogorovSmirnov([], [1])).toBeNull();
    expect(kolmogorovSmirnov([Number.NaN, Number.POSITIVE_INFINITY], [1])).toBeNull();
  });

  test("gives a probability and a distance between 0 and 1, the same from either side", () => {
    const sample = fc.array(fc.double({ noNaN: true, min: -1e6, max: 1e6 }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(sample, sample, (a, b) => {
        const one = kolmogorovSmirnov(a, b);
        const other = kolmogorovSmirnov(b, a);
        expect(one?.p).toBeGreaterThanOrEqual(0);
        expect(one?.p).toBeLessThanOrEqual(1);
        expect(one?.d).toBeCloseTo(other?.d ?? -1, 12);
        expect(one?.p).toBeCloseTo(other?.p ?? -1, 9);
      }),
    );
  });
});

describe("the chi-square test", () => {
  test("agrees with scipy on a table of two by three", () => {
    const result = chiSquare([
      [120, 60, 20],
      [90, 70, 40],
    ]);
    expect(result?.statistic).toBeCloseTo(11.72161172, 8);
    expect(result?.df).toBe(2);
    expect(result?.p).toBeCloseTo(0.002848946903, 11);
  });

  test("agrees with scipy on two by two, with and without Yates' correction", () => {
    const table = [
      [90, 10],
      [75, 25],
    ];
    expect(chiSquare(table)?.p).toBeCloseTo(0.005247203739, 11);
    expect(chiSquare(table, true)?.p).toBeCloseTo(0.009177890025, 11);
  });

  test("says nothing about a table with a single column or nothing in it", () => {
    expect(chiSquare([[3], [4]])).toBeNull();
    expect(
      chiSquare([
        [0, 0],
        [0, 0],
      ]),
    ).toBeNull();
  });
});

test("false discoveries are adjusted as Benjamini and Hochberg do, in the order given", () => {
  const adjusted = benjaminiHochberg([0.205, 0.001, 0.008, 0.039, 0.041, 0.042, 0.06, 0.074]);
  expect(adjusted.map((p) => Math.round(p * 1e8) / 1e8)).toEqual([
    0.205, 0.008, 0.032, 0.0672, 0.0672, 0.0672, 0.08, 0.08457143,
  ]);
});
