import type { Alert } from "../domain/alert.ts";
import type { Incident } from "../domain/incident.ts";
import { statusOf } from "../domain/incident-status.ts";
import { DAY } from "../domain/time.ts";
import type { TimelineEntry } from "../domain/timeline.ts";
import { worst } from "../domain/triage.ts";
import { Fault } from "../lib/fault.ts";
import type { Commit, NewJob } from "../store-port.ts";
import { type ThreadView, thread } from "../views/thread.ts";
import type { FlowDeps } from "./deps.ts";

const ATTEMPTS = 12;

/** A part of a commit that one flow wants to become true for one incident. */
export type Draft = Omit<Commit, "incidents" | "messages">;

/**
 * Makes something true for one incident: reads all that is on record, asks `build` for the change, derives the status
 * and the thread from the result, and commits it with a guard on what was read. When somebody was faster it reads and
 * builds again, so `build` must not act on the outside.
 *
 * @returns the view as it is now, or null when `build` wanted nothing or the incident does not exist
 * @throws Fault "conflict" when the incident moved twelve times in a row
 */
export async function record(
  incidentId: string,
  deps: FlowDeps,
  build: (view: ThreadView) => Draft | null | Promise<Draft | null>,
): Promise<ThreadView | null> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const view = await loadThread(incidentId, deps);
    if (view === null) return null;
    const draft = await build(view);
    if (draft === null) return null;
    const { commit, after } = complete(view, draft, deps);
    if ((await deps.store.commit(commit)) === "committed") return after;
    await deps.clock.sleep(5 * attempt);
  }
  throw new Fault("conflict", `incident ${incidentId} moved again and again while it was written`);
}

/** Opens an incident with its first alerts. @returns null when one of the alerts has got an incident meanwhile */
export async function open(incident: Incident, draft: Draft, deps: FlowDeps): Promise<ThreadView | null> {
  const empty: ThreadView = {
    incident: { ...incident, rev: 0 },
    alerts: [],
    diagnosis: null,
    changes: [],
    proposals: [],
    decisions: [],
    executions: [],
    catalog: deps.catalog,
    consoleUrl: deps.settings.consoleUrl,
  };
  const { commit, after } = complete(empty, draft, deps);
  const [first] = commit.incidents ?? [];
  if (first === undefined) return null;
  const inserted = { ...commit, incidents: [{ next: first.next, expectRev: null }] };
  return (await deps.store.commit(inserted)) === "committed" ? after : null;
}

/** Everything on record about an incident, or null. */
export async function loadThread(
  incidentId: string,
  { store, catalog, settings }: FlowDeps,
): Promise<ThreadView | null> {
  const incident = await store.incident(incidentId);
  if (incident === null) return null;
  const [alerts, diagnoses, proposals, executions] = await Promise.all([
    store.alerts(incidentId),
    store.diagnoses(incidentId),
    store.proposals({ incidentId }),
    store.executions({ incidentId }),
  ]);
  const diagnosis = diagnoses.at(-1) ?? null;
  const decisions = (await Promise.all(proposals.map(({ id }) => store.decisions(id)))).flat();
  const named = new Set(diagnosis?.suspects.map(({ changeId }) => changeId));
  const window = { from: incident.openedAt - settings.lookbackMs - DAY, to: incident.updatedAt + DAY };
  const changes = named.size === 0 ? [] : await store.changesIn(window, 2_000);
  return {
    incident,
    alerts,
    diagnosis,
    changes: changes.filter(({ id }) => named.has(id)),
    proposals,
    decisions,
    executions,
    catalog,
    consoleUrl: settings.consoleUrl,
  };
}

