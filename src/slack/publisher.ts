import type { ChatPostMessageArguments, ChatUpdateArguments, KnownBlock } from "@slack/web-api";
import { z } from "zod";
import { SECOND } from "../domain/time.ts";
import { Fault } from "../lib/fault.ts";
import type { Log } from "../lib/log.ts";
import type { Chat } from "../ports.ts";
import type { StoredMessage } from "../store-port.ts";
import type { Clients } from "./clients.ts";
import { faultOf, slackCode } from "./faults.ts";

/** The name of our metadata on each message; ids only, since every app of the workspace can read it. */
const EVENT_TYPE = "faultline_message";
/** How far Slack's clock and ours may differ when a message is looked for, in milliseconds. */
const CLOCK_SKEW_MS = 300_000;
const PAGES = 10;
const PAGE = 100;
/** Our blocks were refused: better the text alone than nothing. */
const refusedBlocks = ["invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "block_mismatch"];

const Found = z.object({
  messages: z.array(
    z.object({
      ts: z.string(),
      metadata: z.object({ event_type: z.string(), event_payload: z.record(z.string(), z.unknown()) }).optional(),
    }),
  ),
  response_metadata: z.object({ next_cursor: z.string().optional() }).optional(),
});
type Found = z.output<typeof Found>;

/** Shows the messages of incidents in one channel. */
export function createPublisher({ posting, updating, looking }: Clients, channel: string, log: Log): Chat {
  return {
    post: async (message, threadTs) => {
      const send = (blocks: KnownBlock[]) => posting.chat.postMessage(posted(message, { channel, threadTs, blocks }));
      const { ts, channel: where } = await withFallback(message, send, { doing: "post", log });
      if (ts === undefined || where === undefined) throw new Fault("unavailable", "Slack posted without saying where");
      return { channel: where, ts };
    },
    update: async (message) => {
      const send = (blocks: KnownBlock[]) => updating.chat.update(updated(message, blocks));
      await withFallback(message, send, { doing: "update", log });
    },
    find: async (message, threadTs) => {
      const since = Math.max(0, (message.sendingSince ?? message.updatedAt) - CLOCK_SKEW_MS);
      const page = async (cursor: string | undefined): Promise<Found> => {
        const window = { channel, oldest: String(since / SECOND), limit: PAGE, include_all_metadata: true };
        const more = cursor === undefined ? {} : { cursor };
        const answer =
          threadTs === null
            ? await looking.conversations.history({ ...window, ...more })
            : await looking.conversations.replies({ ...window, ...more, ts: threadTs });
        return Found.parse(answer);
      };
      return lookFor(message, page, { channel, log });
    },
  };
}

interface Where {
  readonly channel: string;
  readonly threadTs: string | null;
  readonly blocks: KnownBlock[];
}

function posted(message: StoredMessage, { channel, threadTs, blocks }: Where): ChatPostMessageArguments {
  const base = { channel, ...shown(message, blocks), unfurl_links: false, unfurl_media: false };
  return threadTs === null ? base : { ...base, thread_ts: threadTs };
}

function updated(message: StoredMessage, blocks: KnownBlock[]): ChatUpdateArguments {
  const { channel, ts } = message;
  if (channel === null || ts === null)
    throw new Fault("not_found", `message ${message.key} of ${message.incidentId} was never posted`);
  return { channel, ts, ...shown(message, blocks) };
}

/** `parse` and `link_names` must be said each time: an edit sets them back to other defaults. */
function shown({ text, incidentId, key, rev }: StoredMessage, blocks: KnownBlock[]) {
  const metadata = { event_type: EVENT_TYPE, event_payload: { incident_id: incidentId, key, rev } };
  return { text, blocks, metadata, parse: "none" as const, link_names: false };
}

async function withFallback<T>(
  message: StoredMessage,
  send: (blocks: KnownBlock[]) => Promise<T>,
  { doing, log }: { readonly doing: string; readonly log: Log },
): Promise<T> {
  try {
    // Views build the blocks as data for both doors; the types of the library describe the same.
    return await send([...message.blocks] as unknown as KnownBlock[]);
  } catch (error) {
    const fault = faultOf(error, `${doing} a message`);
    if (!refusedBlocks.includes(slackCode(fault) ?? "")) throw fault;
    log.error("slack refused the blocks of a message", { key: message.key, fault: fault.message });
  }
  try {
    return await send([
      { type: "section", text: { type: "mrkdwn", text: message.text.slice(0, 2_900), verbatim: true } },
    ]);
  } catch (error) {
    throw faultOf(error, `${doing} a message`);
  }
}

/** @throws Fault when Slack cannot be read, or there is more to read than is sensible: it is then not known */
async function lookFor(
  { incidentId, key }: StoredMessage,
  page: (cursor: string | undefined) => Promise<Found>,
  { channel, log }: { readonly channel: string; readonly log: Log },
): Promise<{ readonly channel: string; readonly ts: string } | null> {
  let cursor: string | undefined;
  for (let count = 0; count < PAGES; count += 1) {
    let found: Found;
    try {
      found = await page(cursor);
    } catch (error) {
      const fault = faultOf(error, "read the channel");
      if (slackCode(fault) === "thread_not_found") return null;
      if (slackCode(fault) !== "missing_scope") throw fault;
      // A second card is harmless: only a click on the one that is on record counts.
      log.warn("a lost message cannot be looked for without the history scopes", { fault: fault.message });
      return null;
    }
    const mine = found.messages.find(({ metadata }) => isOf(metadata, incidentId, key));
    if (mine !== undefined) return { channel, ts: mine.ts };
    cursor = found.response_metadata?.next_cursor || undefined;
    if (cursor === undefined) return null;
  }
  throw new Fault("unavailable", `the channel has too many messages to tell whether ${key} was posted`);
}

function isOf(metadata: Found["messages"][number]["metadata"], incidentId: string, key: string): boolean {
  const payload = metadata?.event_payload;
  return metadata?.event_type === EVENT_TYPE && payload?.["incident_id"] === incidentId && payload["key"] === key;
}
