import { causeWords } from "../domain/cause.ts";
import { diagnose } from "../domain/diagnosis/diagnose.ts";
import type { Diagnosis } from "../domain/diagnosis/diagnosis.ts";
import { isEnded } from "../domain/execution.ts";
import type { TimelineEntry } from "../domain/timeline.ts";
import type { NewJob } from "../store-port.ts";
import type { ThreadView } from "../views/thread.ts";
import type { FlowDeps } from "./deps.ts";
import { gather } from "./gather.ts";
import { propose } from "./propose.ts";
import { type Draft, loadThread, record } from "./record.ts";

/**
 * Looks at everything, diagnoses, and proposes. Comes back after a while as long as the incident is open and nothing of
 * ours is running, because evidence grows while it burns; says so when it changes its mind.
 *
 * @param round how often this incident was looked at before on the same occasion
 */
export async function investigate(incidentId: string, round: number, deps: FlowDeps): Promise<void> {
  const view = await loadThread(incidentId, deps);
  if (view === null || view.incident.status === "resolved" || isMending(view)) return;
  const caseFile = await gather(view, deps);
  const began = performance.now();
  const diagnosis = diagnose(caseFile, view.diagnosis);
  deps.metrics.observe("diagnosis_seconds", (performance.now() - began) / 1000);
  if (view.diagnosis === null) deps.metrics.count("incidents", { cause: diagnosis.cause });
  const offered = holds(view.diagnosis, diagnosis)
    ? await propose(view, { diagnosis, caseFile }, deps)
    : (): Draft => ({});
  const written = await record(incidentId, deps, (now) => {
    if (now.incident.status === "resolved" || isMending(now)) return null;
    const timeline = spoken(incidentId, now.diagnosis, diagnosis);
    return {
      diagnosis: { incidentId, diagnosis },
      changes: caseFile.changes.filter(({ id }) => diagnosis.suspects.some(({ changeId }) => changeId === id)),
      ...offered(now),
      timeline: [...timeline, ...(offered(now).timeline ?? [])],
      jobs: next(incidentId, round, deps),
    };
  });
  if (written !== null)
    for (const { remedy } of newProposals(view, written)) deps.metrics.count("proposals", { remedy });
}

/** A verdict is acted on only when a second look, with more to see, comes to the same: the first few values mislead. */
function holds(before: Diagnosis | null, now: Diagnosis): boolean {
  return before !== null && before.suspects[0]?.id === now.suspects[0]?.id;
}

function newProposals(before: ThreadView, after: ThreadView): ThreadView["proposals"] {
  return after.proposals.filter(({ id }) => !before.proposals.some((proposal) => proposal.id === id));
}

function isMending({ executions }: ThreadView): boolean {
  return executions.some((execution) => !isEnded(execution));
}

/** The timeline says what a person would tell: the first verdict, and every change of mind. */
function spoken(incidentId: string, before: Diagnosis | null, now: Diagnosis): TimelineEntry[] {
  const sure = `${Math.round(now.confidence * 100)} %`;
  const [first] = now.suspects;
  const leading =
    first === undefined ? "nothing recorded" : `${first.title} (${Math.round(first.probability * 100)} %)`;
  const entry = (text: string): TimelineEntry[] => [
    { incidentId, at: now.asOf, kind: "diagnosed", actor: "faultline", text },
  ];
  if (before === null) return entry(`Likely cause: ${causeWords[now.cause]} (${sure}). Leading suspect: ${leading}.`);
  const percent = (diagnosis: Diagnosis) => `${Math.round(diagnosis.confidence * 100)} %`;
  if (before.cause === now.cause && before.suspects[0]?.id === now.suspects[0]?.id) {
    if (Math.abs(before.confidence - now.confidence) < 0.15) return [];
    const move = now.confidence > before.confidence ? "Surer" : "Less sure";
    return entry(
      `${move} of ${causeWords[now.cause]}: ${sure}, before ${percent(before)}. Leading suspect: ${leading}.`,
    );
  }
  if (before.cause === now.cause)
    return entry(`Still ${causeWords[now.cause]} (${sure}), but another suspect leads: ${leading}.`);
  const was = `${causeWords[before.cause]} (${percent(before)})`;
  return entry(`Changed my mind: now ${causeWords[now.cause]} (${sure}), before ${was}. Leading suspect: ${leading}.`);
}

function next(incidentId: string, round: number, deps: FlowDeps): NewJob[] {
  const { rediagnoseAfterMs } = deps.settings;
  const wait = rediagnoseAfterMs[Math.min(round, rediagnoseAfterMs.length - 1)];
  if (wait === undefined) return [];
  const runAt = deps.clock.now() + wait;
  return [{ kind: "investigate", key: `${incidentId}:later`, payload: { incidentId, round: round + 1 }, runAt }];
}
