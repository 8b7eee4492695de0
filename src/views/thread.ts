import type { Alert } from "../domain/alert.ts";
import type { Catalog } from "../domain/catalog.ts";
import type { Change } from "../domain/change.ts";
import type { Diagnosis } from "../domain/diagnosis/diagnosis.ts";
import type { Execution } from "../domain/execution.ts";
import type { Incident } from "../domain/incident.ts";
import type { Message } from "../domain/message.ts";
import type { Decision, Proposal } from "../domain/proposal.ts";
import { diagnosisMessage } from "./diagnosis.ts";
import { proposalMessage } from "./proposal.ts";
import { resolvedMessage } from "./resolved.ts";
import { rootMessage } from "./root.ts";

/** Everything that the thread of one incident shows. */
export interface ThreadView {
  readonly incident: Incident;
  readonly alerts: readonly Alert[];
  readonly diagnosis: Diagnosis | null;
  /** Changes that the diagnosis names, by id. */
  readonly changes: readonly Change[];
  readonly proposals: readonly Proposal[];
  readonly decisions: readonly Decision[];
  readonly executions: readonly Execution[];
  readonly catalog: Catalog;
  /** Address of the console, or null. */
  readonly consoleUrl: string | null;
}

/**
 * The messages of an incident's thread, root first: the root, the diagnosis, one card for each proposal (its run and
 * verification happen in the card), and a summary at the end. Pure: the same view gives the same messages.
 */
export function thread(view: ThreadView): Message[] {
  const { incident, diagnosis, proposals } = view;
  return [
    rootMessage(view),
    ...(diagnosis === null ? [] : [diagnosisMessage(view, diagnosis)]),
    ...proposals.map((proposal) => proposalMessage(view, proposal)),
    ...(incident.status === "resolved" ? [resolvedMessage(view)] : []),
  ];
}
