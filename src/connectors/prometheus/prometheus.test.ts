import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { signals } from "../../domain/signal.ts";
import type { HttpClient } from "../../lib/http.ts";
import { silentLog } from "../../lib/log.ts";
import { createApi, gridOf } from "./api.ts";
import { plan, usualNames } from "./plan.ts";
import { presets, type Query } from "./queries.ts";
import { seriesOf } from "./series.ts";

const scope = { services: ["chat", "rag"], providers: ["openai"], gpuPools: ["a100"] };
const grid = { start: 0, stepMs: 1_000, steps: 1 };
const link = () => "http://prometheus.example.org/";
const planOf = (query: Query, present: string[] | null) =>
  plan({ query, scope, names: usualNames, present: present === null ? null : new Set(present), window: "5m" });

describe("the grid", () => {
  test("holds every sample time of the window and none outside, in at most 11,001 points", () => {
    const span = fc.integer({ min: 1, max: 90 * 86_400_000 });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2e12 }), span, fc.integer({ min: 1, max: 600 }), (from, length, step) => {
        const made = gridOf({ from, to: from + length }, step * 1000);
        if (made === null) return;
        const last = made.start + made.steps * made.stepMs;
        expect(made.start).toBeGreaterThanOrEqual(from);
        expect(last).toBeLessThan(from + length);
        expect(made.start - made.stepMs).toBeLessThan(from);
        expect(last + made.stepMs).toBeGreaterThanOrEqual(from + length);
        expect(made.start % made.stepMs).toBe(0);
        expect(made.steps).toBeLessThanOrEqual(11_000);
      }),
    );
  });

  test("keeps gaps: what is missing, NaN or infinite is null and never 0", async () => {
    const values = [
      [0, "1.5"],
      [2, "NaN"],
      [3, "+Inf"],
      [4, "-Inf"],
      [5, ""],
      [99, "7"],
    ];
    const body = { status: "success", data: { resultType: "matrix", result: [{ metric: { a: "b" }, values }] } };
    const http: HttpClient = {
      send: async () => ({ status: 200, headers: new Headers(), text: "", json: () => body }),
    };
    const api = createApi(http, "http://prometheus.example.org", {}, silentLog);
    const rows = await api.range("up", { start: 0, stepMs: 1_000, steps: 5 }, AbortSignal.timeout(5_000));
    expect(rows).toEqual([{ labels: { a: "b" }, values: [1.5, null, null, null, null, null] }]);
  });
});

describe("the queries", () => {
  test("name signals of the vocabulary, each with a metric that its expression uses", () => {
    for (const query of Object.values(presets).flat()) {
      expect(Object.keys(signals)).toContain(query.signal);
      for (const metric of query.metrics) expect(query.expr).toContain(metric);
    }
  });

  test("are cut by each dimension that the metric has a label for", () => {
    const [query] = presets.vllm;
    if (query === undefined) throw new Error("no query");
    const asks = planOf(query, ["service", "model_name", "region", "le"]);
    expect(asks.map(({ cutBy }) => cutBy)).toEqual([null, "model_version", "region"]);
    expect(asks[1]?.expr).toContain("sum by (service, model_name)");
    expect(asks.every(({ expr }) => expr.includes('service=~"chat|rag"') && !expr.includes("$"))).toBe(true);
  });

  test("are not asked where the metric says nowhere whose it is", () => {
    const [query] = presets.dcgm;
    if (query === undefined) throw new Error("no query");
    expect(planOf(query, ["gpu", "Hostname"])).toEqual([]);
    expect(planOf(query, ["gpu", "Hostname", "gpu_pool"])).toHaveLength(2);
  });

  test("take names in the scope literally", () => {
    fc.assert(
      fc.property(fc.array(fc.string(), { minLength: 1, maxLength: 4 }), (names) => {
        const query: Query = { signal: "quality_score", metrics: [], expr: "quality_score{$scope}" };
        const [ask] = plan({
          query,
          scope: { ...scope, services: names },
          names: usualNames,
          present: null,
          window: "5m",
        });
        const [, text = ""] = /^quality_score\{service=~(".*")\}$/s.exec(ask?.expr ?? "") ?? [];
        const pattern = new RegExp(`^(?:${JSON.parse(text) as string})$`, "s");
        for (const name of names) expect(pattern.test(name)).toBe(true);
        expect(pattern.test(`${names.join("")}-other`)).toBe(names.includes(`${names.join("")}-other`));
      }),
      { examples: [[["$&", ""]], [["$window", "$by"]]] },
    );
  });
});

describe("the answers", () => {
  const query: Query = { signal: "quality_score", metrics: [], expr: "quality_score{$scope}" };
  const [ask] = planOf(query, null);
  if (ask === undefined) throw new Error("no ask");

  test("become an aggregate and its slices, by our names", () => {
    const rows = [
      { labels: { job: "x", service: "chat" }, values: [1, 2] },
      { labels: { service: "chat", model_name: "v2", pod: "p1" }, values: [3, null] },
    ];
    expect(seriesOf([{ ask, rows }], grid, link).map(({ labels, values }) => ({ labels, values }))).toEqual([
      { labels: { service: "chat" }, values: [1, 2] },
      { labels: { service: "chat", model_version: "v2" }, values: [3, null] },
    ]);
  });

  test("lose a label that cuts nothing, and drop what is nobody's or empty", () => {
    const rows = [
      { labels: { service: "chat", region: "eu" }, values: [1, 1] },
      { labels: { service: "other" }, values: [1, 1] },
      { labels: {}, values: [1, 1] },
      { labels: { service: "rag" }, values: [null, null] },
    ];
    expect(seriesOf([{ ask, rows }], grid, link).map(({ labels }) => labels)).toEqual([{ service: "chat" }]);
  });

  test("of a second way to measure count only for services that the first has nothing of", () => {
    const second = { ...ask, query: { ...query, expr: "other{$scope}" } };
    const first = [{ labels: { service: "chat" }, values: [1, 1] }];
    const both = [
      { labels: { service: "chat" }, values: [9, 9] },
      { labels: { service: "rag" }, values: [2, 2] },
    ];
    const series = seriesOf(
      [
        { ask, rows: first },
        { ask: second, rows: both },
      ],
      grid,
      link,
    );
    expect(series.map(({ labels, values }) => [labels["service"], values[0]])).toEqual([
      ["chat", 1],
      ["rag", 2],
    ]);
  });
});
