import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { CaseFile } from "../../src/domain/case-file.ts";
import { chooseRunbooks } from "../../src/domain/choose-runbook.ts";
import { diagnose } from "../../src/domain/diagnosis/diagnose.ts";
import { readScenario, type Scenario } from "../../src/domain/scenario.ts";
import { type Answered, type Scores, scoresOf } from "../../src/domain/score.ts";
import { loadRunbooks } from "../../src/runbooks.ts";
import { SKETCHES } from "./incidents/all.ts";
import { type GeneratedOptions, generate } from "./incidents/generate.ts";
import { FOURTH_SKETCHES } from "./incidents/sketches-fourth.ts";
import { SECOND_SKETCHES } from "./incidents/sketches-second.ts";
import { THIRD_SKETCHES } from "./incidents/sketches-third.ts";

/** A scenario with the incident that it is a variant of: whatever is held out is held out by incident. */
export interface Told extends Scenario {
  readonly incident: string;
}

const SEEDS = [1, 2, 3];

/** The incidents that the project made up for itself, in three variants each. */
export function generated(options: GeneratedOptions = {}): Told[] {
  return [...SKETCHES, ...SECOND_SKETCHES, ...THIRD_SKETCHES, ...FOURTH_SKETCHES].flatMap((sketch) =>
    SEEDS.flatMap((seed) => {
      const read = readScenario(generate(sketch, seed, options));
      return read.ok ? [{ ...read.scenario, incident: sketch.name }] : [];
    }),
  );
}

/** The recorded incidents of a folder; the number at the end of a file's name is the variant. */
export function recorded(folder: string): Told[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .toSorted()
    .flatMap((name) => {
      const read = readScenario(JSON.parse(readFileSync(join(folder, name), "utf8")));
      return read.ok ? [{ ...read.scenario, incident: name.replace(/-\d+\.json$/, "") }] : [];
    });
}

const runbooks = loadRunbooks("runbooks");

/** Diagnoses all of them, each as `change` made its case, and scores the answers. */
export function scoreAll(
  told: readonly Told[],
  change: (caseFile: CaseFile) => CaseFile = (caseFile) => caseFile,
): Scores & { readonly confidence: number } {
  const answers = told.flatMap(({ id, caseFile, expect }): Answered[] => {
    if (expect === null) return [];
    const changed = change(caseFile);
    const begun = performance.now();
    const diagnosis = diagnose(changed);
    const remedy = chooseRunbooks(diagnosis, changed, runbooks)[0]?.runbook.remedy ?? null;
    const suspects = diagnosis.suspects.map(({ changeId, probability }) => ({ change: changeId, probability }));
    return [{ id, expect, causes: diagnosis.causes, suspects, remedy, elapsedMs: performance.now() - begun }];
  });
  const confidence =
    answers.reduce((sum, { causes }) => sum + Math.max(...Object.values(causes)), 0) / Math.max(1, answers.length);
  return { ...scoresOf(answers), confidence };
}
