import type { Series } from "../case-file.ts";
import type { Labels } from "../json.ts";
import { type Harm, signalSpec, sliceDimensions } from "../signal.ts";
import { lastingShift, type Shift } from "../stats/change-point.ts";
import { median } from "../stats/robust.ts";
import { DAY, type EpochMs } from "../time.ts";
import { type Points, withoutRhythm } from "./rhythm.ts";

/** What a series is about: one entity, whole or a slice of it. */
export interface Entity {
  readonly kind: "service" | "provider" | "gpu_pool" | "other";
  readonly name: string;
}

/** How one series stands at `asOf`, compared with its own past. */
export interface Movement {
  readonly series: Series;
  readonly signal: string;
  readonly entity: Entity;
  /** The labels that cut out a slice; empty for the aggregate. */
  readonly slice: Labels;
  readonly state: "up" | "down" | "flat" | "unknown";
  /** Whether the direction is the harmful one; null where the vocabulary does not say. */
  readonly harmful: boolean | null;
  readonly before: number | null;
  readonly now: number | null;
  /** Standard errors of the difference; 0 when flat. */
  readonly z: number;
  /** Size of the difference as a factor of the level before, on a log scale that saturates; 0 when flat. */
  readonly strength: number;
  readonly onset: { readonly at: EpochMs; readonly from: EpochMs; readonly to: EpochMs } | null;
  readonly shape: Shift["shape"] | null;
  /** When the first value came, where the series began after the others had; else null. */
  readonly appearedAt: EpochMs | null;
  /** When the values stopped before `asOf`, or null. */
  readonly vanishedAt: EpochMs | null;
  /** The level has been like this at the same hour of earlier days. */
  readonly rhythm: boolean;
  /** Number of values that were looked at. */
  readonly points: number;
}

/** More values than this are averaged in blocks before they are looked at. */
const MAX_POINTS = 4_000;
/** Standard errors that a shift needs: series are autocorrelated, so a textbook threshold fires far too often. */
const MIN_Z = 5.5;
/** Share of the steps that must have a value for its beginning to mean anything. */
const DENSE = 0.6;
/** Share of the values that must lie before a shift: with less there is nothing to compare with. */
const BASELINE = 0.25;
/** Smallest difference that matters, in the unit of the signal. */
const FLOORS: Readonly<Record<string, number>> = {
  ratio: 0.004,
  s: 0.004,
  tokens: 2,
  "USD/h": 0.1,
  "1/s": 0.02,
  "1/min": 0.12,
  requests: 0.8,
  pods: 0.3,
  nodes: 0.3,
  celsius: 1.2,
  value: 0.003,
};

/** Reads one series up to `asOf`. Gaps, infinities and unequal density never throw. */
export function movementOf(series: Series, asOf: EpochMs): Movement {
  const { points, stepMs } = pointsOf(series, asOf);
  const { entity, slice } = entityOf(series);
  const base = { series, signal: series.signal, entity, slice, points: points.values.length };
  const spec = signalSpec(series.signal);
  const noiseFloor = floorOf(spec?.unit ?? "", points.values);
  const rest = withoutRhythm(points);
  const shift = lastingShift(rest.values, { noiseFloor: noiseFloor / 2, minZ: MIN_Z, baseline: BASELINE });
  const edges = { appearedAt: appeared(series, points, asOf), vanishedAt: vanished(points, stepMs, asOf) };
  if (points.values.length < 4) return { ...base, ...edges, ...nothing("unknown", points) };
  if (shift === null || !matters(shift, noiseFloor)) return { ...base, ...edges, ...nothing("flat", points) };
  const rhythm = sameAsEarlierDays(rest, shift);
  const onset = { at: timeOf(rest, shift.at), from: timeOf(rest, shift.from), to: timeOf(rest, shift.to) };
  const state = shift.after > shift.before ? "up" : "down";
  return {
    ...base,
    ...edges,
    state: rhythm ? "flat" : state,
    harmful: rhythm ? false : hurts(spec?.harm ?? null, state),
    before: shift.before,
    now: shift.after,
    z: rhythm ? 0 : shift.z,
    strength: rhythm ? 0 : strengthOf(shift, spec?.unit ?? ""),
    onset: rhythm ? null : onset,
    shape: rhythm ? null : shift.shape,
    rhythm,
  };
}

function nothing(state: "flat" | "unknown", { values }: Points) {
  const level = values.length === 0 ? null : median(values.slice(-40));
  return {
    state,
    harmful: false,
    before: level,
    now: level,
    z: 0,
    strength: 0,
    onset: null,
    shape: null,
    rhythm: false,
  };
}

function hurts(harm: Harm | null, state: "up" | "down"): boolean | null {
  return harm === null ? null : harm === "both" || harm === state;
}

