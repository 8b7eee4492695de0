import { mad, mean, median, noiseScale } from "./robust.ts";
import { changePoints } from "./segmentation.ts";

/** One lasting shift of a sequence. Positions are indices into it. */
export interface Shift {
  /** First value of the new level. */
  readonly at: number;
  readonly from: number;
  readonly to: number;
  /** Level before and now. */
  readonly before: number;
  readonly after: number;
  /** Standard deviation of a single value. */
  readonly noise: number;
  /** Difference of the levels over its standard error. */
  readonly z: number;
  readonly shape: "step" | "ramp";
}

export interface ShiftOptions {
  /** Smallest standard deviation to believe: below it a difference means nothing in practice. */
  readonly noiseFloor: number;
  /** Smallest `z` that counts. */
  readonly minZ: number;
  /** Share of the values that must lie before the shift. */
  readonly baseline: number;
}

/** Lengths of the compared windows, in values. */
const SCALES = [4, 8, 16, 32, 64] as const;
/** Fewer values than this on either side prove nothing. */
const MIN_SIDE = 3;
/** A split must keep this share of later values on the far side, or it was a blip that is over. */
const LASTING = 0.55;

/**
 * The shift that the sequence is in now, if it is in one: moving sums over several window lengths
 * (Eichinger and Kirch 2018, "A MOSUM procedure for the estimation of multiple random change points"), kept only where
 * most of what follows stays beyond the middle; the place is refined by least squares, and traced back to where the
 * departure began when the shift is a ramp or a staircase.
 */
export function lastingShift(values: readonly number[], { noiseFloor, minZ, baseline }: ShiftOptions): Shift | null {
  if (values.length < 2 * MIN_SIDE) return null;
  const noise = Math.max(noiseScale(values), noiseFloor);
  const sums = prefixSums(values);
  let best: Candidate | null = null;
  const earliest = Math.max(MIN_SIDE, Math.floor(values.length * baseline));
  for (const candidate of candidates({ earliest, length: values.length, sums, noise })) {
    if (candidate.z < minZ || (best !== null && candidate.z <= best.score)) continue;
    const score = candidate.z * lasting(values, candidate);
    if (score >= minZ && (best === null || score > best.score)) best = { ...candidate, score };
  }
  return best === null ? null : shiftAt(values, sums, best, noise);
}

interface Split {
  readonly at: number;
  readonly scale: number;
  readonly before: number;
  readonly difference: number;
  readonly z: number;
}

interface Candidate extends Split {
  readonly score: number;
}

function prefixSums(values: readonly number[]): Float64Array {
  const sums = new Float64Array(values.length + 1);
  for (let i = 0; i < values.length; i += 1) sums[i + 1] = (sums[i] ?? 0) + (values[i] ?? 0);
  return sums;
}

function meanOf(sums: Float64Array, from: number, to: number): number {
  return ((sums[to] ?? 0) - (sums[from] ?? 0)) / Math.max(1, to - from);
}

interface Search {
  readonly earliest: number;
  readonly length: number;
  readonly sums: Float64Array;
  readonly noise: number;
}

/** Correlated noise can hide this much of its spread from first differences at most. */
const MOST_INFLATED = 8;

/**
 * How much more the difference of two windows scatters than independent noise would make it: values of overlapping
 * windows (rates over five minutes each minute, say) follow one another, and what they do together is not in their first
 * differences. Measured on the sequence itself: the spread of the moving difference over all places, which one shift
 * hardly moves (long-run variance as in Eichinger and Kirch 2018, section 4, with the median instead of the mean).
 */
function inflation({ length, sums, noise }: Search, scale: number): number {
  const differences: number[] = [];
  for (let at = scale; at + scale <= length; at += Math.max(1, scale >> 2)) {
    differences.push(Math.abs(meanOf(sums, at, at + scale) - meanOf(sums, at - scale, at)));
  }
  if (differences.length < 8) return 1;
  const seen = 1.4826 * median(differences);
  return Math.min(MOST_INFLATED, Math.max(1, seen / (noise * Math.sqrt(2 / scale))));
}

