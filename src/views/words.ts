import type { Cause } from "../domain/cause.ts";
import { causeWords } from "../domain/cause.ts";
import type { Diagnosis } from "../domain/diagnosis/diagnosis.ts";
import type { IncidentStatus } from "../domain/incident.ts";
import { DAY, type EpochMs, HOUR, MINUTE, SECOND } from "../domain/time.ts";
import { type Mrkdwn, md } from "./text.ts";

/** The states of an incident in words, never by colour alone. */
export const statusWords: Readonly<Record<IncidentStatus, string>> = {
  firing: "Firing",
  investigating: "Investigating",
  awaiting_approval: "Awaiting approval",
  mitigating: "Mitigating",
  verifying: "Verifying",
  mitigated: "Mitigated",
  resolved: "Resolved",
};

/** A point in time in the reader's own zone, with UTC where that is not possible. */
export function when(at: EpochMs, format: "{time}" | "{time_secs}" | "{date_short_pretty} {time}" = "{time}"): Mrkdwn {
  const iso = new Date(at).toISOString();
  const clock = format === "{time_secs}" ? iso.slice(11, 19) : iso.slice(11, 16);
  const utc = format.startsWith("{date") ? `${iso.slice(0, 10)} ${clock}` : clock;
  return { mrkdwn: `<!date^${Math.floor(at / SECOND)}^${format}|${utc} UTC>` };
}

/** A length of time, in the two largest units at most. */
export function duration(ms: number): string {
  if (ms < MINUTE) return `${Math.max(0, Math.round(ms / SECOND))} s`;
  if (ms < 10 * MINUTE) return two(ms, [MINUTE, "min"], [SECOND, "s"]);
  if (ms < HOUR) return `${Math.round(ms / MINUTE)} min`;
  return ms < 2 * DAY ? two(ms, [HOUR, "h"], [MINUTE, "min"]) : two(ms, [DAY, "d"], [HOUR, "h"]);
}

function two(ms: number, [large, name]: [number, string], [small, rest]: [number, string]): string {
  const whole = Math.round(ms / small) * small;
  const remainder = Math.round((whole % large) / small);
  return `${Math.floor(whole / large)} ${name}${remainder === 0 ? "" : ` ${remainder} ${rest}`}`;
}

/** A probability as a person reads it; nothing is ever certain or impossible. */
export function percent(probability: number): string {
  return `${Math.min(99, Math.max(1, Math.round(probability * 100)))} %`;
}

/** The same in words, after the scale of estimative probability that intelligence analysts use (Kent). */
export function confidence(probability: number): string {
  if (probability >= 0.93) return "almost certain";
  if (probability >= 0.75) return "very likely";
  if (probability >= 0.55) return "more likely than not";
  if (probability >= 0.35) return "possible";
  return "a weak guess";
}

/** A measured value with its unit; a ratio as a percentage. */
export function figure(value: number, unit: string | null): string {
  if (unit === "ratio") return `${rounded(value * 100)} %`;
  if (unit === "1/s" || unit === "1/min") return `${rounded(value)} per ${unit.slice(2)}`;
  return unit === null || unit === "" || unit === "value" ? rounded(value) : `${rounded(value)} ${unit}`;
}

function rounded(value: number): string {
  const digits = Math.abs(value) >= 1000 ? Math.round(value) : Number(value.toPrecision(3));
  return Number.isFinite(digits) ? String(digits) : "no number";
}

/** A person as the record names them: a live name only for a Slack user whom Slack itself vouched for. */
export function person(by: string, via: string): Mrkdwn {
  return via === "slack" && /^[UW][A-Z0-9]{2,20}$/.test(by) ? { mrkdwn: `<@${by}>` } : md`${by}`;
}

/** Does the diagnosis name a cause at all? */
export function isTold(diagnosis: Diagnosis | null): diagnosis is Diagnosis {
  return diagnosis !== null && diagnosis.cause !== "unknown" && diagnosis.suspects.length > 0;
}

export function causeName(cause: Cause): string {
  return causeWords[cause];
}

/** The signal's name as words: `latency_p95` is `latency p95`. */
export function signalWords(signal: string): string {
  return signal.replaceAll("_", " ");
}
