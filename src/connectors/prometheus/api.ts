import { z } from "zod";
import type { Window } from "../../domain/time.ts";
import type { HttpAnswer, HttpClient } from "../../lib/http.ts";
import type { Log } from "../../lib/log.ts";
import { answerOf, below } from "../kit/outbound.ts";

/** A query in the address may be this long; above it goes into a form. */
const MAX_ADDRESS = 2_000;

/** So many names fit an address: the list of values of a label can only be had with GET. */
const NAMES_AT_ONCE = 25;

/** A range with both ends included may hold 11,001 points for each series (signals B.1). */
const MAX_STEPS = 11_000;

const WHO = "Prometheus";

const Names = z.object({ data: z.array(z.string()) });

const Matrix = z.object({
  warnings: z.array(z.string()).optional(),
  data: z.object({
    resultType: z.literal("matrix"),
    result: z.array(
      z.object({
        metric: z.record(z.string(), z.string()),
        values: z.array(z.tuple([z.number(), z.string()])).default([]),
      }),
    ),
  }),
});

/** Sample times: `steps + 1` of them, at multiples of the step, within the window. */
export interface Grid {
  readonly start: number;
  readonly stepMs: number;
  readonly steps: number;
}

export interface Row {
  readonly labels: Readonly<Record<string, string>>;
  readonly values: readonly (number | null)[];
}

/** The finest grid of at least this step that the server will answer; null where the window holds no sample time. */
export function gridOf({ from, to }: Window, wantedStepMs: number): Grid | null {
  const bound = Math.ceil((to - from) / MAX_STEPS / 1000) * 1000;
  const stepMs = Math.max(wantedStepMs, bound);
  const start = Math.ceil(from / stepMs) * stepMs;
  const steps = Math.ceil((to - start) / stepMs) - 1;
  return steps < 0 ? null : { start, stepMs, steps };
}

type Params = [string, string][];

/** The part of Prometheus' HTTP API that is used here. */
export interface PrometheusApi {
  /** Those of the metrics that have had data in the window. */
  metricsAmong(names: readonly string[], window: Window, signal: AbortSignal): Promise<Set<string>>;
  labelsOf(metric: string, window: Window, signal: AbortSignal): Promise<Set<string>>;
  range(expr: string, grid: Grid, signal: AbortSignal): Promise<Row[]>;
  /** Whether an expression can be evaluated at all, and what answers. */
  ping(signal: AbortSignal): Promise<string>;
}

export function createApi(http: HttpClient, url: string, headers: Record<string, string>, log: Log): PrometheusApi {
  const ask = (path: string, params: Params, signal: AbortSignal): Promise<HttpAnswer> => {
    const text = new URLSearchParams(params).toString();
    const address = below(url, path);
    if (text.length <= MAX_ADDRESS) return http.send(`${address}?${text}`, { headers, signal });
    return http.send(address, { method: "POST", form: Object.fromEntries(params), headers, signal });
  };
  const during = ({ from, to }: Window): Params => [
    ["start", seconds(from)],
    ["end", seconds(to)],
  ];
  return {
    metricsAmong: async (names, window, signal) => {
      const found = new Set<string>();
      for (const some of inParts(names, NAMES_AT_ONCE)) {
        const params: Params = [["match[]", `{__name__=~"${some.join("|")}"}`], ...during(window)];
        const answer = await ask("/api/v1/label/__name__/values", params, signal);
        for (const name of answerOf(answer, Names, WHO).data) found.add(name);
      }
      return found;
    },
    labelsOf: async (metric, window, signal) => {
      const answer = await ask("/api/v1/labels", [["match[]", `{__name__="${metric}"}`], ...during(window)], signal);
      return new Set(answerOf(answer, Names, WHO).data);
    },
    range: async (expr, grid, signal) => {
      const end = grid.start + grid.steps * grid.stepMs;
      const times: Params = [
        ["start", seconds(grid.start)],
        ["end", seconds(end)],
        ["step", String(grid.stepMs / 1000)],
      ];
      const { data, warnings = [] } = answerOf(
        await ask("/api/v1/query_range", [["query", expr], ...times], signal),
        Matrix,
        WHO,
      );
      if (warnings.length > 0) log.warn("prometheus answered in part", { expr, warnings: warnings.slice(0, 5) });
      return data.result.map(({ metric, values }) => ({ labels: metric, values: onGrid(values, grid) }));
    },
    ping: async (signal) => {
      const answer = await ask("/api/v1/query", [["query", "vector(1)"]], signal);
      answerOf(answer, z.object({ status: z.literal("success") }), WHO);
      return "answers queries";
    },
  };
}

/** One value for each sample time; what was not a finite number is a gap. */
function onGrid(values: readonly (readonly [number, string])[], { start, stepMs, steps }: Grid): (number | null)[] {
  const row = new Array<number | null>(steps + 1).fill(null);
  for (const [at, text] of values) {
    const index = Math.round((at * 1000 - start) / stepMs);
    const value = text === "" ? Number.NaN : Number(text);
    if (index >= 0 && index < row.length && Number.isFinite(value)) row[index] = value;
  }
  return row;
}

function seconds(at: number): string {
  return (at / 1000).toFixed(3);
}

function* inParts(names: readonly string[], size: number): Generator<readonly string[]> {
  for (let from = 0; from < names.length; from += size) yield names.slice(from, from + size);
}