/** The places of each scale where the windows differ most: local maxima only. */
function candidates(search: Search): Split[] {
  const { earliest, length, sums } = search;
  const found: Split[] = [];
  let inflated = 1;
  for (const scale of SCALES) {
    if (scale > SCALES[0] && scale * 2 > length) break;
    // Correlation never grows less with longer windows; few places to measure it at must not hide it.
    inflated = Math.max(inflated, inflation(search, scale));
    const noise = search.noise * inflated;
    let previous: Split | null = null;
    let rising = true;
    for (let at = earliest; at <= length - MIN_SIDE; at += 1) {
      const split = splitAt(sums, { at, scale, length, noise });
      if (previous !== null && split.z < previous.z && rising) found.push(previous);
      rising = previous === null || split.z >= previous.z;
      previous = split;
    }
    if (previous !== null && rising) found.push(previous);
  }
  return found.toSorted((a, b) => b.z - a.z).slice(0, 40);
}

function splitAt(
  sums: Float64Array,
  { at, scale, length, noise }: { at: number; scale: number; length: number; noise: number },
): Split {
  const left = Math.min(scale, at);
  const right = Math.min(scale, length - at);
  const before = meanOf(sums, at - left, at);
  const difference = meanOf(sums, at, at + right) - before;
  return { at, scale, before, difference, z: Math.abs(difference) / (noise * Math.sqrt(1 / left + 1 / right)) };
}

/**
 * Share of the later values that stay beyond the middle between the levels, scaled so that LASTING and more is 1; 0 for the
 * end of a blip, after which all is as it had long been.
 */
function lasting(values: readonly number[], { at, before, difference }: Split): number {
  const middle = before + difference / 3;
  let beyond = 0;
  for (let i = at; i < values.length; i += 1) if (((values[i] ?? 0) - middle) * difference > 0) beyond += 1;
  const share = beyond / (values.length - at);
  if (share < 0.25) return 0;
  const usual = median(olderHalf(values, at));
  const returned = Math.abs(before + difference - usual) < RETURNED * Math.abs(difference);
  return returned ? 0 : Math.min(1, share / LASTING);
}

/** Nearer to the old level than this share of the shift, and it is the old level. */
const RETURNED = 0.3;

/** What was long before: without the very beginning, and without what led up to the split. */
function olderHalf(values: readonly number[], at: number): readonly number[] {
  return values.slice(Math.floor(at * 0.1), Math.max(MIN_SIDE, Math.floor(at * 0.6)));
}

function shiftAt(values: readonly number[], sums: Float64Array, best: Candidate, noise: number): Shift {
  const refined = refine(values, best, noise);
  const start = traceBack(values, { at: refined.at, difference: best.difference, noise });
  const tail = values.slice(Math.max(start.at, values.length - 20));
  const window = Math.max(8, Math.min(60, best.scale * 2));
  const pre = values.slice(Math.max(0, start.at - window), start.at);
  return {
    at: start.at,
    from: Math.min(start.from, start.ramp ? start.at : refined.from, firstStair(values, refined.at, best)),
    to: start.ramp ? start.to : refined.to,
    before: pre.length === 0 ? meanOf(sums, 0, Math.max(1, best.at)) : median(pre),
    after: tail.length >= 6 ? mean(trimmed(tail)) : mean(tail),
    noise,
    z: best.z,
    shape: start.ramp ? "ramp" : "step",
  };
}

/** Values before the split in which an earlier stair of the same roll-out is looked for. */
const STAIRS = 96;
/** A stair is at least this share of the whole shift. */
const STAIR = 0.1;

