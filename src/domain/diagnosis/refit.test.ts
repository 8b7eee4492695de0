import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { readScenario } from "../scenario.ts";
import { reasonsOf } from "./diagnose.ts";
import { FIT, parts } from "./fit.ts";
import { type Labelled, refit } from "./refit.ts";
import { weighSuspects } from "./weigh.ts";

function labelled(name: string): Labelled {
  const read = readScenario(JSON.parse(readFileSync(`test/scenarios/${name}.json`, "utf8")));
  if (!read.ok || read.scenario.expect === null) throw new Error(name);
  return { incident: name, ...reasonsOf(read.scenario.caseFile), expect: read.scenario.expect };
}

test("a fit gives the same answer twice and stays within its bounds", () => {
  const cases = [labelled("quote-bot-500-1"), labelled("rerank-nodes-1")];
  const fitted = refit(cases, FIT);
  expect(refit(cases, FIT)).toEqual(fitted);
  for (const part of parts) {
    expect(fitted.scales[part]).toBeGreaterThanOrEqual(0.4);
    expect(fitted.scales[part]).toBeLessThanOrEqual(2);
  }
});

test("a fit moves towards what turned out to be true", () => {
  const one = labelled("quote-bot-500-1");
  const innocent = { ...one, expect: { ...one.expect, culprit: null } };
  const fitted = refit([innocent], FIT);
  const ofNobody = (fit: typeof FIT) =>
    weighSuspects(one.hypotheses, one.findings, fit)
      .filter(({ changeId, cause }) => changeId === null && cause === "application")
      .reduce((sum, { probability }) => sum + probability, 0);
  expect(ofNobody(fitted)).toBeGreaterThan(ofNobody(FIT) * 1.5);
});

test("a hopeless case moves nothing", () => {
  const one = labelled("quote-bot-500-1");
  const hopeless = { ...one, expect: { ...one.expect, cause: "demand" as const, culprit: "chg-none" } };
  expect(refit([hopeless], FIT).scales).toEqual(FIT.scales);
});

test("nothing to learn from changes nothing", () => {
  expect(refit([], FIT).scales).toEqual(FIT.scales);
});
