import type { BoundStep } from "../domain/action.ts";
import { bind, type FilledStep } from "../domain/bind-runbook.ts";
import type { CaseFile } from "../domain/case-file.ts";
import { chooseRunbooks } from "../domain/choose-runbook.ts";
import type { Diagnosis, Suspect } from "../domain/diagnosis/diagnosis.ts";
import { digested, type Proposal } from "../domain/proposal.ts";
import type { Runbook } from "../domain/runbook.ts";
import { signalSpec } from "../domain/signal.ts";
import { MINUTE } from "../domain/time.ts";
import { canonicalJson, digestOf } from "../lib/digest.ts";
import { Fault } from "../lib/fault.ts";
import type { Action } from "../ports.ts";
import type { ThreadView } from "../views/thread.ts";
import type { FlowDeps } from "./deps.ts";
import type { Draft } from "./record.ts";

const TRIED = 6;

interface Reasoned {
  readonly diagnosis: Diagnosis;
  readonly caseFile: CaseFile;
}

/** What stands in the way of a runbook, in words. */
interface Refused {
  readonly because: string;
}

/**
 * Binds the best runbook whose parameters are known, whose action is connected, and whose target can be read and may be
 * changed; says what else was considered and why not.
 *
 * @returns a function from the thread as it is at the time of writing to the part of the commit
 */
export async function propose(
  view: ThreadView,
  reasoned: Reasoned,
  deps: FlowDeps,
): Promise<(now: ThreadView) => Draft> {
  const { diagnosis, caseFile } = reasoned;
  const considered: { runbook: string; because: string }[] = [];
  const leading = diagnosis.suspects[0]?.probability ?? 0;
  if (diagnosis.cause === "unknown" || leading < deps.settings.proposeFrom)
    return (now) => withdraw(now, "the evidence no longer points at one cause");
  const choices = chooseRunbooks(diagnosis, caseFile, deps.runbooks).slice(0, TRIED);
  for (const { runbook, suspectId, because } of choices) {
    const suspect = diagnosis.suspects.find(({ id }) => id === suspectId);
    if (suspect === undefined) continue;
    const steps = wasTried(view, runbook, suspect) ?? (await bindSteps(runbook, suspect, { view, reasoned, deps }));
    if ("because" in steps) considered.push({ runbook: runbook.name, because: steps.because });
    else {
      const proposal = draftProposal(
        { view, runbook, suspect, steps, because, considered: rest(considered, choices, runbook) },
        deps,
      );
      return (now) => offer(now, proposal);
    }
  }
  return (now) => withdraw(now, "no runbook fits what is known now");
}

function rest(
  considered: readonly { runbook: string; because: string }[],
  choices: readonly { runbook: Runbook; because: string }[],
  taken: Runbook,
) {
  const others = choices.filter(
    ({ runbook }) => runbook !== taken && !considered.some((entry) => entry.runbook === runbook.name),
  );
  return [
    ...considered,
    ...others.map(({ runbook, because }) => ({ runbook: runbook.name, because: `promises less: ${because}` })),
  ].slice(0, 4);
}

function wasTried({ executions, proposals }: ThreadView, runbook: Runbook, suspect: Suspect): Refused | null {
  const same = proposals.filter(({ runbook: name, suspectId }) => name === runbook.name && suspectId === suspect.id);
  const runs = executions.filter(({ proposalId }) => same.some(({ id }) => id === proposalId));
  const run = runs.find(({ state }) => state !== "superseded" && state !== "cancelled");
  if (run !== undefined) return { because: `was already run here and ended: ${run.state}` };
  return same.some(({ state }) => state === "rejected") ? { because: "a person rejected it" } : null;
}

interface BindContext {
  readonly view: ThreadView;
  readonly reasoned: Reasoned;
  readonly deps: FlowDeps;
}

async function bindSteps(
  runbook: Runbook,
  suspect: Suspect,
  { view, reasoned, deps }: BindContext,
): Promise<BoundStep[] | Refused> {
  const change = reasoned.caseFile.changes.find(({ id }) => id === suspect.changeId) ?? null;
  const bound = bind(runbook, { suspect, change, incident: view.incident });
  if (!bound.ok) return { because: bound.missing };
  const steps: BoundStep[] = [];
  for (const step of bound.steps) {
    const action = actionFor(step, change?.system ?? null, deps);
    if (action === null)
      return {
        because: `none of ${step.actions.join(", ")} is connected${change === null ? "" : ` for ${change.system}`}`,
      };
    const read = await readStep(step, action, deps);
    if ("because" in read) return read;
    steps.push(read);
  }
  return steps;
}

/** A change is turned back where it was made; an ambient cause by the first system that is connected. */
function actionFor(step: FilledStep, system: string | null, { connected }: FlowDeps): Action | null {
  for (const name of step.actions) {
    const [connector] = name.split(".");
    if (system !== null && connector !== system) continue;
    const action = connected.find(({ id }) => id === connector)?.actions?.find((candidate) => candidate.name === name);
    if (action !== undefined) return action;
  }
  return null;
}

