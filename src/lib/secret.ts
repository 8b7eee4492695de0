import { timingSafeEqual } from "node:crypto";
import { inspect } from "node:util";

/**
 * A value that cannot be printed: every way to turn it into text gives `***`. Call `reveal()` only in the line that
 * builds the header or computes the signature.
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return "***";
  }

  toJSON(): string {
    return "***";
  }

  [inspect.custom](): string {
    return "***";
  }
}

/** Compares in constant time; different lengths are unequal. */
export function sameSecret(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}
