import { html } from "./html.js";
import { parse } from "./mrkdwn.js";
import { clockSeconds, day, slackDate, utc } from "./time.js";

const TAGS = { bold: "strong", italic: "em", strike: "s" };

function Part({ part }) {
  if (typeof part === "string") return html`<${Plain} text=${part} />`;
  if (part.kind === "code") return html`<code>${part.text}</code>`;
  if (part.kind === "name") return html`<span class="name">${part.text}</span>`;
  if (part.kind === "date")
    return html`<time datetime=${isoOf(part.at)} title=${titleOf(part)}>${slackDate(part)}</time>`;
  if (part.kind === "link") return html`<${Link} url=${part.url} label=${part.label} />`;
  const Tag = TAGS[part.kind];
  return html`<${Tag}>${part.parts.map((inner) => html`<${Part} part=${inner} />`)}<//>`;
}

function isoOf(at) {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}

function titleOf({ at, fallback }) {
  return isoOf(at) === undefined ? fallback : utc(at);
}

const ISO = /^\d{4}-\d\d-\d\dT/;
const SPECIAL = /(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z|[\d.,]*\d %)/;

/**
 * Text of findings names its times in UTC; here they are read beside times of the reader's zone. A number and its
 * percent sign stay on one line.
 */
export function Plain({ text }) {
  return text.split(SPECIAL).map((piece, index) => {
    if (index % 2 === 0) return piece;
    const at = ISO.test(piece) ? Date.parse(piece) : Number.NaN;
    if (!Number.isNaN(at)) return html`<${When} at=${at} words=${local(at)} />`;
    return html`<span class="keep">${piece}</span>`;
  });
}

function local(at) {
  const which = day(at);
  return which === "today" ? clockSeconds(at) : `${which} ${clockSeconds(at)}`;
}

/** A link says where it leads: a label that does not hold the host gets it beside it. */
export function Link({ url, label }) {
  const target = new URL(url);
  if (target.origin === location.origin && target.hash !== "") return html`<a href=${target.hash}>${label}</a>`;
  const told = label.includes(target.host);
  return html`<a href=${url} target="_blank" rel="noopener noreferrer">${label}</a>${told ? "" : html` <span class="host">(${target.host})</span>`}`;
}

/** Neighbouring lines of one kind belong together: items to a list, quotes to a quote. */
function grouped(lines) {
  const groups = [];
  for (const line of lines) {
    const last = groups.at(-1);
    if (last?.kind === line.kind) last.lines.push(line);
    else groups.push({ kind: line.kind, lines: [line] });
  }
  return groups;
}

/** A text of Slack's mrkdwn. */
export function Mrkdwn({ text }) {
  return grouped(parse(text)).map(({ kind, lines }) => {
    const parts = (line) => line.parts.map((part) => html`<${Part} part=${part} />`);
    if (kind === "item") return html`<ul>${lines.map((line) => html`<li>${parts(line)}</li>`)}</ul>`;
    if (kind === "quote") return html`<blockquote>${lines.map((line) => html`<p>${parts(line)}</p>`)}</blockquote>`;
    return lines.map((line) => html`<p class=${isLead(line) ? "lead" : undefined}>${parts(line)}</p>`);
  });
}

/** A line that is bold as a whole names what stands under it. */
function isLead({ parts }) {
  return parts.length === 1 && parts[0].kind === "bold";
}

/** A moment of our own, in the reader's zone. */
export function When({ at, words }) {
  return html`<time datetime=${isoOf(at)} title=${utc(at)}>${words}</time>`;
}
