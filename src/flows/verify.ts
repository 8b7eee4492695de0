import { type Execution, undoing } from "../domain/execution.ts";
import type { Proposal } from "../domain/proposal.ts";
import { judge, type SignalVerdict, together } from "../domain/verification.ts";
import { Fault } from "../lib/fault.ts";
import type { ThreadView } from "../views/thread.ts";
import type { FlowDeps } from "./deps.ts";
import { auditLine, executeJob } from "./execution-rows.ts";
import { gather } from "./gather.ts";
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
  const verdicts = await look(view, execution, proposal, deps);
  const verdict = together(verdicts);
  const now = deps.clock.now();
  const effectMs = Math.max(0, ...proposal.steps.map(({ preview }) => preview.effectWithinMs));
  if (verdict === "waiting" && now < execution.appliedAt + effectMs + deps.settings.verifyWithinMs) {
    await deps.store.commit({
      jobs: [{ kind: "verify", key: executionId, payload: { executionId }, runAt: now + AGAIN_MS }],
    });
    return;
  }
  return end(execution, proposal, { verdict: verdict === "waiting" ? "inconclusive" : verdict, verdicts }, deps);
}

async function look(
  view: ThreadView,
  execution: Execution,
  proposal: Proposal,
  deps: FlowDeps,
): Promise<SignalVerdict[]> {
  const { series, asOf } = await gather(view, deps);
  const appliedAt = execution.appliedAt ?? asOf;
  const effectMs = Math.max(0, ...proposal.steps.map(({ preview }) => preview.effectWithinMs));
  const firstAlert = Math.min(...view.alerts.map(({ startsAt }) => startsAt));
  const onset = Math.min(view.diagnosis?.onset?.at ?? firstAlert, firstAlert);
  const calmUntil = Math.min(view.diagnosis?.onset?.from ?? onset, onset);
  const { samples, good, watch } = proposal.verification;
  const window = { calmUntil, onset, appliedAt, effectAt: appliedAt + effectMs, now: asOf, samples, good };
  return watch.flatMap(({ signal, labels }) => {
    const found = series.find((candidate) => candidate.signal === signal && sameLabels(candidate.labels, labels));
    return found === undefined ? [] : [judge(found, window)];
  });
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
    jobs: verdict === "recovered" ? [] : [again],
  }));
}

function words({ signal, now, burning, baseline, good, samples }: SignalVerdict): string {
  const figure = (value: number | null) => (value === null ? "no data" : Number(value.toPrecision(3)).toString());
  return `${signal} ${figure(now)} (was ${figure(burning)}, normal ${figure(baseline)}; ${good} good of ${samples} samples)`;
}
