import { monotonicFactory } from "ulid";

export type IdPrefix = "dlv" | "alr" | "inc" | "chg" | "ev" | "dia" | "prop" | "apr" | "exe" | "job" | "msg";

/** Makes ids such as `inc_01J…`: sortable by time, unique across processes. */
export type NewId = (prefix: IdPrefix) => string;

/** @param now the clock that gives the time part; @param random in [0, 1), for repeatable ids in tests */
export function createIds(now: () => number, random: () => number = Math.random): NewId {
  const next = monotonicFactory(random);
  return (prefix) => `${prefix}_${next(now())}`;
}
