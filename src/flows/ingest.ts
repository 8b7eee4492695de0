import type { Delivery, Parsed } from "../domain/delivery.ts";
import { sha256 } from "../lib/digest.ts";
import { Fault } from "../lib/fault.ts";
import type { InboundRequest } from "../ports.ts";
import type { FlowDeps } from "./deps.ts";

/** What became of a delivery. */
export type Ingested =
  | { readonly result: "stored" | "duplicate"; readonly id: string; readonly alerts: number; readonly changes: number }
  | { readonly result: "unreadable"; readonly id: string; readonly fault: string };

/** Headers that are kept with a delivery: enough to understand it, nothing that is a credential. */
const KEPT_HEADERS = ["content-type", "user-agent", "x-github-event", "x-github-delivery"];

/**
 * Takes one delivery in: checks who sent it, parses it, and commits it with the job that handles it before it answers.
 * A body whose fields are not what they should be is kept and marked, so that nothing is lost silently.
 *
 * @throws Fault "not_found" for an unknown connector, "unauthenticated" for a wrong signature, "invalid" for a body
 *   that is no JSON at all, "unavailable" when it could not be stored
 */
export async function ingest(connectorId: string, request: InboundRequest, deps: FlowDeps): Promise<Ingested> {
  const webhook = deps.connected.find(({ id }) => id === connectorId)?.webhook;
  if (webhook === undefined)
    throw new Fault("not_found", `no connector named "${connectorId.slice(0, 40)}" takes deliveries here`);
  const now = deps.clock.now();
  try {
    webhook.verify(request, now);
  } catch (error) {
    deps.metrics.count("deliveries", { connector: connectorId, result: "refused" });
    throw error;
  }
  const body = text(request.body);
  const read = attempt(() => webhook.parse(request, now));
  const delivery: Delivery = {
    id: deps.newId("dlv"),
    connector: connectorId,
    dedupeKey: webhook.deliveryId(request) ?? sha256(request.body),
    receivedAt: now,
    headers: Object.fromEntries(
      KEPT_HEADERS.flatMap((name) => (request.headers[name] ? [[name, request.headers[name]]] : [])),
    ),
    body,
    state: read.fault === null ? "stored" : "unreadable",
    fault: read.fault,
  };
  return keep(delivery, read.parsed, deps);
}

async function keep(delivery: Delivery, parsed: Parsed, deps: FlowDeps): Promise<Ingested> {
  const { id, connector, receivedAt } = delivery;
  const job = { kind: "triage", key: id, payload: { deliveryId: id }, runAt: receivedAt } as const;
  const result = await deps.store.accept(delivery, parsed, delivery.state === "stored" ? [job] : []);
  const { fault } = delivery;
  deps.metrics.count("deliveries", {
    connector,
    result: fault !== null && result === "stored" ? "unreadable" : result,
  });
  if (fault !== null) {
    deps.log.warn("delivery could not be read", { delivery: id, connector, fault });
    return { result: "unreadable", id, fault };
  }
  if (result === "stored") for (const { status } of parsed.alerts) deps.metrics.count("alerts", { status });
  return { result, id, alerts: parsed.alerts.length, changes: parsed.changes.length };
}

function text(body: Uint8Array): string {
  try {
    const decoded = new TextDecoder("utf-8", { fatal: true }).decode(body);
    JSON.parse(decoded);
    return decoded;
  } catch (error) {
    throw new Fault("invalid", "the body is not JSON in UTF-8", { cause: error });
  }
}

function attempt(parse: () => Parsed): { parsed: Parsed; fault: string | null } {
  try {
    return { parsed: parse(), fault: null };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { parsed: { alerts: [], changes: [] }, fault: error.message.slice(0, 1_000) };
  }
}
