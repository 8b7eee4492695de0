import { useEffect, useState } from "preact/hooks";
import { chart as fetchChart } from "./api.js";
import { Blocks } from "./blocks.js";
import { ask } from "./decide.js";
import { html } from "./html.js";
import { Shape } from "./icons.js";
import { isOpen } from "./list.js";
import { When } from "./text.js";
import { useTheme } from "./theme-switch.js";
import { moment, span, toMs } from "./time.js";
import { Timeline } from "./timeline.js";
import { Weighing } from "./weighing.js";
import { plural, status } from "./words.js";

const CHART_MS = 4_000;

/** One incident: its thread as Slack would show it, the chart, the weighing, the timeline. */
export function Incident({ incident, halted }) {
  if (incident === null) return html`<p class="quiet">Loading…</p>`;
  if (incident === "missing")
    return html`<div class="home"><h1 class="heading" tabindex="-1">No such incident</h1><p>There is no incident with this id. <a href="#/">All incidents</a></p></div>`;
  const messages = incident.messages.toSorted((a, b) => a.seq - b.seq);
  const [root, ...thread] = messages;
  const chartAfter = thread.findIndex(({ key }) => key === "diagnosis");
  const card = (message) =>
    html`<${Message} key=${message.key} message=${message} incident=${incident} halted=${halted} />`;
  return html`<div class="incident">
    <div class="thread">
      ${root === undefined ? html`<p class="quiet">The first message is being written…</p>` : html`<${Root} message=${root} incident=${incident} />`}
      ${thread.slice(0, chartAfter + 1).map(card)}
      <${Chart} incident=${incident} />
      ${thread.slice(chartAfter + 1).map(card)}
      ${incident.diagnosis === null ? null : html`<${Weighing} diagnosis=${incident.diagnosis} />`}
    </div>
    <${Timeline} entries=${incident.timeline} />
    <${PendingBar} proposals=${incident.proposals} />
  </div>`;
}

function Root({ message, incident }) {
  const [, tone] = status(incident.status);
  // From when it began to hurt, as the messages count; the alert came later.
  const began = toMs(incident.onset?.at ?? incident.openedAt);
  const end = incident.resolvedAt === null ? Date.now() : toMs(incident.resolvedAt);
  const age = isOpen(incident) ? `for ${span(end - began)}` : `took ${span(end - began)}`;
  return html`<header class="message root ${tone}">
    <p class="eyebrow"><${Shape} tone=${tone} /> <span>Incident, ${age}</span></p>
    <${Blocks} blocks=${message.blocks} heading="h1" onAction=${() => null} />
  </header>`;
}

function Message({ message, incident, halted }) {
  const [kind, id] = message.key.split(":");
  const proposal = kind === "proposal" ? incident.proposals.find((each) => each.id === id) : undefined;
  const pending = proposal?.state === "pending";
  const updatedAt = toMs(message.updatedAt);
  const act = (action, value) => (action.startsWith("approval_") ? () => ask(action, value) : null);
  return html`<article class="message ${kind} ${pending ? "pending" : ""}" id=${`message-${message.key}`} tabindex="-1">
    ${
      kind === "proposal"
        ? html`<p class="eyebrow">${pending ? html`<${Shape} tone="ask" /> <span>Approval needed</span>` : html`<span>Proposal</span>`}</p>`
        : null
    }
    <${Blocks} blocks=${message.blocks} onAction=${act} />
    ${pending && halted ? html`<p class="hint bad">The kill switch is on: nothing may be approved until it is released.</p>` : null}
    <p class="stamp"><${When} at=${updatedAt} words=${moment(updatedAt)} />${message.rev > 1 ? ", edited" : ""}</p>
  </article>`;
}

/** Fetched apart: the picture stands until the next one is there. */
function Chart({ incident }) {
  const theme = useTheme();
  const [picture, setPicture] = useState(null);
  const { id, status: state } = incident;
  useEffect(() => {
    let gone = false;
    let timer = null;
    const load = async () => {
      const found = document.hidden ? null : await fetchChart(id, theme).catch(() => null);
      if (gone) return;
      if (found !== null) setPicture(found);
      if (state !== "resolved") timer = setTimeout(load, CHART_MS);
    };
    void load();
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [id, theme, state]);
  if (picture === null) return null;
  return html`<figure class="chart"><${Picture} svg=${picture.svg} alt=${picture.alt} /></figure>`;
}

function Picture({ svg, alt }) {
  const [source, setSource] = useState(null);
  useEffect(() => {
    const url = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
    setSource(url);
    // The old picture is shown until the new one is decoded; only then may it go.
    return () => setTimeout(() => URL.revokeObjectURL(url), 2_000);
  }, [svg]);
  return source === null ? null : html`<img src=${source} alt=${alt} width="720" />`;
}

/** Whenever a decision waits and its card is out of sight, a way to it. */
function PendingBar({ proposals }) {
  const pending = proposals.filter(({ state }) => state === "pending");
  const first = pending[0]?.id ?? null;
  const [seen, setSeen] = useState(true);
  useEffect(() => {
    const card = first === null ? null : document.getElementById(`message-proposal:${first}`);
    if (card === null) return undefined;
    const middle = { rootMargin: "-25% 0px" };
    const observer = new IntersectionObserver(([entry]) => setSeen(entry?.isIntersecting ?? true), middle);
    observer.observe(card);
    return () => observer.disconnect();
  }, [first]);
  if (first === null || seen) return null;
  const jump = () => {
    const card = document.getElementById(`message-proposal:${first}`);
    card?.scrollIntoView({ block: "start" });
    card?.focus({ preventScroll: true });
  };
  return html`<div class="pending-bar">
    <span>${plural(pending.length, "proposal waits", "proposals wait")}: ${pending[0].title}</span>
    <button type="button" class="primary" onClick=${jump}>Look at It</button>
  </div>`;
}
