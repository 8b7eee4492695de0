import type { EpochMs } from "../domain/time.ts";
import { type Line, levelsOf, levelWords } from "./chart-figures.ts";
import { type Frame, MARGIN, ROW, strokeOf, xOf } from "./chart-frame.ts";
import { FONT, fitting, WIDTH, widthOf } from "./chart-layout.ts";
import { signalWords } from "./words.ts";

export const FAMILY = "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif";
const NAME_LEFT = 60;

/** Everything of the picture that is not a line or an axis, as ECharts' graphic elements. */
export function marks(frame: Frame): object[] {
  return [...heading(frame), ...bands(frame), ...culprit(frame), ...flags(frame), ...others(frame)];
}

/** The title, and one row for each line: its dash, its name, its levels. */
function heading(frame: Frame): object[] {
  const { picture, palette, panels } = frame;
  const rows = panels.flatMap(({ lines }) => lines);
  const title = word(fitting(picture.title, WIDTH - 2 * MARGIN - 24), MARGIN, MARGIN, {
    fill: palette.ink,
    bold: true,
  });
  const legend = rows.flatMap((line, index) => {
    const { color, width, type } = strokeOf(line, frame);
    const y = MARGIN + (index + 1) * ROW;
    const levels = levelWords(levelsOf(line, picture), line.unit);
    const room = WIDTH - MARGIN - NAME_LEFT - 20 - widthOf(levels);
    return [
      stroke([MARGIN, y + 11], [MARGIN + 32, y + 11], { stroke: color, lineWidth: width, lineDash: type }),
      word(fitting(nameOf(line, rows), room), NAME_LEFT, y, { fill: palette.ink }),
      word(levels, WIDTH - MARGIN, y, { fill: palette.ink, align: "right" }),
    ];
  });
  return [title, ...legend];
}

/** A line's name; of a slice only what tells it from the line that it is cut out of. */
function nameOf(line: Line, rows: readonly Line[]): string {
  const whole = rows.find((other) => other !== line && line.label.startsWith(`${other.label} `));
  return whole === undefined ? signalWords(line.label) : `of which ${line.label.slice(whole.label.length + 1)}`;
}

/** The time that it hurt, how sure its beginning is, and the time since the fix. */
function bands(frame: Frame): object[] {
  const { picture, palette, to } = frame;
  const { onset, executionAt } = picture;
  const burning = onset === null ? [] : [band(frame, [onset.at, executionAt ?? to], palette.burn, 0.07)];
  const began = onset === null ? [] : [band(frame, [onset.from, onset.to], palette.burn, 0.16)];
  const since = executionAt === null ? [] : [band(frame, [executionAt, to], palette.fix, 0.09)];
  return [...burning, ...began, ...since];
}

function band(frame: Frame, [from, to]: readonly [EpochMs, EpochMs], fill: string, opacity: number): object {
  const x = xOf(frame, from);
  const shape = { x, y: frame.top, width: Math.max(3, xOf(frame, to) - x), height: frame.bottom - frame.top };
  return { type: "rect", shape, style: { fill, opacity }, z: 0, silent: true };
}

function culprit({ culprit: blamed, bottom, palette }: Frame): object[] {
  if (blamed === null) return [];
  const { x, y, text, left } = blamed;
  return [
    stroke([x, y + ROW - 4], [x, bottom], { stroke: palette.burn, lineWidth: 2.5, lineDash: "dashed" }),
    word(text, left, y, { fill: palette.burn, bold: true }),
  ];
}

function flags({ flags: placed, flagTop, bottom, palette }: Frame): object[] {
  return placed.flatMap(({ x, row, align, text }) => {
    const color = text === "fix" ? palette.fix : palette.burn;
    const y = flagTop + row * ROW;
    return [
      stroke([x, y + 2], [x, bottom], { stroke: color, lineWidth: 2.5 }),
      word(text, align === "left" ? x + 8 : x - 8, y, { fill: color, align, bold: true, halo: palette.ground }),
    ];
  });
}

/** Changes that are not blamed: small marks on the time axis, counted in the legend. */
function others(frame: Frame): object[] {
  const { picture, palette, bottom, panels, from, to } = frame;
  const rest = picture.changes.filter((change) => !change.culprit);
  if (rest.length === 0) return [];
  const y = MARGIN + ROW * (1 + panels.flatMap(({ lines }) => lines).length);
  const words = `${rest.length} other ${rest.length === 1 ? "change" : "changes"}`;
  const seen = rest.filter(({ at }) => at >= from && at <= to);
  return [
    ...seen.map(({ at }) => triangle(xOf(frame, at), bottom, frame)),
    triangle(MARGIN + 16, y + 18, frame),
    word(words, NAME_LEFT, y, { fill: palette.muted }),
  ];
}

function triangle(x: number, y: number, { palette }: Frame): object {
  const points = [
    [x, y - 14],
    [x - 8, y],
    [x + 8, y],
  ];
  const style = { fill: palette.muted, stroke: palette.ground, lineWidth: 1.5 };
  return { type: "polygon", shape: { points }, style, z: 6, silent: true };
}

interface WordStyle {
  readonly fill: string;
  readonly align?: "left" | "right";
  readonly bold?: boolean;
  /** Painted around the letters, so that a line behind them does not strike them through. */
  readonly halo?: string;
}

function word(text: string, x: number, y: number, { fill, align = "left", bold = false, halo }: WordStyle): object {
  const font = `${bold ? "600 " : ""}${FONT}px ${FAMILY}`;
  const around = halo === undefined ? {} : { stroke: halo, lineWidth: 5 };
  return {
    type: "text",
    x,
    y,
    style: { text, fill, font, align, verticalAlign: "top", ...around },
    z: 8,
    silent: true,
  };
}

function stroke(from: readonly [number, number], to: readonly [number, number], style: object): object {
  const shape = { x1: from[0], y1: from[1], x2: to[0], y2: to[1] };
  return { type: "line", shape, style: { fill: "none", ...style }, z: 3, silent: true };
}
