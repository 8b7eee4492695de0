import { signalSpec } from "../signal.ts";
import { type Carriers, carriersOf } from "./carriers.ts";
import type { CaseContext } from "./case-context.ts";
import { type Finding, type Hypothesis, type Judge, observed, weigh } from "./hypothesis.ts";
import type { Movement } from "./movement.ts";
import { AMBIENT_BY_DIMENSION } from "./slice-weights.ts";
import { namesVersion } from "./versions.ts";
import { WEIGHTS } from "./weights.ts";
import { signalWords, withUnit } from "./wording.ts";

const { match, mismatch, spread } = WEIGHTS.slice;

/** Which values of which dimension carry the effect, which of their peers do not, and whom that convicts or acquits. */
export const judgeSlices: Judge = (context, hypotheses) => {
  const carriers = clearest(
    carriersOf(context).filter((cut) => concernsUs(cut, context)),
    context,
  );
  return carriers.map((cut) => finding(context, cut, hypotheses));
};

/** A cut of a signal that as a whole stayed as it was is one of very many: by chance some slice of it always stands out. */
function concernsUs({ signal, whole }: Carriers, { fired, coherent }: CaseContext): boolean {
  return whole === null || fired.includes(signal) || coherent.includes(whole);
}

/** One verdict for each dimension: on what fired, then with most to compare, then the strongest. */
function clearest(all: readonly Carriers[], context: CaseContext): Carriers[] {
  const best = new Map<string, Carriers>();
  for (const cut of all) {
    const current = best.get(cut.dimension);
    if (current === undefined || clarity(cut, context) > clarity(current, context)) best.set(cut.dimension, cut);
  }
  return [...best.values()];
}

/** A cut of the signal that people were called for tells of the incident; one of another signal may be a coincidence. */
const FIRED = 2;

function clarity({ hit, spared, whole, signal }: Carriers, { fired }: CaseContext): number {
  const told = fired.includes(signal) ? FIRED : 0;
  const strength = Math.max(0, ...hit.map((movement) => movement.strength), whole === null ? 0 : whole.strength / 2);
  return told + strength + (hit.length > 0 && spared.length > 0 ? 2 : 0) + (hit.length > 0 ? 1 : 0);
}

function finding(context: CaseContext, cut: Carriers, hypotheses: readonly Hypothesis[]): Finding {
  const { dimension, hit, spared, signal, entity } = cut;
  const values = (movements: readonly Movement[]) => [...new Set(movements.map(({ slice }) => slice[dimension] ?? ""))];
  const unit = signalSpec(signal)?.unit ?? null;
  const shown = (movements: readonly Movement[]) =>
    movements
      .slice(0, 4)
      .map((movement) => `${movement.slice[dimension] ?? ""} (${withUnit(movement.now, unit)})`)
      .join(", ");
  const what = `${signalWords(signal)}${entity === "" ? "" : ` of ${entity}`} by ${signalWords(dimension)}`;
  const statement =
    hit.length === 0
      ? `${what}: ${shown(spared)} not hit, although the whole is`
      : `${what}: ${shown(hit)} hit${spared.length === 0 ? "" : `; ${shown(spared)} not`}`;
  const evidence = observed(context, "slice", {
    id: `slice:${dimension}:${signal}:${entity}`,
    statement,
    signal,
    labels: hit[0]?.series.labels ?? {},
    value: hit[0]?.now ?? null,
    baseline: hit[0]?.before ?? null,
    unit,
  });
  const cameUp = hit.some(({ appearedAt }) => isOnset(context, appearedAt));
  const seen = { cut, hitValues: values(hit), sparedValues: values(spared), cameUp };
  return weigh(evidence, hypotheses, (hypothesis) => sliceWeight(hypothesis, seen));
}

interface Seen {
  readonly cut: Carriers;
  readonly hitValues: readonly string[];
  readonly sparedValues: readonly string[];
  /** A value that is hit had never been seen before the onset. */
  readonly cameUp: boolean;
}

function isOnset({ onset, stepMs }: CaseContext, at: number | null): boolean {
  return at !== null && onset !== null && at >= onset.from - 5 * stepMs && at <= onset.to + 5 * stepMs;
}

function sliceWeight(hypothesis: Hypothesis, seen: Seen): number {
  const { dimension } = seen.cut;
  if (dimension === "prompt_version" || dimension === "model_version")
    return versionWeight(hypothesis, seen, dimension);
  if (dimension === "track") return trackWeight(hypothesis, seen);
  return hypothesis.change === null ? ambientWeight(hypothesis, seen) : scopeWeight(hypothesis, seen);
}

type VersionDimension = "prompt_version" | "model_version";

