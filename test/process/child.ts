import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

export interface ChildOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  /** Added to this process's environment; undefined takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** How a process ended: a status, or the signal that ended it. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A real process that a test started. */
export interface Child {
  readonly exited: Promise<Exit>;
  /** All that it printed so far, both streams as they came. */
  output(): string;
  stdout(): string;
  /** Sends the signal to it and to what it started, and waits for its end. */
  kill(signal?: NodeJS.Signals): Promise<Exit>;
}

const KEPT_CHARACTERS = 200_000;
const alive = new Set<ChildProcess>();
// A test that fails or is interrupted leaves no process behind.
process.once("exit", () => {
  for (const child of alive) signalGroup(child, "SIGKILL");
});

/** Starts a process in a group of its own. */
export function startChild({ command, args, cwd, env }: ChildOptions): Child {
  const child = spawn(command, args, {
    ...(cwd === undefined ? {} : { cwd }),
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  alive.add(child);
  let both = "";
  let out = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    both = (both + text).slice(-KEPT_CHARACTERS);
    out = (out + text).slice(-KEPT_CHARACTERS);
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    both = (both + text).slice(-KEPT_CHARACTERS);
  });
  const exited = new Promise<Exit>((resolve) => {
    child.once("error", (error) => {
      both += `\n${command} could not be started: ${error.message}`;
      alive.delete(child);
      resolve({ code: null, signal: null });
    });
    child.once("close", (code, signal) => {
      alive.delete(child);
      resolve({ code, signal });
    });
  });
  return {
    exited,
    output: () => both,
    stdout: () => out,
    kill: (signal = "SIGKILL") => {
      if (alive.has(child)) signalGroup(child, signal);
      return exited;
    },
  };
}

function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** Runs a process to its end. */
export async function runChild(
  options: ChildOptions,
): Promise<Exit & { readonly output: string; readonly stdout: string }> {
  const child = startChild(options);
  const exit = await child.exited;
  return { ...exit, output: child.output(), stdout: child.stdout() };
}

/** A port of this machine that nothing listens on. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  if (address === null || typeof address === "string") throw new Error("no port was given");
  return address.port;
}

export interface Patience {
  readonly withinMs: number;
  readonly everyMs?: number;
  /** Added to the failure: the log of the process that was waited for. */
  readonly log?: () => string;
}

/**
 * Asks until there is an answer that is neither null nor false.
 *
 * @throws Error that says what was waited for, the last failure and the end of the log
 */
export async function until<T>(what: string, ask: () => Promise<T | null | false>, patience: Patience): Promise<T> {
  const end = Date.now() + patience.withinMs;
  let last = "it never held";
  while (Date.now() < end) {
    try {
      const answer = await ask();
      if (answer !== null && answer !== false) return answer;
    } catch (error) {
      last = error instanceof Error ? `${error.message} ${String(error.cause ?? "")}` : String(error);
    }
    await sleep(patience.everyMs ?? 100);
  }
  const log = patience.log?.().slice(-4_000) ?? "";
  throw new Error(
    `waited ${patience.withinMs} ms for ${what}: ${last}${log === "" ? "" : `\n--- its log ends:\n${log}`}`,
  );
}

/** GET that is answered with a 2xx status, or null. */
export async function answers(url: string): Promise<Response | null> {
  const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
  return response.ok ? response : null;
}
