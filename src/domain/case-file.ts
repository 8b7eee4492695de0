import type { Alert } from "./alert.ts";
import type { Catalog } from "./catalog.ts";
import type { Cause } from "./cause.ts";
import type { Change } from "./change.ts";
import type { Gap } from "./evidence.ts";
import type { Labels } from "./json.ts";
import type { EpochMs } from "./time.ts";

/** A signal over time: one value for each step from `start`; `null` is a gap. */
export interface Series {
  /** A name of the vocabulary, or the raw name of a metric outside it. */
  readonly signal: string;
  /** Aggregate of its service, provider or pool when no slicing label is there; else a slice of it. */
  readonly labels: Labels;
  readonly start: EpochMs;
  readonly stepMs: number;
  readonly values: readonly (number | null)[];
  /** Where a person can look at it. */
  readonly url?: string | null;
}

/** An incident on a provider's own status page. Invisible before `postedAt`. */
export interface ProviderIncident {
  readonly provider: string;
  readonly title: string;
  readonly impact: "none" | "minor" | "major" | "critical" | "maintenance";
  readonly startedAt: EpochMs;
  readonly postedAt: EpochMs;
  readonly resolvedAt: EpochMs | null;
  readonly components: readonly string[];
  readonly url?: string | null;
}

/** Raw values before and now, for two-sample tests. */
export interface Sample {
  readonly name: string;
  readonly service: string;
  readonly kind: "numeric" | "categorical";
  readonly reference: readonly (number | string)[];
  readonly current: readonly (number | string)[];
}

/** A counted log template. */
export interface LogTemplate {
  readonly service: string;
  readonly labels: Labels;
  readonly template: string;
  readonly firstSeen: EpochMs;
  readonly lastSeen: EpochMs;
  readonly count: number;
  readonly baselinePerHour: number;
}

export interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId: string | null;
  readonly service: string;
  readonly name: string;
  readonly start: EpochMs;
  readonly durationMs: number;
  readonly status: "OK" | "ERROR";
  readonly error?: string | null;
}

/** A past incident whose cause a person confirmed. */
export interface PastIncident {
  readonly id: string;
  readonly at: EpochMs;
  readonly service: string | null;
  readonly cause: Cause;
  readonly signals: readonly string[];
}

/**
 * Everything that may be looked at for one diagnosis, as it was at `asOf`: the only input of the engine, filled by the
 * investigation from live connectors or by a replay from a recorded scenario.
 */
export interface CaseFile {
  /** Nothing later than this may influence the diagnosis. */
  readonly asOf: EpochMs;
  readonly catalog: Catalog;
  readonly alerts: readonly Alert[];
  readonly changes: readonly Change[];
  readonly series: readonly Series[];
  /** Pages that were asked; a provider that is listed here without an incident is "green", one not listed was not asked. */
  readonly pagesAsked: readonly string[] | null;
  readonly providerStatus: readonly ProviderIncident[];
  readonly samples: readonly Sample[];
  readonly logs: readonly LogTemplate[];
  readonly traces: readonly Span[];
  readonly history: readonly PastIncident[];
  /** What was wanted and could not be had while the file was filled. */
  readonly gaps: readonly Gap[];
}
