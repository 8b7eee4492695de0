import { useState } from "preact/hooks";
import { ApiError, post } from "./api.js";
import { Dialog, NameField } from "./dialog.js";
import { html } from "./html.js";
import { drafts } from "./memory.js";
import { me, remember } from "./person.js";
import { current, notify, refresh, update } from "./state.js";
import { moment, span } from "./time.js";

/** Asks once more, with the plan as it was shown: the digest that was clicked is the one that is sent. */
export function ask(action, value) {
  const [id, digest] = value.split(":");
  const proposal = current().incident?.proposals?.find((each) => each.id === id);
  if (proposal === undefined || proposal.digest !== digest) {
    notify("This card has just changed. Look at it again.", "ask");
    void refresh();
    return;
  }
  update({ asking: { proposal, verdict: action === "approval_approve" ? "approved" : "rejected" } });
}

/** The step between the click and the decision. What was typed is kept until it has been sent. */
export function Decide({ asking, incident }) {
  const { proposal, verdict } = asking;
  const [name, setName] = useState(me());
  const [reason, setReason] = useState(drafts.get(`reason.${proposal.id}`) ?? "");
  const [sending, setSending] = useState(false);
  const [problem, setProblem] = useState(null);
  const approving = verdict === "approved";
  const gone = endedMeanwhile(proposal, incident);
  const close = () => update({ asking: null });
  const typed = (text) => {
    setReason(text);
    drafts.set(`reason.${proposal.id}`, text);
  };
  const submit = async (event) => {
    event.preventDefault();
    setSending(true);
    setProblem(null);
    const answer = await send(proposal, {
      verdict,
      by: remember(name),
      reason: approving ? null : reason.trim() || null,
    });
    setSending(false);
    if (!answer.ok) return setProblem(answer.text);
    drafts.set(`reason.${proposal.id}`, null);
    close();
    notify(answer.text);
    return refresh();
  };
  return html`<${Dialog} title=${`${approving ? "Approve" : "Reject"}: ${proposal.title}?`} onClose=${close}>
    <form method="dialog" onSubmit=${submit}>
      <${Plan} proposal=${proposal} />
      ${
        approving
          ? null
          : html`<label class="field-label">Reason (optional; it goes on the record)
            <textarea name="reason" rows="3" maxlength="500" value=${reason} onInput=${(event) => typed(event.currentTarget.value)}></textarea>
          </label>`
      }
      <${NameField} name=${name} onInput=${setName} />
      ${gone === null ? null : html`<p class="hint ask" role="alert">${gone}</p>`}
      ${problem === null ? null : html`<p class="hint bad" role="alert">${problem}</p>`}
      <div class="buttons">
        <button type="submit" class=${approving ? "primary" : "danger"} disabled=${sending || gone !== null}>${sending ? "Sending…" : approving ? "Approve and Run" : "Reject"}</button>
        <button type="button" onClick=${close}>Go Back</button>
      </div>
    </form>
  <//>`;
}

async function send({ id, digest }, decision) {
  try {
    return await post(`/api/proposals/${encodeURIComponent(id)}/decision`, { digest, ...decision });
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const unsure =
      error.status === 0 ? " It may or may not have arrived. Sending it again is safe: it counts once." : "";
    return { ok: false, text: `${error.message}${unsure}` };
  }
}

function endedMeanwhile({ id, digest }, incident) {
  const now = incident?.proposals?.find((each) => each.id === id);
  if (now === undefined) return null;
  if (now.digest !== digest)
    return "What is proposed has changed since you opened this. Go back and look at the newest card.";
  return now.state === "pending" ? null : "This was decided meanwhile. Nothing of yours was sent.";
}

/** Exactly what changes. */
function Plan({ proposal }) {
  const { steps, onFailure, digest, expiresAt } = proposal;
  const reversible = steps.every(({ preview }) => preview.reversible);
  const back =
    onFailure === "undo" ? "put back by itself if it does not help" : "a person is asked if it does not help";
  return html`<ol class="plan">
      ${steps.map(
        ({ id, action, preview }) => html`<li key=${id}>
          ${preview.summary === proposal.title ? null : html`<p>${preview.summary}</p>`}
          <p class="about"><code>${action}</code> on <code>${preview.target}</code></p>
          <${Differences} before=${preview.before} after=${preview.after} />
          <p class="about">Reach: ${preview.reach}. Side effect: ${preview.sideEffect}. Seen within ${span(preview.effectWithinMs)}.</p>
        </li>`,
      )}
    </ol>
    <p class=${reversible ? "about" : "hint bad"}>${reversible ? `Can be taken back: ${back}.` : "This cannot be taken back."} Plan <code>${digest.slice(0, 12)}</code>, valid until ${moment(expiresAt)}.</p>`;
}

function Differences({ before, after }) {
  const rows = differences("", before, after);
  if (rows.length === 0) return html`<p class="about">No difference in the state that was read.</p>`;
  return html`<table class="differences">
    <thead><tr><th scope="col">What</th><th scope="col">Now</th><th scope="col">After</th></tr></thead>
    <tbody>${rows.map(({ path, from, to }) => html`<tr key=${path}><th scope="row">${path || "state"}</th><td><del>${from ?? "nothing"}</del></td><td><ins>${to ?? "nothing"}</ins></td></tr>`)}</tbody>
  </table>`;
}

/** The leaves that differ; objects are compared key by key, everything else as a whole. */
export function differences(path, before, after) {
  if (isRecord(before) && isRecord(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    const own = (record, key) => (Object.hasOwn(record, key) ? record[key] : undefined);
    return keys.flatMap((key) => differences(path === "" ? key : `${path}.${key}`, own(before, key), own(after, key)));
  }
  const said = (value) => (value === undefined || typeof value === "string" ? value : JSON.stringify(value));
  const [from, to] = [said(before), said(after)];
  return from === to ? [] : [{ path, from, to }];
}

function isRecord(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
