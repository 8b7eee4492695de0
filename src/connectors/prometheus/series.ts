import type { Series } from "../../domain/case-file.ts";
import type { Grid, Row } from "./api.ts";
import type { Ask } from "./plan.ts";

/** More slices of one signal by one dimension are not looked at. */
const MAX_SLICES = 200;

export interface Answer {
  readonly ask: Ask;
  readonly rows: readonly Row[];
}

/**
 * The answers as series of ours. For each signal of a service, provider or pool only the first query that had data
 * for it counts, so that an aggregate and its slices are measured the same way.
 */
export function seriesOf(answers: readonly Answer[], grid: Grid, linkOf: (expr: string) => string): Series[] {
  const answeredBy = new Map<string, unknown>();
  const seen = new Set<string>();
  return answers.flatMap(({ ask, rows }) =>
    read(ask, rows).flatMap(({ labels, values }) => {
      const owner = JSON.stringify([ask.query.signal, labels[ask.subject.label]]);
      const first = answeredBy.get(owner) ?? ask.query;
      const key = JSON.stringify([ask.query.signal, Object.entries(labels).toSorted()]);
      if (first !== ask.query || seen.has(key)) return [];
      answeredBy.set(owner, first);
      seen.add(key);
      const { start, stepMs } = grid;
      return [{ signal: ask.query.signal, labels, start, stepMs, values, url: linkOf(ask.expr) }];
    }),
  );
}

function read(ask: Ask, rows: readonly Row[]): Row[] {
  const { label, wanted } = ask.subject;
  const named = rows
    .filter(({ values }) => values.some((value) => value !== null))
    .map(({ labels, values }) => ({ labels: renamed(labels, ask), values }))
    .filter(({ labels }) => wanted.includes(labels[label] ?? ""))
    .filter(({ labels }) => typeof ask.cutBy !== "string" || labels[ask.cutBy] !== undefined)
    .slice(0, wanted.length * MAX_SLICES);
  return ask.cutBy === undefined
    ? wanted.flatMap((name) =>
        withoutConstant(
          named.filter(({ labels }) => labels[label] === name),
          label,
        ),
      )
    : named;
}

function renamed(labels: Row["labels"], { read: names }: Ask): Record<string, string> {
  return Object.fromEntries(
    Object.entries(names).flatMap(([ours, theirs]) => {
      const value = theirs.map((name) => labels[name]).find((text) => text !== undefined && text !== "");
      return value === undefined ? [] : [[ours, value]];
    }),
  );
}

/** A label that is the same on every row cuts nothing: it is taken away, which leaves a lone row as the aggregate. */
function withoutConstant(rows: readonly Row[], subject: string): Row[] {
  const [first] = rows;
  const constant = Object.entries(first?.labels ?? {})
    .filter(([name, value]) => name !== subject && rows.every(({ labels }) => labels[name] === value))
    .map(([name]) => name);
  return rows.map(({ labels, values }) => ({
    labels: Object.fromEntries(Object.entries(labels).filter(([name]) => !constant.includes(name))),
    values,
  }));
}
