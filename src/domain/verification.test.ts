import { describe, expect, test } from "vitest";
import type { Series } from "./case-file.ts";
import { judge, together } from "./verification.ts";

/** One value a second: 60 calm, 20 burning, then what is given; the fix at 80, its effect due at 82. */
function series(after: (number | null)[], signal = "error_ratio", burning = 0.3): Series {
  const calm = Array.from({ length: 60 }, (_, i) => 0.01 + (i % 3) * 0.002);
  const hot = Array.from({ length: 20 }, () => burning);
  return { signal, labels: { service: "chat" }, start: 0, stepMs: 1_000, values: [...calm, ...hot, ...after] };
}
const window = (now: number) => ({
  calmUntil: 60_000,
  onset: 60_000,
  appliedAt: 80_000,
  effectAt: 82_000,
  now: now * 1_000,
  samples: 8,
  good: 6,
});

describe("judge", () => {
  test("a signal that is back at its baseline has recovered", () => {
    const verdict = judge(series([0.3, 0.2, ...Array(8).fill(0.012)]), window(90));
    expect(verdict).toMatchObject({ verdict: "recovered", good: 8, samples: 8 });
    expect(verdict.burning).toBeCloseTo(0.3);
  });

  test("a signal that only came half of the way back has not", () => {
    expect(judge(series(Array(30).fill(0.15)), window(110)).verdict).toBe("not_recovered");
  });

  test("too few samples say nothing yet, and no data is not recovery", () => {
    expect(judge(series([0.3, 0.2, 0.01, 0.01]), window(84)).verdict).toBe("waiting");
    expect(judge(series(Array(30).fill(null)), window(110)).verdict).toBe("waiting");
  });

  test("a signal that hurts downwards recovers upwards", () => {
    const up = {
      ...series(Array(12).fill(0.97), "format_valid_ratio", 0.4),
      values: [...Array(60).fill(0.97), ...Array(20).fill(0.4), ...Array(12).fill(0.97)],
    };
    expect(judge(up, window(92)).verdict).toBe("recovered");
  });

  test("better than before is recovered too", () => {
    expect(judge(series(Array(12).fill(0)), window(92)).verdict).toBe("recovered");
  });
});

test("all watched signals must have recovered, and one that has not decides", () => {
  const at = (verdict: "recovered" | "not_recovered" | "waiting") => ({
    signal: "x",
    verdict,
    baseline: 0,
    burning: 1,
    now: 0,
    samples: 8,
    good: 8,
  });
  expect(together([at("recovered"), at("recovered")])).toBe("recovered");
  expect(together([at("recovered"), at("waiting")])).toBe("waiting");
  expect(together([at("waiting"), at("not_recovered")])).toBe("not_recovered");
  expect(together([])).toBe("waiting");
});
