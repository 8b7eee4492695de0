import { Fault } from "../lib/fault.ts";
import type { Secret } from "../lib/secret.ts";

/** What the network says when the server is not there. */
const UNREACHABLE = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ENOTFOUND",
  "EAI_AGAIN",
  "ETIMEDOUT",
  "EHOSTUNREACH",
]);

/** pg's own words, which have no code. */
const SILENT =
  /connection terminated|timeout exceeded when trying to connect|query read timeout|connection error and is not queryable|not queryable/i;
const CLOSED = /driver has already been destroyed|cannot use a pool after calling end/i;

/**
 * Classes of SQLSTATE with which the server refuses what it could do at another time: connections, resources, operator
 * intervention, system errors, locks, rollbacks, a standby (postgresql.org/docs/current/errcodes-appendix.html).
 */
const REFUSED = /^(?:08|53|57|58|40|55P03$|55000$|25006$|XX)/;

/** Refusals that a person has to mend, each with what to do. */
const REMEDIES: readonly (readonly [RegExp, string])[] = [
  [/^28/, "refused the login: check the user and the password in the address of the store"],
  [/^3D000$/, "has no such database: create it, or check the name in the address of the store"],
  [/^(?:42501|3F000)$/, "does not let this user create tables: grant it CREATE on the database and on its schema"],
];

/**
 * The failure as a Fault where PostgreSQL refused, was not there or was closed; a defect of ours stays what it is. The
 * message names the server, never the login.
 */
export function whatFailed(error: unknown, url: Secret): unknown {
  if (error instanceof Fault || !(error instanceof Error)) return error;
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  const server = `PostgreSQL at ${serverOf(url)}`;
  const remedy = REMEDIES.find(([pattern]) => pattern.test(code));
  if (remedy !== undefined) return new Fault("config", `${server} ${remedy[1]}.`, { cause: error });
  if (CLOSED.test(error.message)) return new Fault("unavailable", "The database is closed.", { cause: error });
  if (UNREACHABLE.has(code) || SILENT.test(error.message)) {
    const because = code === "" ? "no answer" : code;
    const message = `${server} cannot be reached (${because}): start it, or correct the address of the store.`;
    return new Fault("unavailable", message, { cause: error });
  }
  if (!REFUSED.test(code)) return error;
  return new Fault("unavailable", `${server} refused (${code}): ${error.message}.`, { cause: error });
}

function serverOf(url: Secret): string {
  try {
    const { host, pathname } = new URL(url.reveal());
    return `${host === "" ? "the local socket" : host}${pathname}`;
  } catch {
    return "the configured address";
  }
}
