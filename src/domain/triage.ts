import { type Alert, severities } from "./alert.ts";
import { type Catalog, distance, shared } from "./catalog.ts";
import type { Incident } from "./incident.ts";
import type { EpochMs } from "./time.ts";

/** An open incident with what it is about, for the question whether an alert belongs to it. */
export interface OpenMatter {
  readonly incident: Incident;
  readonly alerts: readonly Alert[];
}

/** Why an alert joins an incident. */
export type Joining =
  | { readonly join: Incident; readonly because: "same_service" | "shared_foundation" | "neighbour" }
  | { readonly join: null; readonly because: "nothing_open_is_related" };

/**
 * Which open incident an alert that has just begun to fire belongs to. Related are services that are the same, share a
 * provider, pool, model, prompt or dataset, or stand on each other directly. An incident whose last alert began longer
 * ago than `withinMs`, or that is already mitigated, takes no more: a new cause is never hidden in an old thread.
 */
export function joining(alert: Alert, matters: readonly OpenMatter[], catalog: Catalog, withinMs: number): Joining {
  const candidates = matters
    .filter(({ incident }) => incident.status !== "resolved" && incident.status !== "mitigated")
    .filter(({ alerts }) => alert.startsAt - lastStart(alerts) <= withinMs)
    .toSorted((a, b) => b.incident.openedAt - a.incident.openedAt);
  for (const because of ["same_service", "shared_foundation", "neighbour"] as const) {
    const found = candidates.find(({ alerts }) => alerts.some((other) => related(alert, other, catalog) === because));
    if (found !== undefined) return { join: found.incident, because };
  }
  return { join: null, because: "nothing_open_is_related" };
}

function lastStart(alerts: readonly Alert[]): EpochMs {
  return Math.max(...alerts.map(({ startsAt }) => startsAt));
}

function related(a: Alert, b: Alert, catalog: Catalog): Exclude<Joining["because"], "nothing_open_is_related"> | null {
  if (a.service === b.service) return a.service === null ? sameLabels(a, b) : "same_service";
  if (a.service === null || b.service === null) return null;
  const left = catalog.services.find(({ name }) => name === a.service);
  const right = catalog.services.find(({ name }) => name === b.service);
  if (left !== undefined && right !== undefined && shared(left, right).length > 0) return "shared_foundation";
  return distance(catalog, a.service, b.service) <= 1 ? "neighbour" : null;
}

/** Two alerts about no service belong together when they agree on what else they are about. */
function sameLabels(a: Alert, b: Alert): "same_service" | null {
  const about = ["provider", "gpu_pool", "node", "region", "cluster"].filter((key) => a.labels[key] !== undefined);
  return about.length > 0 && about.every((key) => a.labels[key] === b.labels[key]) ? "same_service" : null;
}

/** The worst of the severities; `unknown` counts between `warning` and `info`. */
export function worst(alerts: readonly Alert[]): Alert["severity"] {
  const order: readonly Alert["severity"][] = ["critical", "warning", "unknown", "info"];
  return order.find((severity) => alerts.some((alert) => alert.severity === severity)) ?? severities[3];
}
