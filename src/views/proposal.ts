import type { Execution } from "../domain/execution.ts";
import type { Message } from "../domain/message.ts";
import type { Decision, Proposal } from "../domain/proposal.ts";
import { actions, type Block, context, fields, message, preformatted, section } from "./blocks.ts";
import { planText } from "./plan.ts";
import { runLines, runRecord } from "./run.ts";
import { code, joined, type Mrkdwn, md, plain, prose } from "./text.ts";
import type { ThreadView } from "./thread-view.ts";
import { duration, person, when } from "./words.ts";

/** The action ids of the two buttons; a click carries `<proposalId>:<digest>`. */
export const APPROVE = "approval_approve";
export const REJECT = "approval_reject";

/**
 * The card of one proposal. Until it is decided it holds everything that a person needs to decide, and two buttons;
 * after any ending the buttons are gone and a record line stands in their place.
 */
export function proposalMessage(view: ThreadView, proposal: Proposal): Message {
  const decisions = view.decisions.filter(({ proposalId }) => proposalId === proposal.id);
  const execution = view.executions.find(({ proposalId }) => proposalId === proposal.id) ?? null;
  const isOver = view.incident.status === "resolved";
  if (proposal.state === "pending" && !isOver) return pendingCard(view, proposal, decisions);
  return endedCard(proposal, decisions, execution, scope(view, proposal));
}

function pendingCard(view: ThreadView, proposal: Proposal, decisions: readonly Decision[]): Message {
  const where = scope(view, proposal);
  const expires = when(proposal.expiresAt);
  return message(
    key(proposal),
    [md`Approval needed: ${prose(proposal.title, 300)}${where}. Expires ${expires}, then nothing runs.`],
    [
      section([md`*${prose(proposal.title, 400)}${where}?*`], 700),
      fields(facts(proposal, decisions)),
      preformatted(planText(proposal)),
      section([md`*Why:* ${prose(proposal.why, 600)}`, ...considered(proposal)], 1_800),
      actions([
        {
          action: APPROVE,
          label: "Approve",
          value: `${proposal.id}:${proposal.digest}`,
          primary: true,
          ...(isReversible(proposal) ? {} : { confirm: confirmation(proposal) }),
        },
        { action: REJECT, label: "Reject", value: `${proposal.id}:${proposal.digest}` },
      ]),
      context([
        md`expires ${expires}, then nothing runs`,
        md`those who may approve are looked up at the click; anyone may reject`,
        md`plan ${code(proposal.digest.slice(0, 12))}`,
        md`${proposal.id}`,
      ]),
    ],
  );
}

/** ` on chat-api`, unless the title says it. */
function scope({ incident }: ThreadView, { title }: Proposal): Mrkdwn {
  const { service } = incident;
  return service === null || title.includes(service) ? md`` : md` for ${prose(service, 80)}`;
}

function facts(proposal: Proposal, decisions: readonly Decision[]): [string, Mrkdwn | null][] {
  const { steps, runbook, risk, proposedBy, onFailure } = proposal;
  const each = (read: (step: Proposal["steps"][number]) => string) =>
    joined(
      [...new Set(steps.map(read))].slice(0, 3).map((text) => prose(text, 140)),
      "; ",
    );
  const back = onFailure === "undo" ? "undone by itself if it does not help" : "a person is asked if it does not help";
  return [
    ["Reach", each(({ preview }) => preview.reach)],
    ["Side effect", each(({ preview }) => preview.sideEffect)],
    ["Reversible", isReversible(proposal) ? md`Yes; ${back}` : md`No, this cannot be taken back`],
    ["Effect seen within", md`${duration(Math.max(0, ...steps.map(({ preview }) => preview.effectWithinMs)))}`],
    ["Runbook", md`${prose(runbook, 80)}, ${risk} risk`],
    ["Proposed by", md`${prose(proposedBy, 80)}`],
    ["Approvals", approvals(proposal, decisions)],
  ];
}

function approvals({ approvalsNeeded, digest }: Proposal, decisions: readonly Decision[]): Mrkdwn {
  const counted = decisions.filter((decision) => decision.verdict === "approved" && decision.digest === digest);
  const first = counted.slice(0, 3).map(({ by, via }) => person(by, via));
  const names = first.length === 0 ? md`` : md`, by ${joined(first, ", ")}`;
  return md`${counted.length} of ${approvalsNeeded}${names}`;
}

function isReversible({ steps }: Proposal): boolean {
  return steps.every(({ preview }) => preview.reversible);
}

function confirmation({ title }: Proposal) {
  const text = `${plain(title, 250)} It cannot be taken back.`;
  return { title: "Really do it?", text, yes: "Approve", no: "Not Yet" };
}

function considered(proposal: Proposal): Mrkdwn[] {
  const others = proposal.considered.map(({ runbook, because }) => md`• ${prose(runbook, 60)}: ${prose(because, 200)}`);
  return others.length === 0 ? [] : [md`*Also considered*`, ...others.slice(0, 4)];
}

function endedCard(
  proposal: Proposal,
  decisions: readonly Decision[],
  execution: Execution | null,
  where: Mrkdwn,
): Message {
  const records = [...decided(proposal, decisions), ...(execution === null ? [] : runRecord(execution))];
  const log: Block | null = execution === null ? null : preformatted(runLines(proposal, execution));
  return message(
    key(proposal),
    [md`${prose(proposal.title, 300)}${where}:`, joined(records, " ")],
    [
      section([md`*${prose(proposal.title, 400)}${where}*`], 700),
      preformatted(planText(proposal)),
      log,
      section(records, 1_600),
      context([md`plan ${code(proposal.digest.slice(0, 12))}`, md`${proposal.id}`]),
    ],
  );
}

/** How the question ended: who said what, or why nobody could. Says that nothing ran where nothing did. */
function decided(proposal: Proposal, decisions: readonly Decision[]): Mrkdwn[] {
  const { state, endedBecause, digest } = proposal;
  const because = prose(endedBecause ?? "", 300);
  const valid = decisions.filter((decision) => decision.digest === digest);
  switch (state) {
    case "approved": {
      const names = valid.filter(({ verdict }) => verdict === "approved").map(({ by, via }) => person(by, via));
      const last = valid.findLast(({ verdict }) => verdict === "approved");
      const at = last === undefined ? md`` : md` at ${when(last.at)}`;
      return [
        names.length === 0 ? md`*Approved.* ${because}` : md`*Approved* by ${joined(names.slice(0, 5), ", ")}${at}.`,
      ];
    }
    case "rejected": {
      const no = valid.findLast(({ verdict }) => verdict === "rejected");
      if (no === undefined) return [md`*Rejected.* ${because} Nothing ran.`];
      const reason = no.reason === null || no.reason === "" ? md`` : md`: “${prose(no.reason, 300)}”`;
      return [md`*Rejected* by ${person(no.by, no.via)} at ${when(no.at)}${reason}. Nothing ran.`];
    }
    case "expired":
      return [md`*Expired* at ${when(proposal.expiresAt)}: nobody decided in time. Nothing ran.`];
    case "superseded":
      return [md`*Superseded*, nothing ran. ${because}`];
    case "cancelled":
      return [md`*Cancelled*, nothing ran. ${because}`];
    case "pending":
      return [md`*Not needed any more:* the alerts cleared before anybody decided. Nothing ran.`];
  }
}

function key({ id }: Proposal): string {
  return `proposal:${id}`;
}
