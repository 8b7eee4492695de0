import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { localApprovers } from "../../src/approvers.ts";
import { defineAction, defineConnector } from "../../src/connectors/connector.ts";
import type { BoundStep, RepeatClass } from "../../src/domain/action.ts";
import type { Alert } from "../../src/domain/alert.ts";
import type { Catalog } from "../../src/domain/catalog.ts";
import { digested, type Proposal } from "../../src/domain/proposal.ts";
import type { FlowDeps } from "../../src/flows/deps.ts";
import { execute } from "../../src/flows/execute.ts";
import { record } from "../../src/flows/record.ts";
import { triage } from "../../src/flows/triage.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { digestOf } from "../../src/lib/digest.ts";
import { createHttp, type HttpClient } from "../../src/lib/http.ts";
import { createIds } from "../../src/lib/ids.ts";
import { silentLog } from "../../src/lib/log.ts";
import { createMetrics } from "../../src/lib/metrics.ts";
import type { Action } from "../../src/ports.ts";
import { openStore } from "../../src/store/open.ts";
import { type Switchboard, startSwitchboard } from "../fakes/switchboard.ts";

export interface Harness {
  readonly deps: FlowDeps;
  readonly board: Switchboard;
  /** Moves the clock. */
  readonly advance: (ms: number) => void;
  /** An incident with one firing alert. */
  readonly incident: () => Promise<string>;
  /** A pending proposal that sets the switchboard's value to "17". */
  readonly proposal: (incidentId: string, more?: Partial<Proposal>) => Promise<Proposal>;
  /** Calls `execute` as often as the worker would, until nothing is due any more. */
  readonly runExecution: (executionId: string) => Promise<void>;
  readonly close: () => Promise<void>;
}

const catalog: Catalog = {
  services: [
    {
      name: "chat",
      kind: "llm_app",
      owner: "#team",
      models: [],
      prompts: [],
      providers: [],
      gpu_pools: [],
      datasets: [],
      depends_on: [],
    },
  ],
};

function action(name: string, repeat: RepeatClass, url: string, http: HttpClient): Action {
  const read = async () => z.object({ value: z.string() }).parse((await http.send(`${url}/value`)).json()).value;
  const put = async (value: string, key: string) => {
    await http.send(`${url}/value`, { method: "PUT", json: { value }, headers: { "idempotency-key": key } });
    return { outcome: "succeeded" as const, detail: `value is ${value}` };
  };
  return defineAction({
    name,
    repeat,
    params: z.strictObject({ value: z.string() }),
    read,
    preview: ({ value }, before) => ({
      target: "board:value",
      summary: `Set the value to ${value}`,
      before,
      after: value,
      reach: "all traffic",
      reachShare: 1,
      sideEffect: "none",
      reversible: true,
      effectWithinMs: 0,
      refuse: null,
    }),
    apply: ({ value }, { idempotencyKey }) => put(value, idempotencyKey),
    confirm: async ({ value }) => ((await read()) === value ? "yes" : "no"),
    undo: (_params, { before, idempotencyKey }) => put(String(before), idempotencyKey),
  });
}

function boardConnector(url: string) {
  return defineConnector({
    id: "board",
    about: "a switchboard for the tests",
    settings: z.strictObject({}),
    sample: {},
    examples: [],
    connect: (_settings, { http }) => {
      const client = http({ name: "the switchboard", attempts: 1, timeoutMs: 2_000 });
      const names = ["set_value", "set_keyed", "set_detectable", "set_once"] as const;
      const classes = ["idempotent_set", "keyed", "detectable", "at_most_once"] as const;
      return {
        actions: names.map((name, index) => action(`board.${name}`, classes[index] ?? "at_most_once", url, client)),
        signals: {
          query: async () => {
            const { start, values } = z
              .object({ start: z.number(), values: z.array(z.number().nullable()) })
              .parse((await client.send(`${url}/series`)).json());
            return [{ signal: "error_ratio", labels: { service: "chat" }, start, stepMs: 1_000, values }];
          },
        },
      };
    },
  });
}

