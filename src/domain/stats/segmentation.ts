import { median, noiseScale } from "./robust.ts";

/** Sum of squares about a segment's own mean, or about its own line, for values `from` … `to` − 1. */
type Cost = (from: number, to: number) => number;

/** Penalty of one change, in variances of the whole: what structure outside the model may cost. */
const OF_THE_WHOLE = 1;
/** And in variances of the noise, long-run: Schwarz (1978) asks for about as many as a segment has parameters. */
const OF_THE_NOISE = 3;
/** A mean has two parameters with its place, a line three. */
const MEAN_SHARE = 2 / 3;
const MIN_MEAN = 3;
const MIN_LINE = 4;
/** Around a step in the mean so many values on each side must look like a step rather than a slope. */
const NEAR = 8;
const ABRUPT = 0.9;

/**
 * Places where a sequence changes its level or its slope: optimal partitioning (Jackson and others 2005; what PELT of
 * Killick, Fearnhead and Eckley 2012 computes) under constant and under linear pieces, whichever is the shorter
 * description; steps in the mean must be abrupt.
 *
 * @returns the first index of each new piece, ascending
 */
export function changePoints(raw: readonly number[]): number[] {
  const values = standardised(raw);
  if (values === null) return [];
  const noise = Math.min(1, longRunScale(values));
  const penalty = (OF_THE_WHOLE + OF_THE_NOISE * noise ** 2) * Math.log(values.length);
  const mean = meanCost(values);
  const line = lineCost(values);
  const steps = partition({ length: values.length, cost: mean, penalty: penalty * MEAN_SHARE, least: MIN_MEAN });
  const slopes = partition({ length: values.length, cost: line, penalty, least: MIN_LINE });
  if (slopes.total < steps.total) return slopes.places;
  return steps.places.filter((at, i) => {
    const from = Math.max(steps.places[i - 1] ?? 0, at - NEAR);
    const to = Math.min(steps.places[i + 1] ?? values.length, at + NEAR);
    return mean(from, at) + mean(at, to) < ABRUPT * line(from, to);
  });
}

/** Mean 0, variance 1; null where that cannot be. */
function standardised(raw: readonly number[]): number[] | null {
  const n = raw.length;
  if (n < 2 * MIN_MEAN) return null;
  const mean = raw.reduce((sum, value) => sum + value, 0) / n;
  const deviation = Math.sqrt(raw.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1));
  return deviation > 0 && Number.isFinite(deviation) ? raw.map((value) => (value - mean) / deviation) : null;
}

const LONGEST_BLOCK = 4;

/** Scale of the noise with what neighbours have in common: differences of neighbouring blocks, scaled up by their length. */
function longRunScale(values: readonly number[]): number {
  let scale = noiseScale(values);
  for (let block = 2; block <= LONGEST_BLOCK && block * 12 <= values.length; block *= 2) {
    const differences: number[] = [];
    for (let i = block; i + block <= values.length; i += block >> 1) {
      differences.push(Math.abs(meanOf(values, i, i + block) - meanOf(values, i - block, i)));
    }
    scale = Math.max(scale, 1.4826 * median(differences) * Math.sqrt(block / 2));
  }
  return scale;
}

function meanOf(values: readonly number[], from: number, to: number): number {
  let sum = 0;
  for (let i = from; i < to; i += 1) sum += values[i] ?? 0;
  return sum / (to - from);
}

function runningSums(values: readonly number[], of: (value: number, i: number) => number): Float64Array {
  const sums = new Float64Array(values.length + 1);
  for (const [i, value] of values.entries()) sums[i + 1] = (sums[i] ?? 0) + of(value, i);
  return sums;
}

function between(sums: Float64Array, from: number, to: number): number {
  return (sums[to] ?? 0) - (sums[from] ?? 0);
}

function meanCost(values: readonly number[]): Cost {
  const y = runningSums(values, (value) => value);
  const yy = runningSums(values, (value) => value * value);
  return (from, to) => Math.max(0, between(yy, from, to) - between(y, from, to) ** 2 / (to - from));
}

function lineCost(values: readonly number[]): Cost {
  const y = runningSums(values, (value) => value);
  const yy = runningSums(values, (value) => value * value);
  const xy = runningSums(values, (value, i) => value * i);
  const x = runningSums(values, (_, i) => i);
  const xx = runningSums(values, (_, i) => i * i);
  return (from, to) => {
    const n = to - from;
    const sx = between(x, from, to);
    const sy = between(y, from, to);
    const spread = between(xx, from, to) - (sx * sx) / n;
    const rest = between(yy, from, to) - (sy * sy) / n;
    const along = between(xy, from, to) - (sx * sy) / n;
    return Math.max(0, spread > 0 ? rest - (along * along) / spread : rest);
  };
}

interface Search {
  readonly length: number;
  readonly cost: Cost;
  readonly penalty: number;
  /** Fewest values in a piece. */
  readonly least: number;
}

/** The cut into pieces with the least cost and penalty, exactly, by dynamic programming. */
function partition({ length, cost, penalty, least }: Search): { readonly places: number[]; readonly total: number } {
  const best = new Float64Array(length + 1).fill(Number.POSITIVE_INFINITY);
  const last = new Int32Array(length + 1);
  best[0] = 0;
  for (let to = least; to <= length; to += 1) {
    for (let from = 0; from <= to - least; from += 1) {
      const total = (best[from] ?? 0) + cost(from, to) + penalty;
      if (total < (best[to] ?? 0)) {
        best[to] = total;
        last[to] = from;
      }
    }
  }
  const places: number[] = [];
  for (let at = last[length] ?? 0; at > 0; at = last[at] ?? 0) places.push(at);
  return { places: places.reverse(), total: best[length] ?? 0 };
}
