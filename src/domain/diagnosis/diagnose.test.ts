import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { CaseFile } from "../case-file.ts";
import { readScenario, type Scenario } from "../scenario.ts";
import { MINUTE } from "../time.ts";
import { diagnose } from "./diagnose.ts";
import { Diagnosis } from "./diagnosis.ts";

const scenarios: Scenario[] = readdirSync("test/scenarios")
  .filter((name) => name.endsWith(".json"))
  .flatMap((name) => {
    const read = readScenario(JSON.parse(readFileSync(`test/scenarios/${name}`, "utf8")));
    return read.ok ? [read.scenario] : [];
  });

function scenario(id: string): Scenario {
  const found = scenarios.find((one) => one.id.startsWith(id));
  if (found === undefined) throw new Error(`no scenario ${id}`);
  return found;
}

const empty: CaseFile = {
  asOf: Date.parse("2026-03-01T10:00:00Z"),
  catalog: { services: [] },
  alerts: [],
  changes: [],
  series: [],
  pagesAsked: null,
  providerStatus: [],
  samples: [],
  logs: [],
  traces: [],
  history: [],
  gaps: [],
};

function expectSound(caseFile: CaseFile): Diagnosis {
  const diagnosis = diagnose(caseFile);
  expect(() => Diagnosis.parse(diagnosis)).not.toThrow();
  expect(JSON.stringify(diagnosis)).not.toMatch(/NaN|Infinity/);
  expect(diagnosis.suspects.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 6);
  expect(Object.values(diagnosis.causes).reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 6);
  const known = new Set(diagnosis.evidence.map(({ id }) => id));
  expect(known.size).toBe(diagnosis.evidence.length);
  for (const { weights } of diagnosis.suspects) for (const { evidence } of weights) expect(known).toContain(evidence);
  return diagnosis;
}

describe("a diagnosis of a recorded incident", () => {
  test.each(scenarios.map(({ id }) => id))(
    "%s names the expected cause, and its culprit first among the changes",
    (id) => {
      const { caseFile, expect: truth } = scenario(id);
      const diagnosis = expectSound(caseFile);
      expect(diagnosis.cause).toBe(truth?.cause);
      const first = diagnosis.suspects.find(({ changeId }) => changeId !== null);
      if (truth?.culprit !== null) expect(first?.changeId).toBe(truth?.culprit);
      else expect(first?.probability ?? 0).toBeLessThan(0.5);
    },
  );

  test("is the same twice, byte for byte, and does not depend on the order of the series", () => {
    const { caseFile } = scenario("rerank-nodes");
    expect(JSON.stringify(diagnose(caseFile))).toBe(JSON.stringify(diagnose(structuredClone(caseFile))));
    const turned = diagnose({ ...caseFile, series: caseFile.series.toReversed() });
    expect(turned.causes).toEqual(diagnose(caseFile).causes);
  });

  test("does not look at anything later than it was asked", () => {
    const { caseFile } = scenario("quote-bot-500");
    const late = caseFile.asOf + MINUTE;
    const change = caseFile.changes[0];
    const log = caseFile.logs[0];
    if (change === undefined || log === undefined) throw new Error("the scenario has lost its change or its log");
    const withFuture: CaseFile = {
      ...caseFile,
      series: caseFile.series.map((series) => ({
        ...series,
        values: [...series.values, ...Array.from({ length: 30 }, () => 99)],
      })),
      changes: [...caseFile.changes, { ...change, id: "later", at: late }],
      logs: [...caseFile.logs, { ...log, template: "NVRM: Xid 79", firstSeen: late, lastSeen: late }],
      providerStatus: [
        {
          provider: "openai",
          title: "down",
          impact: "critical",
          startedAt: late,
          postedAt: late,
          resolvedAt: null,
          components: [],
        },
      ],
      history: [{ id: "p", at: late, service: null, cause: "gpu_infra", signals: ["error_ratio"] }],
    };
    expect(diagnose(withFuture)).toEqual(diagnose(caseFile));
  });

  test("reads neither the ids nor the titles of the scenario, and nothing of its expectation", () => {
    const { caseFile } = scenario("rerank-nodes");
    const renamed = { ...caseFile, changes: caseFile.changes.map((change, i) => ({ ...change, id: `z${i}` })) };
    expect(diagnose(renamed).causes).toEqual(diagnose(caseFile).causes);
  });

  test("rules a change out that came after the onset, and says so", () => {
    const { caseFile } = scenario("quote-bot-500");
    const first = diagnose(caseFile);
    const culprit = caseFile.changes.at(-1);
    if (culprit === undefined || first.onset === null) throw new Error("nothing to move");
    const late = { ...culprit, at: first.onset.to + 4 * MINUTE, rollout: null };
    const second = diagnose({ ...caseFile, changes: [...caseFile.changes.slice(0, -1), late] }, first);
    const suspect = second.suspects.find(({ changeId }) => changeId === culprit.id);
    expect(suspect?.ruledOut).toContain("after the onset");
    expect(suspect?.probability).toBe(0);
    expect(second.moved).toContainEqual(
      expect.objectContaining({ suspect: `change:${culprit.id}`, move: "ruled_out" }),
    );
  });

  test("changes its mind when the status page posts, and says what grew stronger", () => {
    const { caseFile } = scenario("ad-copy-latency");
    const withoutProvider = {
      ...caseFile,
      series: caseFile.series.filter(({ labels }) => labels["provider"] === undefined),
    };
    const first = diagnose(withoutProvider);
    const asOf = caseFile.asOf + 20 * MINUTE;
    const posted = {
      provider: "openai",
      title: "Elevated latency",
      impact: "major" as const,
      startedAt: caseFile.asOf - 6 * MINUTE,
      postedAt: asOf - MINUTE,
      resolvedAt: null,
      components: ["API"],
    };
    const second = diagnose({ ...withoutProvider, asOf, providerStatus: [posted] }, first);
    expect(second.causes.upstream_provider).toBeGreaterThan(first.causes.upstream_provider);
    expect(
      second.moved.some(({ suspect, move }) => suspect === "ambient:provider_outage:openai" && move !== "weakened"),
    ).toBe(true);
  });

  test("is less sure when its sources are taken away, and lists the gap", () => {
    const { caseFile } = scenario("rerank-nodes");
    const blind = diagnose({ ...caseFile, series: [] });
    expect(blind.confidence).toBeLessThan(diagnose(caseFile).confidence);
    expect(blind.gaps.some(({ what }) => what.includes("signals"))).toBe(true);
  });
});