/** The label that names the entity: providers and pools for their own signals, else the service. */
function entityOf({ signal, labels }: Series): { entity: Entity; slice: Labels } {
  const about = signalSpec(signal)?.about;
  const order: readonly Entity["kind"][] =
    about === "provider"
      ? ["provider", "service", "gpu_pool"]
      : about === "gpu_pool"
        ? ["gpu_pool", "service", "provider"]
        : ["service", "provider", "gpu_pool"];
  const kind = order.find((key) => labels[key] !== undefined) ?? "other";
  const name = kind === "other" ? "" : (labels[kind] ?? "");
  const dimensions: readonly string[] = sliceDimensions;
  const slice = Object.fromEntries(
    Object.entries(labels).filter(([key]) => key !== kind && (dimensions.includes(key) || key === "service")),
  );
  return { entity: { kind, name }, slice };
}

function pointsOf({ start, stepMs, values }: Series, asOf: EpochMs): { points: Points; stepMs: number } {
  const step = stepMs > 0 && Number.isFinite(stepMs) ? stepMs : 1;
  const length = Number.isFinite(start)
    ? Math.max(0, Math.min(values.length, Math.floor((asOf - start) / step) + 1))
    : 0;
  const block = Math.max(1, Math.ceil(length / MAX_POINTS));
  const points: Points = { at: [], values: [] };
  for (let i = 0; i < length; i += block) {
    let sum = 0;
    let count = 0;
    for (let j = i; j < Math.min(length, i + block); j += 1) {
      const value = values[j];
      if (value === null || value === undefined || !Number.isFinite(value) || Math.abs(value) > 1e15) continue;
      sum += value;
      count += 1;
    }
    if (count === 0) continue;
    points.at.push(start + i * step);
    points.values.push(sum / count);
  }
  return { points, stepMs: step * block };
}

function timeOf(points: Points, index: number): EpochMs {
  return points.at[Math.min(points.at.length - 1, Math.max(0, index))] ?? 0;
}

function appeared({ start, stepMs }: Series, points: Points, asOf: EpochMs): EpochMs | null {
  const first = points.at[0];
  const last = points.at.at(-1);
  if (first === undefined || last === undefined || first - start < 5 * stepMs || first > asOf) return null;
  // A series with more gaps than values was always there: too little happens for a value each time.
  const dense = points.at.length >= DENSE * ((last - first) / stepMs + 1);
  return dense ? first : null;
}

function vanished(points: Points, stepMs: number, asOf: EpochMs): EpochMs | null {
  const last = points.at.at(-1);
  return last !== undefined && points.at.length >= 10 && asOf - last > 5 * stepMs ? last + stepMs : null;
}

/** The unit's floor, or two hundredths of the usual level where that is less than nothing is known of the unit. */
function floorOf(unit: string, values: readonly number[]): number {
  const level = values.length === 0 ? 0 : Math.abs(median(values));
  const known = FLOORS[unit];
  return known === undefined ? Math.max(level * 0.02, 1e-9) : Math.max(known, unit === "ratio" ? 0 : level * 0.01);
}

/** Beyond the floor, and beyond what single values scatter. */
function matters({ before, after, noise }: Shift, floor: number): boolean {
  const difference = Math.abs(after - before);
  const relative = difference / Math.max(Math.abs(before), floor);
  return difference >= floor && difference >= 1.1 * noise && relative >= 0.025;
}

/** ln of the factor, for ratios near one of their 1 − x too; from 0.1 to 1, saturating at a factor of e. */
function strengthOf({ before, after, noise }: Shift, unit: string): number {
  const floor = FLOORS[unit] ?? 1e-9;
  const factor = Math.abs(Math.log((Math.abs(after) + floor) / (Math.abs(before) + floor)));
  const complement =
    unit === "ratio" ? Math.abs(Math.log((Math.max(0, 1 - after) + floor) / (Math.max(0, 1 - before) + floor))) : 0;
  const scatter = noise > 0 ? Math.abs(after - before) / noise / 12 : 1;
  return Math.min(1, Math.max(0.1, factor, complement / 2, Math.min(0.6, scatter)));
}

/**
 * Whether the level since the shift is what the same hours of an earlier day had: then it is the daily rhythm, and
 * nothing happened.
 */
function sameAsEarlierDays(points: Points, shift: Shift): boolean {
  const from = timeOf(points, shift.at);
  const last = points.at.at(-1) ?? from;
  const begun = points.at[0] ?? from;
  const recent = Math.max(from, points.at.at(-20) ?? from);
  const rise = shift.after - shift.before;
  for (let day = 1; day <= 7 && recent - day * DAY >= begun; day += 1) {
    if (last - day * DAY > from) continue;
    const then = levelIn(points, recent - day * DAY, last - day * DAY);
    if (then !== null && (then - shift.before) / rise > 0.6) return true;
  }
  return false;
}

function levelIn(points: Points, from: EpochMs, to: EpochMs): number | null {
  const inside = points.values.filter((_, i) => (points.at[i] ?? 0) >= from && (points.at[i] ?? 0) <= to);
  return inside.length < 2 ? null : median(inside);
}
