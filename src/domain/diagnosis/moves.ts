import type { Diagnosis, Suspect } from "./diagnosis.ts";

/** A suspect's probability must move by this much before anybody is told. */
const WORTH_TELLING = 0.05;

/** What moved between two diagnoses, the largest move first. */
export function movesSince(previous: Diagnosis, suspects: readonly Suspect[]): Diagnosis["moved"] {
  const before = new Map(previous.suspects.map((suspect) => [suspect.id, suspect]));
  return suspects
    .flatMap((suspect): Diagnosis["moved"] => {
      const was = before.get(suspect.id);
      const from = was?.probability ?? 0;
      const to = suspect.probability;
      const entry = { suspect: suspect.id, from, to };
      if (suspect.ruledOut !== null)
        return was !== undefined && was.ruledOut === null && from >= WORTH_TELLING
          ? [{ ...entry, move: "ruled_out" }]
          : [];
      if (was === undefined) return to >= WORTH_TELLING ? [{ ...entry, move: "new" }] : [];
      if (Math.abs(to - from) < WORTH_TELLING) return [];
      return [{ ...entry, move: to > from ? "strengthened" : "weakened" }];
    })
    .toSorted((a, b) => Math.abs(b.to - b.from) - Math.abs(a.to - a.from));
}
