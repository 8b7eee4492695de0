import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Sample } from "../../src/domain/case-file.ts";
import { driftIn } from "../../src/domain/diagnosis/drift-test.ts";
import { median } from "../../src/domain/stats/robust.ts";
import type { Row } from "./row.ts";

interface Answer {
  readonly task: string;
  readonly model: string;
  readonly ok: string;
  readonly chars: number;
}

/** A person would see a difference of so many points in what is right, or of this factor in length. */
const POINTS = 0.05;
const FACTOR = 1.25;
/** Splits of one and the same model, in which nothing changed. */
const SPLITS = 10;

/** Silent updates of two model families on five tasks: are the visible ones found, and is nothing found in splits of the same model? */
export function llmDriftBench(folder: string): Row[] {
  const answers = readAnswers(join(folder, "generations_features.csv"));
  const tasks = [...new Set(answers.map(({ task }) => task))];
  const families = [
    ["gpt-4-0314", "gpt-4-0613"],
    ["gpt-3.5-turbo-0301", "gpt-3.5-turbo-0613"],
  ] as const;
  const of = (task: string, model: string) =>
    answers.filter((answer) => answer.task === task && answer.model === model);
  const pairs = tasks.flatMap((task) =>
    families.map(([before, after]) => ({ before: of(task, before), after: of(task, after) })),
  );
  const visible = pairs.filter(({ before, after }) => isVisible(before, after));
  const found = visible.filter(({ before, after }) => changed(before, after));
  const splits = tasks.flatMap((task) => families.flat().flatMap((model) => splitsOf(of(task, model))));
  const false_ = splits.filter(([one, other]) => changed(one, other));
  return [
    { bench: "drift", metric: "visible_changes", value: visible.length, unit: "pairs" },
    { bench: "drift", metric: "visible_changes_found", value: found.length / visible.length, unit: "ratio" },
    { bench: "drift", metric: "same_model_splits", value: splits.length, unit: "pairs" },
    { bench: "drift", metric: "changes_reported_in_same_model_splits", value: false_.length, unit: "pairs" },
  ];
}

function readAnswers(file: string): Answer[] {
  const [head = "", ...lines] = readFileSync(file, "utf8").trim().split("\n");
  const names = head.trim().split(",");
  return lines.map((line) => {
    const cells = line.trim().split(",");
    const cell = (name: string) => cells[names.indexOf(name)] ?? "";
    return { task: cell("task"), model: cell("model"), ok: cell("ok"), chars: Number(cell("answer_chars")) };
  });
}

function isVisible(before: readonly Answer[], after: readonly Answer[]): boolean {
  const right = (answers: readonly Answer[]) => answers.filter(({ ok }) => ok === "1").length / answers.length;
  const length = (answers: readonly Answer[]) => median(answers.map(({ chars }) => chars)) + 1;
  const ratio = length(after) / length(before);
  return Math.abs(right(after) - right(before)) >= POINTS || ratio >= FACTOR || ratio <= 1 / FACTOR;
}

function changed(before: readonly Answer[], after: readonly Answer[]): boolean {
  const samples: Sample[] = [
    {
      name: "answer length",
      service: "model",
      kind: "numeric",
      reference: before.map(({ chars }) => chars),
      current: after.map(({ chars }) => chars),
    },
    {
      name: "right",
      service: "model",
      kind: "categorical",
      reference: before.map(({ ok }) => ok),
      current: after.map(({ ok }) => ok),
    },
  ];
  return driftIn(samples).drifted.length > 0;
}

/** Each answer goes to one side or the other by a fixed shuffle, differently for each split. */
function splitsOf(answers: readonly Answer[]): (readonly [Answer[], Answer[]])[] {
  return Array.from({ length: SPLITS }, (_, split) => {
    const side = (i: number) => (Math.imul(i + 1, 2_654_435_761 + split * 40_503) >>> 16) % 2 === 0;
    return [answers.filter((_answer, i) => side(i)), answers.filter((_answer, i) => !side(i))] as const;
  });
}
