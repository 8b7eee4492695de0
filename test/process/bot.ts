import { fileURLToPath } from "node:url";
import { z } from "zod";
import { type Child, type Exit, runChild, startChild, until } from "./child.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const READY_MS = 30_000;

const Row = z.object({ id: z.string(), status: z.string(), title: z.string() });

const Step = z.object({ action: z.string(), direction: z.string(), state: z.string() });

const Incident = Row.extend({
  alerts: z.array(z.object({ title: z.string(), status: z.string() })),
  diagnosis: z
    .object({
      cause: z.string(),
      confidence: z.number(),
      suspects: z.array(
        z.object({
          title: z.string(),
          cause: z.string(),
          probability: z.number(),
          ruledOut: z.string().nullable(),
          weights: z.array(z.unknown()),
        }),
      ),
      gaps: z.array(z.unknown()),
    })
    .nullable(),
  proposals: z.array(
    z.object({ id: z.string(), digest: z.string(), runbook: z.string(), title: z.string(), state: z.string() }),
  ),
  executions: z.array(z.object({ id: z.string(), state: z.string(), outcome: z.string(), steps: z.array(Step) })),
});
/** What the tests look at of `GET /api/incidents/ID`. */
export type Incident = z.output<typeof Incident>;

export interface BotOptions {
  readonly dataDir: string;
  /** 0, the default, takes any. */
  readonly port?: number;
  /** Path of a configuration file; without one it is local mode. */
  readonly config?: string;
  /** Bearer token of a person of `console.people`; for configured mode. */
  readonly token?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** A running `faultline serve`, a process of its own. */
export interface Bot {
  readonly url: string;
  readonly child: Child;
  request(path: string, body?: unknown): Promise<Response>;
  incidents(): Promise<z.output<typeof Row>[]>;
  incident(id: string): Promise<Incident>;
  /** Approves a proposal as `by`. @returns the status of the answer */
  approve(proposal: { readonly id: string; readonly digest: string }, by: string): Promise<number>;
  /** SIGTERM, and how it ended. */
  stop(): Promise<Exit>;
}

function command(args: readonly string[], { dataDir, port, config, env }: Partial<BotOptions>) {
  return {
    command: process.execPath,
    args: ["bin/faultline.js", ...args],
    cwd: ROOT,
    env: {
      PORT: port === undefined ? undefined : String(port),
      FAULTLINE_DATA: dataDir,
      FAULTLINE_CONFIG: config,
      NODE_ENV: undefined,
      VITEST: undefined,
      ...env,
    },
  };
}

/** Runs one command of the program to its end. */
export function faultline(args: readonly string[], options: Partial<BotOptions>) {
  return runChild(command(args, options));
}

/** Starts the bot without waiting until it is ready: for tests of starts that fail. */
export function spawnBot(options: BotOptions): Child {
  return startChild(command(["serve"], { port: 0, ...options }));
}

/** Starts the sandbox alone, on a port of 127.0.0.1. */
export function spawnSandbox({ dataDir, port }: { readonly dataDir: string; readonly port: number }): Child {
  return startChild(command(["sandbox", "--port", String(port)], { dataDir }));
}

/** Starts the bot and waits until it says where it is and answers `/readyz`. */
export async function startBot(options: BotOptions): Promise<Bot> {
  const child = spawnBot(options);
  const patience = { withinMs: READY_MS, everyMs: 50, log: () => child.output() };
  let gone: Exit | null = null;
  void child.exited.then((exit) => {
    gone = exit;
  });
  const url = await until<string>(
    "the bot to be ready",
    async () => {
      if (gone !== null) return "gone";
      const said = /ready(?: at|:) (http:\S+)/.exec(child.stdout())?.[1];
      return said !== undefined && (await fetch(`${said}/readyz`)).ok ? said : null;
    },
    patience,
  ).catch(async (error: unknown) => {
    await child.kill();
    throw error;
  });
  if (url === "gone") throw new Error(`the bot ended at its start: ${JSON.stringify(gone)}\n${child.output()}`);
  return talkTo(url, child, options.token);
}

function talkTo(url: string, child: Child, token: string | undefined): Bot {
  const credentials: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const request = (path: string, body?: unknown) =>
    fetch(new URL(path, url), {
      signal: AbortSignal.timeout(10_000),
      headers: { ...credentials, ...(body === undefined ? {} : { "content-type": "application/json" }) },
      ...(body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }),
    });
  const read = async (path: string): Promise<unknown> => {
    const response = await request(path);
    if (!response.ok) throw new Error(`GET ${path}: ${response.status} ${await response.text()}`);
    return response.json();
  };
  return {
    url,
    child,
    request,
    incidents: async () => z.object({ incidents: z.array(Row) }).parse(await read("/api/incidents")).incidents,
    incident: async (id) => Incident.parse(await read(`/api/incidents/${id}`)),
    approve: async ({ id, digest }, by) => {
      const decision = { digest, verdict: "approved", by, reason: null };
      return (await request(`/api/proposals/${id}/decision`, decision)).status;
    },
    stop: () => child.kill("SIGTERM"),
  };
}
