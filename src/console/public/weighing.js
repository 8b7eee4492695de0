import { html } from "./html.js";
import { safeUrl } from "./mrkdwn.js";
import { Link, Plain } from "./text.js";
import { cause, percent, plural } from "./words.js";

/** Below this log-odds a finding moves the odds by less than a twentieth: it says nothing. */
const SAYS_NOTHING = 0.05;
const SHOWN = 6;
/** The weight whose bar fills its half: it moves the odds twentyfold. */
const FULL = 3;

/** How the suspects were weighed: each with its probability, and every finding with its share. */
export function Weighing({ diagnosis }) {
  const standing = diagnosis.suspects.filter(({ ruledOut }) => ruledOut === null);
  const out = diagnosis.suspects.filter(({ ruledOut }) => ruledOut !== null);
  const rows = (suspects) =>
    html`<ul class="suspects">${suspects.map((suspect) => html`<${Suspect} key=${suspect.id} suspect=${suspect} diagnosis=${diagnosis} />`)}</ul>`;
  const rest = standing.slice(SHOWN);
  return html`<section class="panel weighing" aria-labelledby="weighing">
    <h2 id="weighing" class="heading">How it was weighed</h2>
    <p class="about">${plural(standing.length, "suspect")} and ${plural(diagnosis.evidence.length, "finding")}; the probabilities add up to one. Open a suspect to see what speaks for and against it.</p>
    <${Causes} causes=${diagnosis.causes} />
    ${rows(standing.slice(0, SHOWN))}
    ${rest.length === 0 ? null : html`<details class="more"><summary>${plural(rest.length, "less likely suspect")}</summary>${rows(rest)}</details>`}
    ${out.length === 0 ? null : html`<details class="more"><summary>${out.length} ruled out</summary>${rows(out)}</details>`}
  </section>`;
}

function Causes({ causes }) {
  const shares = Object.entries(causes)
    .filter(([, share]) => share >= 0.01)
    .toSorted((a, b) => b[1] - a[1]);
  return html`<ul class="causes" aria-label="Probability of each cause">
    ${shares.map(([name, share]) => html`<li key=${name}><${Bar} share=${share} /><span>${percent(share)}</span> <span>${cause(name)}</span></li>`)}
  </ul>`;
}

function Bar({ share }) {
  return html`<span class="bar" aria-hidden="true"><span style=${{ width: `${Math.max(1, share * 100)}%` }}></span></span>`;
}

function Suspect({ suspect, diagnosis }) {
  const { title, probability, ruledOut, prior, cause: name } = suspect;
  const found = suspect.weights
    .flatMap(({ evidence: id, logOdds }) => {
      const evidence = diagnosis.evidence.find((candidate) => candidate.id === id);
      return evidence === undefined ? [] : [{ evidence, logOdds }];
    })
    .toSorted((a, b) => Math.abs(b.logOdds) - Math.abs(a.logOdds));
  const telling = found.filter(({ logOdds }) => Math.abs(logOdds) >= SAYS_NOTHING);
  const silent = found.length - telling.length;
  return html`<li>
    <details>
      <summary>
        <${Bar} share=${ruledOut === null ? probability : 0} />
        <span class="share">${ruledOut === null ? percent(probability) : "out"}</span>
        <span class="suspect"><span>${title}</span> <span class="about">${ruledOut ?? cause(name)}</span></span>
      </summary>
      <div class="scroll">
        <table class="evidence">
          <caption>Log-odds: above zero speaks for it, below zero against it. It began with ${signed(prior)} before any evidence.</caption>
          <thead><tr><th scope="col">Finding</th><th scope="col">Weight</th></tr></thead>
          <tbody>${telling.map((each) => html`<${Finding} key=${each.evidence.id} ...${each} />`)}</tbody>
        </table>
      </div>
      ${silent === 0 ? null : html`<p class="about">${plural(silent, "other finding")} neither for nor against it.</p>`}
    </details>
  </li>`;
}

function Finding({ evidence, logOdds }) {
  const url = evidence.url === null ? null : safeUrl(evidence.url);
  const width = `${Math.min(1, Math.abs(logOdds) / FULL) * 50}%`;
  return html`<tr>
    <td><${Plain} text=${evidence.statement} />${url === null ? "" : html` <${Link} url=${url.href} label=${url.host} />`}<span class="about"> ${evidence.source}</span></td>
    <td class="weight">
      <span class="scale ${logOdds > 0 ? "for" : "against"}" aria-hidden="true"><span style=${{ width }}></span></span>
      <span>${signed(logOdds)}</span>
    </td>
  </tr>`;
}

function signed(number) {
  const text = Math.abs(number).toFixed(2);
  return `${number < 0 ? "−" : "+"}${text}`;
}
