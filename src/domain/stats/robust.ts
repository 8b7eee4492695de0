/** The middle value (mean of the two middle ones); NaN for nothing. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** Quantile by linear interpolation of the order statistics (type 7 of Hyndman and Fan 1996); NaN for nothing. */
export function quantile(values: readonly number[], share: number): number {
  if (values.length === 0) return Number.NaN;
  const sorted = Float64Array.from(values).sort();
  const at = (sorted.length - 1) * Math.min(1, Math.max(0, share));
  const low = sorted[Math.floor(at)] ?? Number.NaN;
  const high = sorted[Math.ceil(at)] ?? low;
  return low + (high - low) * (at - Math.floor(at));
}

export function mean(values: readonly number[]): number {
  return values.length === 0 ? Number.NaN : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Median absolute deviation, scaled to the standard deviation of a normal law (Hampel 1974). */
export function mad(values: readonly number[]): number {
  const middle = median(values);
  return 1.4826 * median(values.map((value) => Math.abs(value - middle)));
}

/** Share of the largest differences that are left out: jumps and spikes, not noise. */
const JUMPS = 0.05;

/**
 * Scale of the noise from first differences: a slow trend, a daily rhythm and a few jumps hardly move it
 * (von Neumann 1941, with the median instead of the mean). Where most differences are nothing (counts of rare events
 * that are mostly zero) the median sees no noise at all; then the root mean square without the largest tells.
 *
 * @returns 0 for fewer than three values
 */
export function noiseScale(values: readonly number[]): number {
  if (values.length < 3) return 0;
  const differences: number[] = [];
  for (let i = 1; i < values.length; i += 1) differences.push(Math.abs((values[i] ?? 0) - (values[i - 1] ?? 0)));
  const kept = Float64Array.from(differences)
    .sort()
    .subarray(0, Math.ceil(differences.length * (1 - JUMPS)));
  const square = kept.reduce((sum, difference) => sum + difference ** 2, 0) / kept.length;
  return Math.max(1.4826 * median(differences), Math.sqrt(square)) / Math.SQRT2;
}