function versionWeight(hypothesis: Hypothesis, seen: Seen, dimension: VersionDimension): number {
  const { hitValues, sparedValues, cameUp } = seen;
  const told = versionsTold(hypothesis, dimension);
  const named = (values: readonly string[]) => values.some((value) => namesVersion(told, value));
  if (named(hitValues)) return sparedValues.length > 0 || cameUp ? match : match * 0.6;
  if (named(sparedValues)) return mismatch;
  if (hitValues.length === 0) return 0;
  return sparedValues.length > 0
    ? apartWeight(hypothesis, dimension)
    : hypothesis.mechanism === OWN[dimension] && hitValues.length > 1
      ? spread
      : 0;
}

const OWN = { prompt_version: "prompt", model_version: "model" } as const;

function versionsTold({ change, subject }: Hypothesis, dimension: VersionDimension): (string | null)[] {
  if (change === null) return [subject[dimension] ?? null];
  const words = change.kind === OWN[dimension] ? [change.title, change.summary] : [];
  return [change.after, change.scope[dimension] ?? null, ...words];
}

/** A version apart from its peers: whatever hits all of them alike did not do it. */
function apartWeight({ mechanism, subject }: Hypothesis, dimension: VersionDimension): number {
  if (mechanism === OWN[dimension]) return -0.6;
  if (mechanism === "unknown") return 0;
  const theirs =
    mechanism === "provider_change" || mechanism === "provider_silent_change" || mechanism === "provider_outage";
  if (!theirs) return -1.2;
  return dimension === "model_version" && subject[dimension] === undefined ? 0 : -0.8;
}

function trackWeight({ change, mechanism }: Hypothesis, { hitValues, sparedValues }: Seen): number {
  const canary = change !== null && (change.rollout?.strategy === "canary" || change.scope["track"] === "canary");
  if (hitValues.includes("stable")) return canary ? mismatch : 0;
  if (hitValues.includes("canary") && sparedValues.includes("stable"))
    return canary ? match : mechanism === "unknown" ? 0 : -1.8;
  return hitValues.length === 0 && sparedValues.includes("canary") && canary ? mismatch : 0;
}

function ambientWeight({ subject, mechanism }: Hypothesis, { cut, hitValues, sparedValues }: Seen): number {
  const own = subject[cut.dimension];
  const named = cut.dimension === "provider" || cut.dimension === "gpu_pool";
  if (named && own !== undefined && hitValues.includes(own)) return narrowness(hitValues, sparedValues);
  if (named && own !== undefined && sparedValues.includes(own)) return mismatch;
  if (hitValues.length === 0 || (sparedValues.length === 0 && cut.dimension !== "node")) return 0;
  const weight = AMBIENT_BY_DIMENSION[cut.dimension]?.[mechanism] ?? 0;
  return weight * (sparedValues.length > 0 ? 1 : 0.5);
}

/** How unlikely it is to name the hit values by chance: ln of how many there are to each that is hit. */
function narrowness(hitValues: readonly string[], sparedValues: readonly string[]): number {
  return Math.log(1 + sparedValues.length / Math.max(1, hitValues.length)) + (sparedValues.length > 0 ? 0.3 : 0);
}

function scopeWeight(hypothesis: Hypothesis, seen: Seen): number {
  const { change, mechanism, reading } = hypothesis;
  const { cut, hitValues, sparedValues } = seen;
  if (change === null) return 0;
  const scope = change.scope[cut.dimension];
  const text = `${change.target} ${change.title} ${change.summary ?? ""}`.toLowerCase();
  if (scope !== undefined && hitValues.includes(scope)) return 0.4 + narrowness(hitValues, sparedValues);
  if (scope !== undefined && (sparedValues.includes(scope) || hitValues.length > 0)) return WEIGHTS.slice.scopeSpared;
  if (hitValues.some((value) => value.length > 1 && mentions(text, value))) return 1.5;
  if (hitValues.length === 0 || sparedValues.length === 0) return 0;
  if (sparedValues.some((value) => value.length > 1 && mentions(text, value))) return -1.2;
  const weight = AMBIENT_BY_DIMENSION[cut.dimension]?.[mechanism] ?? 0;
  const everywhere = new RegExp(`\\b(all|both|every|each)( \\w+)? ${cut.dimension.replace("_", ".")}s?\\b`).test(text)
    ? spread
    : 0;
  const unscoped = UNSCOPED[cut.dimension] ?? 0;
  return Math.min(weight, 0.5) + everywhere + (reading?.mitigation === true ? 0 : unscoped);
}

/** What a change that says nothing of the dimension loses when only one of its values is hit: it would have hit all. */
const UNSCOPED: Readonly<Record<string, number>> = {
  node: -1,
  region: -0.8,
  gpu_pool: -0.6,
  provider: -0.6,
  tenant: -0.5,
  language: -0.1,
  route: 0,
  feature: 0,
};

function mentions(text: string, value: string): boolean {
  const wanted = value.toLowerCase().replace(/^\//, "");
  const at = text.indexOf(wanted);
  return (
    wanted.length > 1 &&
    at !== -1 &&
    !/[a-z0-9]/.test(text[at - 1] ?? " ") &&
    !/[a-z0-9]/.test(text[at + wanted.length] ?? " ")
  );
}
