/** How one call of the Web API misbehaves. `_after` and `drop_after` do what was asked and lose the answer. */
export type Misbehaviour =
  | { readonly mode: "drop_before" | "drop_after" | "500_before" | "500_after" | "malformed" }
  | { readonly mode: "429"; readonly retryAfterS: number }
  | { readonly mode: "hang" }
  | { readonly mode: "slow"; readonly ms: number }
  | { readonly mode: "error"; readonly code: string; readonly needed?: string };

/** Misbehaviours by method, each for a number of calls. */
export class FaultPlan {
  readonly #plans = new Map<string, { misbehaviour: Misbehaviour; left: number }[]>();

  /** The next `times` calls of the method misbehave. */
  next(method: string, misbehaviour: Misbehaviour, times = 1): void {
    this.#plans.set(method, [...(this.#plans.get(method) ?? []), { misbehaviour, left: times }]);
  }

  take(method: string): Misbehaviour | null {
    const [first, ...rest] = this.#plans.get(method) ?? [];
    if (first === undefined) return null;
    first.left -= 1;
    if (first.left <= 0) this.#plans.set(method, rest);
    return first.misbehaviour;
  }

  clear(): void {
    this.#plans.clear();
  }
}
