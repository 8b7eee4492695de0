import type { Diagnosis } from "../domain/diagnosis/diagnosis.ts";
import type { Incident } from "../domain/incident.ts";
import type { Message } from "../domain/message.ts";
import { header, message, section } from "./blocks.ts";
import { type Mrkdwn, md, prose } from "./text.ts";
import { causeName, isTold, percent, statusWords, when } from "./words.ts";

export interface StatusView {
  /** Newest first. */
  readonly open: readonly { readonly incident: Incident; readonly diagnosis: Diagnosis | null }[];
  /** Is the kill switch on? */
  readonly halted: boolean;
}

/** What is open right now, for `/faultline status`. */
export function statusMessage({ open, halted }: StatusView): Message {
  const count =
    open.length === 0 ? "Nothing is open" : `${open.length} open ${open.length === 1 ? "incident" : "incidents"}`;
  const brake = halted ? md`*The kill switch is on:* nothing can be approved or run.` : null;
  const lines = open.map(({ incident, diagnosis }) => line(incident, diagnosis));
  return message(
    "status",
    [md`${count}.`, brake, lines[0] ?? null],
    [header(count), brake === null ? null : section([brake]), lines.length === 0 ? null : section(lines)],
  );
}

function line(incident: Incident, diagnosis: Diagnosis | null): Mrkdwn {
  const cause = isTold(diagnosis) ? md`; ${causeName(diagnosis.cause)} (${percent(diagnosis.confidence)})` : md``;
  const owner = incident.owner === null ? md`no owner` : md`owner ${prose(incident.owner, 60)}`;
  return md`• *${statusWords[incident.status]}*: ${prose(incident.title, 120)}${cause}; since ${when(incident.openedAt)}, ${owner}`;
}
