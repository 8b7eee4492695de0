import type { Labels } from "../json.ts";
import { signalSpec } from "../signal.ts";
import { type EpochMs, iso } from "../time.ts";
import type { Movement } from "./movement.ts";

/** `error_ratio` → `error ratio`. */
export function signalWords(name: string): string {
  return name.replaceAll("_", " ");
}

/** A value with its unit, to three digits: `39 %`, `6.2 s`. */
export function withUnit(value: number | null, unit: string | null): string {
  if (value === null || !Number.isFinite(value)) return "nothing";
  if (unit === "ratio") return `${digits(value * 100)} %`;
  return unit === null || unit === "value" || unit === "" ? digits(value) : `${digits(value)} ${unit}`;
}

function digits(value: number): string {
  const size = Math.abs(value);
  if (size >= 1000) return String(Math.round(value));
  return String(Number(value.toPrecision(size >= 100 ? 3 : 2)));
}

/** What a series is about: `error ratio of support-chat (region us)`. */
export function aboutSeries({ signal, entity, slice }: Movement): string {
  const cut = slicing(slice);
  return `${signalWords(signal)}${entity.name === "" ? "" : ` of ${entity.name}`}${cut === "" ? "" : ` (${cut})`}`;
}

export function slicing(labels: Labels): string {
  return Object.entries(labels)
    .map(([key, value]) => `${signalWords(key)} ${value}`)
    .join(", ");
}

/** `error ratio of support-chat rose from 0.4 % to 39 % at 2026-01-01T10:00:00Z`. */
export function movedWords(movement: Movement): string {
  const unit = signalSpec(movement.signal)?.unit ?? null;
  if (movement.state === "flat" || movement.state === "unknown") {
    return `${aboutSeries(movement)} stayed at ${withUnit(movement.now, unit)}`;
  }
  const verb = movement.state === "up" ? "rose" : "fell";
  const when = movement.onset === null ? "" : ` ${movement.shape === "ramp" ? "from" : "at"} ${iso(movement.onset.at)}`;
  return `${aboutSeries(movement)} ${verb} from ${withUnit(movement.before, unit)} to ${withUnit(movement.now, unit)}${movement.shape === "ramp" ? `, gradually${when}` : when}`;
}

/** A span of time for people: `40 s`, `12 min`, `3.5 h`, `7 d`. */
export function duration(ms: number): string {
  const seconds = Math.abs(ms) / 1000;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${digits(seconds / 3600)} h`;
  return `${digits(seconds / 86_400)} d`;
}

export function clock(at: EpochMs): string {
  return iso(Math.round(at / 1000) * 1000);
}
