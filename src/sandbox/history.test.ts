import { expect, test } from "vitest";
import { History, KEPT_S, type KeptName, type KeptSecond } from "./history.ts";
import type { LogLine } from "./logs.ts";

const START = 1_800_000_000_000;
const calls: LogLine = { service: "chat", labels: {}, template: "request finished" };
const crash: LogLine = { service: "chat", labels: { route: "/a" }, template: "TypeError" };

/** Seconds of one series and one log line, with a crash in the last `crashes` of them. */
function lived(seconds: number, crashes: number) {
  const history = new History([], []);
  const kept: KeptSecond[] = [];
  const names: KeptName[] = [];
  for (let i = 0; i < seconds; i += 1) {
    const values = new Map([
      ["error_ratio|service=chat", i / 1_000],
      ...(i % 2 === 0 ? [["odd|service=chat", 1] as const] : []),
    ]);
    const lines = [{ line: calls, count: 5 }, ...(i >= seconds - crashes ? [{ line: crash, count: 3 }] : [])];
    const added = history.add(START + i * 1_000, values, lines);
    kept.push(added.second);
    names.push(...added.names);
  }
  return { history, kept, names };
}

test("series lie on one grid of seconds; a second without a value is a gap", () => {
  const { history } = lived(10, 0);
  const [errors, odd] = history.series(START + 2_500, START + 6_000);
  expect(errors).toMatchObject({
    signal: "error_ratio",
    labels: { service: "chat" },
    start: START + 3_000,
    values: [0.003, 0.004, 0.005],
  });
  expect(odd?.values).toEqual([null, 1, null]);
  expect(history.series(START - 60_000, START)).toEqual([]);
});

test("what is kept gives the same history again", () => {
  const { history, kept, names } = lived(40, 4);
  const again = new History(names, kept);
  expect(again.series(0, START + 60_000)).toEqual(history.series(0, START + 60_000));
  expect(again.logs(0, START + 60_000)).toEqual(history.logs(0, START + 60_000));
  expect(again.latest()).toEqual(history.latest());
});

test("only the last half hour is kept", () => {
  const { history } = lived(KEPT_S + 50, 0);
  const [errors] = history.series(0, START + 2 * KEPT_S * 1_000);
  expect(errors?.values).toHaveLength(KEPT_S);
  expect(errors?.start).toBe(START + 50_000);
});

test("a log line is counted in the window and compared with what was usual before the last minutes", () => {
  const { history } = lived(600, 10);
  const end = START + 600_000;
  const [finished, error] = history.logs(end - 20_000, end);
  expect(finished).toMatchObject({
    template: "request finished",
    count: 100,
    baselinePerHour: 18_000,
    firstSeen: START,
  });
  expect(error).toMatchObject({
    template: "TypeError",
    labels: { route: "/a" },
    count: 30,
    baselinePerHour: 0,
    firstSeen: end - 10_000,
    lastSeen: end - 1_000,
  });
});
