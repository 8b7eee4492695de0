/** Remembers the latest keys, so that what Slack delivers twice is handled once. */
export class Seen {
  readonly #keys = new Set<string>();
  readonly #limit: number;

  /** @param limit how many are remembered; the oldest are forgotten first */
  constructor(limit = 10_000) {
    this.#limit = limit;
  }

  /** @returns true the first time */
  first(key: string): boolean {
    if (this.#keys.has(key)) return false;
    this.#keys.add(key);
    const [oldest] = this.#keys;
    if (this.#keys.size > this.#limit && oldest !== undefined) this.#keys.delete(oldest);
    return true;
  }
}
