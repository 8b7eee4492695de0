import { afterEach, expect, test } from "vitest";
import { chooseRunbooks } from "../../src/domain/choose-runbook.ts";
import { diagnose } from "../../src/domain/diagnosis/diagnose.ts";
import { loadRunbooks } from "../../src/runbooks.ts";
import { faults } from "../../src/sandbox/faults.ts";
import { type OfflineSandbox, offlineSandbox } from "./offline.ts";

const runbooks = loadRunbooks("runbooks");
let box: OfflineSandbox | null = null;
afterEach(() => box?.close());

/** Breaks a fresh sandbox and diagnoses a few seconds after the first alert. */
function story(fault: (typeof faults)[number], seed: number) {
  box = offlineSandbox(seed);
  box.pass(10);
  const { culprit } = box.drill(fault.name, seed);
  for (let i = 0; i < 40 && box.alerts().length === 0; i += 1) box.pass(1);
  box.pass(4);
  const file = box.caseFile();
  const diagnosis = diagnose(file);
  const [choice] = chooseRunbooks(diagnosis, file, runbooks);
  box.close();
  box = null;
  return {
    cause: diagnosis.cause === fault.cause,
    culprit: (diagnosis.suspects[0]?.changeId ?? null) === culprit,
    remedy: choice !== undefined && fault.remedies.includes(choice.runbook.remedy),
    said: `${fault.name} (seed ${seed}): ${diagnosis.cause} ${diagnosis.confidence.toFixed(2)}, ${diagnosis.suspects[0]?.title}, ${choice?.runbook.name}`,
  };
}

/** The bar of the first issue: nine of ten. One seed here; `drill --all` lives through it in real time. */
test("nine of ten breaks of the living sandbox are named right, with their culprit and a remedy that mends", () => {
  const stories = [21].flatMap((seed) => faults.map((fault) => story(fault, seed)));
  const wrong = stories.filter(({ cause, culprit, remedy }) => !(cause && culprit && remedy)).map(({ said }) => said);
  const share = (of: (one: (typeof stories)[number]) => boolean) => stories.filter(of).length / stories.length;
  expect(
    share(({ cause }) => cause),
    wrong.join("\n"),
  ).toBeGreaterThanOrEqual(0.9);
  expect(
    share(({ culprit }) => culprit),
    wrong.join("\n"),
  ).toBeGreaterThanOrEqual(0.85);
  expect(
    share(({ remedy }) => remedy),
    wrong.join("\n"),
  ).toBeGreaterThanOrEqual(0.85);
}, 240_000);

test("nothing is blamed while nothing is wrong: no alert fires in ten quiet minutes", () => {
  box = offlineSandbox(31);
  box.pass(600);
  expect(box.alerts()).toEqual([]);
});
