import { expect, test } from "vitest";
import { loadRunbooks } from "../runbooks.ts";
import { train } from "./train.ts";

const runbooks = loadRunbooks("runbooks");

test("prints the scores as they stand and cross-validated, and passes where they do not fall", async () => {
  const out: string[] = [];
  const io = { out: (line: string) => out.push(line), err: (line: string) => out.push(line) };
  expect(await train(["test/scenarios"], { check: true, runbooks }, io)).toBe(0);
  expect(out[0]).toContain("as it stands");
  expect(out[1]).toContain("cross-validated");
  expect(out[1]).toContain("causeTop1 1.000");
});

test("without a labelled scenario there is nothing to learn from", async () => {
  const err: string[] = [];
  const io = { out: () => undefined, err: (line: string) => err.push(line) };
  expect(await train(["test/fakes"], { check: true, runbooks }, io)).toBe(1);
  expect(err.at(-1)).toContain("no scenario");
});
