import { html } from "./html.js";

// Each tone has a shape of its own, so that nothing hangs on colour.
const shapes = {
  bad: html`<path d="M8 1.6 15 14H1z" /><path class="cut" d="M8 6v4M8 12v.2" />`,
  ask: html`<path d="M8 .8 15.2 8 8 15.2.8 8z" /><path class="cut" d="M8 4.6v4M8 11v.2" />`,
  work: html`<circle class="ring" cx="8" cy="8" r="6" /><path d="M8 2a6 6 0 0 1 0 12z" />`,
  good: html`<circle cx="8" cy="8" r="7" /><path class="cut" d="m4.8 8.2 2.2 2.2 4.2-4.4" />`,
  done: html`<circle class="ring" cx="8" cy="8" r="6" /><path class="ring" d="m5.2 8.2 2 2 3.6-3.8" />`,
};

/** The shape of a tone; the words beside it say what it means. */
export function Shape({ tone }) {
  return html`<svg class="shape ${tone}" viewBox="0 0 16 16" aria-hidden="true">${shapes[tone] ?? shapes.work}</svg>`;
}

/** The name's mark: a line that slipped. */
export function Mark() {
  return html`<svg class="mark" viewBox="0 0 28 20" aria-hidden="true"><path d="M2 6h10l-4 8h18" /></svg>`;
}
