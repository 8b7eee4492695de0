import type { Message } from "../domain/message.ts";
import { diagnosisMessage } from "./diagnosis.ts";
import { proposalMessage } from "./proposal.ts";
import { resolvedMessage } from "./resolved.ts";
import { rootMessage } from "./root.ts";
import type { ThreadView } from "./thread-view.ts";

export type { ThreadView } from "./thread-view.ts";

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
