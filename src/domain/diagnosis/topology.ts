import type { Span } from "../case-file.ts";
import { type Catalog, type Service, shared } from "../catalog.ts";

/** How something stands to the services that are hit. */
export type Relation =
  | "focal" // the service itself
  | "dependency" // a hit service stands on it
  | "caller" // it stands on a hit service
  | "sibling" // calls what a hit service stands on, or shares a provider, pool, model, prompt or dataset
  | "stranger"; // nothing recorded connects them

/** Who stands on whom, from the catalogue and, where that is silent, from the traces. */
export interface Topology {
  readonly services: ReadonlyMap<string, Service>;
  /** Direct edges: service → what it calls. */
  readonly calls: ReadonlyMap<string, ReadonlySet<string>>;
  readonly focal: ReadonlySet<string>;
  /** Steps along the calls from the nearest hit service, for all that hit services stand on. */
  readonly below: ReadonlyMap<string, number>;
  /** The same upwards: who stands on hit services. */
  readonly above: ReadonlyMap<string, number>;
}

/** Builds it once for a case. Cycles are allowed. */
export function topologyOf(catalog: Catalog, traces: readonly Span[], focal: ReadonlySet<string>): Topology {
  const services = new Map(catalog.services.map((service) => [service.name, service]));
  const calls = new Map<string, Set<string>>();
  const callers = new Map<string, Set<string>>();
  const edge = (from: string, to: string) => {
    if (from === to) return;
    calls.set(from, (calls.get(from) ?? new Set()).add(to));
    callers.set(to, (callers.get(to) ?? new Set()).add(from));
  };
  for (const { name, depends_on } of catalog.services) for (const other of depends_on) edge(name, other);
  const spans = new Map(traces.map((span) => [`${span.traceId}/${span.spanId}`, span]));
  for (const span of traces) {
    const parent = span.parentId === null ? undefined : spans.get(`${span.traceId}/${span.parentId}`);
    if (parent !== undefined) edge(parent.service, span.service);
  }
  return { services, calls, focal, below: steps(calls, focal), above: steps(callers, focal) };
}

function steps(edges: ReadonlyMap<string, ReadonlySet<string>>, from: ReadonlySet<string>): Map<string, number> {
  const reached = new Map<string, number>([...from].map((name) => [name, 0]));
  let frontier = [...from];
  for (let step = 1; frontier.length > 0; step += 1) {
    const next = frontier.flatMap((name) => [...(edges.get(name) ?? [])]).filter((name) => !reached.has(name));
    for (const name of next) reached.set(name, step);
    frontier = [...new Set(next)];
  }
  return reached;
}

export function relationOf({ services, calls, focal, below, above }: Topology, name: string): Relation {
  if (focal.has(name)) return "focal";
  if (below.has(name)) return "dependency";
  if (above.has(name)) return "caller";
  if ([...(calls.get(name) ?? [])].some((called) => below.has(called))) return "sibling";
  const service = services.get(name);
  if (service === undefined) return "stranger";
  const sharing = [...focal].some((hit) => {
    const other = services.get(hit);
    return other !== undefined && shared(service, other).length > 0;
  });
  return sharing ? "sibling" : "stranger";
}

/** The hit services and all that they stand on. */
export function foundation({ services, below }: Topology): Service[] {
  return [...below.keys()].flatMap((name) => services.get(name) ?? []);
}

/** Whether a fault in `cause` can show in `effect`: it is the same, or `effect` stands on it. */
export function canReach({ calls }: Topology, cause: string, effect: string): boolean {
  return steps(calls, new Set([effect])).has(cause);
}
