import type { Change, ChangeKind } from "../domain/change.ts";
import type { Labels } from "../domain/json.ts";

/** A change before it has its number. */
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
  readonly scope?: Labels;
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
    scope: draft.scope ?? {},
    rollout: null,
    summary: draft.summary,
    commit: null,
    files: [...(draft.files ?? [])],
    diff: null,
  };
}
