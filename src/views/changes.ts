import type { Change } from "../domain/change.ts";
import type { Message } from "../domain/message.ts";
import type { Window } from "../domain/time.ts";
import { context, header, message, section } from "./blocks.ts";
import { code, joined, link, type Mrkdwn, md, prose } from "./text.ts";
import { when } from "./words.ts";

export interface ChangesView {
  readonly changes: readonly Change[];
  /** The service asked for, or null for all. */
  readonly service: string | null;
  readonly window: Window;
}

/** One timeline of everything that was altered, newest first, for `/faultline changes`. */
export function changesMessage({ changes, service, window }: ChangesView): Message {
  const sorted = changes.toSorted((a, b) => b.at - a.at);
  const whose = service === null ? md`` : md` of ${prose(service, 60)}`;
  const since = when(window.from, "{date_short_pretty} {time}");
  const count = md`${changes.length} ${changes.length === 1 ? "change" : "changes"}`;
  const lines = sorted.map(line);
  return message(
    "changes",
    [md`${count}${whose} since ${since}.`],
    [
      header(`Changes${service === null ? "" : ` of ${service}`}`),
      section(lines.length === 0 ? [md`Nothing is on record.`] : lines),
      context([md`${count}${whose} since ${since}`]),
    ],
  );
}

function line({ at, kind, title, target, before, after, author, service, url }: Change): Mrkdwn {
  const versions =
    before === null && after === null ? null : md`${code(before ?? "none", 24)} → ${code(after ?? "none", 24)}`;
  const who = author === null ? null : md`by ${prose(author, 40)}`;
  const where = service === null ? null : prose(service, 40);
  const about = joined([code(target, 48), versions, where, who, link(url)]);
  return md`• ${when(at, "{date_short_pretty} {time}")} *${kind}* ${prose(title, 80)} (${about})`;
}
