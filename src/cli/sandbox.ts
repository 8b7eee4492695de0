import { resolve } from "node:path";
import { readEnvironment } from "../config.ts";
import { systemClock } from "../lib/clock.ts";
import { createLog } from "../lib/log.ts";
import { startSandbox } from "../sandbox/sandbox.ts";

export interface SandboxFlags {
  readonly port: number;
  readonly target?: string;
  readonly seed: number;
}

/** Runs the sandbox alone until it is stopped, so that a real Prometheus can scrape it. */
export async function sandboxAlone({ port, target, seed }: SandboxFlags): Promise<void> {
  const { dataDir, logLevel } = readEnvironment();
  const sandbox = await startSandbox({
    dir: resolve(dataDir, "sandbox"),
    port,
    target: target === undefined ? null : new URL(target),
    seed,
    clock: systemClock,
    log: createLog(logLevel),
  });
  console.log(`the sandbox is at ${sandbox.url} (metrics at ${sandbox.url}/metrics)`);
  await new Promise<void>((stop) => {
    process.once("SIGINT", () => stop());
    process.once("SIGTERM", () => stop());
  });
  await sandbox.close();
  process.exit(0);
}
