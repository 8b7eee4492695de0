import type { Series } from "../case-file.ts";
import { mad, mean, median } from "../stats/robust.ts";
import type { EpochMs } from "../time.ts";
import type { Onset } from "./diagnosis.ts";

/** How far a series has moved since a given onset, and how well that is known. */
export interface Effect {
  /** The level before. */
  readonly before: number;
  /** The difference since. */
  readonly mean: number;
  /** Standard error, correlation of neighbouring values included. */
  readonly error: number;
}

const BEFORE = 120;
const LEAST = 3;

/**
 * The move of a series since the incident's onset, against its own level before. Unlike a change-point this asks the
 * same question of every slice, so that slices can be compared. Null where there is too little on either side.
 */
export function sinceOnset(series: Series, onset: Onset | null, asOf: EpochMs): Effect | null {
  if (onset === null) return null;
  const before: number[] = [];
  const after: number[] = [];
  for (const [i, value] of series.values.entries()) {
    const at = series.start + i * series.stepMs;
    if (value === null || !Number.isFinite(value) || at > asOf) continue;
    if (at < onset.from) before.push(value);
    else if (at >= onset.at) after.push(value);
  }
  const past = before.slice(-BEFORE);
  if (past.length < LEAST || after.length < LEAST) return null;
  const level = median(past);
  const spread = Math.max(mad(past), deviation(past));
  const r = Math.min(0.97, Math.max(0, autocorrelation(past, level)));
  const independent = Math.max(1, (after.length * (1 - r)) / (1 + r));
  // The later half: a window that still holds values from before the onset shows only a part of the move.
  const recent = after.slice(Math.floor(after.length / 2));
  return {
    before: level,
    mean: mean(recent) - level,
    error: spread * Math.sqrt(1 / Math.max(1, independent / 2) + (1 + r) / (1 - r) / past.length),
  };
}

function deviation(values: readonly number[]): number {
  const middle = mean(values);
  return Math.sqrt(mean(values.map((value) => (value - middle) ** 2)));
}

/** Lag-one autocorrelation about a level; 0 where nothing varies. */
function autocorrelation(values: readonly number[], level: number): number {
  let over = 0;
  let under = 0;
  for (const [i, value] of values.entries()) {
    under += (value - level) ** 2;
    if (i > 0) over += (value - level) * ((values[i - 1] ?? level) - level);
  }
  return under === 0 ? 0 : over / under;
}
