import type { Series } from "./case-file.ts";
import { signalSpec } from "./signal.ts";
import type { EpochMs } from "./time.ts";

/** One watched signal, judged. */
export interface SignalVerdict {
  readonly signal: string;
  readonly verdict: "recovered" | "not_recovered" | "waiting";
  /** Medians: before the incident, while it burned, since the fix. */
  readonly baseline: number | null;
  readonly burning: number | null;
  readonly now: number | null;
  readonly samples: number;
  readonly good: number;
}

export interface VerificationWindow {
  /** Before this nothing had begun. */
  readonly calmUntil: EpochMs;
  readonly onset: EpochMs;
  /** The fix was applied. */
  readonly appliedAt: EpochMs;
  /** Its effect is due. */
  readonly effectAt: EpochMs;
  readonly now: EpochMs;
  readonly samples: number;
  readonly good: number;
}

/**
 * The share of the way back to the baseline that a sample must have come to count as good. Half of the harm gone could
 * be noise or a trickle of traffic; four fifths is a state that nobody would page for.
 */
const WAY_BACK = 0.8;
/** Noise band of the baseline, in robust standard deviations (median absolute deviation × 1.4826). */
const NOISE = 3;

/**
 * Judges one signal after a fix: of the last `samples` values since the effect was due, at least `good` must lie within
 * the baseline's own noise, or be most of the way back from the incident's level. No data is not recovery.
 */
export function judge(series: Series, window: VerificationWindow): SignalVerdict {
  const value = (from: EpochMs, to: EpochMs) => between(series, from, to);
  const calm = value(Number.NEGATIVE_INFINITY, window.calmUntil);
  const hot = value(window.onset, window.effectAt);
  const since = value(window.effectAt, window.now);
  const baseline = median(calm);
  const burning = worstOf(hot, baseline, series.signal);
  const recent = since.slice(-window.samples);
  const base = { signal: series.signal, baseline, burning, now: median(recent), samples: since.length };
  if (baseline === null || recent.length < window.samples) return { ...base, verdict: "waiting", good: 0 };
  const noise = NOISE * 1.4826 * (median(calm.map((x) => Math.abs(x - baseline))) ?? 0);
  const tolerance = Math.max(noise, Math.abs((burning ?? baseline) - baseline) * (1 - WAY_BACK));
  const good = recent.filter(
    (x) => !isHarmful(x - baseline, series.signal) || Math.abs(x - baseline) <= tolerance,
  ).length;
  const enough = good >= window.good;
  const late = since.length >= 3 * window.samples;
  return { ...base, verdict: enough ? "recovered" : late ? "not_recovered" : "waiting", good };
}

function between(series: Series, from: EpochMs, to: EpochMs): number[] {
  return series.values.filter((value, index): value is number => {
    const at = series.start + index * series.stepMs;
    return value !== null && at >= from && at < to;
  });
}

function median(values: readonly number[]): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)];
  const lower = sorted[Math.ceil(middle) - 1];
  return upper === undefined || lower === undefined ? null : (upper + lower) / 2;
}

/** The level while it burned: the median of the worst quarter, so that ramps at its beginning and end do not hide it. */
function worstOf(hot: readonly number[], baseline: number | null, signal: string): number | null {
  if (baseline === null) return median(hot);
  const worse = hot
    .filter((x) => isHarmful(x - baseline, signal))
    .toSorted((a, b) => Math.abs(a - baseline) - Math.abs(b - baseline));
  return median(worse.length > 0 ? worse.slice(Math.floor((3 * worse.length) / 4)) : hot);
}

function isHarmful(move: number, signal: string): boolean {
  const harm = signalSpec(signal)?.harm ?? "both";
  return harm === "both" ? move !== 0 : harm === "up" ? move > 0 : move < 0;
}

/** What the watched signals say together: all must have recovered; one that has not decides. */
export function together(verdicts: readonly SignalVerdict[]): "recovered" | "not_recovered" | "waiting" {
  if (verdicts.some(({ verdict }) => verdict === "not_recovered")) return "not_recovered";
  if (verdicts.length === 0 || verdicts.some(({ verdict }) => verdict === "waiting")) return "waiting";
  return "recovered";
}
