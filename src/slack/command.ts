import type { Message } from "../domain/message.ts";
import { DAY, HOUR, MINUTE } from "../domain/time.ts";
import { halted } from "../flows/halt.ts";
import type { Clock } from "../lib/clock.ts";
import type { Store } from "../store-port.ts";
import { changesMessage } from "../views/changes.ts";
import { helpMessage } from "../views/help.ts";
import { statusMessage } from "../views/status.ts";

const SINCE_MS = DAY;
const LONGEST_MS = 30 * DAY;
const CHANGES = 1_000;
const OPEN = 50;
const units = { m: MINUTE, h: HOUR, d: DAY } as const;

export interface CommandDeps {
  readonly store: Store;
  readonly clock: Clock;
}

/** Answers `/faultline …` from what is on record; reads only. */
export function answerCommand(text: string, deps: CommandDeps): Promise<Message> {
  const [word = "help", ...rest] = text.trim().toLowerCase() === "" ? [] : text.trim().split(/\s+/);
  switch (word.toLowerCase()) {
    case "status":
      return status(deps);
    case "changes":
      return changes(rest, deps);
    case "help":
      return Promise.resolve(helpMessage(null));
    default:
      return Promise.resolve(helpMessage(word));
  }
}

async function status({ store }: CommandDeps): Promise<Message> {
  const incidents = await store.incidents({ open: true, limit: OPEN });
  const open = await Promise.all(
    incidents.map(async (incident) => ({ incident, diagnosis: (await store.diagnoses(incident.id)).at(-1) ?? null })),
  );
  return statusMessage({ open, halted: await halted(store) });
}

async function changes(words: readonly string[], { store, clock }: CommandDeps): Promise<Message> {
  const spans = words.map(spanOf);
  const service = words.find((_, index) => spans[index] === null) ?? null;
  const back = spans.find((span) => span !== null) ?? SINCE_MS;
  const now = clock.now();
  const window = { from: now - Math.min(back, LONGEST_MS), to: now + 1 };
  const all = await store.changesIn(window, CHANGES);
  const ours = all.filter((change) => service === null || change.service === service || change.service === null);
  return changesMessage({ changes: ours, service, window });
}

/** `30m`, `6h`, `2d` in milliseconds, or null for another word. */
function spanOf(word: string): number | null {
  const [, count = "", unit = ""] = /^(\d{1,4})([mhd])$/i.exec(word) ?? [];
  const size = units[unit.toLowerCase() as keyof typeof units] as number | undefined;
  return size === undefined ? null : Number(count) * size;
}
