import { createHmac } from "node:crypto";
import type { Clock } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import type { Secret } from "../lib/secret.ts";
import type { Memory, Undelivered } from "./memory.ts";

interface CourierOptions {
  readonly memory: Memory;
  readonly clock: Clock;
  readonly log: Log;
  /** Signs what is delivered. */
  readonly secret: Secret | undefined;
}

const LOOK_EVERY_MS = 200;
const WAIT_MOST_MS = 5_000;
const TIMEOUT_MS = 5_000;
const AT_ONCE = 50;

/** Delivers what waits, in order, again and again until it is taken, as Alertmanager and any sound sender does. */
export class Courier {
  readonly #options: CourierOptions;
  readonly #stopping = new AbortController();
  #running: Promise<void> | null = null;
  #target: URL | null = null;

  constructor(options: CourierOptions) {
    this.#options = options;
  }

  deliverTo(target: URL): void {
    this.#target = target;
    this.#running ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { clock } = this.#options;
    let waitMs = LOOK_EVERY_MS;
    while (!this.#stopping.signal.aborted) {
      const taken = await this.#deliverAll();
      waitMs = taken ? LOOK_EVERY_MS : Math.min(2 * waitMs, WAIT_MOST_MS);
      await clock.sleep(waitMs, this.#stopping.signal);
    }
  }

  /** @returns false when the other side took nothing for now */
  async #deliverAll(): Promise<boolean> {
    for (const delivery of this.#options.memory.undelivered(AT_ONCE)) {
      if (this.#stopping.signal.aborted) return true;
      const status = await this.#post(delivery);
      const isTaken = status !== null && status >= 200 && status < 300;
      // A plain no will not become a yes; anything else may.
      const isRefused = status !== null && status >= 400 && status < 500 && ![408, 425, 429].includes(status);
      if (isRefused) this.#options.log.warn("a delivery of the sandbox was refused", { path: delivery.path, status });
      if (!isTaken && !isRefused) return false;
      this.#options.memory.delivered(delivery.id);
    }
    return true;
  }

  async #post({ path, body }: Undelivered): Promise<number | null> {
    if (this.#target === null) return null;
    const signal = AbortSignal.any([AbortSignal.timeout(TIMEOUT_MS), this.#stopping.signal]);
    const headers = { "content-type": "application/json", "user-agent": "sandbox", ...this.#sign(body) };
    try {
      const response = await fetch(new URL(path, this.#target), {
        method: "POST",
        headers,
        body,
        redirect: "error",
        signal,
      });
      await response.body?.cancel();
      return response.status;
    } catch (error) {
      this.#options.log.debug("a delivery of the sandbox did not arrive", { path, fault: String(error) });
      return null;
    }
  }

  #sign(body: string): Record<string, string> {
    const { secret } = this.#options;
    if (secret === undefined) return {};
    return { "x-sandbox-signature": createHmac("sha256", secret.reveal()).update(body).digest("hex") };
  }
}
