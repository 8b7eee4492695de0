import { type Carriers, carriersOf } from "./carriers.ts";
import type { CaseContext } from "./case-context.ts";
import type { Diagnosis } from "./diagnosis.ts";
import type { Movement } from "./movement.ts";
import { slicing } from "./wording.ts";

/** What is hit and what is not. */
export function reachOf(context: CaseContext): Diagnosis["reach"] {
  const clear = (movement: Movement) =>
    context.coherent.includes(movement) && movement.harmful === true && movement.strength >= 0.3;
  const services = new Set([
    ...context.topology.focal,
    ...context.movements
      .filter((movement) => movement.entity.kind === "service" && clear(movement))
      .map(({ entity }) => entity.name),
  ]);
  // Where every value of a dimension is hit, the dimension says nothing of the reach.
  const cuts = carriersOf(context).filter(
    ({ signal, hit, spared }) =>
      hit.length > 0 && spared.length > 0 && (context.fired.length === 0 || context.fired.includes(signal)),
  );
  const values = (pick: (cut: Carriers) => readonly Movement[]) => [
    ...new Set(cuts.flatMap((cut) => pick(cut).map(({ slice }) => slicing(slice)))),
  ];
  const hit = values(({ hit: movements }) => movements);
  const well = context.movements
    .filter(({ entity, points }) => entity.kind === "service" && !services.has(entity.name) && points >= 4)
    .map(({ entity }) => entity.name);
  return {
    services: [...services].toSorted(),
    hit,
    spared: [...new Set([...values(({ spared }) => spared).filter((value) => !hit.includes(value)), ...well])],
  };
}
