import type { Diagnosis, Suspect } from "./diagnosis.ts";

/** A suspect's probability must move by this much before anybody is told. */
const WORTH_TELLING = 0.05;

/** What moved between two diagnoses, the largest move first. */
export function movesSince(previous: Diagnosis, suspects: readonly Suspect[]): Diagnosis["moved"] {
  const before = new Map(previous.suspects.map((suspect) => [suspect.id, suspect]));
  return suspects
    .flatMap((suspect) => moveOf(before.get(suspect.id) ?? null, suspect) ?? [])
    .toSorted((a, b) => Math.abs(b.to - b.from) - Math.abs(a.to - a.from));
}

type Move = Diagnosis["moved"][number];

function moveOf(was: Suspect | null, suspect: Suspect): Move | null {
  const entry = { suspect: suspect.id, from: was?.probability ?? 0, to: suspect.probability };
  if (suspect.ruledOut !== null) return newlyRuledOut(was) ? { ...entry, move: "ruled_out" } : null;
  if (was === null) return entry.to >= WORTH_TELLING ? { ...entry, move: "new" } : null;
  if (Math.abs(entry.to - entry.from) < WORTH_TELLING) return null;
  return { ...entry, move: entry.to > entry.from ? "strengthened" : "weakened" };
}

function newlyRuledOut(was: Suspect | null): boolean {
  return was !== null && was.ruledOut === null && was.probability >= WORTH_TELLING;
}
