import type { LogTemplate } from "../case-file.ts";
import { HOUR } from "../time.ts";
import type { CaseContext } from "./case-context.ts";

/** A rate so many times its usual one is a surge. */
const SURGE = 4;

/** Templates that are new, or that surged, with the incident. */
export function freshLogs({ logs, onset, stepMs, asOf }: CaseContext): LogTemplate[] {
  return logs.filter(({ firstSeen, lastSeen, count, baselinePerHour }) => {
    const begun = Math.min(asOf, lastSeen);
    const since = onset === null ? asOf - HOUR : onset.from;
    const hours = Math.max((begun - Math.max(firstSeen, since)) / HOUR, stepMs / HOUR, 1e-6);
    if (baselinePerHour <= 0) return count > 0 && firstSeen >= since - 30 * stepMs;
    return count / hours > SURGE * baselinePerHour && count >= 3;
  });
}
