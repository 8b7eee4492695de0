import type { Store } from "../store-port.ts";
import type { FlowDeps } from "./deps.ts";

const NOTE = "brakes.halted";

/** Is the kill switch on? While it is, nothing is approved and no step begins, forward or back. */
export async function halted(store: Store): Promise<boolean> {
  return (await store.note(NOTE)) === true;
}

export interface Brake {
  readonly on: boolean;
  readonly by: string;
  readonly via: string;
}

/**
 * Turns the kill switch on or off. Stopping is anybody's right; releasing is for those who may approve. Who did it is
 * in the audit, in the same transaction.
 *
 * @returns false when this person may not release it
 * @throws Fault when who may approve cannot be looked up
 */
export async function halt(
  { on, by, via }: Brake,
  { store, clock, approvers }: Pick<FlowDeps, "store" | "clock" | "approvers">,
): Promise<boolean> {
  if (!on && !(await approvers.mayApprove(by, via))) return false;
  const from = await store.note(NOTE);
  const entry = {
    at: clock.now(),
    actor: by,
    action: on ? "brakes.halted" : "brakes.released",
    incidentId: null,
    proposalId: null,
    digest: null,
    detail: { via },
  };
  const done = await store.commit({ notes: [{ name: NOTE, from, to: on }], audit: [entry] });
  return done === "committed" || (await halted(store)) === on;
}
