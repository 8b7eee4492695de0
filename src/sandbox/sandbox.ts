import { mkdirSync } from "node:fs";
import type { Catalog } from "../domain/catalog.ts";
import type { Clock } from "../lib/clock.ts";
import { Fault } from "../lib/fault.ts";
import type { Log } from "../lib/log.ts";
import type { Secret } from "../lib/secret.ts";
import { catalog } from "./catalog.ts";
import { Courier } from "./courier.ts";
import { Engine } from "./engine.ts";
import { openMemory } from "./memory.ts";
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
  /** Signs what it delivers. */
  readonly secret?: Secret;
}

export interface Sandbox {
  readonly url: string;
  readonly catalog: Catalog;
  deliverTo(target: URL): void;
  close(): Promise<void>;
}

const LIVE_EVERY_MS = 250;

/**
 * Starts the small AI service that is there to be broken. It stands for systems outside: it knows nothing of the bot but
 * where its webhooks are, and what it is does not depend on its process.
 *
 * @throws Fault "config" when the port is taken
 */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const { clock, log } = options;
  mkdirSync(options.dir, { recursive: true });
  const memory = openMemory(options.dir);
  const engine = new Engine(memory, clock, options.seed);
  await engine.begin();
  const server = createSandboxServer({ engine, memory, now: () => clock.now() });
  const url = await server.listen({ host: "127.0.0.1", port: options.port }).catch((error: unknown) => {
    memory.close();
    throw new Fault("config", `the sandbox cannot listen on 127.0.0.1:${options.port}: ${String(error)}`, {
      cause: error,
    });
  });
  const living = setInterval(() => engine.catchUp(), LIVE_EVERY_MS);
  const courier = new Courier({ memory, clock, log, secret: options.secret });
  if (options.target !== null) courier.deliverTo(options.target);
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
