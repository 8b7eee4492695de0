import { z } from "zod";
import type { Json } from "../domain/json.ts";
import { sha256 } from "../lib/digest.ts";
import { Fault } from "../lib/fault.ts";
import type { JobKind } from "../store-port.ts";

/** The tables as the queries see them; `migrations/` makes them. Numbers are numbers on both databases. */
export interface Tables {
  delivery: {
    id: string;
    connector: string;
    dedupe_key: string;
    received_at: number;
    state: string;
    fault: string | null;
    doc: string;
    parsed: string;
  };
  incident: { id: string; rev: number; open: number; opened_at: number; doc: string };
  alert: { fingerprint: string; starts_at: number; incident_id: string; doc: string };
  change: { id: string; at: number; doc: string };
  diagnosis: { incident_id: string; version: number; doc: string };
  proposal: {
    id: string;
    incident_id: string;
    state: string;
    ended_because: string | null;
    created_at: number;
    doc: string;
  };
  decision: {
    id: string;
    proposal_id: string;
    digest: string;
    verdict: string;
    person: string;
    at: number;
    doc: string;
  };
  execution: {
    id: string;
    proposal_id: string;
    incident_id: string;
    epoch: number;
    active: number;
    started_at: number;
    doc: string;
  };
  target_lock: { target: string; execution_id: string };
  timeline: { incident_id: string; seq: number; doc: string };
  audit: {
    seq: number;
    at: number;
    actor: string;
    action: string;
    incident_id: string | null;
    proposal_id: string | null;
    digest: string | null;
    detail: string;
    prev_hash: string;
    hash: string;
  };
  message: {
    incident_id: string;
    key: string;
    seq: number;
    rev: number;
    published_rev: number;
    channel: string | null;
    ts: string | null;
    sending_since: number | null;
    updated_at: number;
    content_digest: string;
    doc: string;
  };
  note: { name: string; value: string };
  job: {
    id: string;
    kind: JobKind;
    key: string;
    payload: string;
    run_at: number;
    state: "waiting" | "running" | "dead";
    attempt: number;
    leased_until: number | null;
    because: string | null;
  };
}

/**
 * Gives a stored value back as the domain type that it must be.
 *
 * @param what the row, for the message
 * @throws Fault "invalid" when the row is not what this program writes: something else wrote it
 */
export function read<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new Fault(
    "invalid",
    `${what} in the database is not what this program writes: ${z.prettifyError(parsed.error)}`,
  );
}

/** The JSON of a column. @throws Fault "invalid" when it is none */
export function json(text: string, what: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new Fault("invalid", `${what} in the database is not JSON`, { cause: error });
  }
}

/**
 * Text from outside as both databases can store it in a column: PostgreSQL refuses the character NUL and half
 * surrogates. Columns that hold JSON do not need it, since JSON escapes both.
 */
export function plain(text: string): string {
  return text.toWellFormed().replaceAll("\0", "\ufffd");
}

/** The same value with every half surrogate replaced: canonical JSON, and so a digest, is not defined for one. */
export function wellFormed(value: Json): Json {
  if (typeof value === "string") return value.toWellFormed();
  if (value === null || typeof value !== "object") return value;
  if (isList(value)) return value.map(wellFormed);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key.toWellFormed(), wellFormed(inner)]));
}

/** `Array.isArray` does not narrow a readonly array. */
function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

const KEY_LENGTH = 200;

/**
 * Text from outside as part of an index. Longer than 200 characters, its end is replaced by its hash, since PostgreSQL
 * refuses index rows of more than about 2,700 bytes.
 */
export function indexKey(text: string): string {
  const clean = plain(text);
  if (clean === text && text.length <= KEY_LENGTH) return text;
  return `${clean.slice(0, KEY_LENGTH).toWellFormed()}#${sha256(JSON.stringify(text))}`;
}

const LAST_DATE = 8.64e15;

/** A time from outside as a column holds it: a whole number within what a date can be. */
export function whole(at: number): number {
  return Math.trunc(Math.min(LAST_DATE, Math.max(-LAST_DATE, at)));
}
