/**
 * Text for Slack's mrkdwn. Only this file makes it: whatever is interpolated as a plain string is taken for hostile
 * and neutralised, so that forgetting to escape is not possible (Slack reference: "Formatting text for app surfaces").
 */
export interface Mrkdwn {
  readonly mrkdwn: string;
}

const CLIP = 300;
/** A longer address is not shown: it would push out what it is evidence for. */
const LINK = 400;
/** Nothing that is shown is longer; a megabyte of log is not searched. */
const LOOKED_AT = 20_000;

// Control characters, zero-width characters, direction overrides, tag characters: nobody can see them.
const invisible = /[\p{Cc}\p{Default_Ignorable_Code_Point}\u2028\u2029\ufff9-\ufffb]/gu;

const ZERO_WIDTH = "\u200b";

/**
 * Builds mrkdwn from our own words and from values: strings are neutralised and cut to 300 characters, numbers and
 * mrkdwn stand as they are.
 */
export function md(words: TemplateStringsArray, ...values: readonly (Mrkdwn | string | number)[]): Mrkdwn {
  return { mrkdwn: words.map((word, index) => word + insert(values[index])).join("") };
}

function insert(value: Mrkdwn | string | number | undefined): string {
  if (value === undefined) return "";
  if (typeof value === "number") return String(value);
  return typeof value === "string" ? prose(value).mrkdwn : value.mrkdwn;
}

/** Outside text on one line: no live mention, link, emoji or formatting, at most `limit` characters as JSON. */
export function prose(raw: string, limit = CLIP): Mrkdwn {
  const text = oneLine(raw)
    .replace(/^>+/, "›")
    .replaceAll("*", "∗")
    .replaceAll("~", "∼")
    .replaceAll("`", "ˋ")
    .replace(/(?<![a-z\d])_|_(?![a-z\d])/gi, "ˍ")
    .replace(/@(?=[\p{L}\p{N}])/gu, `@${ZERO_WIDTH}`)
    .replace(/#(?=\p{L})/gu, `#${ZERO_WIDTH}`)
    .replace(/:(?!\d+:)(?=[\w+'-]{1,100}:)/g, `:${ZERO_WIDTH}`);
  return { mrkdwn: clip(text, limit, entity) };
}

/** Outside text as a sentence, with one full stop at its end. */
export function sentence(raw: string, limit = CLIP): Mrkdwn {
  const { mrkdwn } = prose(raw, limit);
  return { mrkdwn: /[.!?…]$/.test(mrkdwn) ? mrkdwn : `${mrkdwn}.` };
}

/** Outside text as a code span: the way to show names and versions as they are. */
export function code(raw: string, limit = 80): Mrkdwn {
  const text = oneLine(raw).replaceAll("`", "ˋ");
  return { mrkdwn: text === "" ? "" : `\`${clip(text, limit, entity)}\`` };
}

/** Outside text for a `plain_text` object, where nothing is parsed. */
export function plain(raw: string, limit: number): string {
  return clip(oneLine(raw), limit, (char) => char) || "…";
}

/** Outside text with its line breaks, for a literal block. */
export function literal(raw: string, limit: number): string {
  const lines = raw
    .toWellFormed()
    .replaceAll("\t", "  ")
    .split(/\r\n|\r|\n/);
  return clip(lines.map((line) => line.replace(invisible, "").trimEnd()).join("\n"), limit, (char) => char);
}

/**
 * A link that says where it leads: its label is the host. Null for anything that is not plain http or https.
 */
export function link(url: string | null | undefined): Mrkdwn | null {
  if (!url || !URL.canParse(url)) return null;
  const { protocol, host, username, password, href } = new URL(url);
  const safe = href.replaceAll("|", "%7C").replaceAll("<", "%3C").replaceAll(">", "%3E").replaceAll("&", "&amp;");
  if (!["https:", "http:"].includes(protocol) || username !== "" || password !== "" || safe.length > LINK) return null;
  return /^[\w.:[\]-]+$/.test(host) ? { mrkdwn: `<${safe}|${host}>` } : null;
}

/** A link to a page of our own, whose address comes from the configuration. */
export function ownLink(url: string, label: string): Mrkdwn {
  const safe = encodeURI(url).replaceAll("|", "%7C").replaceAll("&", "&amp;");
  return { mrkdwn: `<${safe}|${prose(label).mrkdwn}>` };
}

/** Puts parts on one line; empty ones and nulls are left out. */
export function joined(parts: readonly (Mrkdwn | null)[], between = " · "): Mrkdwn {
  const texts = parts.flatMap((part) => (part === null || part.mrkdwn === "" ? [] : [part.mrkdwn]));
  return { mrkdwn: texts.join(between) };
}

/**
 * Puts parts below each other as far as they fit; says how many did not.
 *
 * @param limit in characters as JSON, so that the limit holds for the payload too
 */
export function stacked(parts: readonly Mrkdwn[], limit: number): Mrkdwn {
  const kept: string[] = [];
  let room = limit - 24;
  for (const { mrkdwn } of parts) {
    room -= jsonSize(mrkdwn) + 2;
    if (room < 0) break;
    kept.push(mrkdwn);
  }
  const left = parts.length - kept.length;
  return { mrkdwn: left === 0 ? kept.join("\n") : [...kept, `… and ${left} more`].join("\n") };
}

function oneLine(raw: string): string {
  return raw.slice(0, LOOKED_AT).toWellFormed().replace(/\s+/g, " ").replace(invisible, "").trim();
}

/** Cuts by code points so that the encoded text, ellipsis included, has at most `limit` characters as JSON. */
function clip(text: string, limit: number, encode: (char: string) => string): string {
  const encoded: string[] = [];
  let size = 0;
  let fits = 0;
  for (const char of text) {
    const next = encode(char);
    size += jsonSize(next);
    if (size > limit) return `${encoded.slice(0, fits).join("").trimEnd()}…`;
    encoded.push(next);
    if (size < limit) fits = encoded.length;
  }
  return encoded.join("");
}

function entity(char: string): string {
  return char === "&" ? "&amp;" : char === "<" ? "&lt;" : char === ">" ? "&gt;" : char;
}

function jsonSize(text: string): number {
  return JSON.stringify(text).length - 2;
}
