import type { CaseFile, PastIncident } from "../domain/case-file.ts";
import { type Catalog, distance, shared } from "../domain/catalog.ts";
import type { Change } from "../domain/change.ts";
import type { Gap } from "../domain/evidence.ts";
import type { Window } from "../domain/time.ts";
import { Fault, kindOf } from "../lib/fault.ts";
import type { Connected, Scope } from "../ports.ts";
import type { ThreadView } from "../views/thread.ts";
import type { FlowDeps } from "./deps.ts";

const MAX_CHANGES = 2_000;

/** The services of the alerts, their neighbours in the catalogue, and all that these stand on. */
export function scopeOf(view: Pick<ThreadView, "alerts">, catalog: Catalog): Scope {
  const hit = [...new Set(view.alerts.flatMap(({ service }) => (service === null ? [] : [service])))];
  const seeds = catalog.services.filter(({ name }) => hit.includes(name));
  const near = catalog.services.filter((service) =>
    seeds.some((seed) => distance(catalog, seed.name, service.name) <= 1 || shared(seed, service).length > 0),
  );
  const about = hit.length === 0 ? catalog.services : near;
  const labelled = (key: string) => view.alerts.flatMap(({ labels }) => (labels[key] ? [labels[key]] : []));
  return {
    services: [...new Set([...hit, ...about.map(({ name }) => name)])],
    providers: [...new Set([...about.flatMap(({ providers }) => providers), ...labelled("provider")])],
    gpuPools: [...new Set([...about.flatMap(({ gpu_pools }) => gpu_pools), ...labelled("gpu_pool")])],
  };
}

/**
 * Asks every source at once, each with its own deadline. A source that fails becomes a gap, never a failed
 * investigation.
 */
export async function gather(view: ThreadView, deps: FlowDeps): Promise<CaseFile> {
  const asOf = deps.clock.now();
  const window: Window = { from: asOf - deps.settings.lookbackMs, to: asOf };
  const scope = scopeOf(view, deps.catalog);
  const gaps: Gap[] = [];
  const ask = <T>(what: string, use: (source: Connected, signal: AbortSignal) => Promise<readonly T[]> | undefined) =>
    Promise.all(deps.connected.map((source) => askOne(what, source, use, { deps, gaps }))).then((answers) =>
      answers.flat(),
    );
  const [series, logs, samples, traces, providerStatus, fresh] = await Promise.all([
    ask("signals", ({ signals }, signal) => signals?.query(scope, window, signal)),
    ask("logs", ({ telemetry }, signal) => telemetry?.logsIn?.(scope, window, signal)),
    ask("samples", ({ telemetry }, signal) => telemetry?.samplesIn?.(scope, window, signal)),
    ask("traces", ({ telemetry }, signal) => telemetry?.spansIn?.(scope, window, signal)),
    ask("provider status", ({ status }, signal) => status?.incidentsIn(window, signal)),
    ask("changes", ({ changes }, signal) => changes?.changesIn(window, signal)),
  ]);
  if (fresh.length > 0) await deps.store.commit({ changes: fresh });
  if (!deps.connected.some(({ signals }) => signals !== undefined)) gaps.push(NO_SIGNALS);
  return {
    asOf,
    catalog: deps.catalog,
    alerts: view.alerts,
    changes: await describe(await deps.store.changesIn({ from: window.from, to: asOf + 1 }, MAX_CHANGES), deps),
    series,
    pagesAsked: deps.connected.flatMap(({ status }) => status?.providers ?? []),
    providerStatus: providerStatus.filter(({ postedAt }) => postedAt <= asOf),
    samples,
    logs,
    traces,
    history: [] satisfies PastIncident[],
    gaps,
  };
}

const NO_SIGNALS: Gap = {
  what: "signals of the service",
  why: "no source of signals is connected",
  remedy: "connect Prometheus in faultline.yaml (connectors.prometheus)",
};

interface Asking {
  readonly deps: FlowDeps;
  readonly gaps: Gap[];
}

async function askOne<T>(
  what: string,
  source: Connected,
  use: (source: Connected, signal: AbortSignal) => Promise<readonly T[]> | undefined,
  { deps, gaps }: Asking,
): Promise<readonly T[]> {
  const deadline = AbortSignal.timeout(deps.settings.sourceTimeoutMs);
  const late = new Promise<never>((_, reject) => {
    deadline.addEventListener("abort", () => reject(new Fault("timeout", `${source.id} did not answer in time`)), {
      once: true,
    });
  });
  try {
    return (await Promise.race([use(source, deadline), late])) ?? [];
  } catch (error) {
    const because = error instanceof Fault ? error.message : "its answer could not be understood; it is in the log";
    deps.metrics.count("connector_faults", { connector: source.id, kind: kindOf(error) });
    deps.log[error instanceof Fault ? "warn" : "error"]("a source could not be asked", {
      connector: source.id,
      what,
      kind: kindOf(error),
      fault: String(error),
      stack: error instanceof Fault ? undefined : (error as Error).stack,
    });
    gaps.push({
      what: `${what} from ${source.id}`,
      why: because,
      remedy: `faultline doctor shows what is wrong with ${source.id}`,
    });
    return [];
  }
}

/** Adds files and diffs to the latest changes that a system can describe and that have none yet. */
async function describe(changes: readonly Change[], deps: FlowDeps): Promise<Change[]> {
  const wanted = changes.filter(({ files, diff }) => files.length === 0 && diff === null).slice(-20);
  const described = await Promise.all(
    wanted.map(async (change) => {
      const source = deps.connected.find(
        ({ id, changes: capability }) => id === change.system && capability?.describe !== undefined,
      );
      if (source?.changes?.describe === undefined) return change;
      try {
        return await source.changes.describe(change, AbortSignal.timeout(deps.settings.sourceTimeoutMs));
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
        deps.metrics.count("connector_faults", { connector: source.id, kind: error.kind });
        return change;
      }
    }),
  );
  const byId = new Map(described.map((change) => [change.id, change]));
  return changes.map((change) => byId.get(change.id) ?? change);
}
