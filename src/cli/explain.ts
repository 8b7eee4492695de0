import { causeWords } from "../domain/cause.ts";
import type { Diagnosis, Suspect } from "../domain/diagnosis/diagnosis.ts";
import { iso } from "../domain/time.ts";
import { Fault } from "../lib/fault.ts";
import { withStore } from "./read-store.ts";

const SUSPECTS = 8;

/** Prints the whole weighing of an incident's latest diagnosis: each suspect with every share of its log-odds. */
export async function explain(incidentId: string): Promise<number> {
  const [diagnosis] = await withStore((store) => store.diagnoses(incidentId));
  if (diagnosis === undefined)
    throw new Fault("not_found", `there is no diagnosis of ${incidentId}; the console lists the incidents`);
  for (const line of weighing(diagnosis)) console.log(line);
  return 0;
}

function weighing(diagnosis: Diagnosis): string[] {
  const { asOf, cause, confidence, onset, gaps } = diagnosis;
  return [
    `as of ${iso(asOf)}: ${causeWords[cause]} (${percent(confidence)})`,
    ...(onset === null ? [] : [`onset ${iso(onset.at)}, between ${iso(onset.from)} and ${iso(onset.to)}`]),
    ...diagnosis.suspects.slice(0, SUSPECTS).flatMap((suspect) => ["", ...rowsOf(suspect, diagnosis)]),
    ...gaps.flatMap(({ what, why, remedy }) => ["", `could not look at ${what}: ${why} → ${remedy}`]),
  ];
}

function rowsOf({ title, cause, probability, prior, weights, ruledOut }: Suspect, { evidence }: Diagnosis): string[] {
  const said = new Map(evidence.map(({ id, statement }) => [id, statement]));
  const shares = weights
    .filter(({ logOdds }) => logOdds !== 0)
    .toSorted((a, b) => Math.abs(b.logOdds) - Math.abs(a.logOdds));
  return [
    `${percent(probability).padStart(5)}  ${title} [${cause}]${ruledOut === null ? "" : `, ruled out: ${ruledOut}`}`,
    `       ${signed(prior)}  before any evidence`,
    ...shares.map(({ evidence: id, logOdds }) => `       ${signed(logOdds)}  ${said.get(id) ?? id}`),
  ];
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

function signed(value: number): string {
  return `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}`;
}
