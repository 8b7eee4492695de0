import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pLimit from "p-limit";
import { startApp } from "../app.ts";
import { readEnvironment } from "../config.ts";
import { Fault } from "../lib/fault.ts";
import { createLog, silentLog } from "../lib/log.ts";
import { shippedRunbooks } from "../runbooks.ts";
import { faults } from "../sandbox/faults.ts";
import { type DrillResult, followDrill, hasSandbox } from "./drill-follow.ts";

const DEFAULT_PORT = 8787;
/** Drills that run side by side, each in a bot and a sandbox of its own; two cores carry three. */
const AT_ONCE = 3;

export interface DrillOptions {
  readonly all: boolean;
  readonly json: boolean;
  readonly seed: number;
  /** The person in whose name the first proposal is approved; without one, a running bot waits for a click. */
  readonly approveAs?: string;
}

/** Breaks the sandbox and follows what the bot makes of it. @returns the exit status: 1 when a drill did not recover */
export async function drill(fault: string | null, options: DrillOptions): Promise<number> {
  if (options.all) return all(options);
  if (fault === null) return list();
  if (!faults.some(({ name }) => name === fault)) {
    throw new Fault(
      "config",
      `there is no fault named "${fault}"; known are ${faults.map(({ name }) => name).join(", ")}`,
    );
  }
  const environment = readEnvironment();
  const running = `http://127.0.0.1:${environment.port ?? DEFAULT_PORT}`;
  const tell = (line: string) => (options.json ? undefined : console.log(line));
  const result = (await hasSandbox(running))
    ? await followDrill({ url: running, fault, seed: options.seed, approveAs: options.approveAs ?? null, tell })
    : await alone(fault, options, tell);
  print(result, options.json);
  return result.recovered ? 0 : 1;
}

function list(): number {
  for (const { name, about } of faults) console.log(`${name.padEnd(24)} ${about}`);
  return 0;
}

async function all(options: DrillOptions): Promise<number> {
  const limit = pLimit(AT_ONCE);
  const results = await Promise.all(
    faults.map(({ name }) =>
      limit(async () => {
        const result = await alone(name, options, () => undefined);
        print(result, options.json);
        return result;
      }),
    ),
  );
  const named = results.filter(({ cause, named: said }) => cause === said).length;
  const recovered = results.filter((result) => result.recovered).length;
  if (!options.json) {
    const slowest = Math.max(...results.map(({ seconds }) => seconds));
    console.log(`${results.length} drills: ${named} causes named right, ${recovered} recovered, slowest ${slowest} s`);
  }
  return recovered === results.length ? 0 : 1;
}

/** A bot and a sandbox of its own, in a directory that is removed afterwards. */
async function alone(
  fault: string,
  { seed, approveAs }: DrillOptions,
  tell: (line: string) => void,
): Promise<DrillResult> {
  const dataDir = await mkdtemp(join(tmpdir(), "faultline-drill-"));
  const level = readEnvironment().logLevel;
  const log = level === "debug" ? createLog(level) : silentLog;
  const app = await startApp({ dataDir, port: 0, config: null, runbooks: shippedRunbooks, log, seed });
  try {
    return await followDrill({ url: app.url, fault, seed, approveAs: approveAs ?? "drill", tell });
  } finally {
    await app.close();
    await rm(dataDir, { recursive: true, force: true });
  }
}

function print(result: DrillResult, json: boolean): void {
  if (json) {
    console.log(JSON.stringify(result));
    return;
  }
  const verdict =
    result.cause === result.named ? "named right" : `named ${result.named ?? "nothing"}, was ${result.cause}`;
  console.log(
    `${result.fault}: ${verdict} (${Math.round(result.confidence * 100)} %), ${result.recovered ? "recovered" : "not recovered"} after ${result.seconds} s`,
  );
}
