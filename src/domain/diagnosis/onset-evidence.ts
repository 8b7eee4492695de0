import type { Evidence } from "../evidence.ts";
import type { CaseContext } from "./case-context.ts";
import { observed } from "./hypothesis.ts";
import { clock } from "./wording.ts";

/** When it began, as evidence that everything else refers to. */
export function onsetEvidence(context: CaseContext): Evidence[] {
  const { onset, lead, alerts } = context;
  if (onset === null) return [];
  const first = alerts.toSorted((a, b) => a.startsAt - b.startsAt)[0];
  const fired = first === undefined ? "" : `; “${first.title}” fired at ${clock(first.startsAt)}`;
  const earlier = lead !== null && lead.at < onset.from ? `; the first departure was at ${clock(lead.at)}` : "";
  const statement = `it began at ${clock(onset.at)} (between ${clock(onset.from)} and ${clock(onset.to)})${fired}${earlier}`;
  return [observed(context, "onset", { id: "onset", statement, at: onset.at })];
}
