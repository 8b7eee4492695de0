import { z } from "zod";
import { Change, type ChangeKind } from "../domain/change.ts";

/** A change as the sandbox publishes it; the form of the domain, since its connector is ours too. */
export const SandboxChange = Change;
export type SandboxChange = Change;

export interface ChangeDraft {
  readonly at: number;
  readonly kind: ChangeKind;
  readonly target: string;
  readonly service: string | null;
  readonly title: string;
  readonly author: string;
  readonly before: string | null;
  readonly after: string | null;
  readonly summary: string | null;
  readonly files?: readonly string[];
}

/** Gives a change its id; ids count up and tell nothing. */
export function toChange(draft: ChangeDraft, number: number): Change {
  return {
    id: `sandbox-${String(number).padStart(5, "0")}`,
    at: draft.at,
    kind: draft.kind,
    system: "sandbox",
    service: draft.service,
    target: draft.target,
    title: draft.title,
    author: draft.author,
    before: draft.before,
    after: draft.after,
    url: null,
    scope: {},
    rollout: null,
    summary: draft.summary,
    commit: null,
    files: [...(draft.files ?? [])],
    diff: null,
  };
}

/** What goes to `/webhooks/sandbox`. */
export const ChangesBody = z.object({ id: z.string(), changes: z.array(Change) });
