import { describe, expect, test } from "vitest";
import { systemClock } from "../lib/clock.ts";
import { Fault } from "../lib/fault.ts";
import { createHttp } from "../lib/http.ts";
import { silentLog } from "../lib/log.ts";
import { alertmanager } from "./alertmanager.ts";
import type { Connector } from "./connector.ts";
import { generic } from "./generic/index.ts";
import { grafana } from "./grafana.ts";

const NOW = Date.UTC(2026, 10, 20, 2, 5);
const deps = { http: createHttp, clock: systemClock, log: silentLog };

function webhook(connector: Connector, settings: unknown) {
  const { webhook: found } = connector.connect(settings, deps);
  if (found === undefined) throw new Error("no webhook");
  return found;
}

const request = (body: unknown, headers: Record<string, string> = {}) => ({
  headers,
  body: new TextEncoder().encode(typeof body === "string" ? body : JSON.stringify(body)),
});

function faultOf(run: () => unknown): Fault {
  try {
    run();
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

describe.each([
  ["alertmanager", alertmanager],
  ["grafana", grafana],
  ["generic", generic],
])("%s", (_id, connector) => {
  const [example] = connector.examples;
  const body = JSON.stringify(example?.body);
  const secrets = [
    { token: "a-long-token" },
    { basic: { username: "am", password: "a-long-password" } },
    { secret: "a-long-secret" },
  ];
  const usable = secrets.filter((settings) => {
    try {
      connector.connect(settings, deps);
      return true;
    } catch {
      return false;
    }
  });

  test("takes each of its credentials, and only them", () => {
    expect(usable.length).toBeGreaterThanOrEqual(2);
    for (const settings of usable) {
      const { signed, verify } = webhook(connector, settings);
      expect(signed).toBe(true);
      expect(() => verify(request(body, connector.sign(body, settings, NOW)), NOW)).not.toThrow();
      for (const other of usable.filter((one) => one !== settings))
        expect(faultOf(() => verify(request(body, connector.sign(body, other, NOW)), NOW)).kind).toBe(
          "unauthenticated",
        );
    }
  });

  test("refuses two credentials at once, and says so when it has none", () => {
    const [first, second] = usable;
    expect(faultOf(() => connector.connect({ ...first, ...second }, deps)).message).toMatch(/not (both|several)/);
    const open = webhook(connector, {});
    expect(open.signed).toBe(false);
    expect(() => open.verify(request(body), NOW)).not.toThrow();
  });
});

test("an Alertmanager body says which field is wrong, and a Grafana body is told from it", () => {
  const { parse } = webhook(alertmanager, {});
  const [example] = alertmanager.examples;
  const good = example?.body as { alerts: Record<string, unknown>[] };
  const broken = {
    ...good,
    alerts: [
      { ...good.alerts[0], startsAt: "yesterday" },
      { ...good.alerts[0], labels: { severity: 3 } },
    ],
  };
  const { message } = faultOf(() => parse(request(broken), NOW));
  expect(message).toContain('alerts[0].startsAt: expected a time such as 2026-11-20T02:03:11Z, received "yesterday"');
  expect(message).toContain("alerts[1].labels.severity: Invalid input: expected string, received number");
  const [fromGrafana] = grafana.examples;
  expect(faultOf(() => parse(request(fromGrafana?.body), NOW)).message).toContain('version: expected the string "4"');
});

test("an alert without a fingerprint gets the same one for the same labels, whatever their order and the time", () => {
  const { parse } = webhook(alertmanager, {});
  const of = (labels: Record<string, string>, startsAt: string) =>
    parse(request({ version: "4", alerts: [{ status: "firing", labels, startsAt }] }), NOW).alerts[0]?.fingerprint;
  const first = of({ alertname: "A", service: "chat" }, "2026-11-20T02:00:00Z");
  expect(of({ service: "chat", alertname: "A" }, "2026-11-20T02:30:00Z")).toBe(first);
  expect(of({ service: "rag", alertname: "A" }, "2026-11-20T02:00:00Z")).not.toBe(first);
});

test("an alert name that is a word of the language has no signal by accident", () => {
  const { parse } = webhook(alertmanager, {});
  const alert = { status: "firing", labels: { alertname: "constructor" }, startsAt: "2026-11-20T02:00:00Z" };
  expect(parse(request({ version: "4", alerts: [alert] }), NOW).alerts[0]).toMatchObject({
    signal: null,
    title: "constructor",
  });
});

describe("Grafana's HMAC without a time", () => {
  const settings = { secret: "a-long-secret", signature_header: "X-My-Signature" };
  test("covers the body alone, under the name in the settings", () => {
    const { verify } = webhook(grafana, settings);
    const headers = grafana.sign("{}", settings, NOW);
    expect(Object.keys(headers)).toEqual(["x-my-signature"]);
    expect(() => verify(request("{}", headers), NOW + 3_600_000)).not.toThrow();
    expect(faultOf(() => verify(request("{ }", headers), NOW)).kind).toBe("unauthenticated");
  });
});

describe("the generic API", () => {
  const { parse, deliveryId } = webhook(generic, {});
  test("says what is missing, by its place", () => {
    const { message } = faultOf(() =>
      parse(
        request({
          alerts: [{ severity: "critical" }],
          changes: [{ kind: "magic", target: "x", title: "y", at: "soon" }],
        }),
        NOW,
      ),
    );
    expect(message).toContain("alerts[0].title: ");
    expect(message).toContain("changes[0].kind: ");
    expect(message).toContain("changes[0].at: expected a time such as");
    expect(faultOf(() => parse(request({}), NOW)).message).toContain("at least one entry");
  });

  test("fills what may be left out, and keeps identity without it", () => {
    const alert = { title: "Slow", service: "chat", labels: { region: "eu" } };
    const first = parse(request({ alerts: [alert] }), NOW).alerts[0];
    const later = parse(request({ alerts: [{ ...alert, status: "resolved" }] }), NOW + 60_000).alerts[0];
    expect(first).toMatchObject({ status: "firing", severity: "unknown", startsAt: NOW, endsAt: null });
    expect(later).toMatchObject({ fingerprint: first?.fingerprint, endsAt: NOW + 60_000 });
    const change = { kind: "code", target: "app", title: "Deploy", before: "1", after: "2" };
    const [one, two] = [NOW, NOW + 60_000].map((now) => parse(request({ changes: [change] }), now).changes[0]?.id);
    expect(one).toBe(two);
  });

  test("a change cannot pass for one of another system by its id", () => {
    const change = { kind: "code", target: "app", title: "x", id: "github:acme/support#1", system: "github" };
    expect(parse(request({ changes: [change] }), NOW).changes[0]).toMatchObject({
      id: "generic:github:acme/support#1",
      system: "github",
    });
  });

  test("the sender's own key is the id of the delivery", () => {
    expect(deliveryId(request("{}", { "idempotency-key": "k-1" }))).toBe("k-1");
    expect(deliveryId(request("{}"))).toBeNull();
  });
});
