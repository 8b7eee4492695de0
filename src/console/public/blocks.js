import { html } from "./html.js";
import { safeUrl } from "./mrkdwn.js";
import { Link, Mrkdwn, When } from "./text.js";
import { slackDate } from "./time.js";

/** A text object of Block Kit: plain text as it stands, mrkdwn drawn. */
function Text({ text }) {
  if (text === undefined || text === null) return null;
  return text.type === "mrkdwn" ? html`<${Mrkdwn} text=${String(text.text)} />` : html`<p>${String(text.text)}</p>`;
}

function Header({ block, heading }) {
  const Tag = heading;
  return html`<${Tag} class="heading" tabindex=${heading === "h1" ? -1 : undefined}>${String(block.text?.text ?? "")}<//>`;
}

function Section({ block, onAction }) {
  const fields = block.fields ?? [];
  return html`
    ${block.text ? html`<div class="section"><${Text} text=${block.text} /></div>` : null}
    ${fields.length === 0 ? null : html`<div class="fields">${fields.map((field) => html`<div class="field"><${Text} text=${field} /></div>`)}</div>`}
    ${block.accessory?.type === "button" ? html`<${Button} element=${block.accessory} onAction=${onAction} />` : null}
  `;
}

function Context({ block }) {
  const shown = (block.elements ?? []).filter(({ type }) => type === "mrkdwn" || type === "plain_text");
  return html`<div class="context">${shown.map((element) => html`<${Text} text=${element} />`)}</div>`;
}

function Button({ element, onAction }) {
  const label = String(element.text?.text ?? "");
  const url = element.url === undefined ? null : safeUrl(String(element.url));
  if (url !== null) return html`<${Link} url=${url.href} label=${label} />`;
  const act = onAction(String(element.action_id ?? ""), String(element.value ?? ""));
  const style = element.style === "primary" ? "primary" : element.style === "danger" ? "danger" : "";
  return html`<button type="button" class=${style} data-action=${element.action_id} disabled=${act === null} onClick=${act}>${label}</button>`;
}

function Actions({ block, onAction }) {
  const buttons = (block.elements ?? []).filter(({ type }) => type === "button");
  return html`<div class="buttons">${buttons.map((element) => html`<${Button} element=${element} onAction=${onAction} />`)}</div>`;
}

// ------------------------------------------------------------------------------------------------ rich text

function RichText({ block }) {
  return (block.elements ?? []).map((element) => html`<${RichElement} element=${element} />`);
}

function RichElement({ element }) {
  const inner = element.elements ?? [];
  switch (element.type) {
    case "rich_text_preformatted":
      return html`<${Literal} text=${inner.map(({ text }) => String(text ?? "")).join("")} />`;
    case "rich_text_list": {
      const Tag = element.style === "ordered" ? "ol" : "ul";
      return html`<${Tag}>${inner.map((item) => html`<li><${RichElement} element=${item} /></li>`)}<//>`;
    }
    case "rich_text_quote":
      return html`<blockquote>${inner.map((leaf) => html`<${RichLeaf} leaf=${leaf} />`)}</blockquote>`;
    default:
      return html`<p>${inner.map((leaf) => html`<${RichLeaf} leaf=${leaf} />`)}</p>`;
  }
}

function RichLeaf({ leaf }) {
  if (leaf.type === "link") {
    const url = safeUrl(String(leaf.url));
    return url === null
      ? String(leaf.text ?? leaf.url)
      : html`<${Link} url=${url.href} label=${String(leaf.text ?? leaf.url)} />`;
  }
  if (leaf.type === "date") {
    const at = Number(leaf.timestamp) * 1000;
    return html`<${When} at=${at} words=${slackDate({ at, format: String(leaf.format), fallback: String(leaf.fallback ?? "") })} />`;
  }
  if (leaf.type !== "text")
    return html`<span class="name">${String(leaf.text ?? leaf.user_id ?? leaf.name ?? leaf.range ?? "")}</span>`;
  const { bold, italic, strike, code } = leaf.style ?? {};
  const styled = [code && "code", bold && "strong", italic && "em", strike && "s"].filter(Boolean);
  return styled.reduce((inner, Tag) => html`<${Tag}>${inner}<//>`, String(leaf.text));
}

/** Text as it stands. What is taken away and what is put in its place is marked; the sign says it too. */
export function Literal({ text }) {
  const lines = text.split("\n").map((line, index) => {
    const sign = /^\s+([-+]) /.exec(line)?.[1];
    const kind = sign === "-" ? "gone" : sign === "+" ? "come" : "";
    return html`${index === 0 ? "" : "\n"}<span class=${kind}>${line}</span>`;
  });
  return html`<pre>${lines}</pre>`;
}

const kinds = {
  section: Section,
  context: Context,
  actions: Actions,
  rich_text: RichText,
  divider: () => html`<hr />`,
};

/**
 * Blocks of Block Kit, as the views make them.
 *
 * @param onAction gives what a click on a button does, by action id and value, or null where it can do nothing here
 */
export function Blocks({ blocks, onAction, heading = "h2" }) {
  return blocks.map((block) => {
    if (block.type === "header") return html`<${Header} block=${block} heading=${heading} />`;
    const Kind = kinds[block.type];
    return Kind === undefined ? null : html`<${Kind} block=${block} onAction=${onAction} />`;
  });
}
