import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import { iso, MINUTE } from "../domain/time.ts";
import { chartOf } from "../flows/chart.ts";
import { decide } from "../flows/decide.ts";
import type { FlowDeps } from "../flows/deps.ts";
import { halt, halted } from "../flows/halt.ts";
import { loadThread } from "../flows/record.ts";
import { Fault } from "../lib/fault.ts";
import type { StoredMessage } from "../store-port.ts";
import { incidentChart } from "../views/chart.ts";
import { type Access, challenge, personOf } from "./guard.ts";

const LIST_LIMIT = 100;

export interface ApiDoor {
  readonly deps: FlowDeps;
  readonly access: Access;
  readonly version: string;
  /** What a newcomer should know, such as that deliveries are not signed here. */
  readonly notices: readonly string[];
}

/** The JSON API that the console and scripts use. */
export function apiRoutes(
  { deps, access, version, notices }: ApiDoor,
  extraState: () => Promise<object>,
): (app: FastifyInstance) => Promise<void> {
  return async (app) => {
    await app.register(async (api) => {
      api.addHook("onRequest", async (request, reply) =>
        personOf(request, access) === "refused" ? challenge(reply) : undefined,
      );
      api.get("/api/state", async (request) => ({
        mode: access.kind === "local" ? "local" : "configured",
        version,
        halted: await halted(deps.store),
        person: personOf(request, access),
        notices,
        ...(await extraState()),
      }));
      reads(api, deps);
      writes(api, deps, access);
    });
  };
}

function reads(api: FastifyInstance, deps: FlowDeps): void {
  api.get("/api/incidents", async () => {
    const incidents = await deps.store.incidents({ limit: LIST_LIMIT });
    const rows = incidents.map(async (incident) => {
      const [diagnosis] = await deps.store.diagnoses(incident.id);
      const { id, status, severity, title, service } = incident;
      const times = {
        openedAt: iso(incident.openedAt),
        updatedAt: iso(incident.updatedAt),
        resolvedAt: when(incident.resolvedAt),
      };
      return {
        id,
        status,
        severity,
        title,
        service,
        ...times,
        cause: diagnosis?.cause ?? null,
        confidence: diagnosis?.confidence ?? null,
      };
    });
    return { incidents: await Promise.all(rows) };
  });
  api.get<{ Params: { id: string } }>("/api/incidents/:id", (request) => incident(request.params.id, deps));
  api.get<{ Params: { id: string }; Querystring: { theme?: string } }>(
    "/api/incidents/:id/chart.svg",
    async (request, reply) => {
      const theme = request.query.theme === "dark" ? "dark" : "light";
      const chart = await chartOf(request.params.id, deps);
      if (chart === null) throw new Fault("not_found", "there is nothing to draw for this incident yet");
      return reply
        .type("image/svg+xml")
        .header("cache-control", "no-store")
        .send(incidentChart({ ...chart, theme }));
    },
  );
  api.get<{ Querystring: { minutes?: string } }>("/api/changes", async (request) => {
    const minutes = z.coerce.number().positive().max(43_200).catch(120).parse(request.query.minutes);
    const now = deps.clock.now();
    return { changes: await deps.store.changesIn({ from: now - minutes * MINUTE, to: now + 1 }, 500) };
  });
}

async function incident(id: string, deps: FlowDeps): Promise<object> {
  const view = await loadThread(id, deps);
  if (view === null) throw new Fault("not_found", "there is no incident with this id");
  const { openedAt, updatedAt, resolvedAt, ...rest } = view.incident;
  const onset = view.diagnosis?.onset ?? null;
  return {
    ...rest,
    openedAt: iso(openedAt),
    updatedAt: iso(updatedAt),
    resolvedAt: when(resolvedAt),
    onset: onset === null ? null : { at: iso(onset.at), from: iso(onset.from), to: iso(onset.to) },
    alerts: view.alerts,
    diagnosis: view.diagnosis,
    changes: view.changes,
    proposals: view.proposals,
    decisions: view.decisions,
    executions: view.executions,
    timeline: await deps.store.timeline(id),
    messages: (await deps.store.messages(id)).map(shown),
  };
}

function shown({ key, seq, rev, text, blocks, updatedAt }: StoredMessage): object {
  return { key, seq, rev, text, blocks, updatedAt: iso(updatedAt) };
}

function when(at: number | null): string | null {
  return at === null ? null : iso(at);
}

const DecisionBody = z.object({
  digest: z.string().min(1),
  verdict: z.enum(["approved", "rejected"]),
  by: z.string().trim().min(1, "who decides must be named").max(80).optional(),
  reason: z.string().max(500).nullable().default(null),
});
const HaltBody = z.object({ on: z.boolean(), by: z.string().trim().min(1).max(80).optional() });

function writes(api: FastifyInstance, deps: FlowDeps, access: Access): void {
  api.post<{ Params: { id: string } }>("/api/proposals/:id/decision", async (request, reply) => {
    const body = bodyOf(request, DecisionBody);
    const by = named(request, access, body.by);
    const decided = await decide(
      {
        proposalId: request.params.id,
        digest: body.digest,
        verdict: body.verdict,
        by,
        via: "console",
        reason: body.reason,
      },
      deps,
    );
    return reply.code(decided.ok ? 200 : refusalStatus(decided.because)).send(decided);
  });
  api.post("/api/halt", async (request, reply: FastifyReply) => {
    const body = bodyOf(request, HaltBody);
    const done = await halt({ on: body.on, by: named(request, access, body.by), via: "console" }, deps);
    if (!done) throw new Fault("forbidden", "only those who may approve may release the kill switch");
    return reply.send({ halted: body.on });
  });
}

function refusalStatus(because: string): number {
  if (because === "no_such_proposal") return 404;
  return because === "not_an_approver" || because === "needs_another_person" ? 403 : 409;
}

/** The person of the credentials; in local mode the name that was given. */
function named(request: FastifyRequest, access: Access, given: string | undefined): string {
  const person = personOf(request, access);
  if (person !== null && person !== "refused") return person;
  if (given === undefined) throw new Fault("invalid", "by: who decides must be named");
  return given;
}

/** The JSON body of a request, checked. @throws Fault "invalid" naming the field */
export function bodyOf<S extends z.ZodType>(request: FastifyRequest, schema: S): z.output<S> {
  const raw = request.body instanceof Uint8Array ? Buffer.from(request.body).toString("utf8") : "";
  if (!(request.headers["content-type"] ?? "").startsWith("application/json"))
    throw new Fault("invalid", "the body must be application/json");
  let data: unknown;
  try {
    data = JSON.parse(raw);
  } catch (error) {
    throw new Fault("invalid", "the body is not JSON", { cause: error });
  }
  const parsed = schema.safeParse(data);
  if (parsed.success) return parsed.data;
  throw new Fault(
    "invalid",
    parsed.error.issues.map(({ path, message }) => `${path.map(String).join(".") || "body"}: ${message}`).join("; "),
  );
}
