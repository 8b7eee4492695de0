import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { catalog } from "../../src/sandbox/catalog.ts";
import type { Bot, Incident } from "./bot.ts";
import { until } from "./child.ts";

/** The one person who may approve, and the token of Alertmanager. */
export const KIM = "token-of-kim-the-approver";
const ALERTMANAGER = "token-of-alertmanager";
const PHASE_MS = 120_000;

/**
 * Writes a configuration in which everything comes from a sandbox that runs by itself, but its alerts: those are
 * brought by the test, as Alertmanager would.
 *
 * @returns path of the file
 */
export function writeConfig(dir: string, sandboxUrl: string, more: object = {}): string {
  const file = join(dir, "faultline.yaml");
  const config = {
    version: 1,
    listen: { host: "127.0.0.1" },
    catalog,
    connectors: {
      alertmanager: { token: ALERTMANAGER },
      sandbox: { url: sandboxUrl, secret: "secret-of-the-sandbox" },
    },
    console: { people: { kim: KIM } },
    approvals: { people: ["kim"] },
    timing: { lookback_s: 1200, source_timeout_s: 8, rediagnose_after_s: [2, 3, 4, 6, 10, 20], verify_within_s: 35 },
    ...more,
  };
  // JSON is YAML.
  writeFileSync(file, JSON.stringify(config));
  return file;
}

/** Delivers what Alertmanager says of one alert: answers of the service miss their schema. */
export function deliverAlert(bot: Bot, status: "firing" | "resolved", startsAt: string): Promise<Response> {
  const labels = { alertname: "Format", service: "support-chat", signal: "format_valid_ratio", severity: "critical" };
  const endsAt = status === "firing" ? "0001-01-01T00:00:00Z" : new Date().toISOString();
  const annotations = { summary: "support-chat answers miss their schema" };
  const alert = { status, labels, annotations, startsAt, endsAt, generatorURL: "", fingerprint: "0123456789abcdef" };
  return fetch(`${bot.url}/webhooks/alertmanager`, {
    method: "POST",
    headers: { authorization: `Bearer ${ALERTMANAGER}`, "content-type": "application/json" },
    body: JSON.stringify({ version: "4", status, alerts: [alert] }),
  });
}

export const pendingOf = ({ proposals }: Incident) => proposals.find(({ state }) => state === "pending");

/** Waits until the only incident that there is is so. */
export function whenIncident(bot: Bot, what: string, holds: (incident: Incident) => boolean): Promise<Incident> {
  const ask = async () => {
    const incidents = await bot.incidents();
    if (incidents.length > 1) throw new Error(`there are ${incidents.length} incidents`);
    const [first] = incidents;
    const incident = first === undefined ? null : await bot.incident(first.id);
    return incident !== null && holds(incident) ? incident : null;
  };
  return until(what, ask, { withinMs: PHASE_MS, everyMs: 100, log: () => bot.child.output() });
}

/** Breaks or resets a sandbox that runs by itself. */
export async function toSandbox(sandboxUrl: string, path: string, body: object): Promise<void> {
  const headers = { "content-type": "application/json" };
  const response = await fetch(sandboxUrl + path, { method: "POST", headers, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`the sandbox answered ${response.status} to ${path}`);
}

/** What was done to the sandbox, by its own book. */
export async function sandboxJournal(sandboxUrl: string): Promise<readonly unknown[]> {
  const { journal } = (await (await fetch(`${sandboxUrl}/api/journal`)).json()) as { journal: unknown[] };
  return journal;
}
