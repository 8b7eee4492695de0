// Slack's mrkdwn as a tree of plain data. Nothing here touches the page, and no part of the text can become markup:
// the leaves are strings, and the drawing puts them in as text.

const ENTITIES = { "&lt;": "<", "&gt;": ">", "&amp;": "&" };

/** Decodes the three entities that Slack knows, once: `&amp;lt;` stays `&lt;`. */
export function decoded(text) {
  return text.replace(/&(?:lt|gt|amp);/g, (entity) => ENTITIES[entity]);
}

/** An address that may be followed: http or https, without a name or password in it. Null for everything else. */
export function safeUrl(raw) {
  if (!URL.canParse(raw)) return null;
  const url = new URL(raw);
  const web = url.protocol === "https:" || url.protocol === "http:";
  return web && url.username === "" && url.password === "" ? url : null;
}

/**
 * The blocks of a text: `{kind: "line" | "quote" | "item", parts}`, where a part is a string or
 * `{kind: "bold" | "italic" | "strike", parts}`, `{kind: "code", text}`, `{kind: "date", at, format, fallback}`,
 * `{kind: "link", url, label}` or `{kind: "name", text}`.
 */
export function parse(text) {
  return text.split("\n").map((line) => {
    const quote = /^(?:>|&gt;) ?/.exec(line);
    if (quote) return { kind: "quote", parts: inline(line.slice(quote[0].length)) };
    const item = /^[•◦] /.exec(line);
    if (item) return { kind: "item", parts: inline(line.slice(item[0].length)) };
    return { kind: "line", parts: inline(line) };
  });
}

const MARKS = { "*": "bold", _: "italic", "~": "strike" };

/** Parts of one line. Unpaired marks are ordinary characters. */
export function inline(text) {
  const parts = [];
  let plain = "";
  const flush = () => {
    if (plain !== "") parts.push(decoded(plain));
    plain = "";
  };
  let at = 0;
  while (at < text.length) {
    const found = tokenAt(text, at);
    if (found === null) {
      plain += text[at];
      at += 1;
      continue;
    }
    flush();
    parts.push(found.part);
    at = found.end;
  }
  flush();
  return parts;
}

function tokenAt(text, at) {
  const char = text[at];
  if (char === "<") return angle(text, at);
  if (char === "`") return codeSpan(text, at);
  return char in MARKS ? marked(text, at) : null;
}

function codeSpan(text, at) {
  const end = text.indexOf("`", at + 1);
  if (end <= at + 1) return null;
  return { part: { kind: "code", text: decoded(text.slice(at + 1, end)) }, end: end + 1 };
}

/** `*bold*`: the mark opens at the beginning of a word and closes at the end of one. */
function marked(text, at) {
  const mark = text[at];
  if (/[\p{L}\p{N}]/u.test(text[at - 1] ?? " ") || /\s/.test(text[at + 1] ?? " ")) return null;
  const end = closing(text, at + 1, mark);
  if (end === -1) return null;
  return { part: { kind: MARKS[mark], parts: inline(text.slice(at + 1, end)) }, end: end + 1 };
}

function closing(text, from, mark) {
  for (let at = from + 1; at < text.length; at += 1) {
    const skip = text[at] === "<" ? text.indexOf(">", at) : text[at] === "`" ? text.indexOf("`", at + 1) : -1;
    if (skip > at) at = skip;
    else if (text[at] === mark && !/\s/.test(text[at - 1]) && !/[\p{L}\p{N}]/u.test(text[at + 1] ?? " ")) return at;
  }
  return -1;
}

/** `<…>`: a date, a link or a name. Whatever is not understood is shown as it stands. */
function angle(text, at) {
  const end = text.indexOf(">", at);
  if (end === -1) return null;
  const inner = text.slice(at + 1, end);
  if (inner === "" || inner.includes("<")) return null;
  return { part: token(inner) ?? decoded(`<${inner}>`), end: end + 1 };
}

function token(inner) {
  const [body, ...rest] = inner.split("|");
  const label = rest.length === 0 ? null : decoded(rest.join("|"));
  const date = /^!date\^(\d{1,12})\^([^^]*)(?:\^.*)?$/.exec(body);
  if (date) return { kind: "date", at: Number(date[1]) * 1000, format: date[2], fallback: label ?? "" };
  const special = /^!(here|channel|everyone|subteam\^[A-Z0-9]+)$/.exec(body);
  if (special) return { kind: "name", text: label ?? `@${special[1].split("^")[0]}` };
  const name = /^([@#])([A-Z0-9]+)$/.exec(body);
  if (name) return { kind: "name", text: `${name[1]}${label ?? name[2]}` };
  const url = safeUrl(decoded(body));
  return url === null ? null : { kind: "link", url: url.href, label: label ?? url.href };
}
