import type { EpochMs } from "../domain/time.ts";
import { duration, figure, signalWords } from "./words.ts";

/** One line of a chart. */
export interface Line {
  readonly label: string;
  /** As the signal's specification says it; lines of the same unit share a panel. */
  readonly unit: string;
  readonly points: readonly (readonly [EpochMs, number | null])[];
  readonly emphasis: "fired" | "companion" | "slice";
}

/** What a chart shows. */
export interface Picture {
  /** The fired signal first. */
  readonly series: readonly Line[];
  readonly onset: { readonly at: EpochMs; readonly from: EpochMs; readonly to: EpochMs } | null;
  readonly changes: readonly { readonly at: EpochMs; readonly label: string; readonly culprit: boolean }[];
  /** When the fix was applied. */
  readonly executionAt: EpochMs | null;
  /** The right end. */
  readonly now: EpochMs;
  readonly title: string;
}

/** The levels of one line: medians before it hurt, while it hurt, and since the fix; null where there is no data. */
export interface Levels {
  readonly normal: number | null;
  readonly burning: number | null;
  readonly after: number | null;
}

/** Reads the levels of a line. Without an onset there is no "normal": everything there is counts as what burns. */
export function levelsOf({ points }: Line, { onset, executionAt }: Pick<Picture, "onset" | "executionAt">): Levels {
  const began = onset?.at ?? Number.NEGATIVE_INFINITY;
  const fixed = executionAt ?? Number.POSITIVE_INFINITY;
  const values = (from: EpochMs, to: EpochMs) =>
    points.flatMap(([at, value]) => (value !== null && at >= from && at < to ? [value] : []));
  const calm = values(Number.NEGATIVE_INFINITY, began);
  // A slice that was born just before the onset (a new version) has no normal.
  const normal = 2 * calm.length < points.filter(([at]) => at < began).length ? null : median(calm);
  const since = values(fixed, Number.POSITIVE_INFINITY);
  // The second half: what came right after the fix still holds answers from before it.
  return {
    normal,
    burning: worst(values(began, fixed), normal),
    after: median(since.slice(Math.floor(since.length / 2))),
  };
}

/** The median of the half that lies farther from normal, so that the ramp at the beginning does not hide the level. */
function worst(values: readonly number[], normal: number | null): number | null {
  if (normal === null) return median(values);
  const sorted = values.toSorted((a, b) => Math.abs(a - normal) - Math.abs(b - normal));
  return median(sorted.slice(Math.floor(sorted.length / 2)));
}

function median(values: readonly number[]): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)];
  const lower = sorted[Math.ceil(middle) - 1];
  return upper === undefined || lower === undefined ? null : (upper + lower) / 2;
}

/** `98 → 41 → 97 %`: normal, while it hurts, since the fix; as far as they are known, the unit once. */
export function levelWords({ normal, burning, after }: Levels, unit: string): string {
  const said = [normal, burning, after].flatMap((level) => (level === null ? [] : [figure(level, unit)]));
  return said.map((text, index) => (index < said.length - 1 ? (text.split(" ")[0] ?? text) : text)).join(" → ");
}

/** What the chart shows, in words with its numbers, for who cannot see it. */
export function chartAlt(input: Picture): string {
  const { onset, changes, executionAt, now, series } = input;
  const lines = series.map((line) => lineAlt(line, input));
  const began = onset === null ? "" : ` It began ${duration(Math.max(0, now - onset.at))} before the end of the chart.`;
  const culprit = changes.find((change) => change.culprit);
  const blamed = culprit === undefined ? "" : ` Likely cause: ${culprit.label}${offset(culprit.at, onset?.at ?? now)}.`;
  const others = changes.length - (culprit === undefined ? 0 : 1);
  const marked = others === 0 ? "" : ` ${others} other ${others === 1 ? "change is" : "changes are"} marked.`;
  const fix = executionAt === null ? "" : ` The fix was applied${offset(executionAt, onset?.at ?? now)}.`;
  return `Chart of ${input.title}. ${lines.join(" ")}${began}${blamed}${marked}${fix}`;
}

function lineAlt(line: Line, input: Picture): string {
  const { normal, burning, after } = levelsOf(line, input);
  const said = (level: number | null, words: string) =>
    level === null ? [] : [`${words} ${figure(level, line.unit)}`];
  const parts = [
    ...said(normal, "normally"),
    ...said(burning, normal === null ? "at" : "since the beginning"),
    ...said(after, "since the fix"),
  ];
  return `${signalWords(line.label)}: ${parts.length === 0 ? "no data" : parts.join(", ")}.`;
}

function offset(at: EpochMs, onset: EpochMs): string {
  const lag = at - onset;
  if (Math.abs(lag) < 1000) return " at the beginning";
  return lag < 0 ? ` ${duration(-lag)} before the beginning` : ` ${duration(lag)} after the beginning`;
}
