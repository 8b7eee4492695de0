import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { lastingShift } from "./change-point.ts";

const options = { noiseFloor: 0.001, minZ: 5.5, baseline: 0.25 };

/** A repeatable jitter around zero: no two neighbours alike, no trend. */
function jitter(i: number): number {
  return Math.sin(i * 12.9898) * 0.5 + Math.sin(i * 78.233) * 0.3;
}

function series(length: number, level: (i: number) => number): number[] {
  return Array.from({ length }, (_, i) => level(i) + jitter(i) * 0.1);
}

describe("the lasting shift", () => {
  test("is found where the level steps, to the value", () => {
    const shift = lastingShift(
      series(200, (i) => (i < 150 ? 1 : 3)),
      options,
    );
    expect(shift?.at).toBe(150);
    expect(shift?.before).toBeCloseTo(1, 1);
    expect(shift?.after).toBeCloseTo(3, 1);
    expect(shift?.shape).toBe("step");
  });

  test("is found with five values after it", () => {
    expect(
      lastingShift(
        series(200, (i) => (i < 195 ? 1 : 3)),
        options,
      )?.at,
    ).toBe(195);
  });

  test("is not seen in noise, in a slow rhythm, or in a blip that is over", () => {
    expect(
      lastingShift(
        series(300, () => 1),
        options,
      ),
    ).toBeNull();
    expect(
      lastingShift(
        series(480, (i) => 1 + 0.05 * Math.sin(i / 120)),
        options,
      ),
    ).toBeNull();
    expect(
      lastingShift(
        series(300, (i) => (i >= 200 && i < 208 ? 4 : 1)),
        options,
      ),
    ).toBeNull();
  });

  test("of a ramp begins where the ramp leaves its level", () => {
    const shift = lastingShift(
      series(400, (i) => (i < 300 ? 1 : 1 + (i - 300) * 0.1)),
      options,
    );
    expect(shift?.shape).toBe("ramp");
    expect(Math.abs((shift?.at ?? 0) - 300)).toBeLessThanOrEqual(8);
  });

  test("of a staircase roll-out begins at its first clear step", () => {
    const shift = lastingShift(
      series(300, (i) => (i < 200 ? 1 : i < 230 ? 2 : i < 260 ? 4 : 8)),
      options,
    );
    expect(shift?.at).toBeGreaterThanOrEqual(195);
    expect(shift?.at).toBeLessThanOrEqual(262);
    expect(shift?.from).toBeLessThanOrEqual(shift?.at ?? 0);
  });

  test("needs values on both sides", () => {
    expect(lastingShift([], options)).toBeNull();
    expect(lastingShift([1, 2, 3], options)).toBeNull();
  });

  test("is finite and within the sequence whatever the values", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ noNaN: true, min: -1e9, max: 1e9 }), { maxLength: 120 }), (values) => {
        const shift = lastingShift(values, options);
        if (shift === null) return;
        expect([shift.at, shift.from, shift.to, shift.before, shift.after, shift.z].every(Number.isFinite)).toBe(true);
        expect(shift.at).toBeGreaterThanOrEqual(0);
        expect(shift.at).toBeLessThan(values.length);
      }),
    );
  });
});
