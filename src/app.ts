import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import type { FastifyInstance } from "fastify";
import { configuredApprovers, localApprovers } from "./approvers.ts";
import type { ConfigFile, SectionIssues } from "./config.ts";
import type { ConnectorDeps } from "./connectors/connector.ts";
import { openapi } from "./connectors/generic/openapi.ts";
import { connectors } from "./connectors/index.ts";
import { consoleRoutes } from "./console/console.ts";
import type { Catalog } from "./domain/catalog.ts";
import { decide } from "./flows/decide.ts";
import type { FlowDeps, FlowSettings } from "./flows/deps.ts";
import { apiRoutes } from "./http/api.ts";
import type { Access } from "./http/guard.ts";
import { sandboxRoutes, sandboxState } from "./http/sandbox-api.ts";
import { createServer } from "./http/server.ts";
import { type Clock, systemClock } from "./lib/clock.ts";
import { Fault } from "./lib/fault.ts";
import { createHttp } from "./lib/http.ts";
import { createIds } from "./lib/ids.ts";
import type { Log } from "./lib/log.ts";
import { createMetrics } from "./lib/metrics.ts";
import type { Approvers, Chat, Connected } from "./ports.ts";
import { loadRunbooks } from "./runbooks.ts";
import { type Sandbox, startSandbox } from "./sandbox/sandbox.ts";
import { startSchedule } from "./schedule.ts";
import { type SlackDoor, startSlack } from "./slack/app.ts";
import { openStore } from "./store/open.ts";
import { startWorker } from "./worker.ts";

const VERSION = "0.1.0";
const LOCAL_HOST = "127.0.0.1";
const SHUTDOWN_MS = 8_000;

export interface AppOptions {
  readonly dataDir: string;
  readonly port: number;
  /** Null is local mode: the sandbox and the console, on this machine alone. */
  readonly config: ConfigFile | null;
  readonly runbooks: string;
  readonly log: Log;
  readonly clock?: Clock;
  /** Local mode: varies the sandbox. */
  readonly seed?: number;
}

export interface App {
  readonly url: string;
  readonly deps: FlowDeps;
  /** Address of the sandbox in local mode. */
  readonly sandboxUrl: string | null;
  /** Takes nothing more, finishes what is in hand, and resolves within ten seconds. */
  close(): Promise<void>;
}

/** In the sandbox a second counts as a minute elsewhere: its series have a step of one second. */
const localSettings: Omit<FlowSettings, "consoleUrl"> = {
  lookbackMs: 20 * 60_000,
  sourceTimeoutMs: 5_000,
  rediagnoseAfterMs: [2_000, 3_000, 4_000, 6_000, 10_000, 20_000],
  groupWithinMs: 5 * 60_000,
  proposeFrom: 0.5,
  verifyWithinMs: 35_000,
};

function settingsOf({ timing, console: door }: ConfigFile): FlowSettings {
  return {
    consoleUrl: door.url ?? null,
    lookbackMs: timing.lookback_s * 1000,
    sourceTimeoutMs: timing.source_timeout_s * 1000,
    rediagnoseAfterMs: timing.rediagnose_after_s.map((seconds) => seconds * 1000),
    groupWithinMs: timing.group_within_s * 1000,
    proposeFrom: timing.propose_from,
    verifyWithinMs: timing.verify_within_s * 1000,
  };
}

/** What must be closed, the last opened first. */
class Closing {
  readonly #steps: (() => Promise<void>)[] = [];
  add(step: () => Promise<void>): void {
    this.#steps.push(step);
  }
  async all(log: Log): Promise<void> {
    for (const step of this.#steps.toReversed()) {
      await step().catch((error: unknown) => log.error("closing failed", { fault: String(error) }));
    }
  }
}

/**
 * Puts the rooms together and starts them: the store, the connectors, the doors, the worker and the schedule.
 *
 * @throws Fault "config" for everything that the configuration, the port or the data directory is wrong about
 */
export async function startApp(options: AppOptions): Promise<App> {
  const closing = new Closing();
  try {
    return await start(options, closing);
  } catch (error) {
    await closing.all(options.log);
    throw error;
  }
}

async function start(options: AppOptions, closing: Closing): Promise<App> {
  const { config, log, clock = systemClock } = options;
  const metrics = createMetrics();
  const runbooks = loadRunbooks(config?.runbooks ?? options.runbooks);
  const store = await openStore(storeOf(options), { clock, log });
  closing.add(() => store.close());
  const sandbox = config === null ? await localSandbox(options, clock) : null;
  if (sandbox !== null) closing.add(() => sandbox.close());
  const connected = connect(config, sandbox, { http: createHttp, clock, log });
  const catalog: Catalog = config?.catalog ?? sandbox?.catalog ?? { services: [] };
  const url = config?.console.url ?? `http://${LOCAL_HOST}:${options.port}`;
  const settings = config === null ? { ...localSettings, consoleUrl: url } : settingsOf(config);
  let approvers: Approvers = localApprovers;
  let chat: Chat | null = null;
  const base = {
    store,
    connected,
    catalog,
    runbooks,
    clock,
    log,
    metrics,
    settings,
    newId: createIds(() => clock.now()),
  };
  const deps: FlowDeps = {
    ...base,
    get approvers() {
      return approvers;
    },
    get chat() {
      return chat;
    },
  };
  const slack =
    config?.slack === undefined
      ? null
      : await startSlack(config.slack, { ...base, decide: (click) => decide(click, deps) });
  if (slack !== null) {
    chat = slack.chat;
    closing.add(() => slack.close());
  }
  if (config !== null) approvers = configuredApprovers(config, slack?.groupMembers ?? null);
  const server = await door({ options, deps, metrics, sandbox, slack });
  closing.add(() => server.close());
  const worker = startWorker(deps, metrics);
  closing.add(() => worker.stop());
  const schedule = startSchedule(deps, metrics);
  closing.add(() => schedule.stop());
  const listening = await listen(server, options);
  sandbox?.deliverTo(new URL(listening));
  const close = () => Promise.race([closing.all(log), clock.sleep(SHUTDOWN_MS)]);
  return { url: listening, deps, sandboxUrl: sandbox?.url ?? null, close };
}

