import { createHmac } from "node:crypto";
import { mkdirSync } from "node:fs";
import type { Catalog } from "../domain/catalog.ts";
import type { Clock } from "../lib/clock.ts";
import { Fault } from "../lib/fault.ts";
import { createHttp } from "../lib/http.ts";
import type { Log } from "../lib/log.ts";
import type { Secret } from "../lib/secret.ts";
import { catalog } from "./catalog.ts";
import { Engine } from "./engine.ts";
import { type Memory, openMemory } from "./memory.ts";
import { createSandboxServer } from "./server.ts";

export interface SandboxOptions {
  /** Where its own file is kept. */
  readonly dir: string;
  /** On 127.0.0.1; 0 takes a free one. */
  readonly port: number;
  /** Where its deliveries go; null keeps them until `deliverTo`. */
  readonly target: URL | null;
  /** Varies sizes, times, slices and the innocent changes; only at the first start in a directory. */
  readonly seed: number;
  readonly clock: Clock;
  readonly log: Log;
  /** Signs the changes that it delivers. */
  readonly secret?: Secret;
}

export interface Sandbox {
  readonly url: string;
  readonly catalog: Catalog;
  deliverTo(target: URL): void;
  close(): Promise<void>;
}

const LIVE_EVERY_MS = 250;
const DELIVER_EVERY_MS = 200;

/** Starts the small AI service that is there to be broken. It knows nothing of the bot but where its webhooks are. */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  mkdirSync(options.dir, { recursive: true });
  const memory = openMemory(options.dir);
  const engine = new Engine(memory, options.clock, options.seed);
  await engine.begin();
  const server = createSandboxServer({ engine, memory, clock: options.clock });
  const url = await server.listen({ host: "127.0.0.1", port: options.port });
  const living = setInterval(() => engine.catchUp(), LIVE_EVERY_MS);
  const courier = new Courier(memory, options);
  return {
    url,
    catalog,
    deliverTo: (target) => courier.deliverTo(target),
    close: async () => {
      clearInterval(living);
      await courier.stop();
      await server.close();
      memory.close();
    },
  };
}

/** Delivers what waits, in order, again and again until it is taken, as Alertmanager and any sound sender does. */
class Courier {
  readonly #memory: Memory;
  readonly #options: SandboxOptions;
  readonly #http = createHttp({ name: "the bot", timeoutMs: 5_000, attempts: 1 });
  readonly #stopping = new AbortController();
  readonly #running: Promise<void>;
  #target: URL | null;

  constructor(memory: Memory, options: SandboxOptions) {
    this.#memory = memory;
    this.#options = options;
    this.#target = options.target;
    this.#running = this.#run();
  }

  deliverTo(target: URL): void {
    this.#target = target;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { clock } = this.#options;
    while (!this.#stopping.signal.aborted) {
      const target = this.#target;
      const taken = target === null ? true : await this.#deliverAll(target);
      await clock.sleep(taken ? DELIVER_EVERY_MS : 5 * DELIVER_EVERY_MS, this.#stopping.signal);
    }
  }

  async #deliverAll(target: URL): Promise<boolean> {
    for (const { id, path, body } of this.#memory.undelivered(50)) {
      if (this.#stopping.signal.aborted) return true;
      try {
        await this.#http.send(new URL(path, target), {
          method: "POST",
          headers: this.#sign(body),
          json: JSON.parse(body) as unknown,
        });
        this.#memory.delivered(id);
      } catch (error) {
        this.#options.log.debug("a delivery of the sandbox was not taken", { path, fault: String(error) });
        if (!(error instanceof Fault) || error.retryable) return false;
        this.#memory.delivered(id);
      }
    }
    return true;
  }

  #sign(body: string): Record<string, string> {
    const { secret } = this.#options;
    return secret === undefined
      ? {}
      : { "x-sandbox-signature": createHmac("sha256", secret.reveal()).update(body).digest("hex") };
  }
}
