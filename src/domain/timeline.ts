import { z } from "zod";

/** What can stand in an incident's timeline. */
export const timelineKinds = [
  "alert_fired",
  "alert_resolved",
  "opened",
  "diagnosed",
  "proposed",
  "decided",
  "refused",
  "step",
  "verified",
  "undone",
  "resolved",
  "note",
] as const;

/** One line of an incident's story, in the order it became known. */
export const TimelineEntry = z.object({
  incidentId: z.string(),
  at: z.number(),
  kind: z.enum(timelineKinds),
  /** A person, or `faultline`. */
  actor: z.string(),
  text: z.string(),
});
export type TimelineEntry = z.output<typeof TimelineEntry>;
