import { createHash } from "node:crypto";
import canonicalize from "canonicalize";

/**
 * RFC 8785 canonical JSON: the same value gives the same bytes, whatever the order of its keys. Half surrogates (text
 * that was cut in the middle of an emoji) become U+FFFD, since JSON in UTF-8 cannot carry them.
 */
export function canonicalJson(value: unknown): string {
  const json = JSON.stringify(value) as string | undefined;
  if (json === undefined) throw new TypeError("a value without a JSON form has no canonical text");
  const plain: unknown = JSON.parse(json, (_key, inner: unknown) =>
    typeof inner === "string" ? inner.toWellFormed() : inner,
  );
  const text = canonicalize(plain);
  if (text === undefined) throw new TypeError("a value without a JSON form has no canonical text");
  return text;
}

/** SHA-256 of a text, in lowercase hex. */
export function sha256(text: string | Uint8Array): string {
  return createHash("sha256").update(text).digest("hex");
}

/** SHA-256 over the canonical JSON of a value, in lowercase hex. */
export function digestOf(value: unknown): string {
  return sha256(canonicalJson(value));
}
