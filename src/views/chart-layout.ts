import { DAY, HOUR, MINUTE, SECOND } from "../domain/time.ts";
import { plain } from "./text.ts";

/**
 * Width and letters of the picture: on a phone it is shown at about half its width, where 20 px become 10.
 * Widths of text are estimated, since nothing here can measure a font: 0.6 em is DejaVu Sans, the widest of the usual.
 */
export const WIDTH = 720;
export const FONT = 20;
const LETTER = 0.6 * FONT;

/** Outside text on one line, without what nobody can see, cut so that it fits into a width, by estimate. */
export function fitting(text: string, width: number): string {
  const letters = [...plain(text, 1_000)];
  const room = Math.max(4, Math.floor(width / LETTER));
  return letters.length <= room
    ? letters.join("")
    : `${letters
        .slice(0, room - 1)
        .join("")
        .trimEnd()}…`;
}

export function widthOf(text: string): number {
  return [...text].length * LETTER;
}

const STEPS = [
  ...[1, 2, 5, 10, 15, 30].map((n) => n * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((n) => n * MINUTE),
  ...[1, 2, 3, 6, 12].map((n) => n * HOUR),
  ...[1, 2, 7, 14, 30].map((n) => n * DAY),
];

/** Round offsets from zero within a span: at most five, so that their words keep apart. */
export function timeTicks(from: number, to: number): number[] {
  const step = STEPS.find((candidate) => Math.floor(to / candidate) - Math.ceil(from / candidate) < 5) ?? 30 * DAY;
  const first = Math.ceil(from / step);
  const count = Math.floor(to / step) - first + 1;
  // "+ 0" keeps a negative zero out of the words.
  return Array.from({ length: Math.max(0, count) }, (_, index) => (first + index) * step + 0);
}

/** `−5 min`, `0`, `+90 s`: an offset from the beginning, the same in every time zone. */
export function offsetWords(offset: number, zero: string): string {
  if (offset === 0) return zero;
  const size = Math.abs(offset);
  const [unit, name] =
    size % MINUTE !== 0 ? [SECOND, "s"] : size < 2 * HOUR ? [MINUTE, "min"] : size < 2 * DAY ? [HOUR, "h"] : [DAY, "d"];
  return `${offset < 0 ? "−" : "+"}${Number((size / unit).toFixed(1))} ${name}`;
}

/**
 * The range and three to five round ticks of a value axis. From zero, unless the line would be flat there: a drop from
 * 99 % to 92 % must be seen.
 */
export function valueAxis(values: readonly number[]): { min: number; max: number; step: number } {
  const low = Math.min(...values);
  const high = Math.max(...values);
  if (values.length === 0 || !Number.isFinite(high - low)) return { min: 0, max: 1, step: 0.5 };
  const flat = high - low < 0.4 * Math.max(Math.abs(high), Math.abs(low));
  const from = flat ? low - 0.15 * (high - low || Math.abs(high) || 1) : Math.min(0, low);
  const to = Math.max(high, from + Number.EPSILON, low === high && high === 0 ? 1 : high);
  const step = roundStep((to - from) / 3);
  const max = Math.ceil(to / step - 1e-9) * step;
  return { min: Math.floor(from / step + 1e-9) * step, max: max > from ? max : from + step, step };
}

function roundStep(raw: number): number {
  const power = 10 ** Math.floor(Math.log10(raw));
  const factor = [1, 2, 2.5, 5, 10].find((candidate) => candidate * power >= raw * 0.999) ?? 10;
  return factor * power;
}

/** A word on a vertical line. */
export interface Flag {
  readonly x: number;
  readonly text: string;
}

export interface PlacedFlag extends Flag {
  readonly row: number;
  readonly align: "left" | "right";
}

const GAP = 8;

/**
 * Puts words beside their lines, in as few rows as it takes so that none lies on another or on the line of another in
 * the same row. A word that would leave the picture stands left of its line instead, or is cut.
 */
export function placeFlags(flags: readonly Flag[], [low, high]: readonly [number, number]): PlacedFlag[] {
  const rows: [number, number][][] = [];
  return flags.map(({ x, text }) => {
    const right = widthOf(text) <= high - x - GAP || high - x >= x - low;
    const cut = fitting(text, right ? high - x - GAP : x - GAP - low);
    const width = widthOf(cut) + GAP;
    const span: [number, number] = right ? [x - GAP, x + width] : [x - width, x + GAP];
    let row = 0;
    while (rows[row]?.some(([from, to]) => span[0] < to && from < span[1])) row += 1;
    rows[row] = [...(rows[row] ?? []), span];
    return { x, row, align: right ? "left" : "right", text: cut };
  });
}
