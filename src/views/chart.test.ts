import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MINUTE, SECOND } from "../domain/time.ts";
import { type ChartInput, type ChartSeries, incidentChart } from "./chart.ts";
import { chartAlt, levelsOf, levelWords } from "./chart-figures.ts";
import { fitting, offsetWords, placeFlags, timeTicks, valueAxis, WIDTH, widthOf } from "./chart-layout.ts";

const NOW = Date.UTC(2025, 0, 1, 2, 10);
const ONSET = NOW - 9 * MINUTE;
const FIX = NOW - 3 * MINUTE;

function line(label: string, levels: [number, number, number], over: Partial<ChartSeries> = {}): ChartSeries {
  const points = Array.from({ length: 80 }, (_, index): [number, number] => {
    const at = NOW - (80 - index) * 15 * SECOND;
    return [at, at < ONSET ? levels[0] : at < FIX ? levels[1] : levels[2]];
  });
  return { label, unit: "ratio", emphasis: "fired", points, ...over };
}

const input: ChartInput = {
  title: "Answers are not valid JSON",
  theme: "light",
  now: NOW,
  onset: { at: ONSET, from: ONSET - 20 * SECOND, to: ONSET + 15 * SECOND },
  executionAt: FIX,
  changes: [
    { at: ONSET - 40 * SECOND, label: "prompt answer v42", culprit: true },
    { at: ONSET - 4 * MINUTE, label: "deploy of search", culprit: false },
    { at: ONSET - 2 * MINUTE, label: "flag new-cache", culprit: false },
  ],
  series: [line("format_valid_ratio chat-api", [0.98, 0.41, 0.97])],
};

/** The words that are drawn, in order. */
function words(svg: string): string[] {
  return [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text]) => text ?? "");
}

describe("the picture", () => {
  test("is the same for the same input, whatever was drawn before", () => {
    const first = incidentChart(input);
    incidentChart({ ...input, theme: "dark" });
    expect(incidentChart(input)).toBe(first);
    expect(incidentChart({ ...input, theme: "dark" })).not.toBe(first);
  });

  test("names the culprit, the beginning and the fix, and counts the other changes", () => {
    const drawn = words(incidentChart(input));
    expect(drawn).toContain("likely cause: prompt answer v42");
    expect(drawn).toContain("began");
    expect(drawn).toContain("fix");
    expect(drawn).toContain("2 other changes");
    expect(drawn).not.toContain("deploy of search");
  });

  test("says so when the culprit was made before the picture begins", () => {
    const changes = [{ at: NOW - 90 * MINUTE, label: "index of docs", culprit: true }];
    expect(words(incidentChart({ ...input, changes }))).toContain("← likely cause: index of docs");
  });

  test("marks nothing that is not known", () => {
    const drawn = words(incidentChart({ ...input, onset: null, executionAt: null, changes: [] }));
    expect(drawn.filter((word) => /began|fix|cause|change/.test(word))).toEqual([]);
    expect(drawn).toContain("now");
  });

  test("draws nothing where a value is missing", () => {
    const gap = line("error_ratio", [0.1, 0.2, 0.3]);
    const points = gap.points.map(([at, value], index): [number, number | null] => [at, index === 40 ? null : value]);
    const whole = incidentChart({ ...input, series: [gap] });
    const broken = incidentChart({ ...input, series: [{ ...gap, points }] });
    const moves = (svg: string) =>
      [...svg.matchAll(/<path d="([^"]*)"[^>]*stroke-width="4"/g)]
        .map(([, path]) => path)
        .join("")
        .split("M").length;
    expect(moves(broken)).toBe(moves(whole) + 1);
  });

  test("gives each unit a panel, two at most", () => {
    const series = [
      line("error_ratio a", [0, 0.5, 0]),
      line("latency_p95 a", [2, 9, 2], { unit: "s", emphasis: "companion" }),
      line("cost_per_hour a", [5, 50, 5], { unit: "USD/h", emphasis: "companion" }),
    ];
    const drawn = words(incidentChart({ ...input, series })).join("|");
    expect(drawn).toContain("error ratio a");
    expect(drawn).toContain("latency p95 a");
    expect(drawn).not.toContain("cost per hour");
  });

  test("names a slice by what tells it from its whole", () => {
    const series = [line("error_ratio a", [0, 0.5, 0]), line("error_ratio a v2", [0, 0.9, 0], { emphasis: "slice" })];
    expect(words(incidentChart({ ...input, series }))).toContain("of which v2");
  });

  test("is drawn even with nothing in it", () => {
    expect(incidentChart({ ...input, series: [], changes: [], onset: null, executionAt: null })).toContain("</svg>");
    const points: [number, number | null][] = [[NOW, null]];
    expect(incidentChart({ ...input, series: [line("x", [0, 0, 0], { points })] })).toContain("</svg>");
  });

  test("keeps hostile text as text", () => {
    const hostile = `</text><script>alert(1)</script>"'&{a|b}\u0000\ud800`;
    const svg = incidentChart({
      ...input,
      title: hostile,
      changes: [{ at: ONSET, label: hostile, culprit: true }],
      series: [line(hostile, [0.1, 0.2, 0.3])],
    });
    expect(svg).not.toContain("<script");
    expect([...svg].filter((char) => char < " " && char !== "\n")).toEqual([]);
    expect(svg.isWellFormed()).toBe(true);
    const tags = new Set([...svg.matchAll(/<\/?([a-z]+)/gi)].map(([, tag]) => tag));
    expect([...tags].toSorted()).toEqual(["clipPath", "defs", "desc", "g", "path", "rect", "svg", "text", "title"]);
  });
});

