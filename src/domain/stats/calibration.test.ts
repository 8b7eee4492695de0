import { expect, test } from "vitest";
import { brierScore, calibrationError } from "./calibration.ts";

test("certainty that is right costs nothing, certainty that is wrong costs two", () => {
  expect(brierScore([{ probabilities: { a: 1, b: 0 }, truth: "a" }])).toBe(0);
  expect(brierScore([{ probabilities: { a: 1, b: 0 }, truth: "b" }])).toBe(2);
  expect(brierScore([{ probabilities: { a: 0.7, b: 0.3 }, truth: "a" }])).toBeCloseTo(0.18, 12);
});

test("four right of five at eighty per cent are calibrated", () => {
  const answers = [true, true, true, true, false].map((right) => ({ confidence: 0.8, right }));
  expect(calibrationError(answers)).toBeCloseTo(0, 12);
  expect(calibrationError([{ confidence: 1, right: false }])).toBe(1);
});
