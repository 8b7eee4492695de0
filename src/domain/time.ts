/** Milliseconds since the epoch, UTC. */
export type EpochMs = number;

/** A span of time: `from` belongs to it, `to` does not. */
export interface Window {
  readonly from: EpochMs;
  readonly to: EpochMs;
}

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** ISO 8601 in UTC, to the second where the millisecond is zero. */
export function iso(at: EpochMs): string {
  return new Date(at).toISOString().replace(".000Z", "Z");
}
