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
  const detail = await settled(write);
  return typeof detail === "string" ? { outcome: "succeeded", detail } : detail;
}

/** What was asked for, or that it failed where the other side said a definite no. @throws Fault for everything else */
export async function settled<T>(ask: () => Promise<T>): Promise<T | Applied> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof Fault && REFUSED.includes(error.kind)) return { outcome: "failed", detail: error.message };
    throw error;
  }
}
