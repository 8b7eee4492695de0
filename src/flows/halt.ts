import type { Store } from "../store-port.ts";
import type { FlowDeps } from "./deps.ts";

const NOTE = "brakes.halted";

/** Is the kill switch on? While it is, nothing is approved and no step begins. */
export async function halted(store: Store): Promise<boolean> {
  return (await store.note(NOTE)) === true;
}

/** Turns the kill switch on or off; who did it is in the audit. */
export async function halt(
  on: boolean,
  by: string,
  { store, clock }: Pick<FlowDeps, "store" | "clock">,
): Promise<void> {
  await store.setNote(NOTE, on);
  await store.commit({
    audit: [
      {
        at: clock.now(),
        actor: by,
        action: on ? "brakes.halted" : "brakes.released",
        incidentId: null,
        proposalId: null,
        digest: null,
        detail: {},
      },
    ],
  });
}
