import { type Execution, isEnded } from "../domain/execution.ts";
import type { Message } from "../domain/message.ts";
import type { Proposal } from "../domain/proposal.ts";
import type { EpochMs } from "../domain/time.ts";
import { context, fields, header, message, section } from "./blocks.ts";
import { joined, link, type Mrkdwn, md, ownLink, prose, sentence } from "./text.ts";
import type { ThreadView } from "./thread-view.ts";
import { causeName, confidence, duration, isTold, percent, signalWords, statusWords, when } from "./words.ts";

/** The one message in the channel: what is wrong, for whom, since when, why, who has it, and what to do next. */
export function rootMessage(view: ThreadView): Message {
  const { incident } = view;
  const whom = forWhom(view);
  const owner = incident.owner === null ? md`nobody yet` : prose(incident.owner, 80);
  const since = when(sinceOf(view));
  const next = nextStep(view);
  return message(
    "root",
    [
      md`${statusWords[incident.status]}: ${sentence(incident.title, 200)}`,
      md`${whom}, since ${since}.`,
      md`Likely cause: ${likelyCause(view)}`,
      md`Owner: ${owner}. Next: ${next}`,
    ],
    [
      header(incident.title),
      fields([
        ["State", md`${statusWords[incident.status]}`],
        ["Severity", md`${incident.severity}`],
        ["Hit", whom],
        ["Owner", owner],
      ]),
      section([md`*Likely cause:* ${likelyCause(view)}`, md`*Next:* ${next}`]),
      context([md`since ${since}`, md`${counted(view)}`, alertLink(view), consoleLink(view), md`${incident.id}`]),
    ],
  );
}

function forWhom({ incident, alerts, diagnosis }: ThreadView): Mrkdwn {
  const services = new Set([incident.service, ...alerts.map(({ service }) => service)].filter((name) => name !== null));
  const hit = diagnosis?.reach.hit.slice(0, 2).map((slice) => prose(slice, 60)) ?? [];
  const named = [...services].slice(0, 3).map((name) => prose(name, 60));
  const more = services.size > named.length ? md`and ${services.size - named.length} more services` : null;
  const where = joined([...named, more], ", ");
  const slices = joined(hit, ", ");
  if (where.mrkdwn === "") return slices.mrkdwn === "" ? md`service not known` : slices;
  return slices.mrkdwn === "" ? where : md`${where} (${slices})`;
}

/** When it began to hurt: the measured onset where there is one, else the first alert. */
export function sinceOf({ incident, alerts, diagnosis }: ThreadView): EpochMs {
  return diagnosis?.onset?.at ?? Math.min(incident.openedAt, ...alerts.map(({ startsAt }) => startsAt));
}

/** From this difference on, the culprit is less sure than the cause that it belongs to. */
const TOLD_APART = 0.05;

/** The cause in one sentence, with its confidence in words and in percent. */
export function likelyCause({ diagnosis, incident }: ThreadView): Mrkdwn {
  if (diagnosis === null) return incident.status === "resolved" ? md`never looked at.` : md`being looked into.`;
  const [first] = diagnosis.suspects;
  if (!isTold(diagnosis)) {
    const closest =
      first === undefined ? null : md` Closest: ${prose(first.title, 160)} (${percent(first.probability)}).`;
    return joined([md`I can't tell yet.`, closest], "");
  }
  const sure = md`${confidence(diagnosis.confidence)}, ${percent(diagnosis.confidence)}`;
  const named = diagnosis.suspects.find(({ cause, ruledOut }) => cause === diagnosis.cause && ruledOut === null);
  const cause = md`${causeName(diagnosis.cause)} (${sure})`;
  if (named === undefined) return md`${cause}.`;
  // How sure the cause is and how sure the culprit is are two numbers; where they differ both are said.
  if (diagnosis.confidence - named.probability < TOLD_APART) return md`${cause}: ${sentence(named.title, 200)}`;
  return md`${cause}; most likely of these (${percent(named.probability)}): ${sentence(named.title, 200)}`;
}

function counted({ alerts }: ThreadView): string {
  const firing = alerts.filter(({ status }) => status === "firing").length;
  return `${alerts.length} ${alerts.length === 1 ? "alert" : "alerts"}, ${firing} firing`;
}

function alertLink({ alerts }: ThreadView): Mrkdwn | null {
  const found = link(alerts.find(({ url }) => link(url) !== null)?.url);
  return found === null ? null : md`alert at ${found}`;
}

function consoleLink({ consoleUrl, incident }: ThreadView): Mrkdwn | null {
  return consoleUrl === null ? null : ownLink(`${consoleUrl.replace(/\/$/, "")}/#/incidents/${incident.id}`, "console");
}

function nextStep(view: ThreadView): Mrkdwn {
  const { incident, proposals, executions } = view;
  const running = executions.find((execution) => !isEnded(execution));
  const pending = proposals.findLast(({ state }) => state === "pending");
  switch (incident.status) {
    case "firing":
      return md`the first diagnosis follows here in a moment.`;
    case "awaiting_approval":
      return pending === undefined ? md`decide in the thread.` : decide(pending);
    case "mitigating":
      return running === undefined ? md`wait for the run in the thread.` : progress(running);
    case "verifying":
      return md`wait; I watch whether ${watched(proposals, running)} comes back.`;
    case "mitigated":
      return md`nothing to run; the signals are back, the alert has not cleared yet.`;
    case "resolved":
      return resolved(view);
    case "investigating":
      return pending === undefined ? lookYourself(view) : decide(pending);
  }
}

function decide(pending: Proposal): Mrkdwn {
  return md`approve or reject in the thread before ${when(pending.expiresAt)}: ${sentence(pending.title, 200)}`;
}

function progress({ steps, state }: Execution): Mrkdwn {
  const direction = state === "undoing" ? "undo" : "forward";
  const mine = steps.filter((step) => step.direction === direction);
  const done = mine.filter((step) => step.state === "succeeded").length;
  const verb = state === "undoing" ? "undoing" : "running";
  return md`wait; ${verb} step ${Math.min(done + 1, mine.length)} of ${mine.length}.`;
}

function watched(proposals: readonly Proposal[], running: Execution | undefined): Mrkdwn {
  const proposal = proposals.find(({ id }) => id === running?.proposalId);
  const names = [...new Set(proposal?.verification.watch.map(({ signal }) => signalWords(signal)))];
  return names.length === 0
    ? md`the signal`
    : joined(
        names.slice(0, 3).map((name) => prose(name, 60)),
        ", ",
      );
}

/** No proposal stands: says what a person can do, after what has been tried. */
function lookYourself({ executions, diagnosis }: ThreadView): Mrkdwn {
  const last = executions.at(-1);
  if (last !== undefined && last.state !== "recovered")
    return md`a person must look: ${sentence(last.outcome || "the last action did not help", 200)}`;
  if (isTold(diagnosis)) return md`no runbook fits; act on the evidence in the thread.`;
  return md`look at the evidence and the gaps in the thread; nothing is proposed on a guess.`;
}

function resolved(view: ThreadView): Mrkdwn {
  const { incident } = view;
  const took =
    incident.resolvedAt === null ? null : md`resolved after ${duration(incident.resolvedAt - sinceOf(view))};`;
  return joined([took, md`nothing to do. The summary is in the thread.`], " ");
}
