import { readdirSync } from "node:fs";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterAll, describe, expect, test } from "vitest";
import type { Connector, ConnectorDeps } from "../../src/connectors/connector.ts";
import { connectors } from "../../src/connectors/index.ts";
import { Preview } from "../../src/domain/action.ts";
import { Alert } from "../../src/domain/alert.ts";
import { Change } from "../../src/domain/change.ts";
import type { Json } from "../../src/domain/json.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { Fault } from "../../src/lib/fault.ts";
import { createHttp } from "../../src/lib/http.ts";
import { type Log, silentLog } from "../../src/lib/log.ts";
import type { Action, Connected, InboundRequest, Webhook } from "../../src/ports.ts";
import {
  type LineMisbehaviour,
  lineMisbehaviours,
  type Misbehaviour,
  misbehaviours,
  RETRY_AFTER_S,
  startMisbehaving,
  startMisbehavingLines,
} from "../fakes/misbehaving.ts";
import { actionCases, type Stage } from "../fakes/systems/action-cases.ts";

const FOLDER = join(import.meta.dirname, "../../src/connectors");
const NOW = Date.UTC(2026, 10, 20, 2, 5);
const MINUTE = 60_000;

let cases = 0;
afterAll(() => {
  process.stdout.write(`connector contract: ${connectors.length} connectors, ${cases} cases\n`);
});

const deps: ConnectorDeps = { http: (options) => createHttp(options), clock: systemClock, log: silentLog };

