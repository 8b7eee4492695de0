import type { LogTemplate, Series } from "../domain/case-file.ts";
import { HOUR, MINUTE, SECOND } from "../domain/time.ts";
import type { LogLine } from "./logs.ts";
import { parseKey } from "./series-key.ts";

/** Seconds that are kept. */
export const KEPT_S = 30 * 60;
/** How usual a log line is, is judged without the last minutes: those may already burn. */
const RECENT_MS = 2 * MINUTE;
/** Values are kept to six decimals: more say nothing and make every answer longer. */
const DECIMALS = 1e6;

/** One second of what was measured and logged, as it is kept: numbers by the number of their name. */
export interface KeptSecond {
  readonly at: number;
  readonly values: Float64Array;
  readonly logs: readonly (readonly [number, number])[];
}

/** A name that is kept once and then called by its number; `firstAt` is the second in which it first turned up. */
export interface KeptName {
  readonly number: number;
  readonly kind: "series" | "log";
  readonly text: string;
  readonly firstAt: number;
}

/** What was measured and logged in the last half hour, in memory, so that a question costs no disk. */
export class History {
  readonly #series = new Map<string, KeptName>();
  readonly #logs = new Map<string, KeptName>();
  readonly #columns: Float64Array[] = [];
  readonly #counts: (KeptSecond["logs"] | undefined)[] = Array.from({ length: KEPT_S }, () => undefined);
  #first = 0;
  #last = 0;

  constructor(names: readonly KeptName[], seconds: readonly KeptSecond[]) {
    for (const name of names) this.#remember(name);
    for (const second of seconds) this.#keep(second);
  }

  /** The last second that is known, in milliseconds. */
  get last(): number {
    return this.#last;
  }

  /** Takes one second in. @returns what is to be kept on disk of it, and the names that are new */
  add(
    at: number,
    values: ReadonlyMap<string, number>,
    lines: readonly { readonly line: LogLine; readonly count: number }[],
  ): { second: KeptSecond; names: KeptName[] } {
    const names: KeptName[] = [];
    const numberOf = (kind: KeptName["kind"], text: string) => {
      const book = kind === "series" ? this.#series : this.#logs;
      const known = book.get(text);
      if (known !== undefined) return known.number;
      const name: KeptName = { number: book.size, kind, text, firstAt: at };
      this.#remember(name);
      names.push(name);
      return name.number;
    };
    const numbers = [...values].map(([key, value]) => [numberOf("series", key), value] as const);
    const row = new Float64Array(this.#series.size).fill(Number.NaN);
    for (const [number, value] of numbers) row[number] = Math.round(value * DECIMALS) / DECIMALS;
    const logs = lines.map(({ line, count }) => [numberOf("log", JSON.stringify(line)), count] as const);
    const second = { at, values: row, logs };
    this.#keep(second);
    return { second, names };
  }

  #remember(name: KeptName): void {
    (name.kind === "series" ? this.#series : this.#logs).set(name.text, name);
    if (name.kind === "series") this.#columns[name.number] = new Float64Array(KEPT_S).fill(Number.NaN);
  }

  #keep({ at, values, logs }: KeptSecond): void {
    if (this.#first === 0) this.#first = at;
    this.#last = at;
    const slot = slotOf(at);
    for (const [number, column] of this.#columns.entries()) column[slot] = values[number] ?? Number.NaN;
    this.#counts[slot] = logs;
  }

  #span(from: number, to: number): { start: number; seconds: number } {
    const oldest = Math.max(this.#first, this.#last - (KEPT_S - 1) * SECOND);
    const start = Math.max(Math.ceil(from / SECOND) * SECOND, oldest);
    const end = Math.min(to, this.#last + SECOND);
    return { start, seconds: Math.max(0, Math.ceil((end - start) / SECOND)) };
  }

  /** Every series between two times, on one grid of seconds; a second without a value is a gap. */
  series(from: number, to: number): Series[] {
    const { start, seconds } = this.#span(from, to);
    return [...this.#series.values()].flatMap(({ text, number }) => {
      const column = this.#columns[number];
      const values: (number | null)[] = [];
      let some = false;
      for (let i = 0; i < seconds; i += 1) {
        const value = column?.[slotOf(start + i * SECOND)] ?? Number.NaN;
        some ||= !Number.isNaN(value);
        values.push(Number.isNaN(value) ? null : value);
      }
      return some ? [{ ...parseKey(text), start, stepMs: SECOND, values, url: null }] : [];
    });
  }

  /** What the last second says: name of the series → value. */
  latest(): Map<string, number> {
    const slot = slotOf(this.#last);
    const values = new Map<string, number>();
    for (const [text, { number }] of this.#series) {
      const value = this.#columns[number]?.[slot] ?? Number.NaN;
      if (!Number.isNaN(value)) values.set(text, value);
    }
    return values;
  }

  /** The templates that were logged between two times, each with how usual it is. */
  logs(from: number, to: number): LogTemplate[] {
    const found = new Map<number, { count: number; lastSeen: number }>();
    this.#eachLog(from, to, (number, count, at) => {
      found.set(number, { count: (found.get(number)?.count ?? 0) + count, lastSeen: at });
    });
    const usual = new Map<number, number>();
    const calmUntil = Math.min(to, this.#last) - RECENT_MS;
    this.#eachLog(0, calmUntil, (number, count) => void usual.set(number, (usual.get(number) ?? 0) + count));
    const hours = Math.max(1, this.#span(0, calmUntil).seconds) / (HOUR / SECOND);
    return [...this.#logs.values()].flatMap(({ number, text, firstAt }) => {
      const seen = found.get(number);
      if (seen === undefined) return [];
      const baselinePerHour = Math.round((usual.get(number) ?? 0) / hours);
      return [{ ...(JSON.parse(text) as LogLine), firstSeen: firstAt, ...seen, baselinePerHour }];
    });
  }

  #eachLog(from: number, to: number, each: (number: number, count: number, at: number) => void): void {
    const { start, seconds } = this.#span(from, to);
    for (let i = 0; i < seconds; i += 1) {
      const at = start + i * SECOND;
      for (const [number, count] of this.#counts[slotOf(at)] ?? []) each(number, count, at);
    }
  }
}

function slotOf(at: number): number {
  return Math.floor(at / SECOND) % KEPT_S;
}
