import { bind } from "./bind-runbook.ts";
import type { CaseFile } from "./case-file.ts";
import { causeWords, type Remedy } from "./cause.ts";
import type { Change } from "./change.ts";
import type { Diagnosis, Suspect } from "./diagnosis/diagnosis.ts";
import type { Incident } from "./incident.ts";
import type { Runbook } from "./runbook.ts";

/** A runbook that fits a suspect and whose parameters are known. */
export interface Choice {
  readonly runbook: Runbook;
  readonly suspectId: string;
  /** Expected benefit, 0 to 1, less what the risk costs. */
  readonly score: number;
  /** Why this one, in words. */
  readonly because: string;
}

/** Suspects below this are not worth acting on. */
const LEAST_PROBABLE = 0.03;
/** What a risk costs in units of certain benefit: a cheap, reversible help under two suspects beats a cure for one. */
const RISK_COST: Readonly<Record<Runbook["risk"], number>> = { low: 0.01, medium: 0.03, high: 0.1 };

/**
 * How likely a remedy is to help when the suspect is right. Source: what the incident reports of such systems say
 * ended them; rolling back what broke it is the surest, waiting the least.
 */
const HELPS_CHANGE: Readonly<Partial<Record<Remedy, number>>> = {
  rollback_prompt: 0.95,
  rollback_model: 0.95,
  rollback_deploy: 0.9,
  revert_data: 0.9,
  disable_flag: 0.95,
  fix_measurement: 0.9,
  rebuild_index: 0.5,
  shift_traffic: 0.6,
  failover_provider: 0.6,
  drain_node: 0.65,
  scale_out: 0.5,
  rate_limit: 0.6,
  restart: 0.3,
  purge_cache: 0.25,
  wait: 0.1,
};
const HELPS_AMBIENT: Readonly<Record<string, Readonly<Partial<Record<Remedy, number>>>>> = {
  provider_outage: { failover_provider: 0.85, shift_traffic: 0.8, wait: 0.3 },
  provider_throttling: { failover_provider: 0.75, shift_traffic: 0.6, rate_limit: 0.5, wait: 0.2 },
  provider_silent_change: { failover_provider: 0.75, shift_traffic: 0.75 },
  gpu_fault: { drain_node: 0.9, shift_traffic: 0.75, restart: 0.5, scale_out: 0.35 },
  serving_exhaustion: { restart: 0.7, scale_out: 0.65, rate_limit: 0.4 },
  organic_drift: { shift_traffic: 0.6, rebuild_index: 0.2 },
  stale_data: { restart: 0.6, rebuild_index: 0.5, revert_data: 0.5, purge_cache: 0.2, scale_out: 0.3 },
  surge: { scale_out: 0.7, rate_limit: 0.65 },
  runaway_client: { rate_limit: 0.9, scale_out: 0.5 },
  broken_measurement: { fix_measurement: 0.8 },
  application_fault: { restart: 0.55, shift_traffic: 0.3 },
  unrecorded: { rollback_prompt: 0.9, rollback_model: 0.9, shift_traffic: 0.8 },
};

/** What it helps to move traffic off the one region or version that fails. */
const NARROW = 0.88;

/** The runbooks that fit, best first: by expected benefit over all suspects, less their risk. */
export function chooseRunbooks(diagnosis: Diagnosis, caseFile: CaseFile, runbooks: readonly Runbook[]): Choice[] {
  const suspects = diagnosis.suspects.filter(
    ({ probability, ruledOut }) => probability >= LEAST_PROBABLE && ruledOut === null,
  );
  const changes = new Map(caseFile.changes.map((change) => [change.id, change]));
  const incident = standIn(diagnosis, caseFile);
  const bound = suspects.flatMap((suspect) =>
    runbooks.flatMap((runbook) => {
      const change = suspect.changeId === null ? null : (changes.get(suspect.changeId) ?? null);
      if (!fits(runbook, suspect, change)) return [];
      const filled = bind(runbook, { suspect, change, incident });
      return filled.ok ? [{ runbook, suspect, key: `${runbook.name} ${JSON.stringify(filled.steps)}` }] : [];
    }),
  );
  const best = new Map<string, Choice>();
  for (const { runbook, suspect, key } of bound) {
    const helped = bound.filter((other) => other.key === key);
    const score =
      helped.reduce((sum, other) => sum + other.suspect.probability * helps(runbook, other.suspect), 0) -
      RISK_COST[runbook.risk];
    const choice = { runbook, suspectId: suspect.id, score, because: reason(suspect, helped.length - 1) };
    const known = best.get(key);
    if (known === undefined || known.score < score) best.set(key, choice);
  }
  return [...best.values()].toSorted((a, b) => b.score - a.score || (a.runbook.name < b.runbook.name ? -1 : 1));
}

