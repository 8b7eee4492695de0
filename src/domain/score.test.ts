import { expect, test } from "vitest";
import { type Cause, causes } from "./cause.ts";
import { type Answered, byCause, confusionOf, scoresOf } from "./score.ts";

function answer(part: Partial<Answered> & { readonly said?: Cause; readonly sure?: number }): Answered {
  const { said = "prompt", sure = 0.8, ...rest } = part;
  const others = (1 - sure) / (causes.length - 1);
  return {
    id: "x",
    expect: { cause: "prompt", causes_ok: [], culprit: "c1", culprits_ok: [], remedy: ["rollback_prompt"] },
    causes: Object.fromEntries(causes.map((cause) => [cause, cause === said ? sure : others])) as Answered["causes"],
    suspects: [{ change: "c1", probability: 0.7 }],
    remedy: "rollback_prompt",
    elapsedMs: 10,
    ...rest,
  };
}

test("a right answer scores on every count", () => {
  expect(scoresOf([answer({})])).toMatchObject({
    causeTop1: 1,
    causeTop2: 1,
    culpritTop1: 1,
    culpritTop3: 1,
    remedyHit: 1,
    falseAccusation: null,
  });
});

test("an acceptable cause and an acceptable culprit count as right", () => {
  const fair = {
    cause: "data",
    causes_ok: ["prompt"],
    culprit: "c9",
    culprits_ok: ["c1"],
    remedy: [],
  } as Answered["expect"];
  expect(scoresOf([answer({ expect: fair })])).toMatchObject({ causeTop1: 1, culpritTop1: 1, remedyHit: null });
});

test("the culprit is ranked among changes only", () => {
  const suspects = [
    { change: null, probability: 0.5 },
    { change: "c2", probability: 0.3 },
    { change: "c1", probability: 0.2 },
  ];
  expect(scoresOf([answer({ suspects })])).toMatchObject({ culpritTop1: 0, culpritTop3: 1 });
});

test("to blame a change at one half where none did it is a false accusation", () => {
  const innocent = {
    cause: "upstream_provider",
    causes_ok: [],
    culprit: null,
    culprits_ok: [],
    remedy: ["wait"],
  } as Answered["expect"];
  expect(scoresOf([answer({ expect: innocent, suspects: [{ change: "c1", probability: 0.5 }] })]).falseAccusation).toBe(
    1,
  );
  expect(
    scoresOf([answer({ expect: innocent, suspects: [{ change: "c1", probability: 0.49 }] })]).falseAccusation,
  ).toBe(0);
});

test("nothing to score gives no score", () => {
  expect(scoresOf([])).toMatchObject({ scenarios: 0, causeTop1: null, brier: null, msP95: null });
});

test("the confusion matrix and the table by cause count each answer once", () => {
  const answers = [answer({}), answer({ said: "model" })];
  expect(confusionOf(answers)).toEqual({ prompt: { prompt: 1, model: 1 } });
  expect(byCause(answers).prompt?.causeTop1).toBe(0.5);
});
