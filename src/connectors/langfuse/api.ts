import { z } from "zod";
import type { EpochMs } from "../../domain/time.ts";
import { Fault } from "../../lib/fault.ts";
import type { HttpClient } from "../../lib/http.ts";
import type { ConnectorDeps } from "../connector.ts";
import { Instant } from "../kit/inbound.ts";
import { answerOf, below, scrubbed } from "../kit/outbound.ts";
import { basicOf } from "../kit/signature.ts";
import type { Settings } from "./settings.ts";

const WHO = "Langfuse";
const PAGE = 100;
/** Prompts of a project that are looked at; more is cut and logged. */
const MAX_PAGES = 20;

const Listed = z.object({
  name: z.string(),
  versions: z.array(z.number().int()),
  lastUpdatedAt: Instant,
});

const List = z.object({ data: z.array(Listed), meta: z.object({ totalPages: z.number() }) });

const Version = z.object({
  name: z.string(),
  version: z.number().int(),
  labels: z.array(z.string()),
  prompt: z.unknown(),
  commitMessage: z.string().nullish(),
});
export type Version = z.output<typeof Version>;

/** A prompt's version that carries a label, and when that version was last touched. */
export interface Labelled {
  readonly name: string;
  readonly version: number;
  readonly updatedAt: EpochMs;
}

export interface LangfuseApi {
  /** Every prompt that has the label, with the version that carries it. */
  labelled(label: string, signal: AbortSignal): Promise<Labelled[]>;
  /** Versions of a prompt that were created or updated in a span of time, both ends included. */
  touched(name: string, from: EpochMs, to: EpochMs, signal: AbortSignal): Promise<number[]>;
  /** The version with the label, or null where none has it. */
  byLabel(name: string, label: string, signal: AbortSignal): Promise<Version | null>;
  byVersion(name: string, version: number, signal: AbortSignal): Promise<Version>;
  setLabels(name: string, version: number, labels: readonly string[], signal: AbortSignal): Promise<void>;
  project(signal: AbortSignal): Promise<string>;
}

export function createApi({ url, public_key, secret_key }: Settings, { http, log }: ConnectorDeps): LangfuseApi {
  const login = basicOf({ username: public_key, password: secret_key });
  const client = scrubbed(http({ name: WHO }), [secret_key, login]);
  const headers = { authorization: `Basic ${login}` };
  const get = (path: string, query: Record<string, string>, signal: AbortSignal) =>
    client.send(`${below(url, path)}?${new URLSearchParams(query).toString()}`, { headers, signal });
  const list = async (query: Record<string, string>, signal: AbortSignal): Promise<z.output<typeof Listed>[]> => {
    const found: z.output<typeof Listed>[] = [];
    for (let page = 1; page <= MAX_PAGES; page += 1) {
      const answer = await get("/api/public/v2/prompts", { ...query, page: String(page), limit: String(PAGE) }, signal);
      const { data, meta } = answerOf(answer, List, WHO);
      found.push(...data);
      if (page >= meta.totalPages) return found;
    }
    log.warn("langfuse has more prompts than are looked at", { looked_at: MAX_PAGES * PAGE });
    return found;
  };
  const one = async (name: string, query: Record<string, string>, signal: AbortSignal): Promise<Version> =>
    answerOf(await get(promptPath(name), { ...query, resolve: "false" }, signal), Version, WHO);
  return {
    labelled: async (label, signal) => {
      const found = await list({ label }, signal);
      return Promise.all(
        found.map(async ({ name, versions: [version, ...others], lastUpdatedAt }): Promise<Labelled> => {
          // The list holds only versions with the label; a server that lists all is asked for the one.
          const exact = version !== undefined && others.length === 0;
          const carrier = exact ? version : (await one(name, { label }, signal)).version;
          return { name, version: carrier, updatedAt: lastUpdatedAt };
        }),
      );
    },
    touched: async (name, from, to, signal) => {
      const span = { fromUpdatedAt: new Date(from).toISOString(), toUpdatedAt: new Date(to).toISOString() };
      return (await list({ name, ...span }, signal)).flatMap((prompt) => (prompt.name === name ? prompt.versions : []));
    },
    byLabel: async (name, label, signal) => {
      try {
        return await one(name, { label }, signal);
      } catch (error) {
        if (error instanceof Fault && error.kind === "not_found") return null;
        throw error;
      }
    },
    byVersion: (name, version, signal) => one(name, { version: String(version) }, signal),
    setLabels: (name, version, labels, signal) => patch(client, { url, headers, name, version, labels, signal }),
    project: async (signal) => {
      const Projects = z.object({ data: z.array(z.object({ name: z.string() })) });
      const { data } = answerOf(
        await client.send(below(url, "/api/public/projects"), { headers, signal }),
        Projects,
        WHO,
      );
      return data.map(({ name }) => name).join(", ");
    },
  };
}

interface Patch {
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly name: string;
  readonly version: number;
  readonly labels: readonly string[];
  readonly signal: AbortSignal;
}

/** The server adds these labels to those that the version has, and takes them from every other version. */
async function patch(client: HttpClient, { url, headers, name, version, labels, signal }: Patch): Promise<void> {
  const path = `${promptPath(name)}/versions/${version}`;
  await client.send(below(url, path), { method: "PATCH", headers, json: { newLabels: labels }, signal });
}

/** A prompt may lie in a folder; its name is one part of the path all the same. */
function promptPath(name: string): string {
  return `/api/public/v2/prompts/${encodeURIComponent(name)}`;
}
