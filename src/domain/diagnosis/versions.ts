import type { Cause } from "../cause.ts";
import { carriersOf } from "./carriers.ts";
import { type CaseContext, changesBefore } from "./case-context.ts";
import type { Movement } from "./movement.ts";

/** A version that carries the effect, or that came up with it. */
export interface NewVersion {
  readonly dimension: "prompt_version" | "model_version";
  readonly version: string;
  readonly cause: Cause;
  readonly service: string;
  /** The version that is well, where exactly one is. */
  readonly good: string | null;
}

/** Versions in the slices that no recorded change brought: they came up with the onset, or they alone carry the effect. */
export function newVersions(context: CaseContext): NewVersion[] {
  const found = new Map<string, NewVersion>();
  const alone = new Set(carriersOf(context).flatMap(({ hit, spared }) => (spared.length > 0 ? hit : [])));
  for (const movement of context.coherent) {
    for (const dimension of ["prompt_version", "model_version"] as const) {
      const version = movement.slice[dimension];
      if (
        version === undefined ||
        movement.entity.kind !== "service" ||
        !(fresh(movement) && (movement.appearedAt !== null || alone.has(movement)))
      )
        continue;
      if (changesBefore(context).some((change) => namesVersion([change.after, change.title, change.summary], version)))
        continue;
      const cause: Cause = dimension === "prompt_version" ? "prompt" : "model";
      found.set(`${dimension}:${version}`, {
        dimension,
        version,
        cause,
        service: movement.entity.name,
        good: goodOne(context, movement, dimension),
      });
    }
  }
  return [...found.values()];
}

function goodOne({ movements }: CaseContext, hit: Movement, dimension: NewVersion["dimension"]): string | null {
  const peers = movements.filter(
    ({ signal, entity, slice, appearedAt, state }) =>
      signal === hit.signal &&
      entity.name === hit.entity.name &&
      slice[dimension] !== undefined &&
      appearedAt === null &&
      state !== "unknown",
  );
  const others = [...new Set(peers.map(({ slice }) => slice[dimension] ?? ""))].filter(
    (version) => version !== hit.slice[dimension],
  );
  return others.length === 1 ? (others[0] ?? null) : null;
}

function fresh({ appearedAt, harmful, strength }: Movement): boolean {
  return appearedAt !== null || (harmful === true && strength >= 0.3);
}

/** Whether one of the texts names the version: equal, as a whole word in it, or as a whole word of a longer label. */
export function namesVersion(texts: readonly (string | null)[], version: string): boolean {
  const wanted = plain(version);
  if (wanted === "") return false;
  const words = wanted.split(/[^a-z0-9.]+/).map(plain);
  return texts.some((text) => {
    if (text === null) return false;
    const given = plain(text);
    if (given === wanted) return true;
    if (/\d/.test(given) && words.includes(given)) return true;
    const at = given.indexOf(wanted);
    if (at === -1 || (wanted.length < 2 && given.length > 3)) return false;
    return !/[a-z0-9]/.test(given[at - 1] ?? " ") && !/[a-z0-9]/.test(given[at + wanted.length] ?? " ");
  });
}

function plain(text: string): string {
  return text
    .toLowerCase()
    .trim()
    .replace(/^v(?=\d)/, "");
}
