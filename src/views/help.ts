import type { Message } from "../domain/message.ts";
import { message, section } from "./blocks.ts";
import { code, md } from "./text.ts";

/** The words that `/faultline` knows, with what they do. There is none that approves: that takes the card. */
const commands = {
  status: { usage: "status", does: "what is open right now" },
  changes: {
    usage: "changes [SERVICE] [SINCE]",
    does: "everything that was altered, newest first; SINCE such as 30m, 6h, 2d",
  },
  help: { usage: "help", does: "this list" },
} as const;

type CommandName = keyof typeof commands;

/** The help; says which word was not understood and which one may have been meant. */
export function helpMessage(unknown: string | null): Message {
  const near = unknown === null ? null : nearest(unknown);
  const meant = near === null ? md`` : md` Did you mean ${code(`/faultline ${near}`)}?`;
  const sorry = unknown === null ? null : md`I do not know ${code(unknown, 60)}.${meant}`;
  const lines = Object.values(commands).map(({ usage, does }) => md`• ${code(`/faultline ${usage}`)}: ${does}`);
  return message(
    "help",
    [sorry ?? md`What I know: ${Object.keys(commands).join(", ")}.`],
    [
      sorry === null ? null : section([sorry]),
      section([md`*What I know*`, ...lines]),
      section([
        md`Approving is done on the card in the incident's thread, where the plan can be seen, and nowhere else.`,
      ]),
    ],
  );
}

/** The known word that is at most two typing errors away, or null. */
function nearest(word: string): CommandName | null {
  const typed = word.toLowerCase().slice(0, 24);
  const names: readonly CommandName[] = ["status", "changes", "help"];
  const rated = names.map((name) => ({ name, errors: typingErrors(typed, name) }));
  const [best] = rated.toSorted((a, b) => a.errors - b.errors);
  return best !== undefined && best.errors <= 2 ? best.name : null;
}

/** Insertions, deletions, replacements and swaps of neighbours (optimal string alignment). */
function typingErrors(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      const edits = [(row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + same];
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      next.push(Math.min(...edits, swapped ? (before[j - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY));
    }
    before = row;
    row = next;
  }
  return row[b.length] ?? 0;
}
