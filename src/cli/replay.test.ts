import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { causes } from "../domain/cause.ts";
import { loadRunbooks } from "../runbooks.ts";
import { evaluate } from "./eval.ts";
import { replay } from "./replay.ts";

const runbooks = loadRunbooks("runbooks");

function recorder() {
  const out: string[] = [];
  const err: string[] = [];
  return { out, err, io: { out: (line: string) => out.push(line), err: (line: string) => err.push(line) } };
}

function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), "replay-"));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

interface Line {
  readonly id: string;
  readonly as_of: string;
  readonly cause: string;
  readonly confidence: number;
  readonly causes: Readonly<Record<string, number>>;
  readonly suspects: readonly {
    readonly change: string | null;
    readonly cause: string;
    readonly probability: number;
  }[];
  readonly onset: { readonly at: string; readonly from: string; readonly to: string } | null;
  readonly proposals: readonly { readonly runbook: string; readonly remedy: string }[];
  readonly gaps: readonly string[];
  readonly elapsed_ms: number;
}

describe("replay", () => {
  test("prints one object a line, in the order given, as the format says", async () => {
    const { out, io } = recorder();
    const files = ["test/scenarios/quote-bot-500-1.json", "test/scenarios/ad-copy-latency-1.json"];
    expect(await replay(files, { json: true, runbooks }, io)).toBe(0);
    const lines = out.map((line) => JSON.parse(line) as Line);
    expect(lines.map(({ id }) => id)).toEqual(["quote-bot-500-1", "ad-copy-latency-1"]);
    for (const line of lines) {
      expect(Object.keys(line)).toEqual([
        "id",
        "as_of",
        "cause",
        "confidence",
        "causes",
        "suspects",
        "onset",
        "proposals",
        "gaps",
        "elapsed_ms",
      ]);
      expect(Object.keys(line.causes).toSorted()).toEqual([...causes].toSorted());
      expect(Object.values(line.causes).reduce((a, b) => a + b, 0)).toBeCloseTo(1, 4);
      expect(line.suspects.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 4);
      expect(line.suspects.map(({ probability }) => probability)).toEqual(
        line.suspects.map(({ probability }) => probability).toSorted((a, b) => b - a),
      );
      expect(line.as_of).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      expect(line.confidence).toBeCloseTo(line.causes[line.cause] ?? -1, 6);
    }
    expect(lines[0]).toMatchObject({
      cause: "application",
      suspects: [{ change: "chg-004" }, ...(lines[0]?.suspects.slice(1) ?? [])],
    });
    expect(lines[0]?.proposals[0]?.remedy).toBe("rollback_deploy");
  });

  test("goes on after a file that is no scenario, says which and why, and ends with 1", async () => {
    const folder = folderWith({ "a.json": "{", "b.json": '{"version":1,"id":"b"}' });
    const { out, err, io } = recorder();
    const files = [
      join(folder, "a.json"),
      join(folder, "b.json"),
      join(folder, "none.json"),
      "test/scenarios/rerank-nodes-1.json",
    ];
    expect(await replay(files, { json: true, runbooks }, io)).toBe(1);
    expect(out).toHaveLength(1);
    const faults = err.map((line) => JSON.parse(line) as { file: string; error: string });
    expect(faults.map(({ file }) => file)).toEqual(files.slice(0, 3));
    expect(faults[1]?.error).toContain("now");
  });

  test("does not need an expectation, and does not read one", async () => {
    const { out, io } = recorder();
    const { expect: _, ...bare } = JSON.parse(readFileSync("test/scenarios/rerank-nodes-1.json", "utf8")) as Record<
      string,
      unknown
    >;
    const folder = folderWith({
      "bare.json": JSON.stringify(bare),
      "lying.json": JSON.stringify({ ...bare, expect: { cause: "demand", culprit: null } }),
    });
    await replay(
      [join(folder, "bare.json"), join(folder, "lying.json"), "test/scenarios/rerank-nodes-1.json"],
      { json: true, runbooks },
      io,
    );
    const [one, two, three] = out.map((line) => ({ ...(JSON.parse(line) as Line), elapsed_ms: 0 }));
    expect(two).toEqual(one);
    expect(three).toEqual(one);
  });

  test("tells people the suspects with what speaks for and against them", async () => {
    const { out, io } = recorder();
    await replay(["test/scenarios/form-filler-parse-errors-1.json"], { json: false, runbooks }, io);
    expect(out[0]).toContain("prompt");
    expect(out[0]).toContain("format valid ratio of form-filler fell from");
    expect(out[0]).toContain("proposal:");
  });
});

describe("eval", () => {
  test("prints the scores by cause and in all, the confusion matrix and the two baselines", async () => {
    const { out, io } = recorder();
    expect(await evaluate("test/scenarios", { json: true, runbooks }, io)).toBe(0);
    const report = JSON.parse(out[0] ?? "") as {
      scores: Record<string, number>;
      by_cause: Record<string, unknown>;
      confusion: unknown;
      baselines: Record<string, Record<string, number>>;
    };
    expect(report.scores).toMatchObject({ scenarios: 6, causeTop1: 1, culpritTop1: 1, falseAccusation: 0 });
    expect(Object.keys(report.by_cause)).toContain("gpu_infra");
    expect(report.baselines["always_unknown"]).toMatchObject({ causeTop1: 0, falseAccusation: 0 });
    expect(report.baselines["latest_change"]?.["causeTop1"]).toBeLessThan(1);
    const { out: text, io: people } = recorder();
    await evaluate("test/scenarios", { json: false, runbooks }, people);
    expect(text.join("\n")).toContain("always unknown");
    expect(text.join("\n")).toContain("expected \\ said");
  });

  test("says which file has nothing to score against, and ends with 1", async () => {
    const folder = folderWith({ "a.json": JSON.stringify({ version: 1, id: "a", now: "2026-03-01T10:00:00Z" }) });
    const { err, io } = recorder();
    expect(await evaluate(folder, { json: true, runbooks }, io)).toBe(1);
    expect(err[0]).toContain("expect");
  });
});