function complete(view: ThreadView, draft: Draft, deps: FlowDeps): { commit: Commit; after: ThreadView } {
  const now = deps.clock.now();
  const { laid, status, moves } = settle(view, draft);
  const resolvedNow = status === "resolved" && view.incident.status !== "resolved";
  const incident: Incident = {
    ...laid.incident,
    rev: view.incident.rev + 1,
    status,
    severity: laid.alerts.length === 0 ? view.incident.severity : worst(laid.alerts),
    updatedAt: now,
    resolvedAt: status === "resolved" ? (view.incident.resolvedAt ?? now) : null,
  };
  const after = { ...laid, incident };
  const resolved: TimelineEntry[] = resolvedNow
    ? [
        {
          incidentId: incident.id,
          at: now,
          kind: "resolved",
          actor: "faultline",
          text: "All alerts resolved; the incident is closed.",
        },
      ]
    : [];
  const publish: NewJob[] =
    deps.chat === null ? [] : [{ kind: "publish", key: incident.id, payload: { incidentId: incident.id }, runAt: now }];
  const commit: Commit = {
    ...draft,
    proposalMoves: moves,
    incidents: [{ next: incident, expectRev: view.incident.rev }],
    timeline: [...(draft.timeline ?? []), ...resolved],
    audit: [...(draft.audit ?? []), ...endings(view, draft, { moves, now })],
    messages: thread(after).map((message) => ({ incidentId: incident.id, message, at: now })),
    jobs: [...(draft.jobs ?? []), ...publish],
  };
  return { commit, after };
}

/** Every proposal that ends without a person's word leaves a line of its own. */
function endings(
  view: ThreadView,
  draft: Draft,
  { moves, now }: { moves: NonNullable<Commit["proposalMoves"]>; now: number },
): NonNullable<Commit["audit"]> {
  const told = new Set(draft.audit?.map(({ proposalId }) => proposalId));
  return moves.flatMap(({ id, to, because }) => {
    const proposal = view.proposals.find((candidate) => candidate.id === id);
    if (proposal === undefined || told.has(id)) return [];
    const { incidentId, digest } = proposal;
    return [
      {
        at: now,
        actor: "faultline",
        action: `proposal.${to}`,
        incidentId,
        proposalId: id,
        digest,
        detail: { because },
      },
    ];
  });
}

/** The view and the status after the draft. What is still proposed when the incident is over is taken back. */
function settle(
  view: ThreadView,
  draft: Draft,
): { laid: ThreadView; status: Incident["status"]; moves: NonNullable<Commit["proposalMoves"]> } {
  const given = draft.proposalMoves ?? [];
  const laid = overlay(view, draft);
  const status = statusOf({ ...laid, diagnosed: laid.diagnosis !== null });
  const left = status === "resolved" ? laid.proposals.filter(({ state }) => state === "pending") : [];
  if (left.length === 0) return { laid, status, moves: given };
  const because = "Cancelled: the incident is over, nothing ran";
  const moves = [
    ...given,
    ...left.map(({ id }) => ({ id, from: "pending" as const, to: "cancelled" as const, because })),
  ];
  return { laid: overlay(view, { ...draft, proposalMoves: moves }), status, moves };
}

/** The view as it will be once the draft is committed. */
function overlay(view: ThreadView, draft: Draft): ThreadView {
  const proposals = [...view.proposals, ...(draft.proposals ?? [])].map((proposal) => {
    const move = draft.proposalMoves?.find(({ id }) => id === proposal.id);
    return move === undefined ? proposal : { ...proposal, state: move.to, endedBecause: move.because };
  });
  const written = draft.executions?.map(({ next }) => next) ?? [];
  const kept = view.executions.filter(({ id }) => !written.some((execution) => execution.id === id));
  const diagnosis = draft.diagnosis?.diagnosis ?? view.diagnosis;
  const named = new Set(diagnosis?.suspects.map(({ changeId }) => changeId));
  const fresh = draft.changes?.filter(({ id }) => named.has(id)) ?? [];
  return {
    ...view,
    alerts: overlayAlerts(view.alerts, draft.alerts?.map(({ alert }) => alert) ?? []),
    diagnosis,
    changes: [...view.changes.filter(({ id }) => !fresh.some((change) => change.id === id)), ...fresh],
    proposals,
    decisions: [...view.decisions, ...(draft.decisions ?? [])],
    executions: [...kept, ...written],
  };
}

function overlayAlerts(before: readonly Alert[], written: readonly Alert[]): Alert[] {
  const same = (a: Alert, b: Alert) => a.fingerprint === b.fingerprint && a.startsAt === b.startsAt;
  return [...before.filter((alert) => !written.some((other) => same(alert, other))), ...written];
}
