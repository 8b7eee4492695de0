import { LineChart } from "echarts/charts";
import { GraphicComponent, GridComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import { chartAlt, type Line, type Picture } from "./chart-figures.ts";
import { FOOT, type Frame, LEFT, layOut, type Palette, type Panel, RIGHT, strokeOf } from "./chart-frame.ts";
import { FONT, offsetWords, timeTicks, valueAxis, WIDTH } from "./chart-layout.ts";
import { FAMILY, marks } from "./chart-marks.ts";

use([LineChart, GridComponent, GraphicComponent, SVGRenderer]);

export type ChartSeries = Line;

export interface ChartInput extends Picture {
  readonly theme: "light" | "dark";
}

/**
 * Draws the incident's chart as an SVG of its own, without scripts: the fired signal with its companions, when it began,
 * the changes around it with the culprit named, and before and after the fix. Times are offsets from the beginning, so
 * that readers in different zones see the same. The words of the picture (`chartAlt`) are in its `desc`.
 * Deterministic. Lines of a third unit and beyond are left out.
 */
export function incidentChart({ theme, ...picture }: ChartInput): string {
  const frame = layOut(picture, theme);
  const chart = init(null, null, { renderer: "svg", ssr: true, width: WIDTH, height: frame.bottom + FOOT });
  try {
    chart.setOption({
      animation: false,
      backgroundColor: frame.palette.ground,
      textStyle: { fontFamily: FAMILY, fontSize: FONT },
      grid: frame.panels.map(({ top, height }) => ({ left: LEFT, right: WIDTH - RIGHT, top, height })),
      xAxis: frame.panels.map((_, index) => timeAxis(frame, index)),
      yAxis: frame.panels.map((panel, index) => axisOf(panel, index, frame.palette)),
      series: frame.panels.flatMap((panel, index) => panel.lines.map((line) => drawn(line, index, frame))),
      graphic: marks(frame),
    });
    return described(chart.renderToSVGString(), picture);
  } finally {
    chart.dispose();
  }
}

function timeAxis({ from, to, zero, palette, picture, panels }: Frame, index: number): object {
  const show = index === panels.length - 1;
  const customValues = timeTicks(from - zero, to - zero);
  const origin = picture.onset === null ? "now" : "0";
  return {
    type: "value",
    gridIndex: index,
    min: from - zero,
    max: to - zero,
    axisLine: { show: true, onZero: false, lineStyle: { color: palette.muted, width: 1.5 } },
    axisTick: { show, customValues, lineStyle: { color: palette.muted } },
    splitLine: { show: false },
    axisLabel: {
      show,
      customValues,
      color: palette.muted,
      fontSize: FONT,
      formatter: (offset: number) => offsetWords(offset, origin),
    },
  };
}

function axisOf({ lines, unit }: Panel, index: number, palette: Palette): object {
  const values = lines.flatMap(({ points }) => points.flatMap(([, value]) => (value === null ? [] : [value])));
  const { min, max, step } = valueAxis(values);
  return {
    type: "value",
    gridIndex: index,
    min,
    max,
    interval: index === 0 ? step : max - min,
    axisLine: { show: false },
    axisTick: { show: false },
    axisLabel: { color: palette.muted, fontSize: FONT, formatter: (value: number) => tickWords(value, unit) },
    splitLine: { lineStyle: { color: palette.grid, width: 1.5 } },
  };
}

/** Short, since the legend names the unit: `95 %`, `12k`, `0.05`. */
function tickWords(value: number, unit: string): string {
  const number = unit === "ratio" ? value * 100 : value;
  const large = Math.abs(number) >= 10_000;
  // "+ 0" keeps a negative zero out of the words.
  const text = Number((large ? number / 1000 : number).toPrecision(3)) + 0;
  return `${text}${large ? "k" : ""}${unit === "ratio" ? " %" : ""}`;
}

function drawn(line: Line, panel: number, frame: Frame): object {
  return {
    type: "line",
    xAxisIndex: panel,
    yAxisIndex: panel,
    data: line.points.map(([at, value]) => [at - frame.zero, value]),
    showSymbol: false,
    connectNulls: false,
    lineStyle: { ...strokeOf(line, frame), cap: "round", join: "round" },
    z: line.emphasis === "fired" ? 5 : 4,
  };
}

/**
 * Gives the drawing its words, and takes out what would differ from one to the next: ECharts numbers its ids by
 * instance, and its classes (for what happens under a mouse, which a picture has not) count on for ever.
 */
function described(svg: string, picture: Picture): string {
  const plain = svg
    .replace(/ class="zr\d+-cls-\d+"/g, "")
    .replace(/<style\b[^>]*><!\[CDATA\[[^<>]*\]\]>\s*<\/style>/g, "")
    .replace(/\bzr\d+-/g, "zr-");
  const start = plain.indexOf(">") + 1;
  const head = plain.slice(0, start).replace("<svg ", '<svg role="img" ');
  return `${head}<title>${escaped(picture.title)}</title><desc>${escaped(chartAlt(picture))}</desc>${plain.slice(start)}`;
}

/** XML knows no control characters, not even as references. */
function escaped(text: string): string {
  return text
    .toWellFormed()
    .replace(/\p{Cc}/gu, " ")
    .replace(/[<>&"']/g, (char) => `&#${char.charCodeAt(0)};`);
}