describe("ugly data", () => {
  test("of nothing at all it says unknown", () => {
    const diagnosis = expectSound(empty);
    expect(diagnosis.cause).toBe("unknown");
    expect(diagnosis.onset).toBeNull();
  });

  const base = { labels: { service: "chat" }, start: empty.asOf - 60 * MINUTE, stepMs: MINUTE };
  const catalog: CaseFile["catalog"] = {
    services: [
      {
        name: "chat",
        kind: "llm_app",
        owner: "",
        models: ["m"],
        prompts: [],
        providers: ["openai"],
        gpu_pools: [],
        datasets: [],
        depends_on: ["chat", "b"],
      },
      {
        name: "b",
        kind: "serving",
        owner: "",
        models: ["m"],
        prompts: [],
        providers: [],
        gpu_pools: ["p"],
        datasets: [],
        depends_on: ["chat"],
      },
    ],
  };

  test.each([
    ["only gaps", [null, null, null]],
    ["one value", [0.5]],
    ["a constant", Array.from({ length: 60 }, () => 0.25)],
    ["infinities", [1, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN, 1e300, -1e300, 2]],
    ["nothing", []],
  ])("%s in a series, and a catalogue with cycles, break nothing", (_, values) => {
    expectSound({ ...empty, catalog, series: [{ ...base, signal: "error_ratio", values }] });
  });

  test("a step of zero, a start that is no time, and a change without a time become gaps", () => {
    const { changes } = scenario("quote-bot-500").caseFile;
    const diagnosis = expectSound({
      ...empty,
      catalog,
      changes: changes.map((change) => ({ ...change, at: Number.NaN })),
      series: [
        { ...base, signal: "latency_p95", stepMs: 0, values: [1, 2, 3] },
        { ...base, signal: "latency_p95", start: Number.NaN, values: [1, 2, 3] },
      ],
    });
    expect(diagnosis.suspects.every(({ changeId }) => changeId === null)).toBe(true);
    expect(diagnosis.gaps.some(({ why }) => why.includes("no time"))).toBe(true);
  });

  test("a million values are read in well under the time of a diagnosis that people wait for", () => {
    const values = Array.from({ length: 1_000_000 }, (_, i) => (i < 900_000 ? 1 : 2) + (i % 7) / 100);
    const started = performance.now();
    expectSound({
      ...empty,
      catalog,
      series: [{ ...base, start: empty.asOf - 1_000_000_000, stepMs: 1000, signal: "latency_p95", values }],
    });
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  test("whatever is torn out of or scribbled over a recorded case, the answer is sound", () => {
    const value = fc.oneof(fc.constant(null), fc.double(), fc.constant(Number.NaN), fc.integer());
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: scenarios.length - 1 }),
        fc.array(fc.tuple(fc.nat(20), fc.array(value, { maxLength: 60 })), { maxLength: 6 }),
        fc.integer({ min: -600, max: 60 }),
        fc.subarray(["catalog", "alerts", "changes", "logs", "samples", "providerStatus"] as const),
        (which, scribbles, minutes, torn) => {
          const original = scenarios[which]?.caseFile ?? empty;
          const series = original.series.map((one, i) => ({
            ...one,
            values: scribbles.find(([place]) => place === i)?.[1] ?? one.values,
          }));
          const gone = Object.fromEntries(torn.map((key) => [key, empty[key]]));
          expectSound({ ...original, ...gone, series, asOf: original.asOf + minutes * MINUTE });
        },
      ),
      { numRuns: 60 },
    );
  });
});
