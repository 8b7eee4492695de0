import { useEffect, useRef, useState } from "preact/hooks";
import { html } from "./html.js";
import { isKnown, me } from "./person.js";

/** A dialog of the browser's own: it holds the focus, Escape closes it, and the focus goes back to where it was. */
export function Dialog({ title, onClose, children }) {
  const element = useRef(null);
  useEffect(() => {
    const shown = element.current;
    const before = document.activeElement;
    shown.showModal();
    return () => {
      shown.close();
      before?.focus();
    };
  }, []);
  const cancel = (event) => {
    event.preventDefault();
    onClose();
  };
  return html`<dialog ref=${element} aria-labelledby="dialog-title" onCancel=${cancel} onClose=${onClose}>
    <h2 id="dialog-title" class="heading">${title}</h2>
    ${children}
  </dialog>`;
}

/** The name that goes on the record; asked once, then only shown. */
export function NameField({ name, onInput }) {
  const [asking, setAsking] = useState(me() === "");
  if (isKnown()) return html`<p class="as">As <strong>${me()}</strong></p>`;
  if (!asking)
    return html`<p class="as">As <strong>${name}</strong> <button type="button" class="plain" onClick=${() => setAsking(true)}>Change</button></p>`;
  return html`<label class="field-label">
    Your name, for the record
    <input name="by" autocomplete="name" maxlength="80" required value=${name} onInput=${(event) => onInput(event.currentTarget.value)} />
  </label>`;
}
