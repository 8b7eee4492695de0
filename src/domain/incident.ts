import { z } from "zod";
import { severities } from "./alert.ts";

export const incidentStatuses = [
  "firing",
  "investigating",
  "awaiting_approval",
  "mitigating",
  "verifying",
  "mitigated",
  "resolved",
] as const;
export type IncidentStatus = (typeof incidentStatuses)[number];

/** The open matter that one or more alerts belong to. */
export const Incident = z.object({
  id: z.string(),
  /** Counts every change of the row; writes compare it. */
  rev: z.number().int(),
  status: z.enum(incidentStatuses),
  severity: z.enum(severities),
  title: z.string(),
  service: z.string().nullable(),
  owner: z.string().nullable(),
  openedAt: z.number(),
  updatedAt: z.number(),
  resolvedAt: z.number().nullable(),
});
export type Incident = z.output<typeof Incident>;

export function isOpen(incident: Incident): boolean {
  return incident.status !== "resolved";
}
