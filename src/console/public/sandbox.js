import { useState } from "preact/hooks";
import { ApiError, post } from "./api.js";
import { html } from "./html.js";
import { current, go, incidentHash, notify, onRound, refresh, update } from "./state.js";
import { span, toMs } from "./time.js";
import { spaced } from "./words.js";

/** Whoever broke something wants to see what comes of it: goes to the incident that opens, unless they went elsewhere. */
onRound((_before, now) => {
  const { waiting, route, incidents } = now;
  if (waiting === null) return;
  const opened = incidents.find(({ id }) => !waiting.known.includes(id));
  if (opened === undefined) return;
  update({ waiting: null });
  if (route === waiting.route) go(incidentHash(opened.id));
});

/** The small AI service that is there to be broken. */
export function Sandbox({ sandbox, waiting }) {
  const [busy, setBusy] = useState(null);
  const [problem, setProblem] = useState(null);
  const act = async (name, work) => {
    setBusy(name);
    setProblem(null);
    try {
      await work();
      await refresh();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      setProblem(error.message);
    } finally {
      setBusy(null);
    }
  };
  const breakIt = (fault) =>
    act(fault, async () => {
      const { incidents, route } = current();
      const known = (incidents ?? []).map(({ id }) => id);
      await post("/api/sandbox/drills", { fault });
      update({ waiting: { fault, known, route } });
      notify(`Broken: ${spaced(fault)}. The alert fires within some seconds.`, "work");
    });
  const reset = () =>
    act("reset", async () => {
      await post("/api/sandbox/reset");
      update({ waiting: null });
      notify("The sandbox is as it was at the beginning.");
    });
  const { running, faults } = sandbox;
  return html`
    <p class="about">A small AI service runs here to be broken. Each of these breaks it for real; the fix is real too.</p>
    ${running === null ? null : html`<p class="about">Last broken: <strong>${spaced(running.fault)}</strong>, ${span(Date.now() - toMs(running.startedAt))} ago. <button type="button" class="plain" disabled=${busy !== null} onClick=${reset}>Put It Back</button></p>`}
    ${waiting === null ? null : html`<p class="hint work">Waiting for the alert…</p>`}
    ${problem === null ? null : html`<p class="hint bad" role="alert">${problem}</p>`}
    <ul class="faults">
      ${faults.map(
        ({ name, about }) => html`<li key=${name}>
          <div><strong>${spaced(name)}</strong><span class="about">${about}</span></div>
          <button type="button" data-fault=${name} disabled=${busy !== null} aria-label="Break: ${spaced(name)}" onClick=${() => breakIt(name)}>${busy === name ? "Breaking…" : "Break"}</button>
        </li>`,
      )}
    </ul>`;
}
