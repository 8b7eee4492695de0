import { z } from "zod";
import { Labels } from "./json.ts";

export const severities = ["critical", "warning", "info", "unknown"] as const;
export type Severity = (typeof severities)[number];

/** One firing (or resolved) notification of a monitoring system, normalised. */
export const Alert = z.object({
  /** The connector that delivered it. */
  source: z.string(),
  /** The same for every repeat; an episode is fingerprint + startsAt. */
  fingerprint: z.string().min(1),
  status: z.enum(["firing", "resolved"]),
  title: z.string(),
  summary: z.string(),
  severity: z.enum(severities),
  /** Name of the service in the catalogue, where a label says it. */
  service: z.string().nullable(),
  /** Name of the signal that fired, where a label says it. */
  signal: z.string().nullable(),
  labels: Labels,
  annotations: Labels,
  startsAt: z.number(),
  endsAt: z.number().nullable(),
  url: z.string().nullable(),
});
export type Alert = z.output<typeof Alert>;

/** An alert's service: label `service`, else the usual names of it. */
export function serviceOf(labels: Labels): string | null {
  for (const key of ["service", "service_name", "app", "application", "job"]) {
    const value = labels[key];
    if (value) return value;
  }
  return null;
}

/** The words that monitoring systems use for severities, on one scale. */
export function severityOf(text: string | undefined): Severity {
  const word = text?.toLowerCase() ?? "";
  if (["critical", "page", "error", "fatal", "emergency", "high", "sev1", "p1"].includes(word)) return "critical";
  if (["warning", "warn", "medium", "minor", "sev2", "p2"].includes(word)) return "warning";
  if (["info", "informational", "none", "low", "notice"].includes(word)) return "info";
  return "unknown";
}
