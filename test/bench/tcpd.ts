import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { changePoints } from "../../src/domain/stats/segmentation.ts";
import type { Row } from "./row.ts";

/** Distance at which a prediction still counts (benchmarks/README.md). */
const MARGIN = 5;

interface Annotated {
  readonly name: string;
  readonly values: readonly number[];
  readonly annotations: readonly (readonly number[])[];
}

/** The Turing Change Point Dataset, scored as its authors do: F1 with a margin of 5, and covering. */
export function changePointBench(folder: string): Row[] {
  const all = annotatedIn(folder).map(({ name, values, annotations }) => ({
    name,
    ...scored(annotations, changePoints(values), values.length),
  }));
  const quality = all.filter(({ name }) => name.startsWith("quality_control"));
  const rest = all.filter(({ name }) => !name.startsWith("quality_control") && name !== "uk_coal_employ");
  const mean = (of: readonly number[]) => of.reduce((sum, one) => sum + one, 0) / of.length;
  const f1 = mean(rest.map((one) => one.f1));
  const covering = mean(rest.map((one) => one.covering));
  const control = mean(quality.map((one) => one.f1));
  return [
    {
      bench: "changepoint",
      metric: `f1_of_${rest.length}`,
      value: f1,
      unit: "ratio",
      peer: "BinSeg, default (arXiv:2003.06222)",
      peer_value: 0.69,
      ratio: f1 / 0.69,
    },
    {
      bench: "changepoint",
      metric: `covering_of_${rest.length}`,
      value: covering,
      unit: "ratio",
      peer: "AMOC, default (arXiv:2003.06222)",
      peer_value: 0.657,
      ratio: covering / 0.657,
    },
    {
      bench: "changepoint",
      metric: "f1_of_quality_control",
      value: control,
      unit: "ratio",
      peer: "BinSeg, default (arXiv:2003.06222)",
      peer_value: 0.975,
      ratio: control / 0.975,
    },
  ];
}

function annotatedIn(folder: string): Annotated[] {
  const annotations = JSON.parse(readFileSync(join(folder, "annotations.json"), "utf8")) as Record<
    string,
    Record<string, number[]>
  >;
  return readdirSync(join(folder, "series"))
    .map(
      (file) =>
        JSON.parse(readFileSync(join(folder, "series", file), "utf8")) as {
          name: string;
          n_dim: number;
          series: { raw: (number | null)[] }[];
        },
    )
    .filter(({ n_dim }) => n_dim === 1)
    .map(({ name, series }) => ({
      name,
      values: filled(series[0]?.raw ?? []),
      annotations: Object.values(annotations[name] ?? {}),
    }));
}

/** A gap keeps the value before it. */
function filled(raw: readonly (number | null)[]): number[] {
  let last = raw.find((value) => value !== null) ?? 0;
  return raw.map((value) => {
    last = value ?? last;
    return last;
  });
}

export function scored(
  annotations: readonly (readonly number[])[],
  predicted: readonly number[],
  length: number,
): { f1: number; covering: number } {
  const places = [...new Set([0, ...predicted.filter((place) => place >= 1 && place <= length - 2)])].toSorted(
    (a, b) => a - b,
  );
  const sets = annotations.map((marks) => [...new Set([0, ...marks])]);
  const precision = matches([...new Set(sets.flat())], places) / places.length;
  const recall = sets.reduce((sum, marks) => sum + matches(marks, places) / marks.length, 0) / sets.length;
  const pieces = piecesOf(places, length);
  const covering =
    annotations.reduce(
      (sum, marks) =>
        sum +
        covered(
          piecesOf(
            [...new Set([0, ...marks])].toSorted((a, b) => a - b),
            length,
          ),
          pieces,
          length,
        ),
      0,
    ) / annotations.length;
  return { f1: precision + recall === 0 ? 0 : (2 * precision * recall) / (precision + recall), covering };
}

function matches(marks: readonly number[], places: readonly number[]): number {
  const free = new Set(places);
  let count = 0;
  for (const mark of marks.toSorted((a, b) => a - b)) {
    const near = [...free]
      .filter((place) => Math.abs(place - mark) <= MARGIN)
      .toSorted((a, b) => Math.abs(a - mark) - Math.abs(b - mark) || a - b)[0];
    if (near === undefined) continue;
    free.delete(near);
    count += 1;
  }
  return count;
}

type Piece = readonly [from: number, to: number];

function piecesOf(places: readonly number[], length: number): Piece[] {
  return places.map((from, i): Piece => [from, places[i + 1] ?? length]);
}

function covered(truth: readonly Piece[], pieces: readonly Piece[], length: number): number {
  const overlap = ([a, b]: Piece, [c, d]: Piece) => {
    const both = Math.max(0, Math.min(b, d) - Math.max(a, c));
    return both / (b - a + (d - c) - both);
  };
  return (
    truth.reduce(
      (sum, piece) => sum + (piece[1] - piece[0]) * Math.max(...pieces.map((other) => overlap(piece, other))),
      0,
    ) / length
  );
}
