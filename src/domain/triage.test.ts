import { describe, expect, test } from "vitest";
import type { Alert } from "./alert.ts";
import type { Catalog } from "./catalog.ts";
import type { Incident } from "./incident.ts";
import { joining, type OpenMatter, worst } from "./triage.ts";

const MINUTE = 60_000;
const service = (name: string, more: object = {}) => ({
  name,
  kind: "llm_app" as const,
  owner: "",
  models: [],
  prompts: [],
  providers: [],
  gpu_pools: [],
  datasets: [],
  depends_on: [],
  ...more,
});
const catalog: Catalog = {
  services: [
    service("chat", { providers: ["north"], depends_on: ["retrieval"] }),
    service("retrieval"),
    service("summary", { providers: ["north"] }),
    service("billing", { providers: ["south"] }),
  ],
};
const alert = (name: string | null, startsAt = 0, labels: Record<string, string> = {}): Alert => ({
  source: "alertmanager",
  fingerprint: `${name}-${startsAt}`,
  status: "firing",
  title: "High",
  summary: "",
  severity: "critical",
  service: name,
  signal: null,
  labels,
  annotations: {},
  startsAt,
  endsAt: null,
  url: null,
});
const matter = (id: string, alerts: Alert[], status: Incident["status"] = "investigating"): OpenMatter => ({
  incident: {
    id,
    rev: 1,
    status,
    severity: "critical",
    title: "",
    service: null,
    owner: null,
    openedAt: 0,
    updatedAt: 0,
    resolvedAt: null,
  },
  alerts,
});

describe("joining", () => {
  test.each([
    ["same_service", "chat"],
    ["neighbour", "retrieval"],
    ["shared_foundation", "summary"],
  ])("an alert joins by %s", (because, name) => {
    expect(joining(alert(name, MINUTE), [matter("inc_1", [alert("chat")])], catalog, 30 * MINUTE)).toMatchObject({
      because,
      join: { id: "inc_1" },
    });
  });

  test("an alert of a service that shares nothing opens its own incident", () => {
    expect(joining(alert("billing", MINUTE), [matter("inc_1", [alert("chat")])], catalog, 30 * MINUTE).join).toBeNull();
  });

  test("a new cause is not hidden in an incident that is old or already mitigated", () => {
    expect(
      joining(alert("chat", 31 * MINUTE), [matter("inc_1", [alert("chat")])], catalog, 30 * MINUTE).join,
    ).toBeNull();
    expect(
      joining(alert("chat", MINUTE), [matter("inc_1", [alert("chat")], "mitigated")], catalog, 30 * MINUTE).join,
    ).toBeNull();
  });

  test("the same service is preferred to a neighbour", () => {
    const open = [matter("inc_near", [alert("retrieval")]), matter("inc_same", [alert("chat")])];
    expect(joining(alert("chat", MINUTE), open, catalog, 30 * MINUTE).join?.id).toBe("inc_same");
  });

  test("alerts about no service join only when they agree on a provider, pool or node", () => {
    const open = [matter("inc_1", [alert(null, 0, { provider: "north" })])];
    expect(joining(alert(null, 1, { provider: "north" }), open, catalog, MINUTE).join?.id).toBe("inc_1");
    expect(joining(alert(null, 1, { provider: "south" }), open, catalog, MINUTE).join).toBeNull();
    expect(joining(alert(null, 1), [matter("inc_1", [alert(null)])], catalog, MINUTE).join).toBeNull();
  });
});

test("the worst severity wins", () => {
  expect(
    worst([
      { ...alert("a"), severity: "info" },
      { ...alert("b"), severity: "warning" },
    ]),
  ).toBe("warning");
});
