/** Buckets of a twentieth of an e-fold: a quantile is right to about two hundredths. */
const PER_E_FOLD = 20;
const LEAST = 0.001;
const BUCKETS = 220;

/** Times of the last seconds, by logarithmic buckets, from which whole seconds drop out again. */
export class Histogram {
  readonly #counts = new Int32Array(BUCKETS);
  readonly #seconds: number[][] = [];
  readonly #kept: number;
  #total = 0;

  /** @param kept seconds that are remembered */
  constructor(kept: number) {
    this.#kept = kept;
  }

  /** Begins a new second and drops the oldest when there are too many. */
  next(): void {
    this.#seconds.push([]);
    if (this.#seconds.length <= this.#kept) return;
    for (const bucket of this.#seconds.shift() ?? []) {
      this.#counts[bucket] = (this.#counts[bucket] ?? 1) - 1;
      this.#total -= 1;
    }
  }

  add(value: number): void {
    const bucket = Math.max(
      0,
      Math.min(BUCKETS - 1, Math.floor(PER_E_FOLD * Math.log(Math.max(value, LEAST) / LEAST))),
    );
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#seconds.at(-1)?.push(bucket);
    this.#total += 1;
  }

  /** Interpolated within its bucket; null when there is nothing. */
  quantile(share: number): number | null {
    if (this.#total === 0) return null;
    let above = (1 - share) * this.#total;
    for (let bucket = BUCKETS - 1; bucket >= 0; bucket -= 1) {
      const count = this.#counts[bucket] ?? 0;
      if (count > 0 && count >= above) return LEAST * Math.exp((bucket + 1 - above / count) / PER_E_FOLD);
      above -= count;
    }
    return LEAST;
  }
}
