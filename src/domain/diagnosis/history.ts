import type { PastIncident } from "../case-file.ts";
import type { CaseContext } from "./case-context.ts";
import { type Judge, observed, weigh } from "./hypothesis.ts";
import { clock } from "./wording.ts";

/** Never enough alone: at most this much for the cause of the most similar confirmed incident. */
const MOST = 0.7;
const LEAST_SIMILAR = 0.4;
const ASKED = 3;

/** What confirmed past incidents with a like signature turned out to be. */
export const judgeHistory: Judge = (context, hypotheses) =>
  context.file.history
    .filter(({ at, cause }) => at < context.asOf && cause !== "unknown")
    .map((past) => ({ past, likeness: likeness(context, past) }))
    .filter((match) => match.likeness >= LEAST_SIMILAR)
    .toSorted((a, b) => b.likeness - a.likeness || b.past.at - a.past.at)
    .slice(0, ASKED)
    .map(({ past, likeness: alike }, place) => {
      const evidence = observed(context, "history", {
        id: `history:${past.id}`,
        source: "history",
        statement: `the incident of ${clock(past.at)}${past.service === null ? "" : ` on ${past.service}`} looked alike and was confirmed as ${past.cause.replace("_", " ")}`,
        value: alike,
        at: past.at,
      });
      return weigh(evidence, hypotheses, ({ cause }) => (cause === past.cause ? (MOST * alike) / (place + 1) : 0));
    });

/** Shared signals over all signals (Jaccard), and half as much for the same service. */
function likeness({ coherent, topology }: CaseContext, { signals, service }: PastIncident): number {
  const now = new Set(
    coherent.filter(({ harmful, strength }) => harmful !== false && strength >= 0.3).map(({ signal }) => signal),
  );
  const all = new Set([...now, ...signals]);
  const both = signals.filter((signal) => now.has(signal)).length;
  const same = service !== null && topology.focal.has(service) ? 1 : 0;
  return all.size === 0 ? 0 : (both / all.size) * (2 / 3) + same / 3;
}
