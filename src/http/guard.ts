import type { FastifyReply, FastifyRequest } from "fastify";
import { type Secret, sameSecret } from "../lib/secret.ts";

/** Who may come in by HTTP. Local mode: this machine alone. Configured: named people with their tokens. */
export type Access =
  | { readonly kind: "local" }
  | { readonly kind: "people"; readonly people: Readonly<Record<string, Secret>> };

const LOOPBACK_HOST = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/i;

/**
 * Refuses what a web page elsewhere could make a browser send: a foreign Origin, or, in local mode, a Host that is not
 * this machine (DNS rebinding).
 *
 * @returns the sentence to refuse with, or null
 */
export function foreign(
  { headers, method }: Pick<FastifyRequest, "headers" | "method">,
  access: Access,
): string | null {
  const host = headers.host ?? "";
  if (access.kind === "local" && !LOOPBACK_HOST.test(host))
    return "local mode answers only under the name localhost or 127.0.0.1";
  const origin = headers.origin;
  if (origin !== undefined && !sameHost(origin, host)) return "requests from a page of another origin are refused";
  // A click on a link in Slack comes from another site too; opening a page changes nothing.
  const opening = method === "GET" && headers["sec-fetch-mode"] === "navigate";
  if (headers["sec-fetch-site"] === "cross-site" && !opening) return "requests from a page of another site are refused";
  return null;
}

function sameHost(origin: string, host: string): boolean {
  return URL.canParse(origin) && new URL(origin).host.toLowerCase() === host.toLowerCase();
}

/**
 * The person behind a request to the API or the console: in local mode nobody in particular (null), else the owner of
 * the token in Basic or Bearer credentials.
 *
 * @returns "refused" when the credentials are missing or wrong
 */
export function personOf({ headers }: Pick<FastifyRequest, "headers">, access: Access): string | null | "refused" {
  if (access.kind === "local") return null;
  const [scheme = "", credentials = ""] = (headers.authorization ?? "").split(" ");
  const [name, token] = scheme.toLowerCase() === "basic" ? basic(credentials) : [null, credentials];
  let found: string | "refused" = "refused";
  for (const [person, secret] of Object.entries(access.people)) {
    if (sameSecret(token, secret.reveal()) && (name === null || name === person)) found = person;
  }
  return found;
}

function basic(credentials: string): [string, string] {
  const [name = "", ...rest] = Buffer.from(credentials, "base64").toString("utf8").split(":");
  return [name, rest.join(":")];
}

/** Asks a browser for the credentials. */
export function challenge(reply: FastifyReply): FastifyReply {
  return reply
    .code(401)
    .header("www-authenticate", 'Basic realm="Faultline", charset="UTF-8"')
    .send({ error: "name and token of console.people are needed" });
}
