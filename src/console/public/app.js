import { render } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Changes } from "./changes.js";
import { Decide } from "./decide.js";
import { HaltBanner, HaltButton, HaltDialog } from "./halt.js";
import { html } from "./html.js";
import { Mark } from "./icons.js";
import { Incident } from "./incident.js";
import { counted, Home, IncidentList } from "./list.js";
import { Sandbox } from "./sandbox.js";
import { announce, onRound, refresh, start, update, useApp } from "./state.js";
import { ThemeSwitch } from "./theme-switch.js";
import { status } from "./words.js";

// Says to who cannot see it what is new: incidents, states, cards.
onRound((before, now) => {
  if (before.incidents === null) return;
  const known = new Map(before.incidents.map((incident) => [incident.id, incident]));
  const told = now.incidents.flatMap((incident) => {
    const old = known.get(incident.id);
    if (old === undefined) return [`New incident: ${incident.title}.`];
    return old.status === incident.status ? [] : [`${status(incident.status)[0]}: ${incident.title}.`];
  });
  if (told.length > 0) announce(told.join(" "));
});

const wide = matchMedia("(min-width: 60rem)");

function useWide() {
  const [is, setIs] = useState(wide.matches);
  useEffect(() => {
    const changed = () => setIs(wide.matches);
    wide.addEventListener("change", changed);
    return () => wide.removeEventListener("change", changed);
  }, []);
  return is;
}

function App() {
  const state = useApp();
  const { server, route, news, asking, halting, incident } = state;
  useTitle(state);
  useFocus(route);
  const halted = server?.halted === true;
  return html`
    <a class="skip" href="#main" onClick=${skip}>Skip to the content</a>
    <div class="head">
      <${Top} route=${route} halted=${halted} server=${server} />
      <${Banners} state=${state} halted=${halted} />
    </div>
    <div class="page" data-page=${route.page}>
      <${Side} state=${state} />
      <main id="main" tabindex="-1"><${Main} state=${state} halted=${halted} /></main>
    </div>
    <div class="unseen" role="status" aria-live="polite">${news}</div>
    ${asking === undefined || asking === null ? null : html`<${Decide} key=${`${asking.proposal.id}${asking.verdict}`} asking=${asking} incident=${incident} />`}
    ${halting === undefined || halting === null ? null : html`<${HaltDialog} on=${halting} />`}
  `;
}

function skip(event) {
  event.preventDefault();
  document.getElementById("main")?.focus();
}

function Top({ route, halted, server }) {
  const at = (page) => (route.page === page ? "page" : undefined);
  return html`<header class="top">
    <a class="name" href="#/" aria-label="Faultline, all incidents"><${Mark} /><span>Faultline</span></a>
    <nav aria-label="Pages"><a href="#/" aria-current=${at("home")}>Incidents</a><a href="#/changes" aria-current=${at("changes")}>Changes</a></nav>
    <span class="grow"></span>
    ${server === null ? null : html`<${HaltButton} halted=${halted} />`}
    <${ThemeSwitch} />
  </header>`;
}

function Banners({ state, halted }) {
  const { lost, refused, notice } = state;
  return html`<div class="banners">
    ${refused ? html`<div class="banner bad" role="alert">You are not signed in. <button type="button" onClick=${() => location.reload()}>Sign In</button></div>` : null}
    ${lost === null ? null : html`<div class="banner ask" role="status"><strong>Connection lost, retrying.</strong> ${lost} What you see may be old. <button type="button" onClick=${refresh}>Try Now</button></div>`}
    <${HaltBanner} halted=${halted} />
    ${notice === null ? null : html`<div class="banner ${notice.tone}"><span>${notice.text}</span> <button type="button" class="plain" onClick=${() => update({ notice: null })}>Close</button></div>`}
  </div>`;
}

function Side({ state }) {
  const { incidents, server, route, waiting } = state;
  const open = useWide() || route.page === "home";
  const sandbox = server?.sandbox ?? null;
  return html`<aside class="side">
    <details class="fold incidents" open=${open}>
      <summary><h2>Incidents</h2> <span class="about">${counted(incidents)}</span></summary>
      <${IncidentList} incidents=${incidents} selected=${route.id} />
    </details>
    ${sandbox === null ? null : html`<details class="fold sandbox" open=${open}><summary><h2>Break something</h2> <span class="about">sandbox</span></summary><${Sandbox} sandbox=${sandbox} waiting=${waiting} /></details>`}
    ${(server?.notices ?? []).map((text) => html`<p class="about small">${text}</p>`)}
    ${server === null ? null : html`<p class="about small">Faultline ${server.version}, ${server.mode === "local" ? "local mode" : "configured"}</p>`}
  </aside>`;
}

function Main({ state, halted }) {
  const { route, incident, incidents, changes, server } = state;
  if (route.page === "incident") return html`<${Incident} key=${route.id} incident=${incident} halted=${halted} />`;
  if (route.page === "changes")
    return html`<${Changes} changes=${changes} incidents=${incidents} minutes=${route.minutes} />`;
  return html`<${Home} incidents=${incidents} server=${server} />`;
}

function useTitle({ route, incident, incidents }) {
  useEffect(() => {
    const open = (incidents ?? []).filter(({ status: name }) => name !== "resolved").length;
    const loaded = incident !== null && incident !== "missing";
    const page =
      route.page === "incident" && loaded
        ? `${status(incident.status)[0]}: ${incident.title}`
        : route.page === "changes"
          ? "Changes"
          : null;
    document.title = [open > 0 ? `(${open})` : null, page, page === null ? "Faultline" : "· Faultline"]
      .filter((part) => part !== null)
      .join(" ");
  });
}

/** After a turn to another page the reading begins at its heading; not on the first one. */
function useFocus(route) {
  const first = useRef(true);
  const key = `${route.page}/${route.id ?? ""}`;
  useEffect(() => {
    if (first.current) {
      first.current = false;
      return;
    }
    scrollTo(0, 0);
    document.getElementById("main")?.focus({ preventScroll: true });
  }, [key]);
}

render(html`<${App} />`, document.getElementById("app"));
start();