/** A world of its own: a real store on SQLite, the real flows, and one outside system that is a real server. */
export async function createHarness(): Promise<Harness> {
  const dir = mkdtempSync(join(tmpdir(), "faultline-flows-"));
  const board = await startSwitchboard();
  let now = Date.UTC(2026, 10, 24, 2, 0, 0);
  const clock = { now: () => now, sleep: () => systemClock.sleep(1) };
  const store = await openStore({ kind: "sqlite", path: join(dir, "store.db") }, { clock, log: silentLog });
  const deps: FlowDeps = {
    store,
    connected: [boardConnector(board.url).connect({}, { http: createHttp, clock, log: silentLog })],
    catalog,
    runbooks: [],
    approvers: localApprovers,
    chat: null,
    clock,
    newId: createIds(clock.now),
    log: silentLog,
    metrics: createMetrics(),
    settings: {
      consoleUrl: null,
      lookbackMs: 3_600_000,
      sourceTimeoutMs: 3_000,
      rediagnoseAfterMs: [60_000],
      groupWithinMs: 600_000,
      proposeFrom: 0.5,
      verifyWithinMs: 60_000,
    },
  };
  return {
    deps,
    board,
    advance: (ms) => {
      now += ms;
    },
    incident: () => openIncident(deps),
    proposal: (incidentId, more) => makeProposal(deps, incidentId, more),
    runExecution: async (executionId) => {
      for (let i = 0; i < 12; i += 1) await execute(executionId, deps);
    },
    close: async () => {
      await store.close();
      await board.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** An alert of the service `chat` that fires now. */
export function firing(deps: FlowDeps, fingerprint: string, more: Partial<Alert> = {}): Alert {
  return {
    source: "generic",
    fingerprint,
    status: "firing",
    title: "HighErrorRate",
    summary: "chat fails",
    severity: "critical",
    service: "chat",
    signal: "error_ratio",
    labels: { service: "chat" },
    annotations: {},
    startsAt: deps.clock.now(),
    endsAt: null,
    url: null,
    ...more,
  };
}

/** Takes alerts in as one delivery and triages it. @returns the delivery's id */
export async function deliver(deps: FlowDeps, alerts: readonly Alert[]): Promise<string> {
  const id = deps.newId("dlv");
  const delivery = {
    id,
    connector: "generic",
    dedupeKey: id,
    receivedAt: deps.clock.now(),
    headers: {},
    body: "{}",
    state: "stored" as const,
    fault: null,
  };
  await deps.store.accept(delivery, { alerts, changes: [] }, []);
  await triage(id, deps);
  return id;
}

async function openIncident(deps: FlowDeps): Promise<string> {
  await deliver(deps, [firing(deps, deps.newId("alr"))]);
  const [incident] = await deps.store.incidents({ limit: 1 });
  if (incident === undefined) throw new Error("no incident was opened");
  return incident.id;
}

/** The step that sets the switchboard's value from "18" to "17", by one of its actions. */
export function stepOf(action: string): BoundStep {
  return {
    id: "set",
    action,
    connector: "board",
    params: { value: "17" },
    preview: {
      target: "board:value",
      summary: "Set the value to 17",
      before: "18",
      after: "17",
      reach: "all traffic",
      reachShare: 1,
      sideEffect: "none",
      reversible: true,
      effectWithinMs: 0,
      refuse: null,
    },
  };
}

async function makeProposal(deps: FlowDeps, incidentId: string, more: Partial<Proposal> = {}): Promise<Proposal> {
  const now = deps.clock.now();
  const draft = {
    id: deps.newId("prop"),
    incidentId,
    runbook: "set-value",
    remedy: "rollback_prompt" as const,
    title: "Set the value to 17",
    why: "it was 17 before",
    considered: [],
    suspectId: "change:c1",
    steps: [stepOf("board.set_value")],
    verification: { watch: [{ signal: "error_ratio", labels: { service: "chat" } }], samples: 8, good: 6 },
    onFailure: "undo" as const,
    risk: "low" as const,
    approvalsNeeded: 1,
    proposedBy: "faultline",
    createdAt: now,
    expiresAt: now + 1_800_000,
    ...more,
  };
  const proposal: Proposal = { ...draft, digest: digestOf(digested(draft)), state: "pending", endedBecause: null };
  await record(incidentId, deps, () => ({ proposals: [proposal] }));
  return proposal;
}
