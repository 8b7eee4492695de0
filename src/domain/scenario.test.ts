import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { readScenario } from "./scenario.ts";

const smallest = { version: 1, id: "x", now: "2026-03-01T10:00:00Z" };

describe("reading a scenario", () => {
  test("fills what may be absent and leaves out what is not known", () => {
    const read = readScenario({ ...smallest, mood: "calm" });
    expect(read.ok && read.scenario.caseFile.series).toEqual([]);
    expect(read.ok && read.scenario.expect).toBeNull();
    expect(read.ok && read.scenario.caseFile.asOf).toBe(Date.parse("2026-03-01T10:00:00Z"));
  });

  test("names the field that is wrong", () => {
    const read = readScenario({
      ...smallest,
      series: [{ signal: "error_ratio", start: "yesterday", step_s: 60, values: [] }],
    });
    expect(read.ok).toBe(false);
    expect(!read.ok && read.error).toContain("series.0.start");
    expect(readScenario({ ...smallest, version: 2 })).toMatchObject({ ok: false });
    expect(readScenario([])).toMatchObject({ ok: false });
    expect(readScenario("{}")).toMatchObject({ ok: false });
  });

  test("wants a name for every series", () => {
    const read = readScenario({ ...smallest, series: [{ labels: {}, start: smallest.now, step_s: 60, values: [1] }] });
    expect(!read.ok && read.error).toContain("expected signal or metric");
  });

  test("keeps a change without a time, which is then only a gap", () => {
    const read = readScenario({ ...smallest, changes: [{ id: "c", kind: "code" }] });
    expect(read.ok && Number.isNaN(read.scenario.caseFile.changes[0]?.at)).toBe(true);
  });

  test("turns an Alertmanager body into alerts of ours", () => {
    const body = {
      alerts: [
        {
          status: "firing",
          labels: { alertname: "Slow", severity: "page", service: "chat" },
          annotations: { summary: "p95 above 4 s" },
          startsAt: smallest.now,
          endsAt: "0001-01-01T00:00:00Z",
          fingerprint: "f1",
        },
      ],
    };
    const read = readScenario({ ...smallest, alerts: [body] });
    expect(read.ok && read.scenario.caseFile.alerts[0]).toMatchObject({
      service: "chat",
      severity: "critical",
      title: "Slow",
      summary: "p95 above 4 s",
      endsAt: null,
      fingerprint: "f1",
    });
  });

  test("reads the recorded incidents that travel with the tests", () => {
    const read = readScenario(JSON.parse(readFileSync("test/scenarios/rerank-nodes-1.json", "utf8")));
    expect(read.ok && read.scenario.caseFile.series.length).toBeGreaterThan(3);
    expect(read.ok && read.scenario.expect?.cause).toBe("gpu_infra");
  });
});
