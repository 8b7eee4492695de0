import type { Evidence } from "../evidence.ts";
import { signalSpec } from "../signal.ts";
import type { CaseContext } from "./case-context.ts";
import { type Finding, type Hypothesis, type Judge, observed } from "./hypothesis.ts";
import type { Movement } from "./movement.ts";
import { concerns, movedWeights } from "./signature-fit.ts";
import { EXPECTED, GROUPS } from "./signature-weights.ts";
import { movedWords, signalWords } from "./wording.ts";

/** A flat group of which only one signal is measured proves less. */
const ONE_MEASURED = 0.65;

const LOADING = ["request_rate", "input_tokens_per_request"];

/** Which signals moved, how far, and which did not, held against what each suspect predicts. */
export const judgeSignature: Judge = (context, hypotheses) => {
  const moved = strongest(context.coherent.filter((movement) => counts(movement, context)));
  const byEvidence = new Map<string, Map<string, number>>(moved.map((movement) => [evidenceId(movement), new Map()]));
  for (const hypothesis of hypotheses) {
    for (const [movement, weight] of movedWeights(hypothesis, moved, context)) {
      byEvidence.get(evidenceId(movement))?.set(hypothesis.id, weight);
    }
  }
  const findings = moved.map((movement): Finding => {
    const id = evidenceId(movement);
    return { evidence: movedEvidence(context, movement, id), weights: byEvidence.get(id) ?? new Map() };
  });
  return [...findings, ...flatFindings(context, hypotheses)];
};

function counts(movement: Movement, context: CaseContext): boolean {
  const relation = context.relation(movement);
  if (movement.onset === null || isRouted(movement) || isOneOfMany(movement, context)) return false;
  // Load comes from above: what callers send explains what waits below.
  if (relation === "caller") return movement.state === "up" && LOADING.includes(movement.signal);
  return relation === "focal" || relation === "dependency";
}

/** A slice that moved while the whole of its signal did not, of a signal that nobody was called for. */
function isOneOfMany({ signal, entity, slice }: Movement, { movements, coherent, fired }: CaseContext): boolean {
  if (Object.keys(slice).length === 0 || fired.includes(signal)) return false;
  const whole = movements.find(
    (other) => other.signal === signal && other.entity.name === entity.name && Object.keys(other.slice).length === 0,
  );
  return whole !== undefined && whole.points >= 4 && !coherent.includes(whole);
}

const ROUTED = ["provider", "model_version", "prompt_version", "region", "node", "gpu_pool", "track"];

/** Requests that go another way are not more or fewer requests. */
function isRouted({ signal, slice }: Movement): boolean {
  return signal === "request_rate" && ROUTED.some((dimension) => slice[dimension] !== undefined);
}

/** For each signal, direction and entity the whole where it moved, else its strongest slice. */
function strongest(movements: readonly Movement[]): Movement[] {
  const best = new Map<string, Movement>();
  for (const movement of movements) {
    const key = `${movement.signal}|${movement.entity.name}|${movement.state}`;
    const current = best.get(key);
    if (current === undefined || rank(movement) > rank(current)) best.set(key, movement);
  }
  return [...best.values()];
}

function rank({ slice, strength }: Movement): number {
  return strength + (Object.keys(slice).length === 0 ? 1 : 0);
}

function evidenceId({ signal, entity, state }: Movement): string {
  return `signature:${signal}:${entity.name}:${state}`;
}

function movedEvidence(context: CaseContext, movement: Movement, id: string): Evidence {
  const { signal, series, now, before } = movement;
  return observed(context, "signature", {
    id,
    statement: movedWords(movement),
    signal,
    labels: series.labels,
    value: now,
    baseline: before,
    unit: signalSpec(signal)?.unit ?? null,
    url: series.url ?? null,
  });
}

function flatFindings(context: CaseContext, hypotheses: readonly Hypothesis[]): Finding[] {
  const byGroups = new Map<string, Map<string, number>>();
  const measuredIn = new Map<string, Movement[]>();
  for (const hypothesis of hypotheses) {
    for (const [groups, weight] of Object.entries(EXPECTED[hypothesis.mechanism] ?? {})) {
      const names = groups.split("+").flatMap((group) => GROUPS[group] ?? []);
      const measured = context.movements.filter(
        (movement) =>
          names.includes(movement.signal) &&
          movement.points >= 4 &&
          isOurs(movement, context) &&
          isWhole(movement, context) &&
          concerns(movement, hypothesis),
      );
      if (measured.length === 0 || measured.some((movement) => context.coherent.includes(movement))) continue;
      const kinds = new Set(measured.map(({ signal }) => signal)).size;
      const key = `${groups}|${hypothesis.subject["provider"] ?? ""}|${hypothesis.subject["gpu_pool"] ?? ""}`;
      measuredIn.set(key, measured);
      const weights = byGroups.get(key) ?? new Map<string, number>();
      byGroups.set(key, weights.set(hypothesis.id, weight * (kinds === 1 ? ONE_MEASURED : 1)));
    }
  }
  return [...byGroups].map(([key, weights]) => ({
    evidence: flatEvidence(context, key, measuredIn.get(key) ?? []),
    weights,
  }));
}

/** A slice that is well says little of the whole; it stands in only where no slice of it is known to be hit. */
function isWhole({ slice, entity, signal }: Movement, { coherent }: CaseContext): boolean {
  if (Object.keys(slice).length === 0) return true;
  const dimensions = Object.keys(slice);
  return !coherent.some(
    (other) =>
      other.strength >= 0.3 &&
      other.harmful !== false &&
      dimensions.some((key) => other.slice[key] !== undefined && other.slice[key] !== slice[key]) &&
      (other.entity.name === entity.name || other.signal !== signal),
  );
}

function isOurs(movement: Movement, context: CaseContext): boolean {
  const relation = context.relation(movement);
  return relation === "focal" || relation === "dependency";
}

function flatEvidence(context: CaseContext, key: string, measured: readonly Movement[]): Evidence {
  const names = [
    ...new Set(
      measured.map(({ signal, entity }) => `${signalWords(signal)}${entity.name === "" ? "" : ` of ${entity.name}`}`),
    ),
  ];
  const shown = names.slice(0, 4).join(", ");
  const more = names.length > 4 ? ` and ${names.length - 4} more` : "";
  return observed(context, "signature", { id: `signature:flat:${key}`, statement: `did not move: ${shown}${more}` });
}
