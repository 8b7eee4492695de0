import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { CaseFile } from "../domain/case-file.ts";
import { causes } from "../domain/cause.ts";
import type { Runbook } from "../domain/runbook.ts";
import { readScenario } from "../domain/scenario.ts";
import { type Answered, byCause, confusionOf, type Scores, scoresOf } from "../domain/score.ts";
import { type Io, type Replayed, replayFile, suspectsOf } from "./replay.ts";

export interface EvalOptions {
  readonly json: boolean;
  readonly runbooks: readonly Runbook[];
}

/** Replays every scenario of a folder and prints the scores beside two baselines. @returns the exit status */
export async function evaluate(folder: string, { json, runbooks }: EvalOptions, io: Io): Promise<number> {
  const files = (await readdir(folder)).filter((name) => name.endsWith(".json")).toSorted();
  const answers: Answered[] = [];
  const latest: Answered[] = [];
  const unknown: Answered[] = [];
  let status = 0;
  for (const name of files) {
    const file = join(folder, name);
    const read = await replayFile(file, runbooks);
    if (!read.ok || read.answer.expect === null) {
      io.err(JSON.stringify({ file, error: read.ok ? "expect: is missing, nothing to score against" : read.error }));
      status = 1;
      continue;
    }
    const answer = answered(read.answer, read.answer.expect);
    answers.push(answer);
    latest.push(latestChange(answer, await caseFileOf(file)));
    unknown.push({ ...answer, causes: only("unknown"), suspects: [{ change: null, probability: 1 }], remedy: null });
  }
  const report = {
    scores: scoresOf(answers),
    by_cause: byCause(answers),
    confusion: confusionOf(answers),
    baselines: { latest_change: scoresOf(latest), always_unknown: scoresOf(unknown) },
  };
  if (json) io.out(JSON.stringify(report));
  else for (const line of table(report)) io.out(line);
  return status;
}

export function answered({ id, diagnosis, choices, elapsedMs }: Replayed, expect: Answered["expect"]): Answered {
  return {
    id,
    expect,
    causes: diagnosis.causes,
    suspects: suspectsOf(diagnosis),
    remedy: choices[0]?.runbook.remedy ?? null,
    elapsedMs,
  };
}

async function caseFileOf(file: string): Promise<CaseFile | null> {
  const read = readScenario(JSON.parse(await readFile(file, "utf8")) as unknown);
  return read.ok ? read.scenario.caseFile : null;
}

/** The naive tool: whatever was changed last did it, and its kind is the cause. */
function latestChange(answer: Answered, caseFile: CaseFile | null): Answered {
  const last = (caseFile?.changes ?? [])
    .filter(({ at }) => at <= (caseFile?.asOf ?? 0))
    .toSorted((a, b) => b.at - a.at)[0];
  const cause =
    last === undefined
      ? "unknown"
      : last.kind === "prompt" || last.kind === "model" || last.kind === "data"
        ? last.kind
        : last.kind === "infra"
          ? "gpu_infra"
          : last.kind === "provider"
            ? "upstream_provider"
            : "application";
  return { ...answer, causes: only(cause), suspects: [{ change: last?.id ?? null, probability: 1 }], remedy: null };
}

function only(cause: (typeof causes)[number]): Answered["causes"] {
  return Object.fromEntries(causes.map((name) => [name, name === cause ? 1 : 0])) as Answered["causes"];
}

interface Report {
  readonly scores: Scores;
  readonly by_cause: ReturnType<typeof byCause>;
  readonly confusion: ReturnType<typeof confusionOf>;
  readonly baselines: { readonly latest_change: Scores; readonly always_unknown: Scores };
}

function table({ scores, by_cause, confusion, baselines }: Report): string[] {
  const columns: (keyof Scores)[] = [
    "scenarios",
    "causeTop1",
    "causeTop2",
    "culpritTop1",
    "culpritTop3",
    "falseAccusation",
    "calibrationError",
    "brier",
    "remedyHit",
    "msP50",
    "msP95",
  ];
  const row = (name: string, of: Scores) =>
    [name.padEnd(18), ...columns.map((column) => shown(of[column], column).padStart(column.length + 2))].join("");
  const said = causes.map((cause) => cause.padStart(19)).join("");
  return [
    ["".padEnd(18), ...columns.map((column) => column.padStart(column.length + 2))].join(""),
    row("all", scores),
    ...Object.entries(by_cause).map(([cause, of]) => row(cause, of)),
    row("latest change", baselines.latest_change),
    row("always unknown", baselines.always_unknown),
    "",
    `${"expected \\ said".padEnd(18)}${said}`,
    ...Object.entries(confusion).map(
      ([cause, counts]) => cause.padEnd(18) + causes.map((other) => String(counts[other] ?? ".").padStart(19)).join(""),
    ),
  ];
}

function shown(value: number | null, column: keyof Scores): string {
  if (value === null) return "–";
  return column === "scenarios" ? String(value) : column.startsWith("ms") ? value.toFixed(1) : value.toFixed(3);
}
