import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { CaseFile } from "../domain/case-file.ts";
import { chooseRunbooks } from "../domain/choose-runbook.ts";
import { conclude, type Reasons, reasonsOf } from "../domain/diagnosis/diagnose.ts";
import { FIT, type Fit, parts } from "../domain/diagnosis/fit.ts";
import { type Labelled, refit } from "../domain/diagnosis/refit.ts";
import type { Runbook } from "../domain/runbook.ts";
import { readScenario } from "../domain/scenario.ts";
import { type Answered, type Scores, scoresOf } from "../domain/score.ts";
import { type Io, parseFile, suspectsOf } from "./replay.ts";

export interface TrainOptions {
  /** Only cross-validate, and fail when that is much worse than the weights as they stand. */
  readonly check: boolean;
  readonly runbooks: readonly Runbook[];
}

/** Groups that are held out in turn. */
const FOLDS = 10;
/** How much worse than as it stands the cross-validated figures may be. */
const SLACK = 0.05;

interface Case extends Labelled, Reasons {
  readonly caseFile: CaseFile;
}

/**
 * Refits how far each part of the knowledge is trusted on labelled scenarios, and prints what would change and the scores
 * cross-validated by incident: variants of one are held out together. @returns the exit status
 */
export async function train(folders: readonly string[], { check, runbooks }: TrainOptions, io: Io): Promise<number> {
  const cases = (await Promise.all(folders.map((folder) => casesIn(folder, io)))).flat();
  if (cases.length === 0) {
    io.err("no scenario with an expectation was found");
    return 1;
  }
  const asItStands = scoresOf(cases.map((one) => answerOf(one, FIT, runbooks)));
  const held = scoresOf(heldOut(cases, runbooks));
  io.out(line("as it stands", asItStands));
  io.out(line("cross-validated", held));
  if (check) return worse(asItStands, held, io);
  for (const text of differences(FIT, refit(cases, FIT))) io.out(text);
  return 0;
}

async function casesIn(folder: string, io: Io): Promise<Case[]> {
  const files = (await readdir(folder)).filter((name) => name.endsWith(".json")).toSorted();
  const cases: Case[] = [];
  for (const name of files) {
    const json = await parseFile(join(folder, name));
    const read = json.ok ? readScenario(json.value) : json;
    if (!read.ok) io.err(JSON.stringify({ file: join(folder, name), error: read.error }));
    else if (read.scenario.expect !== null) {
      const { caseFile, expect } = read.scenario;
      cases.push({ ...reasonsOf(caseFile), caseFile, expect, incident: name.replace(/-\d+\.json$/, "") });
    }
  }
  return cases;
}

/** Every incident is answered by weights that were fitted without it. */
function heldOut(cases: readonly Case[], runbooks: readonly Runbook[]): Answered[] {
  const incidents = [...new Set(cases.map(({ incident }) => incident))];
  const foldOf = (incident: string) => incidents.indexOf(incident) % FOLDS;
  return Array.from({ length: Math.min(FOLDS, incidents.length) }, (_, fold) => {
    const fit = refit(
      cases.filter(({ incident }) => foldOf(incident) !== fold),
      FIT,
    );
    return cases.filter(({ incident }) => foldOf(incident) === fold).map((one) => answerOf(one, fit, runbooks));
  }).flat();
}

function answerOf(one: Case, fit: Fit, runbooks: readonly Runbook[]): Answered {
  const diagnosis = conclude(one, fit);
  const remedy = chooseRunbooks(diagnosis, one.caseFile, runbooks)[0]?.runbook.remedy ?? null;
  return {
    id: one.incident,
    expect: one.expect,
    causes: diagnosis.causes,
    suspects: suspectsOf(diagnosis),
    remedy,
    elapsedMs: 0,
  };
}

const SHOWN = [
  "causeTop1",
  "causeTop2",
  "culpritTop1",
  "culpritTop3",
  "falseAccusation",
  "calibrationError",
  "brier",
  "remedyHit",
] as const satisfies readonly (keyof Scores)[];
const LESS_IS_BETTER: readonly string[] = ["falseAccusation", "calibrationError", "brier"];

function line(name: string, scores: Scores): string {
  return `${name.padEnd(16)} ${SHOWN.map((key) => `${key} ${(scores[key] ?? 0).toFixed(3)}`).join("  ")}`;
}

function worse(asItStands: Scores, held: Scores, io: Io): number {
  const fallen = SHOWN.filter((key) => {
    const by = (held[key] ?? 0) - (asItStands[key] ?? 0);
    return (LESS_IS_BETTER.includes(key) ? by : -by) > SLACK;
  });
  for (const key of fallen)
    io.err(
      `${key} falls from ${(asItStands[key] ?? 0).toFixed(3)} to ${(held[key] ?? 0).toFixed(3)} on incidents that were held out`,
    );
  return fallen.length === 0 ? 0 : 1;
}

function differences(old: Fit, fitted: Fit): string[] {
  const rows: [string, number, number][] = [
    ...parts.map((part): [string, number, number] => [`scales.${part}`, old.scales[part], fitted.scales[part]]),
    ["changeBase", old.changeBase, fitted.changeBase],
    ["ambientBase", old.ambientBase, fitted.ambientBase],
    ["unknownBase", old.unknownBase, fitted.unknownBase],
    ["temperature", old.temperature, fitted.temperature],
  ];
  return rows
    .filter(([, before, after]) => before !== after)
    .map(([name, before, after]) => `${name.padEnd(20)} ${before} → ${after}`);
}
