import { z } from "zod";
import { type Alert, serviceOf, severityOf } from "./alert.ts";
import type { CaseFile, Series } from "./case-file.ts";
import { Catalog } from "./catalog.ts";
import { causes, remedies } from "./cause.ts";
import { type Change, changeKinds } from "./change.ts";
import { Labels } from "./json.ts";

const Time = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text));
const orNull = <T extends z.ZodType>(of: T) => of.nullish().transform((value) => value ?? null);
const labels = Labels.nullish().transform((value) => value ?? {});
const list = <T extends z.ZodType>(of: T) =>
  z
    .array(of)
    .nullish()
    .transform((value) => value ?? []);

const ScenarioAlert = z.object({
  status: z.enum(["firing", "resolved"]),
  labels,
  annotations: labels,
  startsAt: Time,
  endsAt: orNull(z.string()),
  generatorURL: orNull(z.string()),
  fingerprint: orNull(z.string()),
});

/** An Alertmanager webhook body, version "4", as far as an alert needs it. */
const AlertmanagerBody = z.object({ alerts: z.array(ScenarioAlert) });

const ScenarioChange = z.object({
  id: z.string().min(1),
  at: Time.nullish().transform((at) => at ?? Number.NaN),
  kind: z.enum(changeKinds),
  system: z.string().default(""),
  service: orNull(z.string()),
  target: z.string().default(""),
  title: z.string().default(""),
  author: orNull(z.string()),
  before: orNull(z.string()),
  after: orNull(z.string()),
  url: orNull(z.string()),
  scope: labels,
  rollout: orNull(
    z.object({ strategy: z.enum(["all", "canary", "gradual"]), percent: z.number(), completed_at: orNull(Time) }),
  ),
  summary: orNull(z.string()),
  commit: orNull(z.string()),
  files: list(z.string()),
  diff: orNull(z.string()),
});

const ScenarioSeries = z
  .object({
    signal: z.string().min(1).optional(),
    metric: z.string().min(1).optional(),
    labels,
    start: Time,
    step_s: z.number().positive(),
    values: z.array(z.number().nullable()),
  })
  .refine(({ signal, metric }) => (signal ?? metric) !== undefined, { error: "expected signal or metric" });

const ScenarioStatus = z.object({
  provider: z.string(),
  title: z.string().default(""),
  impact: z.enum(["none", "minor", "major", "critical", "maintenance"]),
  started_at: Time,
  posted_at: Time,
  resolved_at: orNull(Time),
  components: list(z.string()),
});

const ScenarioSample = z.object({
  name: z.string(),
  service: z.string(),
  kind: z.enum(["numeric", "categorical"]),
  reference: z.array(z.union([z.number(), z.string()])),
  current: z.array(z.union([z.number(), z.string()])),
});

const ScenarioLog = z.object({
  service: z.string(),
  labels,
  template: z.string(),
  first_seen: Time,
  last_seen: Time,
  count: z.number(),
  baseline_per_hour: z.number().default(0),
});

const ScenarioSpan = z.object({
  trace_id: z.string(),
  span_id: z.string(),
  parent_id: orNull(z.string()),
  service: z.string(),
  name: z.string(),
  start: Time,
  duration_ms: z.number(),
  status: z.enum(["OK", "ERROR"]),
  error: orNull(z.string()),
});

/** What turned out to be true. Read by the scorer only. */
const Expectation = z.object({
  cause: z.enum(causes),
  causes_ok: list(z.enum(causes)),
  culprit: orNull(z.string()),
  culprits_ok: list(z.string()),
  remedy: list(z.enum(remedies)),
});
export type Expectation = z.output<typeof Expectation>;

