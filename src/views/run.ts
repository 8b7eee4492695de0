import { type Execution, isEnded, type StepRun } from "../domain/execution.ts";
import type { Proposal } from "../domain/proposal.ts";
import { literal, type Mrkdwn, md, prose } from "./text.ts";
import { duration, when } from "./words.ts";

const SHOWN = 14;

/** The run log: one line for each step, forward and back, with what came of it and how long it took. */
export function runLines({ steps }: Proposal, execution: Execution): string {
  const lines = execution.steps.map((run) => {
    const what = literal((steps[run.index]?.preview.summary ?? run.action).replace(/\s+/g, " "), 120);
    const verb = run.direction === "undo" ? "undo" : "do";
    const detail = run.detail === "" ? "" : `: ${literal(run.detail.replace(/\s+/g, " "), 160)}`;
    return `${stateWords[run.state].padEnd(8)} ${verb} ${run.index + 1}  ${what}${took(run)}${detail}`;
  });
  const shown = lines.slice(0, SHOWN);
  return (lines.length > SHOWN ? [...shown, `… and ${lines.length - SHOWN} more lines`] : shown).join("\n");
}

const stateWords: Readonly<Record<StepRun["state"], string>> = {
  pending: "waiting",
  started: "running",
  succeeded: "done",
  failed: "failed",
  unknown: "unknown",
  skipped: "skipped",
};

function took({ startedAt, endedAt }: StepRun): string {
  return startedAt === null || endedAt === null ? "" : ` (${duration(endedAt - startedAt)})`;
}

/** How the run stands or ended, with the numbers of the verification. */
export function runRecord(execution: Execution): Mrkdwn[] {
  const { state, steps, startedAt, endedAt } = execution;
  const outcome = prose(execution.outcome, 600);
  const at = endedAt === null ? md`` : md` at ${when(endedAt)}, ${duration(endedAt - startedAt)} after the start`;
  switch (state) {
    case "running":
      return [md`Running step ${position(steps, "forward")}.`];
    case "verifying":
      return [md`All steps are done. Watching whether the signals come back.`];
    case "undoing":
      return [md`*Did not help.* ${outcome}`, md`Putting it back: step ${position(steps, "undo")}.`];
    case "recovered":
      return [md`*Verified*${at}: ${outcome}`];
    case "not_recovered":
      return [
        md`*Not recovered*${at}. ${outcome}`,
        md`What was done stays; a person must decide whether to take it back.`,
      ];
    case "inconclusive":
      return [
        md`*Cannot tell whether it helped*${at}. ${outcome}`,
        md`What was done stays; look at the signals yourself.`,
      ];
    case "undone":
      return [md`*Not recovered, undone*${at}. ${outcome}`];
    case "failed":
      return [md`*Failed*${at}. ${outcome}`, md`Nothing was changed that would have to be taken back.`];
    case "needs_person":
      return [md`*A person must look*${at}. ${outcome}`, md`${left(execution)}`];
    case "cancelled":
      return [md`*Stopped*${at}. ${outcome}`, md`${left(execution)}`];
    case "superseded":
      return [md`*Stopped, the world had moved*${at}. ${outcome}`, md`${left(execution)}`];
  }
}

function position(steps: readonly StepRun[], direction: StepRun["direction"]): string {
  const mine = steps.filter((step) => step.direction === direction);
  const ended = mine.filter(({ state }) => state === "succeeded" || state === "skipped").length;
  return `${Math.min(ended + 1, mine.length)} of ${mine.length}`;
}

/** What an unfinished run leaves behind. */
function left(execution: Execution): string {
  const done = execution.steps.filter(({ state, direction }) => state === "succeeded" && direction === "forward");
  const back = execution.steps.filter(({ state, direction }) => state === "succeeded" && direction === "undo");
  const standing = done.filter(({ index }) => !back.some((undo) => undo.index === index));
  const unsure = execution.steps.filter(({ state }) => state === "unknown" || state === "failed");
  if (!isEnded(execution)) return "";
  const stays = standing.length === 0 ? "No step stays done." : `Done and not taken back: ${numbers(standing)}.`;
  return unsure.length === 0 ? stays : `${stays} Check by hand: ${numbers(unsure)}.`;
}

function numbers(steps: readonly StepRun[]): string {
  return steps
    .map(({ index, direction }) => `${direction === "undo" ? "undo of step" : "step"} ${index + 1}`)
    .join(", ");
}
