import type { Series } from "../domain/case-file.ts";
import type { Diagnosis } from "../domain/diagnosis/diagnosis.ts";
import { signalSpec } from "../domain/signal.ts";
import { MINUTE } from "../domain/time.ts";
import type { ChartInput, ChartSeries } from "../views/chart.ts";
import type { FlowDeps } from "./deps.ts";
import { scopeOf } from "./gather.ts";
import { readSeries } from "./read-series.ts";
import { loadThread } from "./record.ts";

const COMPANIONS = 2;

/**
 * What the incident's chart shows: the signal that fired, the telling slice or companion, the onset, the changes
 * around it and the fix. Null when there is no incident or no series for it.
 */
export async function chartOf(incidentId: string, deps: FlowDeps): Promise<Omit<ChartInput, "theme"> | null> {
  const view = await loadThread(incidentId, deps);
  if (view === null) return null;
  const { incident, alerts, diagnosis, changes, executions } = view;
  const now = deps.clock.now();
  const onset = diagnosis?.onset ?? null;
  const start = onset?.at ?? incident.openedAt;
  const to = Math.min(now, (incident.resolvedAt ?? now) + 2 * MINUTE);
  const window = { from: start - Math.max(2 * MINUTE, Math.min(deps.settings.lookbackMs, 2 * (to - start))), to };
  const series = await readSeries(scopeOf(view, deps.catalog), window, deps);
  const fired = alerts.flatMap(({ signal, service }) => (signal === null ? [] : [{ signal, service }]))[0];
  const main = series.find(
    ({ signal, labels }) =>
      signal === fired?.signal &&
      Object.keys(labels).length === 1 &&
      (fired.service === null || Object.values(labels).includes(fired.service)),
  );
  if (main === undefined) return null;
  const culprit = diagnosis?.suspects[0]?.changeId ?? null;
  return {
    title: incident.title,
    series: [drawn(main, "fired"), ...companions(series, main, diagnosis)],
    onset,
    changes: changes
      .filter(({ at }) => at >= window.from && at <= to)
      .map(({ id, at, title }) => ({ at, label: title, culprit: id === culprit })),
    executionAt: executions.at(-1)?.appliedAt ?? null,
    now: to,
  };
}

/** The series that the strongest evidence on the leading suspect is about. */
function companions(series: readonly Series[], main: Series, diagnosis: Diagnosis | null): ChartSeries[] {
  const weights = (diagnosis?.suspects[0]?.weights ?? []).toSorted((a, b) => b.logOdds - a.logOdds);
  const told = weights.flatMap(({ evidence: id }) => diagnosis?.evidence.find((evidence) => evidence.id === id) ?? []);
  const found = told.flatMap(({ signal, labels }) =>
    series.filter((candidate) => candidate.signal === signal && candidate !== main && same(candidate.labels, labels)),
  );
  const unit = signalSpec(main.signal)?.unit;
  const fitting = [...new Set(found)].filter(({ signal }) => signalSpec(signal)?.unit === unit);
  return fitting
    .slice(0, COMPANIONS)
    .map((candidate) => drawn(candidate, candidate.signal === main.signal ? "slice" : "companion"));
}

function same(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  return Object.keys(a).length === Object.keys(b).length && Object.entries(a).every(([key, value]) => b[key] === value);
}

function drawn({ signal, labels, start, stepMs, values }: Series, emphasis: ChartSeries["emphasis"]): ChartSeries {
  return {
    label: labelOf(signal, labels),
    unit: signalSpec(signal)?.unit ?? "",
    points: values.map((value, index) => [start + index * stepMs, value]),
    emphasis,
  };
}

/** `quality score · prompt version 32`: the service is what the chart is about and needs no saying. */
function labelOf(signal: string, labels: Readonly<Record<string, string>>): string {
  const slices = Object.entries(labels).filter(([key]) => key !== "service");
  const words = (name: string) => name.replaceAll("_", " ");
  return [words(signal), ...slices.map(([key, value]) => `${words(key)} ${value}`)].join(" · ");
}