function fits({ fits: { causes, change_kinds, ambient } }: Runbook, suspect: Suspect, change: Change | null): boolean {
  if (!causes.includes(suspect.cause)) return false;
  if (change !== null) return change_kinds.includes(change.kind);
  return suspect.ambient !== null && ambient.includes(suspect.ambient);
}

function helps({ remedy }: Runbook, suspect: Suspect): number {
  const { ambient, subject, cause } = suspect;
  const usual = (ambient === null ? HELPS_CHANGE[remedy] : HELPS_AMBIENT[ambient]?.[remedy]) ?? 0.2;
  const narrow = subject["region"] !== undefined || subject["model_version"] !== undefined;
  // Where only a part fails, moving that part away helps as much as leaving the whole, and costs less.
  if (remedy === "shift_traffic" && narrow && (ambient !== null || cause === "upstream_provider"))
    return Math.max(usual, NARROW);
  if (ambient === null) return usual;
  const hosted = subject["gpu_pool"] === undefined && (ambient === "surge" || ambient === "runaway_client");
  const hints = HINTS.filter(({ evidence }) =>
    suspect.weights.some((weight) => weight.logOdds > 0 && weight.evidence.startsWith(evidence)),
  );
  const hinted = hints.reduce((sum, { helps: more }) => sum + (more[remedy] ?? 0), 0);
  return Math.min(0.97, Math.max(0.02, usual + hinted - (hosted && remedy === "scale_out" ? ELSEWHERE : 0)));
}

/** Replicas of ours do not help where somebody else hosts the model. */
const ELSEWHERE = 0.3;

/** What convicts a suspect also says what will help: by the beginning of the evidence's id. */
const HINTS: readonly { readonly evidence: string; readonly helps: Readonly<Partial<Record<Remedy, number>>> }[] = [
  { evidence: "signature:node_not_ready", helps: { scale_out: 0.25, restart: -0.1 } },
  { evidence: "signature:pending_pods", helps: { scale_out: 0.15, restart: -0.1 } },
  { evidence: "signature:gpu_throttle_ratio", helps: { scale_out: 0.15, shift_traffic: 0.1, restart: -0.2 } },
  { evidence: "signature:gpu_temperature", helps: { scale_out: 0.15, shift_traffic: 0.1, restart: -0.2 } },
  { evidence: "pattern:idle-while-waiting", helps: { restart: 0.15, scale_out: -0.15 } },
  { evidence: "pattern:capacity-does-not-come", helps: { scale_out: 0.1, restart: -0.15 } },
  { evidence: "signature:retrieval_hit_ratio", helps: { rebuild_index: 0.2, restart: -0.1 } },
  { evidence: "signature:data_freshness", helps: { restart: 0.1 } },
  { evidence: "signature:drift_psi", helps: { revert_data: 0.1 } },
];

function reason({ title, probability, cause }: Suspect, others: number): string {
  const more = others <= 0 ? "" : `; it would help under ${others} other suspect${others === 1 ? "" : "s"} too`;
  return `“${title}” is at ${Math.round(probability * 100)} % (${causeWords[cause]})${more}.`;
}

/** Only the service of the incident is asked for by `bind`; the rest is never read. */
function standIn(diagnosis: Diagnosis, { asOf, alerts }: CaseFile): Incident {
  const firing = alerts.find(
    ({ status, startsAt, service }) => status === "firing" && startsAt <= asOf && service !== null,
  );
  return {
    id: "",
    rev: 0,
    status: "investigating",
    severity: "unknown",
    title: "",
    service: firing?.service ?? diagnosis.reach.services[0] ?? null,
    owner: null,
    openedAt: asOf,
    updatedAt: asOf,
    resolvedAt: null,
  };
}
