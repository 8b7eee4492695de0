import type { Alert } from "../domain/alert.ts";
import type { Incident } from "../domain/incident.ts";
import type { Json } from "../domain/json.ts";
import type { TimelineEntry } from "../domain/timeline.ts";
import { joining, type OpenMatter, worst } from "../domain/triage.ts";
import { Fault } from "../lib/fault.ts";
import type { NewJob } from "../store-port.ts";
import type { FlowDeps } from "./deps.ts";
import { open, record } from "./record.ts";

const OPEN_LIMIT = 200;
const ATTEMPTS = 50;
/** Names the incident that was opened last: whoever opens one must have seen it, so that one matter has one incident. */
const OPENED = "incident.opened";

/**
 * Handles one stored delivery: each alert that begins to fire joins an open incident or opens one, an alert that ends
 * is marked, repeats change nothing; changes are put on record. Handling a delivery again changes nothing either.
 */
export async function triage(deliveryId: string, deps: FlowDeps): Promise<void> {
  const kept = await deps.store.delivery(deliveryId);
  if (kept === null) throw new Fault("not_found", `delivery ${deliveryId} is not in the store`);
  if (kept.parsed.changes.length > 0) await deps.store.commit({ changes: kept.parsed.changes });
  for (const alert of kept.parsed.alerts) await place(alert, deps);
  await deps.store.commit({ delivery: { id: deliveryId, state: "handled", fault: null } });
}

async function place(alert: Alert, deps: FlowDeps): Promise<void> {
  const known = await deps.store.incidentOfAlert(alert.fingerprint, alert.startsAt);
  if (known !== null) {
    await update(known.id, alert, deps);
    return;
  }
  if (alert.status === "resolved") return rememberEnd(alert, deps);
  if ((await deps.store.note(endNote(alert))) !== null) return;
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const opened = await deps.store.note(OPENED);
    const { join } = joining(alert, await openMatters(deps), deps.catalog, deps.settings.groupWithinMs);
    const placed = (join !== null && (await update(join.id, alert, deps))) || (await openIncident(alert, opened, deps));
    if (placed) return applyEnd(alert, deps);
    await deps.clock.sleep(5 * attempt);
  }
  throw new Fault("conflict", "incidents were opened again and again while an alert looked for its own");
}

/** An end that overtook its beginning: the beginning, when it comes, is already over. */
async function rememberEnd(alert: Alert, deps: FlowDeps): Promise<void> {
  await deps.store.setNote(endNote(alert), alert.endsAt ?? deps.clock.now());
  const known = await deps.store.incidentOfAlert(alert.fingerprint, alert.startsAt);
  if (known !== null) await update(known.id, alert, deps);
}

/** The end may have been noted while the beginning was being placed: whoever comes second sees the other. */
async function applyEnd(alert: Alert, deps: FlowDeps): Promise<void> {
  const endsAt = await deps.store.note(endNote(alert));
  if (typeof endsAt !== "number") return;
  const known = await deps.store.incidentOfAlert(alert.fingerprint, alert.startsAt);
  if (known !== null) await update(known.id, { ...alert, status: "resolved", endsAt }, deps);
}

function endNote(alert: Alert): string {
  return `ended:${alert.source}:${alert.fingerprint}:${alert.startsAt}`;
}

async function openMatters({ store }: FlowDeps): Promise<OpenMatter[]> {
  const incidents = await store.incidents({ open: true, limit: OPEN_LIMIT });
  return Promise.all(incidents.map(async (incident) => ({ incident, alerts: await store.alerts(incident.id) })));
}

/** Puts the alert on record; @returns false when the incident takes no more alerts (it was resolved meanwhile). */
async function update(incidentId: string, alert: Alert, deps: FlowDeps): Promise<boolean> {
  let taken = true;
  await record(incidentId, deps, ({ alerts, incident }) => {
    const before = alerts.find((other) => other.fingerprint === alert.fingerprint && other.startsAt === alert.startsAt);
    if (before?.status === alert.status || before?.status === "resolved") return null;
    if (before === undefined && incident.status === "resolved") {
      taken = false;
      return null;
    }
    return {
      alerts: [{ incidentId, alert }],
      timeline: [line(incidentId, alert, deps)],
      jobs: alert.status === "firing" ? [look(incidentId, deps)] : [],
    };
  });
  return taken;
}

/** @returns false when another was opened since `last` was read */
async function openIncident(alert: Alert, last: Json | null, deps: FlowDeps): Promise<boolean> {
  const now = deps.clock.now();
  const id = deps.newId("inc");
  const incident: Incident = {
    id,
    rev: 0,
    status: "firing",
    severity: worst([alert]),
    title: (alert.summary || alert.title).slice(0, 200),
    service: alert.service,
    owner: deps.catalog.services.find(({ name }) => name === alert.service)?.owner || null,
    openedAt: now,
    updatedAt: now,
    resolvedAt: null,
  };
  const opened: TimelineEntry = {
    incidentId: id,
    at: now,
    kind: "opened",
    actor: "faultline",
    text: "Incident opened.",
  };
  const draft = {
    alerts: [{ incidentId: id, alert }],
    timeline: [line(id, alert, deps), opened],
    jobs: [look(id, deps)],
    notes: [{ name: OPENED, from: last, to: id }],
  };
  return (await open(incident, draft, deps)) !== null;
}

function look(incidentId: string, deps: FlowDeps): NewJob {
  return { kind: "investigate", key: `${incidentId}:now`, payload: { incidentId, round: 0 }, runAt: deps.clock.now() };
}

function line(incidentId: string, alert: Alert, deps: FlowDeps): TimelineEntry {
  const fired = alert.status === "firing";
  return {
    incidentId,
    at: deps.clock.now(),
    kind: fired ? "alert_fired" : "alert_resolved",
    actor: alert.source,
    text: `${fired ? "Fires" : "Resolved"}: ${alert.title}${alert.summary ? `, ${alert.summary}` : ""}`.slice(0, 500),
  };
}
