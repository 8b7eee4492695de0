import { readFile } from "node:fs/promises";
import { performance } from "node:perf_hooks";
import { type Choice, chooseRunbooks } from "../domain/choose-runbook.ts";
import { diagnose } from "../domain/diagnosis/diagnose.ts";
import type { Diagnosis } from "../domain/diagnosis/diagnosis.ts";
import type { Runbook } from "../domain/runbook.ts";
import { type Expectation, readScenario } from "../domain/scenario.ts";
import { iso } from "../domain/time.ts";

/** Where a command writes. */
export interface Io {
  readonly out: (line: string) => void;
  readonly err: (line: string) => void;
}

export interface ReplayOptions {
  /** One JSON object a line instead of text for people. */
  readonly json: boolean;
  readonly runbooks: readonly Runbook[];
}

/** Suspects below this are cut from what is printed. */
const TAIL = 0.005;

/** Diagnoses recorded scenarios as of their own time, in the order given. @returns the exit status */
export async function replay(files: readonly string[], { json, runbooks }: ReplayOptions, io: Io): Promise<number> {
  let status = 0;
  for (const file of files) {
    const read = await replayFile(file, runbooks);
    if (read.ok) io.out(json ? JSON.stringify(printed(read.answer)) : told(read.answer));
    else {
      io.err(JSON.stringify({ file, error: read.error }));
      status = 1;
    }
  }
  return status;
}

/** One replayed scenario. */
export interface Replayed {
  readonly id: string;
  readonly diagnosis: Diagnosis;
  readonly choices: readonly Choice[];
  readonly elapsedMs: number;
  /** Kept beside the answer for the scorer; nothing before this point reads it. */
  readonly expect: Expectation | null;
}

export async function replayFile(
  file: string,
  runbooks: readonly Runbook[],
): Promise<{ ok: true; answer: Replayed } | { ok: false; error: string }> {
  const json = await parseFile(file);
  if (!json.ok) return json;
  const read = readScenario(json.value);
  if (!read.ok) return read;
  const { id, caseFile, expect } = read.scenario;
  const begun = performance.now();
  const diagnosis = diagnose(caseFile);
  const choices = chooseRunbooks(diagnosis, caseFile, runbooks);
  return { ok: true, answer: { id, diagnosis, choices, elapsedMs: performance.now() - begun, expect } };
}

/** Reads a JSON file; what is wrong with it comes back as a sentence. */
export async function parseFile(file: string): Promise<{ ok: true; value: unknown } | { ok: false; error: string }> {
  try {
    return { ok: true, value: JSON.parse(await readFile(file, "utf8")) as unknown };
  } catch (error) {
    return { ok: false, error: error instanceof Error ? error.message : String(error) };
  }
}

function printed({ id, diagnosis, choices, elapsedMs }: Replayed) {
  const { asOf, cause, confidence, causes, onset, gaps } = diagnosis;
  return {
    id,
    as_of: iso(asOf),
    cause,
    confidence: rounded(confidence),
    causes: Object.fromEntries(Object.entries(causes).map(([name, probability]) => [name, rounded(probability)])),
    suspects: suspectsOf(diagnosis),
    onset: onset === null ? null : { at: iso(onset.at), from: iso(onset.from), to: iso(onset.to) },
    proposals: choices.slice(0, 5).map(({ runbook }) => ({ runbook: runbook.name, remedy: runbook.remedy })),
    gaps: gaps.map(({ what, why }) => `${what}: ${why}`),
    elapsed_ms: Math.round(elapsedMs * 10) / 10,
  };
}

/** Sorted, without the tail, and summing to one. */
export function suspectsOf({ suspects }: Diagnosis): { change: string | null; cause: string; probability: number }[] {
  const kept = suspects.filter(({ probability }) => probability >= TAIL);
  const sum = kept.reduce((all, { probability }) => all + probability, 0) || 1;
  return kept.map(({ changeId, cause, probability }) => ({
    change: changeId,
    cause,
    probability: rounded(probability / sum),
  }));
}

function rounded(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}

function told({ id, diagnosis, choices, elapsedMs }: Replayed): string {
  const statements = new Map(diagnosis.evidence.map(({ id: name, statement }) => [name, statement]));
  const suspects = diagnosis.suspects.slice(0, 4).map(({ title, changeId, cause, probability, weights }) => {
    const strongest = weights.toSorted((a, b) => Math.abs(b.logOdds) - Math.abs(a.logOdds)).slice(0, 4);
    const why = strongest.map(
      ({ evidence, logOdds }) =>
        `      ${logOdds >= 0 ? "+" : "−"}${Math.abs(logOdds).toFixed(1)} ${statements.get(evidence) ?? evidence}`,
    );
    return [
      `  ${Math.round(probability * 100)} % ${cause}: ${title}${changeId === null ? "" : ` [${changeId}]`}`,
      ...why,
    ].join("\n");
  });
  const proposal =
    choices[0] === undefined ? "nothing that fits" : `${choices[0].runbook.title} (${choices[0].runbook.remedy})`;
  const head = `${id}: ${diagnosis.cause}, ${Math.round(diagnosis.confidence * 100)} %`;
  return [head, ...suspects, `  proposal: ${proposal}`, `  ${elapsedMs.toFixed(0)} ms`].join("\n");
}