/** A connector is a file, or a folder with an `index.ts`, under its own name; the rest of the folder is what they share. */
function connectorFiles(): string[] {
  const entries = readdirSync(FOLDER, { withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts") && !entry.name.endsWith(".test.ts"))
    .map(({ name }) => name.slice(0, -".ts".length))
    .filter((name) => name !== "index" && name !== "connector");
  const folders = entries
    .filter((entry) => entry.isDirectory() && readdirSync(join(FOLDER, entry.name)).includes("index.ts"))
    .map(({ name }) => name);
  return [...files, ...folders].toSorted();
}

function request(body: string, headers: Readonly<Record<string, string>>): InboundRequest {
  return { headers, body: new TextEncoder().encode(body) };
}

function faultOf(run: () => unknown): Fault {
  try {
    run();
  } catch (error) {
    expect(error, "only Faults are thrown").toBeInstanceOf(Fault);
    return error as Fault;
  }
  throw new Error("nothing was refused");
}

/** Each header of a signature with one of its last characters changed. */
function forged(headers: Readonly<Record<string, string>>): Record<string, string>[] {
  return Object.entries(headers).map(([name, value]) => {
    const last = value.endsWith("0") ? "1" : "0";
    return { ...headers, [name]: value.slice(0, -1) + last };
  });
}

function webhookOf(connector: Connector): Webhook | undefined {
  return connector.connect(connector.sample, deps).webhook;
}

test("the list holds exactly the files of the folder", () => {
  cases += 1;
  expect(connectors.length).toBeGreaterThan(0);
  expect(connectors.map(({ id }) => id).toSorted()).toEqual(connectorFiles());
});

describe.each(connectors.map((connector) => [connector.id, connector] as const))("%s", (id, connector) => {
  test("says what it is in one sentence", () => {
    cases += 1;
    expect(connector.about).toMatch(/^\S[^\n]{15,200}\S$/);
  });

  test("connects with its sample settings and keeps its own name", () => {
    cases += 1;
    const connected = connector.connect(connector.sample, deps);
    expect(connected.id).toBe(id);
    const capabilities = Object.entries(connected).filter(([name, value]) => name !== "id" && value !== undefined);
    expect(capabilities.length).toBeGreaterThan(0);
    for (const action of connected.actions ?? []) expect(action.name).toMatch(new RegExp(`^${id}\\.[a-z0-9_]+$`));
  });

  test("names every setting that is missing from an empty section, at once", () => {
    cases += 1;
    const { required = [] } = connector.schema() as { required?: string[] };
    if (required.length === 0) return connector.connect({}, deps);
    const fault = faultOf(() => connector.connect({}, deps));
    expect(fault.kind).toBe("config");
    for (const name of required) expect(fault.message).toContain(`connectors.${id}.${name}: `);
    return undefined;
  });

  test("refuses a setting that it does not know, by name", () => {
    cases += 1;
    const fault = faultOf(() => connector.connect({ ...(connector.sample as object), no_such_setting: 1 }, deps));
    expect(fault.kind).toBe("config");
    expect(fault.message).toContain("no_such_setting");
  });
});

const receivers = connectors.flatMap((connector) => {
  const webhook = webhookOf(connector);
  return webhook === undefined ? [] : [[connector.id, connector, webhook] as const];
});

describe.each(receivers)("deliveries to %s", (_id, connector, webhook) => {
  const examples = connector.examples.map((example) => {
    const body = JSON.stringify(example.body);
    const signature = connector.sign(body, connector.sample, NOW);
    return { ...example, body, signature, request: request(body, { ...example.headers, ...signature }) };
  });

  test("are shown by at least one example", () => {
    cases += 1;
    expect(examples.length).toBeGreaterThan(0);
    expect(examples.some(({ parsed }) => (parsed.alerts?.length ?? 0) + (parsed.changes?.length ?? 0) > 0)).toBe(true);
  });

  test.each(examples.map((example) => [example.name, example] as const))(
    "parse to what the example says: %s",
    (_name, example) => {
      cases += 1;
      webhook.verify(example.request, NOW);
      const parsed = webhook.parse(example.request, NOW);
      const { alerts = [], changes = [] } = example.parsed;
      expect(parsed.alerts).toMatchObject(alerts);
      expect(parsed.changes).toMatchObject(changes);
      for (const alert of parsed.alerts) expect(Alert.parse(alert)).toEqual(alert);
      for (const change of parsed.changes) expect(Change.parse(change)).toEqual(change);
      expect(webhook.parse(example.request, NOW)).toEqual(parsed);
    },
  );

  test("are signed with the sample settings", () => {
    cases += 1;
    expect(webhook.signed).toBe(true);
    for (const { signature } of examples) expect(Object.keys(signature)).not.toHaveLength(0);
  });

  test.each(examples.map((example) => [example.name, example] as const))(
    "are refused unsigned or wrongly signed: %s",
    (_name, example) => {
      cases += 1;
      const unsigned = request(example.body, example.headers);
      expect(faultOf(() => webhook.verify(unsigned, NOW)).kind).toBe("unauthenticated");
      for (const headers of forged(example.signature)) {
        const wrong = request(example.body, { ...example.headers, ...headers });
        expect(faultOf(() => webhook.verify(wrong, NOW)).kind).toBe("unauthenticated");
      }
    },
  );

  test("are refused with another body, where the body is signed, and too late, where the time is", () => {
    const [example] = examples;
    if (example === undefined) return;
    const signs = (body: string, now: number) => JSON.stringify(connector.sign(body, connector.sample, now));
    if (signs(example.body, NOW) !== signs(`${example.body} `, NOW)) {
      cases += 1;
      const other = request(`${example.body} `, { ...example.headers, ...example.signature });
      expect(faultOf(() => webhook.verify(other, NOW)).kind).toBe("unauthenticated");
    }
    if (signs(example.body, NOW) !== signs(example.body, NOW + MINUTE)) {
      cases += 1;
      webhook.verify(example.request, NOW + 4 * MINUTE);
      expect(faultOf(() => webhook.verify(example.request, NOW + 6 * MINUTE)).kind).toBe("unauthenticated");
    }
  });

  const junk = [
    "",
    "{",
    "null",
    "[]",
    "7",
    '"text"',
    '{"alerts":7}',
    '{"alerts":[7]}',
    '{"alerts":{"a":1},"changes":"x"}',
  ];
  test.each(junk)("that are junk are invalid, and it is said why: %s", (body) => {
    cases += 1;
    const headers = examples[0]?.headers ?? {};
    const fault = faultOf(() => webhook.parse(request(body, headers), NOW));
    expect(fault.kind).toBe("invalid");
    expect(fault.message).toMatch(/\w+ \w+\W+\w+/);
  });

  test("whose fields are of the wrong type never end in anything but a Fault", () => {
    for (const { body, headers } of examples) {
      for (const broken of mutants(JSON.parse(body) as unknown)) {
        cases += 1;
        try {
          webhook.parse(request(JSON.stringify(broken), headers), NOW);
        } catch (error) {
          expect(error).toBeInstanceOf(Fault);
          expect((error as Fault).kind).toBe("invalid");
          expect((error as Fault).message).toMatch(/:/);
        }
      }
    }
  });
});

/** The value with each of its parts, one at a time, replaced by something of another type. */
function* mutants(value: unknown): Generator<unknown> {
  if (Array.isArray(value)) {
    for (const [index, part] of value.entries())
      for (const mutant of mutants(part)) yield value.with(index, mutant) as unknown;
  } else if (typeof value === "object" && value !== null) {
    for (const [key, part] of Object.entries(value))
      for (const mutant of mutants(part)) yield { ...value, [key]: mutant };
  }
  yield* [null, typeof value === "number" ? "x" : 7, "\u0000", { a: [] }];
}

// ------------------------------------------------------------------------------------- systems that misbehave

const CANARY = "canary-8f14e45fceea167a";
const SECRET_KEYS = /(^|_)(secret|token|password|key)$/;
const ADDRESS = /^(https?|tcp):\/\/[^/]+/;

/** The sample settings, pointed at another address, with the canary for every secret. */
function pointed(settings: unknown, address: string, key = ""): unknown {
  if (Array.isArray(settings)) return settings.map((part) => pointed(part, address, key));
  if (typeof settings === "object" && settings !== null) {
    const inner = Object.entries(settings).map(([name, part]) => [
      name,
      pointed(part, address, key === "secret_headers" ? "secret" : name),
    ]);
    return Object.fromEntries(inner) as unknown;
  }
  if (typeof settings !== "string") return settings;
  if (SECRET_KEYS.test(key) && key !== "public_key") return CANARY;
  if (key === "hosts") return address.replace(/^\w+:\/\//, "");
  return settings.replace(ADDRESS, address);
}

interface Recording {
  readonly deps: ConnectorDeps;
  readonly lines: string[];
}

const SOON_MS = 400;

/** No second tries, a deadline, and every line of the log kept. */
function recording(timeoutMs = 10_000): Recording {
  const lines: string[] = [];
  const keep = (message: string, fields?: Record<string, unknown>) =>
    void lines.push(`${message} ${inspect(fields, { depth: 10 })}`);
  const log: Log = { debug: keep, info: keep, warn: keep, error: keep, child: () => log };
  const http: ConnectorDeps["http"] = (options) =>
    createHttp({ ...options, timeoutMs, attempts: 1, maxBytes: 256 * 1024 });
  return { lines, deps: { http, log, clock: { now: () => NOW, sleep: async () => undefined } } };
}

/** Every question that a connector can put to its system, by name. */
function questions(connected: Connected): [name: string, ask: (signal: AbortSignal) => Promise<unknown>][] {
  const window = { from: NOW - 60 * MINUTE, to: NOW };
  const scope = { services: ["chat"], providers: ["openai"], gpuPools: ["a100"] };
  const { changes, signals, status, telemetry, actions = [] } = connected;
  const asked: [string, ((signal: AbortSignal) => Promise<unknown>) | undefined][] = [
    ["changesIn", changes && ((signal) => changes.changesIn(window, signal))],
    ["query", signals && ((signal) => signals.query(scope, window, signal))],
    ["incidentsIn", status && ((signal) => status.incidentsIn(window, signal))],
    ["logsIn", telemetry?.logsIn && (async (signal) => telemetry.logsIn?.(scope, window, signal))],
    ["samplesIn", telemetry?.samplesIn && (async (signal) => telemetry.samplesIn?.(scope, window, signal))],
    ["spansIn", telemetry?.spansIn && (async (signal) => telemetry.spansIn?.(scope, window, signal))],
    ...actions
      .filter(hasCase)
      .map((action): [string, (signal: AbortSignal) => Promise<unknown>] => [
        `${action.name} read`,
        (signal) => action.read(paramsOf(action), { signal }),
      ]),
  ];
  return asked.flatMap(([name, ask]) => (ask === undefined ? [] : [[name, ask]]));
}

function hasCase({ name }: Action): boolean {
  return actionCases.some(({ action }) => action === name);
}

function paramsOf(action: Action): Json {
  return (actionCases.find((known) => known.action === action.name)?.params ?? {}) as Json;
}

/** The sandbox is ours, tested with the whole program: its actions and its check are not held against fakes here. */
const OTHERS_CASES = ["sandbox"];

/** Questions to which "nothing there" is an answer. */
const ABSENT_IS_AN_ANSWER = ["langfuse.set_prompt_label read", "http.page read"];
/** An action whose state is not read asks nothing. */
const ASKS_NOTHING = ["http.page read"];

const networked = connectors.filter(
  ({ sample }) => JSON.stringify(sample) !== JSON.stringify(pointedAddressOnly(sample)),
);

function pointedAddressOnly(sample: unknown): unknown {
  return JSON.parse(JSON.stringify(sample).replace(/"(https?|tcp):\/\/[^/"]+/g, '"elsewhere')) as unknown;
}

describe.each(networked.map((connector) => [connector.id, connector] as const))(
  "when what %s asks misbehaves",
  (id, connector) => {
    const speaksLines = JSON.stringify(connector.sample).includes('"tcp://');
    const ways = Object.entries(speaksLines ? lineMisbehaviours : misbehaviours);

    test.each(ways)("and %s, it is a fault of kind %s, and no secret is told", async (how, kind) => {
      const server = await (speaksLines
        ? startMisbehavingLines(how as LineMisbehaviour)
        : startMisbehaving(how as Misbehaviour));
      const { deps: recorded, lines } = recording(SOON_MS);
      const said: string[] = [];
      const connect = () => connector.connect(pointed(connector.sample, server.url), recorded);
      try {
        const names = questions(connect()).map(([name]) => name);
        for (const name of names.filter((one) => !ASKS_NOTHING.includes(one))) {
          cases += 1;
          // A connection of its own, so that no breaker is open before the question.
          const ask = new Map(questions(connect())).get(name) ?? (async () => undefined);
          const fault = await ask(AbortSignal.timeout(20_000)).then(
            (answer) => ({ answer }),
            (error: unknown) => error,
          );
          if (kind === "not_found" && ABSENT_IS_AN_ANSWER.includes(name)) continue;
          expect(fault, name).toBeInstanceOf(Fault);
          expect((fault as Fault).kind, `${name}: ${(fault as Fault).message}`).toBe(kind);
          if (kind === "rate_limited") expect((fault as Fault).retryAfterMs, name).toBe(RETRY_AFTER_S * 1_000);
          said.push(inspect(fault, { depth: 10 }));
        }
        cases += 1;
        const checks = (await connect().check?.(AbortSignal.timeout(20_000))) ?? [];
        for (const { ok, remedy } of checks) expect(ok || remedy.length > 0).toBe(true);
        if (!alertsOnly(connector) && !OTHERS_CASES.includes(id))
          expect(
            checks.some(({ ok }) => !ok),
            JSON.stringify(checks),
          ).toBe(true);
        said.push(JSON.stringify(checks), ...lines);
        for (const text of said) expect(text).not.toContain(CANARY);
      } finally {
        await server.close();
      }
    });
  },
);

/** Whether nothing but `check` needs the network. */
function alertsOnly(connector: Connector): boolean {
  return questions(connector.connect(connector.sample, deps)).length === 0;
}

function nowhere({ sample }: Connector): string {
  return JSON.stringify(sample).includes('"tcp://') ? "tcp://127.0.0.1:1" : "http://127.0.0.1:1";
}

test("no secret of the settings can be printed", () => {
  for (const connector of connectors) {
    cases += 1;
    const connected = connector.connect(pointed(connector.sample, nowhere(connector)), recording().deps);
    expect(inspect(connected, { depth: 10, showHidden: true })).not.toContain(CANARY);
    const broken = { ...(pointed(connector.sample, nowhere(connector)) as object), no_such_setting: CANARY };
    expect(faultOf(() => connector.connect(broken, deps)).message).not.toContain(CANARY);
  }
});

// ------------------------------------------------------------------------------------- actions

test("every action of every connector is seen through against a fake", () => {
  cases += 1;
  const listed = connectors
    .filter(({ id }) => !OTHERS_CASES.includes(id))
    .flatMap((connector) => (connector.connect(connector.sample, deps).actions ?? []).map(({ name }) => name));
  expect(actionCases.map(({ action }) => action).toSorted()).toEqual(listed.toSorted());
});

describe.each(actionCases.map((known) => [known.action, known] as const))("%s", (name, { params, start }) => {
  const context = () => ({ signal: AbortSignal.timeout(20_000) });

  async function on<T>(run: (stage: Stage, action: Action) => Promise<T>): Promise<T> {
    const stage = await start();
    try {
      const connector = connectors.find(({ id }) => name.startsWith(`${id}.`));
      const action = connector?.connect(stage.settings, recording().deps).actions?.find((one) => one.name === name);
      if (action === undefined) throw new Error(`no action ${name}`);
      const result = await run(stage, action);
      expect(stage.faults ?? []).toEqual([]);
      return result;
    } finally {
      await stage.close();
    }
  }

  const applyContext = (before: Json, idempotencyKey = "exe_1:step:forward") => ({
    ...context(),
    before,
    idempotencyKey,
  });

  test("refuses parameters that are not its own, before anything is sent", async () => {
    cases += 1;
    await on(async (stage, action) => {
      for (const foreign of [{ ...params, no_such_parameter: "x" }, 7, null]) {
        const fault = await action.read(foreign as Json, context()).catch((error: unknown) => error);
        expect(fault).toBeInstanceOf(Fault);
        expect((fault as Fault).kind).toBe("invalid");
      }
      expect(stage.writes()).toBe(0);
    });
  });

  test("shows what would change, and changes nothing by reading, previewing and confirming", async () => {
    cases += 1;
    await on(async (stage, action) => {
      const state = stage.state();
      const before = await action.read(params as Json, context());
      const preview = await action.preview(params as Json, before, context());
      expect(Preview.parse(preview)).toEqual(preview);
      expect(preview.before).toEqual(before);
      expect(preview.after).not.toEqual(preview.before);
      expect(preview.refuse).toBeNull();
      expect(await action.preview(params as Json, await action.read(params as Json, context()), context())).toEqual(
        preview,
      );
      if (action.undo === null) expect(preview.reversible).toBe(false);
      expect(await action.confirm(params as Json, applyContext(before))).not.toBe("yes");
      expect(stage.writes()).toBe(0);
      expect(stage.state()).toEqual(state);
    });
  });

  test("does it once, however often it is asked under one key, and goes back where it says so", async () => {
    cases += 1;
    await on(async (stage, action) => {
      const original = stage.state();
      const before = await action.read(params as Json, context());
      const { reversible } = await action.preview(params as Json, before, context());
      expect(await action.apply(params as Json, applyContext(before))).toMatchObject({ outcome: "succeeded" });
      expect(stage.state()).toEqual(stage.wanted);
      if (action.repeat === "at_most_once") return;
      expect(await action.confirm(params as Json, applyContext(before))).toBe("yes");
      expect(await action.apply(params as Json, applyContext(before))).toMatchObject({ outcome: "succeeded" });
      expect(stage.state()).toEqual(stage.wanted);
      if (action.undo === null || !reversible) return;
      const back = applyContext(before, "exe_1:step:undo");
      expect(await action.undo(params as Json, back)).toMatchObject({ outcome: "succeeded" });
      expect(stage.state()).toEqual(stage.undone ?? original);
      expect(await action.read(params as Json, context())).toEqual(before);
    });
  });

  test("leaves it open when the answer is lost, and then confirms it", async () => {
    cases += 1;
    await on(async (stage, action) => {
      const before = await action.read(params as Json, context());
      stage.lose("answer");
      await expect(action.apply(params as Json, applyContext(before))).rejects.toBeInstanceOf(Fault);
      if (action.repeat === "at_most_once")
        expect(await action.confirm(params as Json, applyContext(before))).toBe("unknown");
      else {
        await action.apply(params as Json, applyContext(before));
        expect(await action.confirm(params as Json, applyContext(before))).toBe("yes");
        expect(stage.state()).toEqual(stage.wanted);
      }
    });
  });

  test("never confirms what did not arrive", async () => {
    cases += 1;
    await on(async (stage, action) => {
      const state = stage.state();
      const before = await action.read(params as Json, context());
      stage.lose("request");
      await expect(action.apply(params as Json, applyContext(before))).rejects.toBeInstanceOf(Fault);
      expect(await action.confirm(params as Json, applyContext(before))).not.toBe("yes");
      expect(stage.state()).toEqual(state);
    });
  });

  test("fails, and is not left open, when it is refused; is left open when nobody can tell", async () => {
    const { before, sample } = await on(async (stage, action) => ({
      before: await action.read(params as Json, context()),
      sample: stage.settings,
    }));
    const speaksLines = JSON.stringify(sample).includes('"tcp://');
    for (const [how, kind] of Object.entries(speaksLines ? lineMisbehaviours : misbehaviours)) {
      cases += 1;
      const server = await (speaksLines
        ? startMisbehavingLines(how as LineMisbehaviour)
        : startMisbehaving(how as Misbehaviour));
      try {
        const connector = connectors.find(({ id }) => name.startsWith(`${id}.`));
        const action = connector
          ?.connect(pointed(sample, server.url), recording(SOON_MS).deps)
          .actions?.find((one) => one.name === name);
        const outcome = await action?.apply(params as Json, applyContext(before)).then(
          (applied) => applied.outcome,
          (error: unknown) => (error instanceof Fault ? "open" : error),
        );
        const passing = ["unavailable", "timeout", "too_large"].includes(kind);
        const accepted =
          passing && how.startsWith("answers with") ? ["open", "succeeded"] : [passing ? "open" : "failed"];
        expect(accepted, `${how}: ${String(outcome)}`).toContain(outcome);
      } finally {
        await server.close();
      }
    }
  });
});
