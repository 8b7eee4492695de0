import type { Execution } from "../domain/execution.ts";
import type { Message } from "../domain/message.ts";
import { type Block, context, fields, header, message, section } from "./blocks.ts";
import { likelyCause, sinceOf } from "./root.ts";
import { joined, type Mrkdwn, md, prose, sentence } from "./text.ts";
import type { ThreadView } from "./thread-view.ts";
import { duration, person, when } from "./words.ts";

/** The summary at the end: cause, what was done and by whom, what it brought, and how long everything took. */
export function resolvedMessage(view: ThreadView): Message {
  const { incident, executions } = view;
  const done = executions.map((execution) => deed(view, execution));
  const took = incident.resolvedAt === null ? null : duration(incident.resolvedAt - sinceOf(view));
  const after = took === null ? md`` : md` after ${took}`;
  return message(
    "resolved",
    [
      md`Resolved${after}: ${sentence(incident.title, 200)}`,
      md`Cause: ${likelyCause(view)}`,
      done[0] ?? md`Nothing was run by me.`,
    ],
    [
      header(`Resolved${after.mrkdwn}`),
      section([md`*Cause:* ${likelyCause(view)}`], 900),
      section([md`*What was done*`, ...(done.length === 0 ? [md`Nothing by me; the alerts cleared.`] : done)], 2_400),
      times(view),
      context([md`${incident.id}`]),
    ],
  );
}

function deed({ proposals, decisions }: ThreadView, execution: Execution): Mrkdwn {
  const proposal = proposals.find(({ id }) => id === execution.proposalId);
  const approvers = decisions
    .filter(({ proposalId, verdict }) => proposalId === execution.proposalId && verdict === "approved")
    .map(({ by, via }) => person(by, via));
  const by = approvers.length === 0 ? md`` : md`, approved by ${joined(approvers.slice(0, 3), ", ")}`;
  return md`• ${prose(proposal?.title ?? "A runbook", 200)}${by}. ${prose(execution.outcome, 300)}`;
}

/** Each span counted from the onset. */
function times(view: ThreadView): Block {
  const { incident, decisions, executions } = view;
  const since = sinceOf(view);
  const recovered = executions.find(({ state }) => state === "recovered");
  const approved = decisions.find(({ verdict }) => verdict === "approved");
  const span = (at: number | null | undefined) =>
    at === null || at === undefined ? null : md`${duration(at - since)} (${when(at)})`;
  return fields([
    ["Began", when(since, "{date_short_pretty} {time}")],
    ["Known to me after", span(incident.openedAt)],
    ["Approved after", span(approved?.at)],
    ["Fix applied after", span(recovered?.appliedAt)],
    ["Recovery verified after", span(recovered?.endedAt)],
    ["Resolved after", span(incident.resolvedAt)],
  ]);
}
