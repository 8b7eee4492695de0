import { type Execution, undoing } from "../domain/execution.ts";
import type { Proposal } from "../domain/proposal.ts";
import { judge, type SignalVerdict, together } from "../domain/verification.ts";
import { Fault } from "../lib/fault.ts";
import type { NewJob } from "../store-port.ts";
import type { ThreadView } from "../views/thread.ts";
import type { FlowDeps } from "./deps.ts";
import { auditLine, executeJob } from "./execution-rows.ts";
import { scopeOf } from "./gather.ts";
import { readSeries } from "./read-series.ts";
import { loadThread, record } from "./record.ts";

const AGAIN_MS = 1_500;

/**
 * Watches the signals that fired after a fix. Ends the execution as recovered, not recovered (and turns it round where
 * the proposal says so) or inconclusive; until then it comes back.
 */
export async function verify(executionId: string, deps: FlowDeps): Promise<void> {
  const execution = await deps.store.execution(executionId);
  if (execution === null || execution.state !== "verifying" || execution.appliedAt === null) return;
  const proposal = await deps.store.proposal(execution.proposalId);
  const view = await loadThread(execution.incidentId, deps);
  if (proposal === null || view === null)
    throw new Fault("not_found", `the proposal or incident of ${executionId} is gone`);
  const { verdicts, stepMs } = await look(view, execution, proposal, deps);
  const verdict = isBlind(view) && together(verdicts) === "recovered" ? "waiting" : together(verdicts);
  const now = deps.clock.now();
  if (verdict === "waiting" && now < execution.appliedAt + effectOf(proposal) + deps.settings.verifyWithinMs) {
    await deps.store.commit({
      jobs: [{ kind: "verify", key: executionId, payload: { executionId }, runAt: now + Math.max(AGAIN_MS, stepMs) }],
    });
    return;
  }
  return end(execution, proposal, { verdict: verdict === "waiting" ? "inconclusive" : verdict, verdicts }, deps);
}

/** An alert that fires and names no signal can only be verified by its own end. */
function isBlind({ alerts }: ThreadView): boolean {
  return alerts.some(({ status, signal }) => status === "firing" && signal === null);
}

async function look(
  view: ThreadView,
  execution: Execution,
  proposal: Proposal,
  deps: FlowDeps,
): Promise<{ verdicts: SignalVerdict[]; stepMs: number }> {
  const now = deps.clock.now();
  const from = now - deps.settings.lookbackMs;
  const series = await readSeries(scopeOf(view, deps.catalog), { from, to: now }, deps);
  const appliedAt = execution.appliedAt ?? now;
  const effectAt = appliedAt + effectOf(proposal);
  // An alert that has been firing for days says nothing of when this began.
  const began = view.alerts.map(({ startsAt }) => startsAt).filter((at) => at > from);
  const firstAlert = Math.min(appliedAt, ...began);
  const onset = Math.min(view.diagnosis?.onset?.at ?? firstAlert, firstAlert);
  const calmUntil = Math.min(view.diagnosis?.onset?.from ?? onset, onset);
  const { samples, good, watch } = proposal.verification;
  const window = { calmUntil, onset, appliedAt, effectAt, now, samples, good };
  const watched = watch.map(({ signal, labels }) => ({
    signal,
    found: series.find((candidate) => candidate.signal === signal && sameLabels(candidate.labels, labels)),
  }));
  const verdicts = watched.map(({ signal, found }) => (found === undefined ? unseen(signal) : judge(found, window)));
  return { verdicts, stepMs: Math.max(0, ...watched.map(({ found }) => found?.stepMs ?? 0)) };
}

function effectOf({ steps }: Proposal): number {
  return Math.max(0, ...steps.map(({ preview }) => preview.effectWithinMs));
}

/** A signal that no source shows is not recovered; nobody has seen it. */
function unseen(signal: string): SignalVerdict {
  return { signal, verdict: "waiting", baseline: null, burning: null, now: null, samples: 0, good: 0 };
}

function sameLabels(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const keys = Object.keys(b);
  return Object.keys(a).length === keys.length && keys.every((key) => a[key] === b[key]);
}

interface Outcome {
  readonly verdict: "recovered" | "not_recovered" | "inconclusive";
  readonly verdicts: readonly SignalVerdict[];
}

async function end(
  execution: Execution,
  proposal: Proposal,
  { verdict, verdicts }: Outcome,
  deps: FlowDeps,
): Promise<void> {
  const at = deps.clock.now();
  const numbers = verdicts.map(words).join("; ") || "no data on the signals that fired";
  const back = verdict === "not_recovered" && proposal.onFailure === "undo";
  const said = { recovered: "Recovered", not_recovered: "Did not help", inconclusive: "Cannot tell whether it helped" }[
    verdict
  ];
  const outcome = `${said}: ${numbers}.`;
  const epoch = execution.epoch + 1;
  const next: Execution = back
    ? { ...undoing(execution, outcome), epoch }
    : { ...execution, epoch, state: verdict, endedAt: at, outcome };
  deps.metrics.count("executions", { result: verdict });
  const again = back
    ? executeJob(execution.id, at)
    : ({
        kind: "investigate",
        key: `${execution.incidentId}:now`,
        payload: { incidentId: execution.incidentId, round: 0 },
        runAt: at,
      } as const);
  await record(execution.incidentId, deps, () => ({
    executions: [{ next, expectEpoch: execution.epoch }],
    ...(back ? {} : { unlock: execution.id }),
    timeline: [
      {
        incidentId: execution.incidentId,
        at,
        kind: "verified",
        actor: "faultline",
        text: `${outcome}${back ? " Taking it back." : ""}`,
      },
    ],
    audit: [auditLine(execution, at, `execution.${verdict}`, { numbers })],
    jobs: [verdict === "recovered" ? lookAgain(execution, at, deps) : again],
  }));
}

function words({ signal, now, burning, baseline, good, samples }: SignalVerdict): string {
  const figure = (value: number | null) => (value === null ? "no data" : Number(value.toPrecision(3)).toString());
  return `${signal} ${figure(now)} (was ${figure(burning)}, normal ${figure(baseline)}; ${good} good of ${samples} samples)`;
}

/** A fix that helped is looked at once more: an alert that still fires then, or burns again, must not stay unseen. */
function lookAgain({ incidentId }: Execution, at: number, { settings }: FlowDeps): NewJob {
  const wait = 3 * (settings.rediagnoseAfterMs.at(-1) ?? 60_000);
  return { kind: "investigate", key: `${incidentId}:later`, payload: { incidentId, round: 0 }, runAt: at + wait };
}
