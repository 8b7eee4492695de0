import { createHmac } from "node:crypto";
import { MINUTE } from "../../domain/time.ts";
import { Fault } from "../../lib/fault.ts";
import { type Secret, sameSecret } from "../../lib/secret.ts";
import type { InboundRequest } from "../../ports.ts";

/** How far a signed time may be from ours, in milliseconds: five minutes, the usual bound (changes-and-actions 1.4). */
const MAX_SKEW_MS = 5 * MINUTE;

/** HMAC-SHA256 over the parts in a row, in lowercase hex. */
export function hmacSha256(secret: Secret, ...parts: readonly (string | Uint8Array)[]): string {
  const hmac = createHmac("sha256", secret.reveal());
  for (const part of parts) hmac.update(part);
  return hmac.digest("hex");
}

/** @throws Fault "unauthenticated" unless the header holds `Bearer <token>` */
export function requireBearer({ headers }: InboundRequest, token: Secret): void {
  const [, sent] = /^bearer +(.+)$/i.exec(headers["authorization"] ?? "") ?? [];
  if (sent === undefined) throw refused("the header Authorization: Bearer … is missing");
  if (!sameSecret(sent.trim(), token.reveal())) throw refused("the bearer token is not the one in the settings");
}

export interface BasicLogin {
  readonly username: string;
  readonly password: Secret;
}

/** @throws Fault "unauthenticated" unless the header holds exactly this login */
export function requireBasic({ headers }: InboundRequest, login: BasicLogin): void {
  const [, sent] = /^basic +(.+)$/i.exec(headers["authorization"] ?? "") ?? [];
  if (sent === undefined) throw refused("the header Authorization: Basic … is missing");
  if (!sameSecret(sent.trim(), basicOf(login))) throw refused("the login is not the one in the settings");
}

/** The credentials part of a basic Authorization header. */
export function basicOf({ username, password }: BasicLogin): string {
  return Buffer.from(`${username}:${password.reveal()}`).toString("base64");
}

/** @throws Fault "unauthenticated" unless the header is the HMAC of the parts, compared in constant time */
export function requireHmac(request: InboundRequest, header: string, secret: Secret, signed: readonly string[]): void {
  const sent = request.headers[header.toLowerCase()];
  if (sent === undefined) throw refused(`the header ${header} is missing`);
  if (!sameSecret(sent.trim().toLowerCase(), hmacSha256(secret, ...signed, request.body)))
    throw refused(`the signature in ${header} does not fit the body`);
}

/**
 * The scheme `t=<unix seconds>,<name>=<hex>` over `<t>.<body>`; the name of the value does not matter, and any of
 * several values may fit (a secret that is being rotated).
 *
 * @throws Fault "unauthenticated"
 */
export function requireTimedHmac(request: InboundRequest, header: string, secret: Secret, now: number): void {
  const sent = request.headers[header.toLowerCase()];
  if (sent === undefined) throw refused(`the header ${header} is missing`);
  const fields = sent.split(",").map((field) => field.trim().split("="));
  const time = fields.find(([name]) => name === "t")?.[1] ?? "";
  const values = fields.flatMap(([name, value]) => (name !== "t" && value ? [value.toLowerCase()] : []));
  if (!/^\d{1,12}$/.test(time) || values.length === 0) throw refused(`${header} is not of the form t=…,v1=…`);
  requireFresh(time, now, header);
  const expected = hmacSha256(secret, `${time}.`, request.body);
  if (!values.some((value) => sameSecret(value, expected)))
    throw refused(`the signature in ${header} does not fit the body`);
}

/** @throws Fault "unauthenticated" unless the time, in Unix seconds, is within five minutes of now */
export function requireFresh(seconds: string, now: number, header: string): void {
  const at = /^\d{1,12}(\.\d+)?$/.test(seconds) ? Number(seconds) * 1000 : Number.NaN;
  if (Number.isNaN(at)) throw refused(`the time in ${header} is not in Unix seconds`);
  if (Math.abs(now - at) > MAX_SKEW_MS) throw refused(`the time in ${header} is more than five minutes from ours`);
}

function refused(because: string): Fault {
  return new Fault("unauthenticated", because);
}
