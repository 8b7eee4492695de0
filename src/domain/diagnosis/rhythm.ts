import { mean, median } from "../stats/robust.ts";
import { DAY, type EpochMs } from "../time.ts";

/** Values with their times, gaps left out; times ascend. */
export interface Points {
  readonly at: EpochMs[];
  readonly values: number[];
}

/** With less history than this a daily rhythm cannot be told from a trend. */
const ENOUGH = 2 * DAY;
/** Neighbours on each side that smooth an earlier day. */
const SMOOTH = 2;

/**
 * The values of all days but the first, with what the same time of the earlier days had taken away and the usual level
 * put back. Fewer than two days come back as they are.
 */
export function withoutRhythm(points: Points): Points {
  const first = points.at[0];
  const last = points.at.at(-1);
  if (first === undefined || last === undefined || last - first < ENOUGH) return points;
  const level = median(points.values);
  const rest: Points = { at: [], values: [] };
  for (const [i, at] of points.at.entries()) {
    if (at - first < DAY) continue;
    const usual = usualAt(points, at, first);
    if (usual === null) continue;
    rest.at.push(at);
    rest.values.push((points.values[i] ?? level) - usual + level);
  }
  return rest.values.length < points.values.length / 4 ? points : rest;
}

function usualAt(points: Points, at: EpochMs, first: EpochMs): number | null {
  const days: number[] = [];
  for (let then = at - DAY; then >= first && days.length < 7; then -= DAY) {
    const i = indexOf(points.at, then);
    days.push(mean(points.values.slice(Math.max(0, i - SMOOTH), i + SMOOTH + 1)));
  }
  return days.length === 0 ? null : median(days);
}

/** The first place whose time is not before `at`. */
function indexOf(times: readonly EpochMs[], at: EpochMs): number {
  let low = 0;
  let high = times.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] ?? 0) < at) low = middle + 1;
    else high = middle;
  }
  return low;
}
