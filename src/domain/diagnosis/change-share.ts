import { signalSpec } from "../signal.ts";
import type { CaseContext } from "./case-context.ts";
import { type Finding, type Hypothesis, observed } from "./hypothesis.ts";
import type { Movement } from "./movement.ts";
import { WEIGHTS } from "./weights.ts";
import { aboutSeries } from "./wording.ts";

/** A part of the traffic can multiply a mean by about this much and no more. */
const MEAN_LEVERAGE = 8;

/** A change that had a tenth of the traffic cannot have broken a third of it. */
export function shareFinding(context: CaseContext, { id, change }: Hypothesis): Finding | null {
  const rollout = change?.rollout ?? null;
  if (change === null || rollout === null || rollout.percent >= 90 || rollout.percent <= 0) return null;
  if (rollout.strategy === "all") return null;
  const share = rollout.percent / 100;
  const worst = context.coherent
    .filter(
      (movement) =>
        Object.keys(movement.slice).length === 0 && ["focal", "dependency"].includes(context.relation(movement)),
    )
    .map((movement) => ({ movement, needed: neededShare(movement) }))
    .toSorted((a, b) => b.needed - a.needed)[0];
  if (worst === undefined || worst.needed <= share * 1.25 + 0.02) return null;
  const statement = `“${change.title}” had ${rollout.percent} % of the traffic; ${aboutSeries(worst.movement)} needs at least ${Math.round(worst.needed * 100)} %`;
  const evidence = observed(context, "change_fit", {
    id: `share:${change.id}`,
    statement,
    source: change.system,
    at: change.at,
    value: share,
    baseline: worst.needed,
    unit: "ratio",
  });
  return { evidence, weights: new Map([[id, WEIGHTS.slice.share]]) };
}

/** The smallest part of the traffic that can explain the shift. */
function neededShare({ signal, before, now, harmful }: Movement): number {
  if (before === null || now === null || harmful !== true) return 0;
  const unit = signalSpec(signal)?.unit;
  if (unit === "ratio" && ["kv_cache_usage", "gpu_utilization", "gpu_memory_used"].every((name) => name !== signal)) {
    return now > before ? (now - before) / Math.max(0.01, 1 - before) : (before - now) / Math.max(0.01, before);
  }
  return unit === "tokens" || unit === "USD/h" ? Math.max(0, now / Math.max(before, 1e-9) - 1) / MEAN_LEVERAGE : 0;
}
