import type { Json } from "../domain/json.ts";
import type { Message } from "../domain/message.ts";
import { joined, literal, type Mrkdwn, plain, stacked } from "./text.ts";

/**
 * The block kinds that both doors draw. Lengths keep to Slack's limits for blocks (header 150, section 3,000, ten fields
 * of 2,000, ten context elements) with room to spare, since all blocks of a message share about 13,200 characters.
 */
export type Block = { readonly [key: string]: Json };

const HEADER = 150;
const SECTION = 2_800;
const FIELD = 500;
const LITERAL = 2_600;

export function header(text: string): Block {
  return { type: "header", text: { type: "plain_text", text: plain(text, HEADER), emoji: false } };
}

/** A paragraph: parts below each other, cut to the limit as a whole line each. */
export function section(parts: readonly (Mrkdwn | null)[], limit = SECTION): Block {
  const present = parts.filter((part): part is Mrkdwn => part !== null && part.mrkdwn !== "");
  return { type: "section", text: mrkdwn(stacked(present, Math.min(limit, SECTION))) };
}

/** Short facts side by side: a bold name and its value. At most ten. */
export function fields(facts: readonly (readonly [name: string, value: Mrkdwn | null])[]): Block {
  const shown = facts.flatMap(([name, value]) => (value === null || value.mrkdwn === "" ? [] : [fact(name, value)]));
  return { type: "section", fields: shown.slice(0, 10) };
}

function fact(name: string, value: Mrkdwn): Json {
  return mrkdwn(stacked([{ mrkdwn: `*${name}*` }, value], FIELD));
}

/** Small print: one element, its parts set apart by dots. */
export function context(parts: readonly (Mrkdwn | null)[]): Block {
  return { type: "context", elements: [mrkdwn(joined(parts))] };
}

/** Text that is shown exactly as it is. */
export function preformatted(text: string, limit = LITERAL): Block {
  const element = { type: "text", text: literal(text, limit) || "…" };
  return { type: "rich_text", elements: [{ type: "rich_text_preformatted", elements: [element] }] };
}

export interface Button {
  readonly action: string;
  readonly label: string;
  readonly value: string;
  readonly primary?: boolean;
  /** Asked once more before the click counts; for what cannot be taken back. */
  readonly confirm?: { readonly title: string; readonly text: string; readonly yes: string; readonly no: string };
}

export function actions(buttons: readonly Button[]): Block {
  return { type: "actions", elements: buttons.map(button) };
}

function button({ action, label, value, primary, confirm }: Button): Json {
  return {
    type: "button",
    action_id: action,
    text: words(label, 75),
    value,
    ...(primary ? { style: "primary" } : {}),
    ...(confirm === undefined
      ? {}
      : {
          confirm: {
            title: words(confirm.title, 100),
            text: words(confirm.text, 300),
            confirm: words(confirm.yes, 30),
            deny: words(confirm.no, 30),
          },
        }),
  };
}

function words(text: string, limit: number): Json {
  return { type: "plain_text", text: plain(text, limit), emoji: false };
}

/** `verbatim` stops Slack from turning bare addresses and names into links. */
function mrkdwn({ mrkdwn: text }: Mrkdwn): Json {
  return { type: "mrkdwn", text: text || "…", verbatim: true };
}

/** Puts a message together; its text alone says the point. */
export function message(key: string, text: readonly (Mrkdwn | null)[], blocks: readonly (Block | null)[]): Message {
  return {
    key,
    text: joined(text, " ").mrkdwn,
    blocks: blocks.filter((block): block is Block => block !== null && !isEmpty(block)),
  };
}

function isEmpty(block: Block): boolean {
  const parts = block["fields"] ?? block["elements"];
  return Array.isArray(parts) && parts.length === 0;
}