/** Where the first of several steps in the same direction began, when the shift is the last of a staircase. */
function firstStair(values: readonly number[], at: number, { difference }: Split): number {
  const begin = Math.max(0, at - STAIRS);
  const window = values.slice(begin, at + MIN_SIDE);
  const places = [0, ...changePoints(window).filter((place) => place < at - begin), window.length];
  let first = at;
  for (let i = places.length - 2; i > 0; i -= 1) {
    const [left = 0, here = 0, right = 0] = places.slice(i - 1, i + 2);
    const step = (median(window.slice(here, right)) - median(window.slice(left, here))) / difference;
    if (!(step >= STAIR)) break;
    first = begin + here;
  }
  return first;
}

/** Without the lowest and the highest tenth. */
function trimmed(values: readonly number[]): number[] {
  const cut = Math.floor(values.length / 10);
  return values.toSorted((a, b) => a - b).slice(cut, values.length - cut);
}

/** Least squares over the places near the split; the interval holds all that fit almost as well (likelihood ratio, 99 %). */
function refine(
  values: readonly number[],
  { at, scale }: Split,
  noise: number,
): { at: number; from: number; to: number } {
  const left = Math.max(0, at - scale);
  const right = Math.min(values.length, at + scale);
  const window = values.slice(left, right);
  const sums = prefixSums(window);
  const total = sums[window.length] ?? 0;
  const gains: number[] = [];
  for (let k = 1; k < window.length; k += 1) {
    const head = (sums[k] ?? 0) / k;
    const rest = (total - (sums[k] ?? 0)) / (window.length - k);
    gains.push((((head - rest) ** 2 * k) / window.length) * (window.length - k));
  }
  const top = gains.reduce((a, b) => Math.max(a, b), 0);
  const place = gains.indexOf(top);
  const spread = Math.max(noise, residual(window, place + 1)) ** 2 * 6.6;
  let from = place;
  let to = place;
  while (from > 0 && (gains[from - 1] ?? 0) >= top - spread) from -= 1;
  while (to < gains.length - 1 && (gains[to + 1] ?? 0) >= top - spread) to += 1;
  return { at: left + place + 1, from: left + from + 1, to: left + to + 1 };
}

function residual(window: readonly number[], at: number): number {
  return Math.min(mad(window.slice(0, at)) || Number.POSITIVE_INFINITY, Number.MAX_VALUE) === Number.MAX_VALUE
    ? 0
    : mad(window.slice(0, at));
}

interface Start {
  readonly at: number;
  readonly from: number;
  /** By here it has certainly begun. */
  readonly to: number;
  readonly ramp: boolean;
}

/**
 * Where the departure began: back from the split while the values, smoothed, still stand off the level of the older
 * half by more than that level's own spread.
 */
function traceBack(
  values: readonly number[],
  { at, difference, noise }: { at: number; difference: number; noise: number },
): Start {
  const older = olderHalf(values, at);
  const level = median(older);
  const spread = Math.max(mad(older), noise / 2, Math.abs(difference) * 0.08);
  const off = (i: number) => (median(values.slice(Math.max(0, i - 2), i + 3)) - level) * Math.sign(difference);
  let start = at;
  while (start > MIN_SIDE && off(start - 3) > 3 * spread) start -= 1;
  const ramp = at - start > 3;
  if (!ramp) return { at, from: at, to: at, ramp };
  const foot = footOf(values, { start, end: Math.min(values.length, at + (at - start)), level });
  return { at: foot, from: Math.max(1, Math.min(start, foot) - 2), to: Math.max(start, foot), ramp };
}

/** A ramp leaves its level before it leaves the noise: where its line, fitted by least squares, meets the level. */
function footOf(
  values: readonly number[],
  { start, end, level }: { start: number; end: number; level: number },
): number {
  const n = end - start;
  if (n < 6) return start;
  const middle = (n - 1) / 2;
  const average = mean(values.slice(start, end));
  let over = 0;
  let under = 0;
  for (let i = 0; i < n; i += 1) {
    over += (i - middle) * ((values[start + i] ?? average) - average);
    under += (i - middle) ** 2;
  }
  const slope = over / under;
  const first = average - slope * middle;
  const back = slope === 0 ? 0 : (first - level) / slope;
  return back > 0 && back < n * 2 ? Math.max(1, Math.round(start - back)) : start;
}
