import type { Alert } from "../alert.ts";
import { signalSpec } from "../signal.ts";
import { median } from "../stats/robust.ts";
import type { EpochMs } from "../time.ts";
import type { Onset } from "./diagnosis.ts";
import type { Movement } from "./movement.ts";
import type { Relation } from "./topology.ts";

interface OnsetInput {
  readonly movements: readonly Movement[];
  readonly alerts: readonly Alert[];
  readonly relation: (movement: Movement) => Relation;
  readonly fired: readonly string[];
  readonly stepMs: number;
  readonly asOf: EpochMs;
}

/** Companions within so many steps of the fired signal began with it. */
const TOGETHER_STEPS = 12;
const STRONG = 0.45;

/**
 * When it began: the shift of the signal that fired, with the companions that shifted at the same time; and the lead,
 * the earliest strong departure among what the hit services stand on. Both null where nothing shifted.
 */
export function onsetOf(input: OnsetInput): { onset: Onset | null; lead: Onset | null } {
  const { movements, relation, stepMs, alerts, asOf } = input;
  const strong = movements.filter(
    (movement) =>
      movement.onset !== null && movement.harmful !== false && movement.strength >= STRONG && near(relation(movement)),
  );
  const anchor =
    anchorOf(strong, input) ??
    anchorOf(
      movements.filter(({ onset, strength }) => onset !== null && strength >= 0.15),
      input,
    );
  if (anchor?.onset == null) return fromAlerts(alerts, asOf, stepMs);
  const anchored = anchor.onset;
  const together = strong.filter(
    ({ onset }) => onset !== null && Math.abs(onset.at - anchored.at) <= TOGETHER_STEPS * stepMs,
  );
  const cluster = together.flatMap(({ onset }) => onset ?? []);
  // A step says when better than a ramp, whose foot is only where its line meets the noise.
  const sharp = together.filter(({ shape }) => shape === "step").flatMap(({ onset }) => onset ?? []);
  const dated = sharp.length > 0 ? sharp : cluster.length > 0 ? cluster : [anchored];
  const middle = median(dated.map((one) => one.at));
  const at = anchor.shape === "step" ? Math.min(anchored.at, middle) : middle;
  const onset = {
    at,
    from: Math.min(at, ...cluster.map(({ from }) => from)) - stepMs,
    to: Math.max(at, anchored.to, ...sharp.map((one) => one.at)),
  };
  const whole = strong.filter(
    ({ slice, signal, state }) =>
      Object.keys(slice).length === 0 && (state === "up" || signalSpec(signal)?.harm !== "both"),
  );
  const first = whole.flatMap((movement) => movement.onset ?? []).toSorted((a, b) => a.at - b.at)[0];
  const lead = first === undefined || first.at >= onset.from ? onset : { ...first, from: first.from - stepMs };
  return { onset, lead };
}

function near(relation: Relation): boolean {
  return relation === "focal" || relation === "dependency";
}

/** The fired signal on a hit service, the strongest of them; else the strongest shift there is. */
function anchorOf(movements: readonly Movement[], { fired, relation, alerts }: OnsetInput): Movement | null {
  const score = (movement: Movement): number => {
    const rank = fired.indexOf(movement.signal);
    const isFired = rank === -1 ? 0 : 4 - Math.min(3, rank);
    const place = relation(movement) === "focal" ? 2 : 0;
    const labelled = alerts.some(({ labels }) =>
      Object.entries(movement.slice).some(([key, value]) => labels[key] === value),
    );
    const whole = Object.keys(movement.slice).length === 0 || labelled ? 0.5 : 0;
    return (rank === -1 ? 0 : place) + isFired + place / 2 + whole + 2 * movement.strength;
  };
  let best: Movement | null = null;
  let top = Number.NEGATIVE_INFINITY;
  for (const movement of movements) {
    const value = score(movement);
    if (value > top) {
      best = movement;
      top = value;
    }
  }
  return best;
}

/** Without any shift the alert itself is all there is: it began at some time before it fired. */
function fromAlerts(
  alerts: readonly Alert[],
  asOf: EpochMs,
  stepMs: number,
): { onset: Onset | null; lead: Onset | null } {
  if (alerts.length === 0) return { onset: null, lead: null };
  const at = Math.min(asOf, ...alerts.map(({ startsAt }) => startsAt));
  const onset = { at, from: at - 15 * stepMs, to: at };
  return { onset, lead: onset };
}
