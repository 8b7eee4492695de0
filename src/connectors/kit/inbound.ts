import { z } from "zod";
import { Fault } from "../../lib/fault.ts";
import type { InboundRequest } from "../../ports.ts";

const SHOWN_ISSUES = 5;

/**
 * A delivery's body as the schema gives it.
 *
 * @throws Fault "invalid" that names each bad field by its path and says what was expected
 */
export function readBody<S extends z.ZodType>(request: InboundRequest, schema: S, what: string): z.output<S> {
  const parsed = schema.safeParse(jsonOf(request.body, what));
  if (parsed.success) return parsed.data;
  throw new Fault("invalid", `not ${what}: ${issuesOf(parsed.error)}`);
}

/** Each fault of a value as `path: what was expected`, the first five of them. */
export function issuesOf(error: z.ZodError): string {
  const lines = error.issues
    .slice(0, SHOWN_ISSUES)
    .map(({ path, message }) => `${path.length === 0 ? "the body" : z.core.toDotPath(path)}: ${message}`);
  const more = error.issues.length - lines.length;
  return [...lines, ...(more > 0 ? [`and ${more} more`] : [])].join("; ");
}

function jsonOf(body: Uint8Array, what: string): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body)) as unknown;
  } catch (error) {
    throw new Fault("invalid", `not ${what}: the body is not JSON in UTF-8`, { cause: error });
  }
}

const RFC3339 = /^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?([Zz]|[+-]\d{2}:?\d{2})$/;

/** RFC 3339 text → milliseconds since the epoch. */
export const Instant = z.string().transform((text, context) => {
  const at = instantOf(text);
  if (at !== null) return at;
  context.addIssue({
    code: "custom",
    message: `expected a time such as 2026-11-20T02:03:11Z, received ${quoted(text)}`,
  });
  return z.NEVER;
});

/** Milliseconds since the epoch of an RFC 3339 text, or null where it is none. */
export function instantOf(text: string): number | null {
  const at = RFC3339.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? null : at;
}

/** An end that may not have come: absent, null, empty, zero and the first day of year 1 or of 1970 all mean "not ended". */
export const MaybeInstant = z.preprocess(
  (value) => (value === undefined || value === "" || value === 0 || isZeroTime(value) ? null : value),
  Instant.nullable(),
);

function isZeroTime(value: unknown): boolean {
  return typeof value === "string" && (value.startsWith("0001-01-01") || value.startsWith("1970-01-01"));
}

/** Unix time in seconds, milliseconds, microseconds or nanoseconds, told apart by magnitude (signals A.16) → milliseconds. */
export function unixToMs(value: number): number {
  if (value < 1e11) return Math.round(value * 1000);
  if (value < 1e14) return Math.round(value);
  return Math.round(value < 1e17 ? value / 1e3 : value / 1e6);
}

/** The text as a link, or null unless it is a plain web address: nothing else may become clickable. */
export function linkOf(text: string | null | undefined): string | null {
  if (!text || !URL.canParse(text)) return null;
  const { protocol, username, password } = new URL(text);
  const isWeb = protocol === "http:" || protocol === "https:";
  return isWeb && username === "" && password === "" ? text : null;
}

/** A foreign text for a message: quoted and cut. */
function quoted(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}
