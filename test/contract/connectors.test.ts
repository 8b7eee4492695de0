import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { Connector, ConnectorDeps } from "../../src/connectors/connector.ts";
import { connectors } from "../../src/connectors/index.ts";
import { Alert } from "../../src/domain/alert.ts";
import { Change } from "../../src/domain/change.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { Fault } from "../../src/lib/fault.ts";
import { createHttp } from "../../src/lib/http.ts";
import { silentLog } from "../../src/lib/log.ts";
import type { InboundRequest, Webhook } from "../../src/ports.ts";

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
    expect(connector.about).toMatch(/^[A-Z].*\.$/s);
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
    expect(fault.message.length).toBeGreaterThan(20);
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