function storeOf({ config, dataDir }: AppOptions): Parameters<typeof openStore>[0] {
  if (config?.database.postgres !== undefined) return { kind: "postgres", url: config.database.postgres };
  return { kind: "sqlite", path: config?.database.path ?? join(makeDir(dataDir), "faultline.db") };
}

function makeDir(dir: string): string {
  try {
    mkdirSync(dir, { recursive: true });
    return dir;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "unknown error";
    throw new Fault(
      "config",
      `the data directory ${dir} cannot be made (${code}): set FAULTLINE_DATA to one that can be written`,
      { cause: error },
    );
  }
}

function localSandbox({ dataDir, seed, log }: AppOptions, clock: Clock): Promise<Sandbox> {
  return startSandbox({
    dir: makeDir(resolve(dataDir, "sandbox")),
    port: 0,
    target: null,
    seed: seed ?? 1,
    clock,
    log,
  });
}

/** Connects what the configuration names (all of it, or the start fails), or what local mode needs. @throws Fault "config" */
export function connect(config: ConfigFile | null, sandbox: Sandbox | null, deps: ConnectorDeps): Connected[] {
  const sections: Record<string, unknown> = config?.connectors ?? {
    alertmanager: {},
    generic: {},
    sandbox: { url: sandbox?.url },
  };
  const faults: string[] = [];
  const connected = Object.entries(sections).flatMap(([id, settings]) => {
    const connector = connectors.find((candidate) => candidate.id === id);
    if (connector === undefined) {
      faults.push(
        `connectors.${id}: there is no such connector; known are ${connectors.map((known) => known.id).join(", ")}`,
      );
      return [];
    }
    try {
      return [connector.connect(settings ?? {}, { ...deps, log: deps.log.child({ connector: id }) })];
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      faults.push(error.message);
      return [];
    }
  });
  if (config !== null) faults.push(...unsigned(connected));
  if (faults.length > 0) throw new Fault("config", faults.join("\n"));
  return connected;
}

/** Holds a section of the configuration against its connector, so that every fault is told with its line. */
export const sectionIssues: SectionIssues = (id, settings) => {
  const connector = connectors.find((candidate) => candidate.id === id);
  if (connector !== undefined) return connector.issues(settings);
  const known = connectors.map((candidate) => candidate.id).join(", ");
  return [{ path: [], message: `there is no such connector; known are ${known}` }];
};

/** Outside local mode nothing is taken in that anybody could have sent. */
function unsigned(connected: readonly Connected[]): string[] {
  return connected
    .filter(({ webhook }) => webhook?.signed === false)
    .map(
      ({ id }) =>
        `connectors.${id}: its deliveries would not be authenticated; give it a secret (see docs/connectors/${id}.md)`,
    );
}

interface Doors {
  readonly options: AppOptions;
  readonly deps: FlowDeps;
  readonly metrics: ReturnType<typeof createMetrics>;
  readonly sandbox: Sandbox | null;
  readonly slack: SlackDoor | null;
}

function door({ options, deps, metrics, sandbox, slack }: Doors): Promise<FastifyInstance> {
  const { config } = options;
  const access: Access = config === null ? { kind: "local" } : { kind: "people", people: config.console.people };
  const http = createHttp({ name: "the sandbox" });
  const notices =
    config === null
      ? [
          "Local mode: this machine alone, deliveries from here are taken unsigned, and whoever gives a name may approve.",
        ]
      : [];
  const extra = async () => ({
    sandbox:
      sandbox === null
        ? null
        : { ...(await sandboxState(sandbox.url, http)), truth: `${sandbox.url}/api/drills/truth` },
  });
  const more = [
    (app: FastifyInstance) => consoleRoutes(app),
    apiRoutes({ deps, access, version: VERSION, notices }, extra),
    openApiPage,
    ...(sandbox === null ? [] : [sandboxRoutes(sandbox.url, http)]),
    ...(slack?.routes === undefined ? [] : [slack.routes]),
  ];
  return createServer({ deps, metrics, access, more });
}

/** The description of the generic API, for whoever writes a sender. */
async function openApiPage(app: FastifyInstance): Promise<void> {
  await Promise.resolve();
  app.get("/openapi.json", () => openapi);
}

async function listen(server: FastifyInstance, { port, config }: AppOptions): Promise<string> {
  const host = config?.listen.host ?? LOCAL_HOST;
  try {
    const address = await server.listen({ host, port });
    return config === null ? `http://${LOCAL_HOST}:${new URL(address).port}` : address;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const why =
      code === "EADDRINUSE"
        ? "something else listens there already"
        : code === "EACCES"
          ? "this user may not listen there"
          : String(code);
    throw new Fault("config", `cannot listen on ${host}:${port}: ${why}; set PORT to another number`, { cause: error });
  }
}