describe("the words", () => {
  test("say what was normal, what became of it, and what the fix brought", () => {
    const alt = chartAlt(input);
    expect(alt).toContain("format valid ratio chat-api: normally 98 %, since the beginning 41 %, since the fix 97 %.");
    expect(alt).toContain("Likely cause: prompt answer v42 40 s before the beginning.");
    expect(alt).toContain("2 other changes are marked.");
    expect(alt).toContain("The fix was applied 6 min after the beginning.");
    expect(incidentChart(input)).toContain(alt);
  });

  test("are short in the legend, with the unit once", () => {
    expect(levelWords({ normal: 0.98, burning: 0.41, after: 0.97 }, "ratio")).toBe("98 → 41 → 97 %");
    expect(levelWords({ normal: 2.1, burning: null, after: null }, "s")).toBe("2.1 s");
    expect(levelWords({ normal: null, burning: null, after: null }, "s")).toBe("");
  });

  test("give no normal to a slice that was born just before the onset", () => {
    const young = line("error_ratio v2", [0.4, 0.4, 0.4]);
    const points = young.points.map(([at, value]): [number, number | null] => [at, at < ONSET - MINUTE ? null : value]);
    expect(levelsOf({ ...young, points }, input)).toEqual({ normal: null, burning: 0.4, after: 0.4 });
  });
});

describe("the layout", () => {
  test("ticks are round, within the span, and few enough to be read", () => {
    fc.assert(
      fc.property(fc.integer({ min: -90_000_000, max: 0 }), fc.integer({ min: 1_000, max: 90_000_000 }), (from, to) => {
        const ticks = timeTicks(from, to);
        expect(ticks.length).toBeLessThanOrEqual(6);
        expect(ticks).toContain(0);
        expect(ticks.every((tick) => tick >= from && tick <= to && tick % SECOND === 0)).toBe(true);
      }),
    );
    expect(timeTicks(-11 * MINUTE, 9 * MINUTE).map((tick) => offsetWords(tick, "0"))).toEqual([
      "−10 min",
      "−5 min",
      "0",
      "+5 min",
    ]);
  });

  test("the value axis holds every value", () => {
    const values = fc.array(fc.double({ min: -1e9, max: 1e9, noNaN: true }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(values, (list) => {
        const { min, max, step } = valueAxis(list);
        const slack = step * 1e-6;
        expect(min).toBeLessThanOrEqual(Math.min(...list) + slack);
        expect(max).toBeGreaterThanOrEqual(Math.max(...list) - slack);
        expect((max - min) / step).toBeLessThanOrEqual(6);
      }),
    );
  });

  test("a small move of a high level is not flattened by a zero", () => {
    expect(valueAxis([0.92, 0.99]).min).toBeGreaterThan(0.8);
    expect(valueAxis([0.1, 0.99]).min).toBe(0);
  });

  test("flags lie within the picture and never on one another", () => {
    const flag = fc.record({ x: fc.integer({ min: 84, max: 692 }), text: fc.string({ minLength: 1, maxLength: 60 }) });
    fc.assert(
      fc.property(fc.array(flag, { maxLength: 5 }), (flags) => {
        const placed = placeFlags(flags, [16, WIDTH - 16]).map(({ x, row, align, text }) => {
          const start = align === "left" ? x + 8 : x - 8 - widthOf(text);
          return { row, start, end: start + widthOf(text) };
        });
        for (const [index, one] of placed.entries()) {
          expect(one.start).toBeGreaterThanOrEqual(-8);
          expect(one.end).toBeLessThanOrEqual(WIDTH);
          for (const other of placed.slice(index + 1))
            expect(one.row !== other.row || one.end <= other.start || other.end <= one.start).toBe(true);
        }
      }),
    );
  });

  test("text that is too long is cut with an ellipsis", () => {
    expect(fitting("short", 400)).toBe("short");
    expect(fitting("a".repeat(100), 240)).toBe(`${"a".repeat(19)}…`);
  });
});