async function readStep(step: FilledStep, action: Action, deps: FlowDeps): Promise<BoundStep | Refused> {
  const [connector = ""] = action.name.split(".");
  const context = { signal: AbortSignal.timeout(deps.settings.sourceTimeoutMs) };
  try {
    const before = await action.read(step.params, context);
    const preview = await action.preview(step.params, before, context);
    if (preview.refuse !== null) return { because: preview.refuse };
    if (canonicalJson(preview.before) === canonicalJson(preview.after))
      return { because: `${preview.target} is already so` };
    return {
      id: step.id,
      action: action.name,
      connector,
      params: step.params,
      preview: { ...preview, reversible: preview.reversible && action.undo !== null },
    };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    deps.metrics.count("connector_faults", { connector, kind: error.kind });
    return { because: `${action.name} could not be prepared: ${error.message}` };
  }
}

interface DraftInput {
  readonly view: ThreadView;
  readonly runbook: Runbook;
  readonly suspect: Suspect;
  readonly steps: BoundStep[];
  readonly because: string;
  readonly considered: Proposal["considered"];
}

function draftProposal({ view, runbook, suspect, steps, because, considered }: DraftInput, deps: FlowDeps): Proposal {
  const now = deps.clock.now();
  const reversible = steps.every(({ preview }) => preview.reversible);
  const undigested = {
    id: deps.newId("prop"),
    incidentId: view.incident.id,
    runbook: runbook.name,
    remedy: runbook.remedy,
    title: steps.map(({ preview }) => preview.summary).join("; "),
    why: `${because} ${runbook.cost}`.trim(),
    considered,
    suspectId: suspect.id,
    steps,
    verification: { watch: watched(view), ...runbook.verify },
    onFailure: reversible ? runbook.on_failure : "ask",
    risk: runbook.risk,
    approvalsNeeded: reversible ? runbook.approvals : Math.max(runbook.approvals, 1),
    proposedBy: "faultline",
    createdAt: now,
    expiresAt: now + runbook.expires_min * MINUTE,
  } satisfies Omit<Proposal, "digest" | "state" | "endedBecause">;
  return { ...undigested, digest: digestOf(digested(undigested)), state: "pending", endedBecause: null };
}

/** The signals that fired, each for its service. */
function watched({ alerts }: ThreadView): Proposal["verification"]["watch"] {
  const watch = alerts
    .filter(({ status, signal }) => status === "firing" && signal !== null)
    .map(({ signal, service, labels }) => ({
      signal: signal ?? "",
      labels: aggregateOf(signal ?? "", service, labels),
    }));
  const seen = new Map(watch.map((entry) => [canonicalJson(entry), entry]));
  return [...seen.values()].slice(0, 12);
}

function aggregateOf(
  signal: string,
  service: string | null,
  labels: Readonly<Record<string, string>>,
): Record<string, string> {
  const about = signalSpec(signal)?.about;
  if (about === "provider" && labels["provider"] !== undefined) return { provider: labels["provider"] };
  if (about === "gpu_pool" && labels["gpu_pool"] !== undefined) return { gpu_pool: labels["gpu_pool"] };
  return service === null ? {} : { service };
}

function offer(now: ThreadView, proposal: Proposal): Draft {
  const pending = now.proposals.find(({ state }) => state === "pending");
  if (pending !== undefined && essence(pending) === essence(proposal)) return {};
  // A person may have rejected the very same while it was being prepared.
  if (now.proposals.some((other) => other.state === "rejected" && essence(other) === essence(proposal))) return {};
  const { incidentId, id, digest, createdAt: at } = proposal;
  const superseded =
    pending === undefined
      ? []
      : [
          {
            id: pending.id,
            from: "pending" as const,
            to: "superseded" as const,
            because: "Superseded: the diagnosis or the target changed",
          },
        ];
  return {
    proposals: [proposal],
    proposalMoves: superseded,
    timeline: [{ incidentId, at, kind: "proposed", actor: "faultline", text: proposal.title }],
    audit: [
      {
        at,
        actor: "faultline",
        action: "proposal.made",
        incidentId,
        proposalId: id,
        digest,
        detail: { runbook: proposal.runbook, suspect: proposal.suspectId },
      },
    ],
  };
}

/** What makes two proposals the same to a person: what would be done, from which state. */
function essence({ runbook, steps, verification }: Proposal): string {
  return canonicalJson([
    runbook,
    verification.watch,
    steps.map(({ action, params, preview }) => [action, params, preview.before, preview.after]),
  ]);
}

function withdraw(now: ThreadView, because: string): Draft {
  const pending = now.proposals.find(({ state }) => state === "pending");
  if (pending === undefined) return {};
  return { proposalMoves: [{ id: pending.id, from: "pending", to: "superseded", because: `Withdrawn: ${because}` }] };
}
