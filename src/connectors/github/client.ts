import { Octokit } from "@octokit/rest";
import { z } from "zod";
import { Fault } from "../../lib/fault.ts";
import type { HttpClient } from "../../lib/http.ts";
import type { ConnectorDeps } from "../connector.ts";
import { issuesOf } from "../kit/inbound.ts";
import { scrubbed } from "../kit/outbound.ts";
import type { Settings } from "./settings.ts";

const WHO = "GitHub";

const nothing = () => undefined;
/** Octokit logs whole requests; nothing of that is wanted. */
const silence = { debug: nothing, info: nothing, warn: nothing, error: nothing };

/** Octokit for the addresses and their parameters, our client for the network, zod for the answers. */
export interface GithubClient {
  /** @throws Fault */
  ask<S extends z.ZodType>(schema: S, send: (octokit: Octokit) => Promise<{ data: unknown }>): Promise<z.output<S>>;
  /** Every page of a list, up to a number of pages. */
  list<S extends z.ZodType>(
    schema: S,
    send: (octokit: Octokit, page: number) => Promise<{ data: unknown }>,
    options: { readonly maxPages: number; readonly until?: (page: readonly z.output<S>[]) => boolean },
  ): Promise<z.output<S>[]>;
}

export const PER_PAGE = 100;

export function createClient({ url, token }: Settings, deps: ConnectorDeps): GithubClient {
  const http = scrubbed(deps.http({ name: WHO }), [token]);
  const octokit = new Octokit({
    auth: token.reveal(),
    baseUrl: url.replace(/\/+$/, ""),
    userAgent: "faultline",
    log: silence,
    request: { fetch: fetchThrough(http) },
  });
  const ask: GithubClient["ask"] = async (schema, send) => {
    const parsed = schema.safeParse(await faulty(() => send(octokit)));
    if (parsed.success) return parsed.data;
    throw new Fault("unavailable", `${WHO} answered in an unexpected form: ${issuesOf(parsed.error)}`);
  };
  return {
    ask,
    list: async (schema, send, { maxPages, until }) => {
      const found: z.output<typeof schema>[] = [];
      for (let page = 1; page <= maxPages; page += 1) {
        const part = await ask(z.array(schema), (client) => send(client, page));
        found.push(...part);
        if (part.length < PER_PAGE || until?.(part) === true) break;
      }
      return found;
    },
  };
}

/** Our HTTP client in the form of `fetch`: deadlines, retries of reads, the breaker and the bound on size hold here too. */
function fetchThrough(http: HttpClient) {
  return async (url: string, init: RequestInit): Promise<Response> => {
    const method = z.enum(["GET", "POST", "PUT", "PATCH", "DELETE"]).parse(init.method);
    const headers = Object.fromEntries(new Headers(init.headers));
    const json = typeof init.body === "string" ? { json: JSON.parse(init.body) as unknown } : {};
    const signal = init.signal ? { signal: init.signal } : {};
    const answer = await http.send(url, { method, headers, ...json, ...signal });
    const empty = answer.status === 204 || answer.status === 205;
    return new Response(empty ? null : answer.text, { status: answer.status, headers: answer.headers });
  };
}

const Refused = z.object({ errors: z.array(z.object({ type: z.string().nullish(), message: z.string() })).min(1) });

async function faulty(send: () => Promise<{ data: unknown }>): Promise<unknown> {
  try {
    return (await send()).data;
  } catch (error) {
    throw faultOf(error);
  }
}

/** A fault of ours that Octokit wrapped, a refusal of GraphQL (which comes with status 200), or an answer it could not read. */
function faultOf(error: unknown): Fault {
  if (error instanceof Fault) return error;
  if (error instanceof Error && error.cause instanceof Fault) return error.cause;
  const refused = Refused.safeParse(error);
  if (!refused.success) return new Fault("unavailable", `${WHO} answered in an unexpected form`, { cause: error });
  const [first] = refused.data.errors;
  const kinds: Readonly<Record<string, Fault["kind"]>> = {
    NOT_FOUND: "not_found",
    FORBIDDEN: "forbidden",
    INSUFFICIENT_SCOPES: "forbidden",
    RATE_LIMITED: "rate_limited",
  };
  return new Fault(kinds[first?.type ?? ""] ?? "invalid", `${WHO} refused: ${first?.message.slice(0, 200) ?? ""}`);
}

/** `owner/name` as Octokit wants it. */
export function parts(repo: string): { owner: string; repo: string } {
  const [owner = "", name = ""] = repo.split("/");
  return { owner, repo: name };
}
