import type { EpochMs } from "../domain/time.ts";
import type { Line, Picture } from "./chart-figures.ts";
import { fitting, type PlacedFlag, placeFlags, WIDTH, widthOf } from "./chart-layout.ts";

/** Text at least 4.5:1 against the ground in both; the lines differ in lightness and dash, not in hue alone. */
const palettes = {
  light: {
    ground: "#ffffff",
    ink: "#1b1f24",
    muted: "#59616c",
    grid: "#e6e4de",
    lines: ["#1257b0", "#8a4b08", "#6b3fa0"],
    burn: "#c0281f",
    fix: "#14703f",
  },
  dark: {
    ground: "#171b21",
    ink: "#e7e9ec",
    muted: "#a2abb8",
    grid: "#2c333d",
    lines: ["#86b8ff", "#e9b256", "#c8a6ff"],
    burn: "#ff8d83",
    fix: "#76d6a0",
  },
} as const;
export type Palette = (typeof palettes)["light" | "dark"];

export const MARGIN = 16;
/** Height of a row of text. */
export const ROW = 28;
/** The plot, between the words of the value axis and the room for half a word of the time axis. */
export const LEFT = 84;
export const RIGHT = WIDTH - 28;
/** Below the plot, for the words of the time axis. */
export const FOOT = 40;
const PANEL = 200;
const SECOND_PANEL = 110;
const BETWEEN = 34;

export interface Panel {
  readonly unit: string;
  readonly lines: readonly Line[];
  readonly top: number;
  readonly height: number;
}

/** Where everything goes. */
export interface Frame {
  readonly picture: Picture;
  readonly palette: Palette;
  /** The point that offsets count from: the onset, or the end where none is known. */
  readonly zero: EpochMs;
  readonly from: EpochMs;
  readonly to: EpochMs;
  readonly panels: readonly Panel[];
  /** The change that is blamed: the words above the plot and the place of its line. */
  readonly culprit: { readonly x: number; readonly text: string; readonly left: number; readonly y: number } | null;
  readonly flags: readonly PlacedFlag[];
  /** Top of the first row of flags. */
  readonly flagTop: number;
  /** Of the plots together. */
  readonly top: number;
  readonly bottom: number;
}

/** Lays a picture out: title, a row for each line, the culprit, the flags, the panels. */
export function layOut(picture: Picture, theme: "light" | "dark"): Frame {
  const shown = panelled(picture.series);
  const ends = shown.flat().flatMap(({ points }) => points.map(([at]) => at));
  const to = Math.max(picture.now, ...ends);
  const span = { from: Math.min(...ends, picture.onset?.from ?? picture.now, to - 1000), to };
  const others = picture.changes.some((change) => !change.culprit) ? 1 : 0;
  const culpritTop = MARGIN + ROW * (1 + shown.flat().length + others);
  const culprit = culpritOf(picture, span, culpritTop);
  const flagTop = culpritTop + (culprit === null ? 0 : ROW);
  const flags = flagsOf(picture, span);
  const top = flagTop + ROW * Math.max(0, ...flags.map(({ row }) => row + 1)) + 8;
  const panels = shown.map((lines, index) => ({
    unit: lines[0]?.unit ?? "",
    lines,
    top: index === 0 ? top : top + PANEL + BETWEEN,
    height: index === 0 ? PANEL : SECOND_PANEL,
  }));
  const last = panels.at(-1) ?? { top, height: PANEL };
  const zero = picture.onset?.at ?? picture.now;
  const bottom = last.top + last.height;
  return { picture, palette: palettes[theme], zero, ...span, panels, culprit, flags, flagTop, top, bottom };
}

/** One panel for each unit, at most two: a second scale in the same panel would invite false comparisons. */
function panelled(series: readonly Line[]): Line[][] {
  const units = [...new Set(series.map(({ unit }) => unit))].slice(0, 2);
  return units.map((unit) => series.filter((line) => line.unit === unit).slice(0, 3));
}

type Span = Pick<Frame, "from" | "to">;

/** The horizontal place of a time; what lies outside stands at the edge. */
export function xOf({ from, to }: Span, at: EpochMs): number {
  const share = (Math.min(to, Math.max(from, at)) - from) / (to - from);
  return LEFT + share * (RIGHT - LEFT);
}

function culpritOf({ changes }: Picture, span: Span, y: number): Frame["culprit"] {
  const change = changes.find(({ culprit }) => culprit);
  if (change === undefined) return null;
  const x = xOf(span, change.at);
  const earlier = change.at < span.from ? "← " : "";
  const text = fitting(`${earlier}likely cause: ${change.label}`, WIDTH - 2 * MARGIN);
  const left = Math.max(MARGIN, Math.min(x - 8, WIDTH - MARGIN - widthOf(text)));
  return { x, text, left, y };
}

function flagsOf({ onset, executionAt }: Picture, span: Span): PlacedFlag[] {
  const flags = [
    ...(onset === null ? [] : [{ x: xOf(span, onset.at), text: "began" }]),
    ...(executionAt === null ? [] : [{ x: xOf(span, executionAt), text: "fix" }]),
  ];
  return placeFlags(flags, [MARGIN, WIDTH - MARGIN]);
}

/** How a line is drawn and, in the legend, shown. */
export function strokeOf(line: Line, { panels, palette }: Frame): { color: string; width: number; type: string } {
  const order = panels.flatMap(({ lines }) => lines).indexOf(line);
  return {
    color: palette.lines[order % palette.lines.length] ?? palette.ink,
    width: line.emphasis === "fired" ? 4 : 3,
    type: line.emphasis === "slice" ? "dashed" : line.emphasis === "companion" ? "dotted" : "solid",
  };
}
