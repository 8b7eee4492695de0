import { Fault, type FaultKind } from "../../lib/fault.ts";
import type { Applied } from "../../ports.ts";

/** Answers that mean that nothing was done. Every other fault leaves it open whether the request took effect. */
const REFUSED: readonly FaultKind[] = [
  "config",
  "invalid",
  "unauthenticated",
  "forbidden",
  "not_found",
  "conflict",
  "rate_limited",
];

/**
 * Does a write. A definite no of the other side is a failure; what may have arrived is thrown on, so that the flow
 * stores it as unknown and asks.
 */
export async function applied(write: () => Promise<string>): Promise<Applied> {
  try {
    return { outcome: "succeeded", detail: await write() };
  } catch (error) {
    if (error instanceof Fault && REFUSED.includes(error.kind)) return { outcome: "failed", detail: error.message };
    throw error;
  }
}
