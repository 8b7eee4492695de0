import { Literal } from "./blocks.js";
import { html } from "./html.js";
import { Shape } from "./icons.js";
import { safeUrl } from "./mrkdwn.js";
import { go, incidentHash } from "./state.js";
import { Link, When } from "./text.js";
import { clock, day, toMs } from "./time.js";
import { plural, status } from "./words.js";

const SPANS = [
  [30, "30 minutes"],
  [120, "2 hours"],
  [720, "12 hours"],
  [1440, "a day"],
  [10080, "a week"],
];

/** One line of time for everything that was altered, with the incidents between: what came before what. */
export function Changes({ changes, incidents, minutes }) {
  const since = Date.now() - minutes * 60_000;
  const opened = (incidents ?? [])
    .map((incident) => ({ at: toMs(incident.openedAt), incident }))
    .filter(({ at }) => at >= since);
  const made = (changes ?? []).map((change) => ({ at: change.at, change }));
  const rows = [...opened, ...made].toSorted((a, b) => b.at - a.at);
  const days = Map.groupBy(rows, ({ at }) => day(at));
  return html`<div class="home changes">
    <h1 class="heading" tabindex="-1">Changes</h1>
    <label class="inline">of the last <select value=${String(minutes)} onChange=${(event) => go(`#/changes?minutes=${event.currentTarget.value}`)}>
      ${SPANS.map(([value, words]) => html`<option value=${value} selected=${value === minutes}>${words}</option>`)}
    </select></label>
    ${changes === null ? html`<p class="quiet">Loading…</p>` : rows.length === 0 ? html`<p class="quiet">Nothing was changed in this time, as far as the connected systems say.</p>` : html`<p class="about">${plural(made.length, "change")}, newest first</p>`}
    ${[...days].map(([name, list]) => html`<h2 class="day">${name}</h2><ol class="change-list">${list.map((row) => (row.change === undefined ? html`<${Opened} ...${row} />` : html`<${Change} key=${row.change.id} change=${row.change} />`))}</ol>`)}
  </div>`;
}

function Opened({ at, incident }) {
  const [words, tone] = status(incident.status);
  return html`<li class="opened">
    <${When} at=${at} words=${clock(at)} />
    <span class="kind"><${Shape} tone="bad" /> incident</span>
    <div><a href=${incidentHash(incident.id)}>${incident.title}</a> <span class="row-state ${tone}">${words}</span></div>
  </li>`;
}

function Change({ change }) {
  const { at, kind, title, target, before, after, author, service, system, url, scope, diff, summary, rollout } =
    change;
  const link = url === null ? null : safeUrl(url);
  const limits = Object.entries(scope).map(([key, value]) => `${key} ${value}`);
  const who = [
    service,
    author === null ? null : `by ${author}`,
    `in ${system}`,
    limits.length === 0 ? null : `for ${limits.join(", ")}`,
  ];
  const part = rollout === null || rollout.strategy === "all" ? null : `${rollout.strategy}, ${rollout.percent} %`;
  return html`<li>
    <${When} at=${at} words=${clock(at)} />
    <span class="kind">${kind}</span>
    <div>
      <p>${title}</p>
      <p class="about"><code>${target}</code>${before === null && after === null ? "" : html` <code>${before ?? "none"}</code> → <code>${after ?? "none"}</code>`}</p>
      <p class="about">${[...who, part].filter((text) => text !== null).join(" · ")}${link === null ? "" : html` · <${Link} url=${link.href} label=${link.host} />`}</p>
      ${summary === null ? null : html`<p class="about">${summary}</p>`}
      ${diff === null ? null : html`<details class="more"><summary>What changed in it</summary><${Literal} text=${diff} /></details>`}
    </div>
  </li>`;
}
