import { z } from "zod";
import type { Alert } from "./alert.ts";
import type { Change } from "./change.ts";

/** One raw request from outside, kept as it came. */
export const Delivery = z.object({
  id: z.string(),
  connector: z.string(),
  /** The sender's delivery id, or the hash of connector and body: a repeat changes nothing. */
  dedupeKey: z.string(),
  receivedAt: z.number(),
  headers: z.record(z.string(), z.string()),
  body: z.string(),
  state: z.enum(["stored", "handled", "unreadable"]),
  /** What was wrong with an unreadable one: which field, what was expected. */
  fault: z.string().nullable(),
});
export type Delivery = z.output<typeof Delivery>;

/** What a delivery said. */
export interface Parsed {
  readonly alerts: readonly Alert[];
  readonly changes: readonly Change[];
}
