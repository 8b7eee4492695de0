import { html } from "./html.js";
import { Shape } from "./icons.js";
import { incidentHash } from "./state.js";
import { When } from "./text.js";
import { moment, span, toMs } from "./time.js";
import { cause, percent, plural, status } from "./words.js";

export function isOpen({ status: name }) {
  return name !== "resolved";
}

/** All incidents, open ones first. */
export function IncidentList({ incidents, selected }) {
  if (incidents === null) return html`<p class="quiet">Loading…</p>`;
  if (incidents.length === 0) return html`<p class="quiet">No incident is on record.</p>`;
  const sorted = incidents.toSorted((a, b) => Number(isOpen(b)) - Number(isOpen(a)));
  return html`<ul class="list">${sorted.map((incident) => html`<${Row} key=${incident.id} incident=${incident} selected=${incident.id === selected} />`)}</ul>`;
}

function Row({ incident, selected }) {
  const [words, tone] = status(incident.status);
  const openedAt = toMs(incident.openedAt);
  return html`<li>
    <a class="row ${isOpen(incident) ? "" : "past"}" href=${incidentHash(incident.id)} aria-current=${selected ? "page" : undefined}>
      <${Shape} tone=${tone} />
      <span class="row-title">${incident.title}</span>
      <span class="row-state ${tone}">${words}</span>
      <span class="row-about"><${When} at=${openedAt} words=${moment(openedAt)} />${likely(incident)}</span>
    </a>
  </li>`;
}

function likely({ cause: name, confidence }) {
  if (name === null || name === "unknown") return "";
  return ` · ${cause(name)}${confidence === null ? "" : ` ${percent(confidence)}`}`;
}

/** What stands open, in one line. */
export function counted(incidents) {
  if (incidents === null) return "Incidents";
  const open = incidents.filter(isOpen).length;
  return open === 0 ? "Nothing open" : `${open} open`;
}

/** The page without an incident: what waits for somebody, or that all is quiet. */
export function Home({ incidents, server }) {
  if (incidents === null || server === null) return html`<p class="quiet">Loading…</p>`;
  const open = incidents.filter(isOpen);
  const [last] = incidents;
  const sandbox = (server.sandbox ?? null) !== null;
  return html`<div class="home">
    <h1 class="heading" tabindex="-1">${open.length === 0 ? "All quiet" : plural(open.length, "open incident")}</h1>
    ${open.length > 0 ? html`<${IncidentList} incidents=${open} />` : null}
    ${
      open.length === 0 && last !== undefined
        ? html`<p>The last incident, <a href=${incidentHash(last.id)}>${last.title}</a>, was resolved ${lastly(last)}.</p>`
        : null
    }
    ${incidents.length === 0 ? html`<${FirstSteps} sandbox=${sandbox} />` : null}
  </div>`;
}

function lastly({ resolvedAt, updatedAt }) {
  return `${span(Date.now() - toMs(resolvedAt ?? updatedAt))} ago`;
}

function FirstSteps({ sandbox }) {
  if (!sandbox)
    return html`<p>No alert has come in yet. Point Alertmanager at <code>/webhooks/alertmanager</code> on this address; <code>faultline doctor</code> says what is missing.</p>`;
  return html`
    <p>A small AI service is running here to be broken on purpose. Try this first:</p>
    <ol class="steps">
      <li><strong>Break something</strong> under “Break something”. <em>bad json prompt</em> is a good one to begin with.</li>
      <li><strong>Watch</strong> the alert fire and the incident open here, within some seconds.</li>
      <li><strong>Read</strong> what is likely to have done it, and what speaks against it.</li>
      <li><strong>Approve</strong> the proposal, and see the signal recover.</li>
    </ol>`;
}
