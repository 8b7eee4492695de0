import { z } from "zod";
import { Labels } from "./json.ts";

export const evidenceKinds = [
  "prior",
  "onset",
  "signature",
  "slice",
  "change_fit",
  "neighbour",
  "provider",
  "drift",
  "hardware",
  "log",
  "measurement",
  "history",
  "gap",
] as const;
export type EvidenceKind = (typeof evidenceKinds)[number];

/** One checked observation; never an opinion. */
export const Evidence = z.object({
  /** Stable within one diagnosis, made of kind and subject. */
  id: z.string(),
  kind: z.enum(evidenceKinds),
  /** Which source said so: a connector, or the series, changes and logs of the case file. */
  source: z.string(),
  /** The observation in words, with its numbers. Untrusted parts in it are quoted as they came. */
  statement: z.string(),
  signal: z.string().nullable(),
  labels: Labels,
  value: z.number().nullable(),
  baseline: z.number().nullable(),
  unit: z.string().nullable(),
  /** When it was so (the end of the window looked at). */
  at: z.number(),
  url: z.string().nullable(),
});
export type Evidence = z.output<typeof Evidence>;

/** Evidence that was wanted and could not be had. */
export const Gap = z.object({
  what: z.string(),
  why: z.string(),
  /** How to have it next time. */
  remedy: z.string(),
});
export type Gap = z.output<typeof Gap>;