const ScenarioFile = z.object({
  version: z.literal(1),
  id: z.string().min(1),
  title: z.string().default(""),
  now: Time,
  catalog: Catalog.nullish().transform((catalog) => catalog ?? { services: [] }),
  alerts: list(AlertmanagerBody),
  changes: list(ScenarioChange),
  series: list(ScenarioSeries),
  provider_status: list(ScenarioStatus),
  samples: list(ScenarioSample),
  logs: list(ScenarioLog),
  traces: list(ScenarioSpan),
  expect: Expectation.nullish().transform((expect) => expect ?? null),
});
type ScenarioFile = z.output<typeof ScenarioFile>;

/** One recorded incident: what the bot could see, and apart from it what turned out to be true. */
export interface Scenario {
  readonly id: string;
  readonly title: string;
  readonly caseFile: CaseFile;
  readonly expect: Expectation | null;
}

/** A scenario, or which field of it is wrong and how. */
export type ReadScenario =
  | { readonly ok: true; readonly scenario: Scenario }
  | { readonly ok: false; readonly error: string };

/** Reads a scenario of format version 1. */
export function readScenario(json: unknown): ReadScenario {
  const read = ScenarioFile.safeParse(json);
  if (!read.success) return { ok: false, error: read.error.issues.slice(0, 3).map(problem).join("; ") };
  const file = read.data;
  return { ok: true, scenario: { id: file.id, title: file.title, caseFile: caseFileOf(file), expect: file.expect } };
}

function problem({ path, message }: z.core.$ZodIssue): string {
  return `${path.length === 0 ? "the file" : path.map(String).join(".")}: ${message}`;
}

function caseFileOf(file: ScenarioFile): CaseFile {
  return {
    asOf: file.now,
    catalog: file.catalog,
    alerts: file.alerts.flatMap(({ alerts }) => alerts.map(alertOf)),
    changes: file.changes.map(changeOf),
    series: file.series.map(seriesOf),
    pagesAsked: [...new Set(file.catalog.services.flatMap(({ providers }) => providers))],
    providerStatus: file.provider_status.map(({ started_at, posted_at, resolved_at, ...rest }) => ({
      ...rest,
      startedAt: started_at,
      postedAt: posted_at,
      resolvedAt: resolved_at,
    })),
    samples: file.samples,
    logs: file.logs.map(({ first_seen, last_seen, baseline_per_hour, ...rest }) => ({
      ...rest,
      firstSeen: first_seen,
      lastSeen: last_seen,
      baselinePerHour: baseline_per_hour,
    })),
    traces: file.traces.map(({ trace_id, span_id, parent_id, duration_ms, ...rest }) => ({
      ...rest,
      traceId: trace_id,
      spanId: span_id,
      parentId: parent_id,
      durationMs: duration_ms,
    })),
    history: [],
    gaps: [],
  };
}

function alertOf(alert: z.output<typeof ScenarioAlert>): Alert {
  const title = alert.labels["alertname"] ?? "alert";
  const ended = alert.endsAt === null ? Number.NaN : Date.parse(alert.endsAt);
  return {
    source: "alertmanager",
    fingerprint: alert.fingerprint ?? JSON.stringify(Object.entries(alert.labels).toSorted()),
    status: alert.status,
    title,
    summary: alert.annotations["summary"] ?? alert.annotations["description"] ?? "",
    severity: severityOf(alert.labels["severity"]),
    service: serviceOf(alert.labels),
    signal: alert.labels["signal"] ?? null,
    labels: alert.labels,
    annotations: alert.annotations,
    startsAt: alert.startsAt,
    endsAt: alert.status === "resolved" && ended > 0 ? ended : null,
    url: alert.generatorURL,
  };
}

function changeOf({ rollout, ...change }: z.output<typeof ScenarioChange>): Change {
  if (rollout === null) return { ...change, rollout };
  const { strategy, percent, completed_at } = rollout;
  return { ...change, rollout: { strategy, percent, completedAt: completed_at } };
}

function seriesOf({ signal, metric, labels, start, step_s, values }: z.output<typeof ScenarioSeries>): Series {
  return { signal: signal ?? metric ?? "", labels, start, stepMs: step_s * 1000, values };
}
