import { useState } from "preact/hooks";
import { ApiError, post } from "./api.js";
import { Dialog, NameField } from "./dialog.js";
import { html } from "./html.js";
import { me, remember } from "./person.js";
import { announce, notify, refresh, update } from "./state.js";

/** The kill switch, with its state in words. */
export function HaltButton({ halted }) {
  const open = () => update({ halting: !halted });
  return html`<button type="button" class="halt ${halted ? "danger" : ""}" onClick=${open}>
    <span>Kill switch:</span> <span>${halted ? "on" : "off"}</span>
  </button>`;
}

export function HaltBanner({ halted }) {
  if (!halted) return null;
  return html`<div class="banner bad" role="status">
    <strong>The kill switch is on.</strong> Nothing can be approved or run.
    <button type="button" onClick=${() => update({ halting: false })}>Release</button>
  </div>`;
}

/** Asks before either way; `on` is what is wanted. */
export function HaltDialog({ on }) {
  const [name, setName] = useState(me());
  const [problem, setProblem] = useState(null);
  const [sending, setSending] = useState(false);
  const close = () => update({ halting: null });
  const submit = async (event) => {
    event.preventDefault();
    setSending(true);
    try {
      await post("/api/halt", { on, by: remember(name) });
      close();
      // While it is on, the banner says so.
      if (on) announce("The kill switch is on: nothing can be approved or run.");
      else notify("The kill switch is released.");
      await refresh();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      setProblem(error.message);
    } finally {
      setSending(false);
    }
  };
  return html`<${Dialog} title=${on ? "Stop everything?" : "Release the kill switch?"} onClose=${close}>
    <form method="dialog" onSubmit=${submit}>
      <p>${on ? "Nothing can be approved or run until somebody releases it. A run that is under way stops before its next step. Looking and diagnosing go on." : "Proposals can be approved and run again."}</p>
      <${NameField} name=${name} onInput=${setName} />
      ${problem === null ? null : html`<p class="hint bad" role="alert">${problem}</p>`}
      <div class="buttons">
        <button type="submit" class=${on ? "danger" : "primary"} disabled=${sending}>${on ? "Stop Everything" : "Release"}</button>
        <button type="button" onClick=${close}>Go Back</button>
      </div>
    </form>
  <//>`;
}
