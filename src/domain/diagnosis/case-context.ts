import type { Alert } from "../alert.ts";
import type { CaseFile, LogTemplate } from "../case-file.ts";
import { shared } from "../catalog.ts";
import type { Change } from "../change.ts";
import type { EpochMs } from "../time.ts";
import { signalsOf } from "./alert-words.ts";
import type { Onset } from "./diagnosis.ts";
import { type Movement, movementOf } from "./movement.ts";
import { onsetOf } from "./onset.ts";
import { foundation, type Relation, relationOf, type Topology, topologyOf } from "./topology.ts";

/** Everything that the judges look at, derived once from the case file; nothing in it is later than `asOf`. */
export interface CaseContext {
  readonly file: CaseFile;
  readonly asOf: EpochMs;
  readonly alerts: readonly Alert[];
  readonly topology: Topology;
  readonly movements: readonly Movement[];
  /** Those that belong to this incident: on related entities, strong or at its onset. */
  readonly coherent: readonly Movement[];
  readonly logs: readonly LogTemplate[];
  /** Firing signals by name, from labels and words. */
  readonly fired: readonly string[];
  readonly onset: Onset | null;
  /** The earliest strong departure that may be part of the same story. */
  readonly lead: Onset | null;
  /** Typical step of the series, in milliseconds; the unit of every tolerance. */
  readonly stepMs: number;
  readonly providers: ReadonlySet<string>;
  readonly pools: ReadonlySet<string>;
  readonly relation: (movement: Movement) => Relation;
}

/** A minute, where no series tells the step. */
const DEFAULT_STEP = 60_000;

export function contextOf(file: CaseFile): CaseContext {
  const { asOf } = file;
  const alerts = file.alerts.filter(({ status, startsAt }) => status === "firing" && startsAt <= asOf);
  const movements = file.series.map((series) => movementOf(series, asOf));
  const topology = topologyOf(
    file.catalog,
    file.traces.filter(({ start }) => start <= asOf),
    focalOf(file, alerts, movements),
  );
  const providers = named(topology, "providers", { file, alerts, label: "provider" });
  const pools = named(topology, "gpu_pools", { file, alerts, label: "gpu_pool" });
  const relation = relationIn({ topology, providers, pools, file });
  const stepMs = typicalStep(file);
  const fired = [...new Set(alerts.flatMap(signalsOf))];
  const onsets = onsetOf({ movements, alerts, relation, fired, stepMs, asOf });
  return {
    file,
    asOf,
    alerts,
    topology,
    movements,
    coherent: movements.filter((movement) => belongs(movement, relation(movement), onsets.onset, stepMs)),
    logs: file.logs.filter(({ firstSeen }) => firstSeen <= asOf),
    fired,
    ...onsets,
    stepMs,
    providers,
    pools,
    relation,
  };
}

/** Services of the firing alerts; where no alert names one, those that stand on what is named; else the worst hit. */
function focalOf({ catalog }: CaseFile, alerts: readonly Alert[], movements: readonly Movement[]): Set<string> {
  const named = new Set(alerts.flatMap(({ service }) => (service === null ? [] : [service])));
  if (named.size > 0) return named;
  const about = alerts.flatMap(({ labels }) => Object.values(labels));
  const standing = catalog.services.filter(({ name, providers, gpu_pools, models, datasets }) =>
    [name, ...providers, ...gpu_pools, ...models, ...datasets].some((thing) => about.includes(thing)),
  );
  if (standing.length > 0) return new Set(standing.map(({ name }) => name));
  const hit = movements
    .filter(({ entity, harmful, strength }) => entity.kind === "service" && harmful !== false && strength >= 0.3)
    .toSorted((a, b) => b.z - a.z);
  return new Set(hit.slice(0, 1).map(({ entity }) => entity.name));
}

interface Named {
  readonly file: CaseFile;
  readonly alerts: readonly Alert[];
  readonly label: "provider" | "gpu_pool";
}

/** What the hit services stand on, what the alerts name, and what the series know and the catalogue does not. */
function named(topology: Topology, kind: "providers" | "gpu_pools", { file, alerts, label }: Named): Set<string> {
  const recorded = new Set(file.catalog.services.flatMap((service) => service[kind]));
  const seen = [...file.series, ...alerts].flatMap(({ labels }) => labels[label] ?? []);
  return new Set([
    ...foundation(topology).flatMap((service) => service[kind]),
    ...alerts.flatMap(({ labels }) => labels[label] ?? []),
    ...seen.filter((name) => !recorded.has(name)),
  ]);
}

interface Related {
  readonly topology: Topology;
  readonly providers: ReadonlySet<string>;
  readonly pools: ReadonlySet<string>;
  readonly file: CaseFile;
}

function relationIn({ topology, providers, pools, file }: Related): (movement: Movement) => Relation {
  const ofThing = (kind: "providers" | "gpu_pools", name: string, ours: ReadonlySet<string>): Relation => {
    if (ours.has(name)) return "dependency";
    const users = file.catalog.services.filter((service) => service[kind].includes(name));
    const sharing = users.some(({ name: user }) => relationOf(topology, user) !== "stranger");
    return sharing ? "sibling" : topology.services.size === 0 ? "dependency" : "stranger";
  };
  return ({ entity, slice }) => {
    if (entity.kind === "service") return relationOf(topology, entity.name);
    if (entity.kind === "provider") return ofThing("providers", entity.name, providers);
    if (entity.kind === "gpu_pool") return ofThing("gpu_pools", entity.name, pools);
    return slice["service"] === undefined ? "dependency" : relationOf(topology, slice["service"]);
  };
}

function typicalStep({ series }: CaseFile): number {
  const steps = series.map(({ stepMs }) => stepMs).filter((step) => Number.isFinite(step) && step > 0);
  return steps.length === 0
    ? DEFAULT_STEP
    : (steps.toSorted((a, b) => a - b)[Math.floor(steps.length / 2)] ?? DEFAULT_STEP);
}

/**
 * A weak shift long before the incident is the daily rhythm, not a symptom; a strong one may be its first link.
 */
function belongs(
  { state, strength, onset, appearedAt, slice }: Movement,
  relation: Relation,
  incident: Onset | null,
  stepMs: number,
): boolean {
  if (appearedAt !== null) return true;
  if (state === "flat" || state === "unknown" || onset === null || incident === null) return false;
  const away = Math.max(0, incident.from - onset.to, onset.from - incident.to) / stepMs;
  if (away <= 12) return strength >= 0.15;
  // Of many slices one always stands out at some time: only the whole may have begun long before.
  if (relation === "stranger" || Object.keys(slice).length > 0) return false;
  return strength >= 0.75 || (away <= 40 && strength >= 0.45);
}

/** What two services share, by name; empty where either is unknown. */
export function sharedBy({ services }: Topology, a: string, b: string): string[] {
  const left = services.get(a);
  const right = services.get(b);
  return left === undefined || right === undefined ? [] : shared(left, right);
}

/** Changes that may be looked at: known by then, with a time. */
export function changesBefore({ file, asOf }: Pick<CaseContext, "file" | "asOf">): Change[] {
  return file.changes.filter(({ at }) => Number.isFinite(at) && at <= asOf);
}
