import type { Clock } from "../lib/clock.ts";

const PATIENCE_MS = 3_000;

/** Work that goes on after Slack has got its answer, so that a stop can wait for it. */
export class InHand {
  readonly #running = new Set<Promise<void>>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Runs it; resolves when it has ended. */
  async run(work: () => Promise<void>): Promise<void> {
    const running = work().finally(() => this.#running.delete(running));
    this.#running.add(running);
    await running;
  }

  /** Resolves when nothing is in hand, or after three seconds. */
  async ended(): Promise<void> {
    const patience = new AbortController();
    const all = Promise.allSettled(this.#running).then(() => patience.abort());
    await Promise.race([all, this.#clock.sleep(PATIENCE_MS, patience.signal)]);
  }
}
