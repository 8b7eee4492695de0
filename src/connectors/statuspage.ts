import { z } from "zod";
import type { ProviderIncident } from "../domain/case-file.ts";
import type { Window } from "../domain/time.ts";
import { Fault } from "../lib/fault.ts";
import type { HttpClient } from "../lib/http.ts";
import type { StatusSource } from "../ports.ts";
import { type ConnectorDeps, defineConnector } from "./connector.ts";
import { Instant, linkOf, MaybeInstant } from "./kit/inbound.ts";
import { answerOf, BaseUrl, below, checked } from "./kit/outbound.ts";

/** No page is larger than this (signals C); a public page is not ours to trust. */
const MAX_BYTES = 1024 * 1024;

const Settings = z.strictObject({
  /** The pages to read, each with the provider's name in the catalogue. */
  pages: z.array(z.strictObject({ provider: z.string().min(1), url: BaseUrl })).min(1),
});
type Page = z.output<typeof Settings>["pages"][number];

const Component = z.object({ name: z.string() });

/** An incident or a maintenance of Statuspage v2; most of it may be absent. */
const Entry = z.object({
  name: z.string(),
  impact: z.enum(["none", "minor", "major", "critical", "maintenance"]).catch("minor"),
  status: z.string().default(""),
  created_at: Instant,
  started_at: MaybeInstant,
  resolved_at: MaybeInstant,
  scheduled_for: MaybeInstant,
  scheduled_until: MaybeInstant,
  shortlink: z.string().nullish(),
  components: z.array(Component).nullish(),
  incident_updates: z
    .array(z.object({ created_at: Instant, affected_components: z.array(Component).nullish() }))
    .nullish(),
});
type Entry = z.output<typeof Entry>;

const Incidents = z.object({ incidents: z.array(Entry) });
const Maintenances = z.object({ scheduled_maintenances: z.array(Entry) });

export const statuspage = defineConnector({
  id: "statuspage",
  about: "Reads the public status pages of providers (Atlassian Statuspage v2).",
  settings: Settings,
  sample: { pages: [{ provider: "anthropic", url: "https://status.example.org" }] },
  examples: [],
  connect: ({ pages }, deps) => ({
    status: sourceOf(pages, deps),
    check: (signal) => {
      const http = deps.http({ name: "status page", maxBytes: MAX_BYTES });
      return Promise.all(pages.map((page) => checked(page.provider, WRONG_FORM, () => look(page, http, signal))));
    },
  }),
});

const WRONG_FORM = {
  unavailable: "is the page up, and is it of the Statuspage kind (/api/v2/incidents.json)?",
  not_found: "this page is not of the Statuspage kind (/api/v2/incidents.json): no other kind is read yet",
};

async function look({ url }: Page, http: HttpClient, signal: AbortSignal): Promise<string> {
  const answer = await http.send(below(url, "/api/v2/incidents.json"), { signal });
  const { incidents } = answerOf(answer, Incidents, "the status page");
  return `${incidents.length} incidents listed, ${incidents.filter(({ resolved_at }) => resolved_at === null).length} open`;
}

function sourceOf(pages: readonly Page[], { http, log }: ConnectorDeps): StatusSource {
  const readers = pages.map((page) => ({ page, read: createReader(page, http) }));
  let answering: readonly string[] = pages.map(({ provider }) => provider);
  return {
    /** A page that did not answer is unknown, not green: it is left out until it answers again. */
    get providers() {
      return answering;
    },
    incidentsIn: async (window, signal) => {
      const answers = await Promise.allSettled(readers.map(({ read }) => read(signal)));
      const failed: { provider: string; fault: Fault }[] = [];
      const found: ProviderIncident[] = [];
      for (const [index, answer] of answers.entries()) {
        const provider = pages[index]?.provider ?? "";
        if (answer.status === "fulfilled") found.push(...answer.value);
        else if (answer.reason instanceof Fault) failed.push({ provider, fault: answer.reason });
        else throw answer.reason;
      }
      answering = pages
        .map(({ provider }) => provider)
        .filter((name) => !failed.some(({ provider }) => provider === name));
      for (const { provider, fault } of failed)
        log.warn("a status page could not be read", { provider, kind: fault.kind, fault: fault.message });
      const [first] = failed;
      if (first !== undefined && failed.length === pages.length) throw first.fault;
      return found.filter((incident) => overlaps(incident, window));
    },
  };
}

function overlaps({ startedAt, postedAt, resolvedAt }: ProviderIncident, { from, to }: Window): boolean {
  return startedAt < to && postedAt < to && (resolvedAt === null || resolvedAt >= from);
}

/** Reads one page; what has not changed since is not sent again. */
function createReader({ provider, url }: Page, http: ConnectorDeps["http"]) {
  const client = http({ name: `status page of ${provider}`, maxBytes: MAX_BYTES });
  const remembered = new Map<string, { readonly etag: string; readonly entries: readonly Entry[] }>();
  const get = async (
    path: string,
    list: (answer: Awaited<ReturnType<HttpClient["send"]>>) => Entry[],
    signal: AbortSignal,
  ) => {
    const last = remembered.get(path);
    const headers: Record<string, string> = last === undefined ? {} : { "if-none-match": last.etag };
    const answer = await client.send(below(url, path), { headers, signal, allow: last === undefined ? [] : [304] });
    if (answer.status === 304) return last?.entries ?? [];
    const entries = list(answer);
    const etag = answer.headers.get("etag");
    if (etag !== null) remembered.set(path, { etag, entries });
    return entries;
  };
  return async (signal: AbortSignal): Promise<ProviderIncident[]> => {
    const who = `the status page of ${provider}`;
    const incidents = await get(
      "/api/v2/incidents.json",
      (answer) => answerOf(answer, Incidents, who).incidents,
      signal,
    );
    const planned = await get(
      "/api/v2/scheduled-maintenances.json",
      (answer) => answerOf(answer, Maintenances, who).scheduled_maintenances,
      signal,
    ).catch(noneWhereNotOffered);
    return [
      ...incidents.map((entry) =>
        incidentOf(entry, provider, { startedAt: entry.started_at, resolvedAt: entry.resolved_at }),
      ),
      ...planned.map((entry) => ({
        ...incidentOf(entry, provider, {
          startedAt: entry.scheduled_for,
          resolvedAt: entry.resolved_at ?? endOf(entry),
        }),
        impact: "maintenance" as const,
      })),
    ];
  };
}

/** Look-alikes of Statuspage often have no list of maintenances. */
function noneWhereNotOffered(error: unknown): readonly Entry[] {
  if (error instanceof Fault && error.kind === "not_found") return [];
  throw error;
}

function endOf({ status, scheduled_until }: Entry): number | null {
  return status === "completed" ? scheduled_until : null;
}

/** `started_at` is often set back afterwards; what could be known, and when, follows from when it was posted. */
function incidentOf(
  entry: Entry,
  provider: string,
  span: { startedAt: number | null; resolvedAt: number | null },
): ProviderIncident {
  const updates = entry.incident_updates ?? [];
  const postedAt = Math.min(entry.created_at, ...updates.map(({ created_at }) => created_at));
  const named = [
    ...(entry.components ?? []),
    ...updates.flatMap(({ affected_components }) => affected_components ?? []),
  ];
  return {
    provider,
    title: entry.name,
    impact: entry.impact,
    startedAt: span.startedAt ?? entry.created_at,
    postedAt,
    resolvedAt: span.resolvedAt,
    components: [...new Set(named.map(({ name }) => name))],
    url: linkOf(entry.shortlink),
  };
}
