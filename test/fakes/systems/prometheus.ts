import { type Answer, type FakeServer, type Received, startFake } from "../server.ts";

type Labels = Readonly<Record<string, string>>;

/** A metric of the fake: its label sets, each with one constant value as Prometheus writes it. */
export type FakeMetrics = Readonly<Record<string, readonly { readonly labels: Labels; readonly value: string }[]>>;

export interface FakePrometheus extends FakeServer {
  /** Parts of expressions that cannot be executed. */
  readonly broken: string[];
  readonly warnings: string[];
  readonly asked: readonly {
    readonly expr: string;
    readonly start: number;
    readonly end: number;
    readonly step: number;
  }[];
}

/**
 * Prometheus' HTTP API over constants: names, labels and range queries with its own rules for parameters and its limit
 * of points. Of PromQL it knows the metric name, the one regular-expression matcher and the grouping, no arithmetic.
 */
export async function startPrometheus(metrics: FakeMetrics): Promise<FakePrometheus> {
  const asked: FakePrometheus["asked"][number][] = [];
  const fake = { metrics, broken: [] as string[], warnings: [] as string[], asked };
  const server = await startFake((request) => route(request, fake, asked));
  return Object.assign(server, { broken: fake.broken, warnings: fake.warnings, asked });
}

interface State {
  readonly metrics: FakeMetrics;
  readonly broken: readonly string[];
  readonly warnings: readonly string[];
}

function route(
  request: Received,
  state: State,
  asked: { expr: string; start: number; end: number; step: number }[],
): Answer | null {
  const { path, method, headers, text } = request;
  const isForm = headers["content-type"] === "application/x-www-form-urlencoded";
  if (method === "POST" && !isForm) return bad("expected a form");
  const params = method === "POST" ? new URLSearchParams(text) : request.query;
  if (path === "/api/v1/query") return { json: { status: "success", data: { resultType: "vector", result: [] } } };
  if (path === "/api/v1/label/__name__/values" && method === "GET") {
    const pattern = new RegExp(`^(?:${/=~"(.*)"\}$/.exec(params.get("match[]") ?? "")?.[1] ?? ""})$`);
    return { json: { status: "success", data: Object.keys(state.metrics).filter((name) => pattern.test(name)) } };
  }
  if (path === "/api/v1/labels") {
    const name = /__name__="([^"]+)"/.exec(params.get("match[]") ?? "")?.[1] ?? "";
    const labels = (state.metrics[name] ?? []).flatMap((row) => Object.keys(row.labels));
    return { json: { status: "success", data: [...new Set(["__name__", ...labels])] } };
  }
  if (path !== "/api/v1/query_range") return null;
  const [start, end, step] = ["start", "end", "step"].map((name) => Number(params.get(name) ?? Number.NaN));
  if (start === undefined || end === undefined || step === undefined || !(end >= start) || !(step > 0))
    return bad("invalid parameter");
  if ((end - start) / step > 11_000) return bad("exceeded maximum resolution of 11,000 points per timeseries");
  const expr = params.get("query") ?? "";
  asked.push({ expr, start, end, step });
  if (state.broken.some((part) => expr.includes(part)))
    return {
      status: 422,
      json: { status: "error", errorType: "execution", error: "many-to-many matching not allowed" },
    };
  const data = { resultType: "matrix", result: evaluated(expr, state.metrics, { start, end, step }) };
  return { json: { status: "success", data, ...(state.warnings.length > 0 ? { warnings: state.warnings } : {}) } };
}

function evaluated(
  expr: string,
  metrics: FakeMetrics,
  { start, end, step }: { start: number; end: number; step: number },
) {
  const name = Object.keys(metrics).find((metric) => expr.includes(`${metric}{`) || expr.includes(`${metric}[`)) ?? "";
  const [, label = "", source = '""'] = /([a-z_]+)=~("(?:[^"\\]|\\.)*")/i.exec(expr) ?? [];
  const pattern = new RegExp(`^(?:${JSON.parse(source) as string})$`);
  const by = /by \(([^)]*)\)/
    .exec(expr)?.[1]
    ?.split(", ")
    .filter((one) => one !== "le");
  const groups = new Map<string, { metric: Labels; value: string }>();
  for (const { labels, value } of metrics[name] ?? []) {
    if (!pattern.test(labels[label] ?? "")) continue;
    const metric =
      by === undefined
        ? { __name__: name, ...labels }
        : Object.fromEntries(by.flatMap((one) => (labels[one] === undefined ? [] : [[one, labels[one]]])));
    groups.set(JSON.stringify(metric), { metric, value });
  }
  const times = Array.from({ length: Math.floor((end - start) / step) + 1 }, (_, index) => start + index * step);
  return [...groups.values()].map(({ metric, value }) => ({ metric, values: times.map((at) => [at, value]) }));
}

function bad(error: string): Answer {
  return { status: 400, json: { status: "error", errorType: "bad_data", error } };
}
