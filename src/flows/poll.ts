import { HOUR, MINUTE } from "../domain/time.ts";
import { Fault } from "../lib/fault.ts";
import type { FlowDeps } from "./deps.ts";

/** Polls overlap by this much, since clocks differ and sources show changes late. */
const OVERLAP_MS = 5 * MINUTE;

/**
 * Fetches the changes of a source since the last poll. The cursor moves only together with what was fetched; a change
 * that was seen already replaces itself.
 */
export async function poll(connectorId: string, deps: FlowDeps): Promise<void> {
  const source = deps.connected.find(({ id }) => id === connectorId)?.changes;
  if (source === undefined) return;
  const note = `poll:${connectorId}`;
  const now = deps.clock.now();
  const last = await deps.store.note(note);
  const from = (typeof last === "number" ? last : now - 24 * HOUR) - OVERLAP_MS;
  try {
    const changes = await source.changesIn({ from, to: now }, AbortSignal.timeout(30_000));
    await deps.store.commit({ changes, notes: [{ name: note, from: last, to: now }] });
  } catch (error) {
    if (error instanceof Fault) deps.metrics.count("connector_faults", { connector: connectorId, kind: error.kind });
    throw error;
  }
}
