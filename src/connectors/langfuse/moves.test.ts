import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createMoves, type Move } from "./moves.ts";

const AT = Date.UTC(2026, 10, 20, 2);
const moves = () => createMoves({ greet: "chat" }, () => "https://langfuse.example.org/");
const to = (version: number, at = AT): Move => ({
  prompt: "greet",
  label: "production",
  version,
  at,
  author: null,
  summary: null,
});

describe("a label move that two deliveries tell", () => {
  test("is one change, whichever comes first", () => {
    const gainedFirst = moves();
    const early = gainedFirst.gained(to(8));
    const completed = gainedFirst.lost("greet", "production", 7, AT - 40);
    const lostFirst = moves();
    expect(lostFirst.lost("greet", "production", 7, AT - 40)).toBeNull();
    const whole = lostFirst.gained(to(8));
    expect(early).toMatchObject({ before: null, after: "8" });
    expect(completed).toEqual({ ...early, before: "7" });
    expect(whole).toEqual(completed);
  });

  test("keeps its id when it is told again, and the poll knows it too", () => {
    const known = moves();
    known.learn("greet", "production", 7, AT - 1_000);
    const first = known.gained(to(8));
    expect(known.gained(to(8))).toEqual(first);
    expect(known.within({ from: AT, to: AT + 1 })).toEqual([first]);
    expect(known.within({ from: AT + 1, to: AT + 2 })).toEqual([]);
  });
});

test("a version that had the label before did not get it by being touched", () => {
  const known = moves();
  known.learn("greet", "production", 7, AT);
  expect(known.gained(to(7, AT + 60_000))).toBeNull();
});

test("a move that is told late does not undo what is known", () => {
  const known = moves();
  known.gained(to(8, AT));
  expect(known.gained(to(6, AT - 600_000))).toMatchObject({ before: null, after: "6" });
  expect(known.holder("greet", "production")).toBe(8);
});

test("a version that lost a label at another time does not complete a move", () => {
  const known = moves();
  known.gained(to(8));
  expect(known.lost("greet", "production", 5, AT - 3_600_000)).toBeNull();
});

test("however a history of moves is watched, each move names the version before it", () => {
  const versions = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(versions, (history) => {
      const known = moves();
      known.learn("greet", "production", 0, AT);
      let holder = 0;
      for (const [index, version] of history.entries()) {
        const change = known.gained(to(version, AT + (index + 1) * 120_000));
        if (version !== holder) expect(change).toMatchObject({ before: String(holder), after: String(version) });
        else expect(change?.after ?? String(version)).toBe(String(version));
        holder = version;
      }
      expect(known.holder("greet", "production")).toBe(holder);
    }),
  );
});
