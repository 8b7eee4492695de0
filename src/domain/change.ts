import { z } from "zod";
import { Labels } from "./json.ts";

export const changeKinds = ["prompt", "model", "data", "infra", "code", "config", "flag", "provider"] as const;
export type ChangeKind = (typeof changeKinds)[number];

export const Rollout = z.object({
  strategy: z.enum(["all", "canary", "gradual"]),
  percent: z.number(),
  completedAt: z.number().nullable(),
});

/** Something that somebody or something altered. Text in it is untrusted. */
export const Change = z.object({
  /** Stable for the same change from the same system, so that webhook and poll meet. */
  id: z.string().min(1),
  at: z.number(),
  kind: z.enum(changeKinds),
  /** Where it was made: `github`, `langfuse`, `sandbox` … */
  system: z.string(),
  service: z.string().nullable(),
  /** The resource changed. */
  target: z.string(),
  title: z.string(),
  author: z.string().nullable(),
  before: z.string().nullable(),
  after: z.string().nullable(),
  url: z.string().nullable(),
  /** Labels it touches; `{}` means all. */
  scope: Labels,
  rollout: Rollout.nullable(),
  summary: z.string().nullable(),
  commit: z.string().nullable(),
  files: z.array(z.string()),
  diff: z.string().nullable(),
});
export type Change = z.output<typeof Change>;

/**
 * The same change, told again: what the later telling leaves open keeps what is known. A webhook knows the author and
 * the version before, a poll after a restart may know neither.
 */
export function refine(known: Change, told: Change): Change {
  return {
    ...told,
    service: told.service ?? known.service,
    author: told.author ?? known.author,
    before: told.before ?? known.before,
    after: told.after ?? known.after,
    url: told.url ?? known.url,
    scope: Object.keys(told.scope).length > 0 ? told.scope : known.scope,
    rollout: told.rollout ?? known.rollout,
    summary: told.summary ?? known.summary,
    commit: told.commit ?? known.commit,
    files: told.files.length > 0 ? told.files : known.files,
    diff: told.diff ?? known.diff,
  };
}
