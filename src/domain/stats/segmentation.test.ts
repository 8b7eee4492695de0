import fc from "fast-check";
import { expect, test } from "vitest";
import { changePoints } from "./segmentation.ts";

function jitter(i: number): number {
  return Math.sin(i * 12.9898) * 0.5 + Math.sin(i * 78.233) * 0.3;
}

function series(length: number, level: (i: number) => number): number[] {
  return Array.from({ length }, (_, i) => level(i) + jitter(i) * 0.2);
}

test("finds the steps of a staircase", () => {
  const places = changePoints(series(150, (i) => (i < 50 ? 0 : i < 100 ? 2 : 5)));
  expect(places).toHaveLength(2);
  expect(Math.abs((places[0] ?? 0) - 50)).toBeLessThanOrEqual(1);
  expect(Math.abs((places[1] ?? 0) - 100)).toBeLessThanOrEqual(1);
});

test("takes a steady trend for one piece, and finds where it bends", () => {
  expect(changePoints(series(200, (i) => i * 0.05))).toEqual([]);
  const [bend] = changePoints(series(200, (i) => (i < 120 ? 0 : (i - 120) * 0.2)));
  expect(Math.abs((bend ?? 0) - 120)).toBeLessThanOrEqual(8);
});

test("sees nothing in noise, in a constant, and in too little", () => {
  expect(changePoints(series(200, () => 0))).toEqual([]);
  expect(changePoints(Array.from({ length: 50 }, () => 3))).toEqual([]);
  expect(changePoints([1, 2])).toEqual([]);
});

test("gives ascending places within the sequence, whatever the values", () => {
  fc.assert(
    fc.property(fc.array(fc.double({ noNaN: true, min: -1e9, max: 1e9 }), { maxLength: 80 }), (values) => {
      const places = changePoints(values);
      expect(places.every((place, i) => place > (places[i - 1] ?? 0) && place < values.length)).toBe(true);
    }),
  );
});
