import type { Series } from "../domain/case-file.ts";
import type { Window } from "../domain/time.ts";
import { Fault } from "../lib/fault.ts";
import type { Scope } from "../ports.ts";
import type { FlowDeps } from "./deps.ts";

/** Asks the sources of signals alone, each with its deadline; one that fails has nothing to say. */
export async function readSeries(scope: Scope, window: Window, deps: FlowDeps): Promise<Series[]> {
  const asked = deps.connected.map(async ({ id, signals }) => {
    try {
      return (await signals?.query(scope, window, AbortSignal.timeout(deps.settings.sourceTimeoutMs))) ?? [];
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      deps.metrics.count("connector_faults", { connector: id, kind: error.kind });
      return [];
    }
  });
  return (await Promise.all(asked)).flat();
}
