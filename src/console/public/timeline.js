import { html } from "./html.js";
import { Shape } from "./icons.js";
import { Plain, When } from "./text.js";
import { clockSeconds } from "./time.js";

const tones = {
  alert_fired: "bad",
  alert_resolved: "good",
  opened: "bad",
  proposed: "ask",
  decided: "ask",
  refused: "bad",
  verified: "good",
  undone: "bad",
  resolved: "done",
};

/** The incident's story, in the order it became known. */
export function Timeline({ entries }) {
  return html`<section class="panel timeline" aria-labelledby="timeline">
    <h2 id="timeline" class="heading">Timeline</h2>
    <ol>
      ${entries.map(
        ({ at, kind, actor, text }, index) => html`<li key=${index}>
          <${Shape} tone=${tones[kind] ?? "work"} />
          <span class="about"><${When} at=${at} words=${clockSeconds(at)} /> ${actor}</span>
          <span class="entry"><${Plain} text=${text} /></span>
        </li>`,
      )}
    </ol>
  </section>`;
}
