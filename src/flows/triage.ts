import { setImmediate } from "node:timers/promises";
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
  await placeAll(kept.parsed.alerts, deps);
  await deps.store.commit({ delivery: { id: deliveryId, state: "handled", fault: null } });
}

/** One write for each incident, however many alerts a delivery brings; between them others get their turn. */
async function placeAll(alerts: readonly Alert[], deps: FlowDeps): Promise<void> {
  const known = new Map<string, Alert[]>();
  let fresh: Alert[] = [];
  for (const alert of alerts) {
    const incident = await deps.store.incidentOfAlert(alert.fingerprint, alert.startsAt);
    if (incident !== null) known.set(incident.id, [...(known.get(incident.id) ?? []), alert]);
    else if (alert.status === "resolved") await rememberEnd(alert, deps);
    else if ((await deps.store.note(endNote(alert))) === null) fresh.push(alert);
  }
  for (const [incidentId, mine] of known) {
    await update(incidentId, mine, deps);
    await setImmediate();
  }
  for (let [first] = fresh; first !== undefined; [first] = fresh) {
    const group = fresh.filter(
      (alert) => alert === first || (alert.service !== null && alert.service === first.service),
    );
    await place([first, ...group.filter((alert) => alert !== first)], deps);
    fresh = fresh.filter((alert) => !group.includes(alert));
    await setImmediate();
  }
}

/** Alerts of one service that begin to fire together join one incident. */
async function place(alerts: readonly [Alert, ...Alert[]], deps: FlowDeps): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const opened = await deps.store.note(OPENED);
    const { join } = joining(alerts[0], await openMatters(deps), deps.catalog, deps.settings.groupWithinMs);
    const placed =
      (join !== null && (await update(join.id, alerts, deps))) || (await openIncident(alerts, opened, deps));
    if (placed) {
      for (const alert of alerts) await applyEnd(alert, deps);
      return;
    }
    await deps.clock.sleep(5 * attempt);
  }
  throw new Fault("conflict", "incidents were opened again and again while an alert looked for its own");
}

/** An end that overtook its beginning: the beginning, when it comes, is already over. */
async function rememberEnd(alert: Alert, deps: FlowDeps): Promise<void> {
  await deps.store.setNote(endNote(alert), alert.endsAt ?? deps.clock.now());
  const known = await deps.store.incidentOfAlert(alert.fingerprint, alert.startsAt);
  if (known !== null) await update(known.id, [alert], deps);
}

/** The end may have been noted while the beginning was being placed: whoever comes second sees the other. */
async function applyEnd(alert: Alert, deps: FlowDeps): Promise<void> {
  const endsAt = await deps.store.note(endNote(alert));
  if (typeof endsAt !== "number") return;
  const known = await deps.store.incidentOfAlert(alert.fingerprint, alert.startsAt);
  if (known !== null) await update(known.id, [{ ...alert, status: "resolved", endsAt }], deps);
}

function endNote(alert: Alert): string {
  return `ended:${alert.source}:${alert.fingerprint}:${alert.startsAt}`;
}

async function openMatters({ store }: FlowDeps): Promise<OpenMatter[]> {
  const incidents = await store.incidents({ open: true, limit: OPEN_LIMIT });
  return Promise.all(incidents.map(async (incident) => ({ incident, alerts: await store.alerts(incident.id) })));
}

/** Puts the alerts on record; @returns false when the incident takes no more alerts (it was resolved meanwhile). */
async function update(incidentId: string, alerts: readonly Alert[], deps: FlowDeps): Promise<boolean> {
  let taken = true;
  await record(incidentId, deps, (view) => {
    const known = new Map(view.alerts.map((alert) => [episode(alert), alert]));
    const news = alerts.filter((alert) => {
      const before = known.get(episode(alert));
      return before === undefined || (before.status !== alert.status && before.status !== "resolved");
    });
    taken = view.incident.status !== "resolved" || news.every((alert) => known.has(episode(alert)));
    if (!taken || news.length === 0) return null;
    return {
      alerts: news.map((alert) => ({ incidentId, alert })),
      timeline: news.map((alert) => line(incidentId, alert, deps)),
      jobs: news.some(({ status }) => status === "firing") ? [look(incidentId, deps)] : [],
    };
  });
  return taken;
}

function episode({ fingerprint, startsAt }: Alert): string {
  return `${fingerprint} ${startsAt}`;
}

/** @returns false when another was opened since `last` was read */
async function openIncident(alerts: readonly [Alert, ...Alert[]], last: Json | null, deps: FlowDeps): Promise<boolean> {
  const [alert] = alerts;
  const now = deps.clock.now();
  const id = deps.newId("inc");
  const incident: Incident = {
    id,
    rev: 0,
    status: "firing",
    severity: worst(alerts),
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
    alerts: alerts.map((each) => ({ incidentId: id, alert: each })),
    timeline: [...alerts.map((each) => line(id, each, deps)), opened],
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
