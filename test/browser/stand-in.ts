import { type FastifyInstance, fastify } from "fastify";
import { consoleRoutes } from "../../src/console/console.ts";
import type { Change } from "../../src/domain/change.ts";
import type { Diagnosis } from "../../src/domain/diagnosis/diagnosis.ts";
import type { Message } from "../../src/domain/message.ts";
import { iso, MINUTE, SECOND } from "../../src/domain/time.ts";
import type { TimelineEntry } from "../../src/domain/timeline.ts";
import { incidentChart } from "../../src/views/chart.ts";
import { type ThreadView, thread } from "../../src/views/thread.ts";
import { approval, change, diagnosis, execution, ONSET, sampleView } from "../fakes/slack/sample-incident.ts";

interface Posted {
  readonly path: string;
  readonly body: Record<string, unknown>;
}

/** What the stand-in says; a test turns it as it needs. */
interface Saying {
  views: ThreadView[];
  /** Messages in place of those of the views, by incident. */
  messages: Map<string, Message[]>;
  halted: boolean;
  person: string | null;
  sandbox: boolean;
  changes: Change[];
  /** The answer to a decision; null approves. */
  refusal: { because: string; text: string } | null;
  /** Every API request fails with this status. */
  down: number | null;
}

export interface StandIn {
  readonly url: string;
  readonly say: Saying;
  readonly posted: Posted[];
  /** Addresses of the charts that were asked for. */
  readonly charts: string[];
  close(): Promise<void>;
}

const faults = [
  { name: "bad-json-prompt", about: "a prompt version makes the answers miss their JSON format" },
  { name: "gpu-off-the-bus", about: "one GPU falls off the bus" },
];

/** The console with an API that says what a test wants. */
export async function startStandIn(): Promise<StandIn> {
  const say: Saying = {
    views: [],
    messages: new Map(),
    halted: false,
    person: null,
    sandbox: true,
    changes: [change],
    refusal: null,
    down: null,
  };
  const posted: Posted[] = [];
  const charts: string[] = [];
  const app = fastify({ forceCloseConnections: true });
  app.addHook("onRequest", async (request, reply) => {
    if (say.down !== null && request.url.startsWith("/api/"))
      await reply.code(say.down).send({ error: "the database does not answer" });
  });
  await consoleRoutes(app);
  reads(app, say, charts);
  writes(app, say, posted);
  const url = await app.listen({ host: "127.0.0.1", port: 0 });
  return { url, say, posted, charts, close: () => app.close() };
}

function reads(app: FastifyInstance, say: Saying, charts: string[]): void {
  app.get("/api/state", () => ({
    mode: "local",
    version: "0.1.0",
    halted: say.halted,
    person: say.person,
    sandbox: say.sandbox ? { faults, running: null } : null,
    notices: ["Local mode: this machine alone."],
  }));
  app.get("/api/incidents", () => ({
    incidents: say.views.map(({ incident: { openedAt, updatedAt, resolvedAt, ...rest }, diagnosis: told }) => ({
      ...rest,
      openedAt: iso(openedAt),
      updatedAt: iso(updatedAt),
      resolvedAt: resolvedAt === null ? null : iso(resolvedAt),
      cause: told?.cause ?? null,
      confidence: told?.confidence ?? null,
    })),
  }));
  app.get<{ Params: { id: string } }>("/api/incidents/:id", (request, reply) => {
    const view = say.views.find(({ incident }) => incident.id === request.params.id);
    if (view === undefined) return reply.code(404).send({ error: "there is no incident with this id" });
    return reply.send(detail(view, say.messages.get(view.incident.id) ?? thread(view)));
  });
  app.get<{ Params: { id: string }; Querystring: { theme?: string } }>(
    "/api/incidents/:id/chart.svg",
    (request, reply) => {
      charts.push(request.url);
      const view = say.views.find(({ incident }) => incident.id === request.params.id);
      if (view === undefined) return reply.code(404).send({ error: "nothing to draw" });
      return reply.type("image/svg+xml").send(chartOf(view, request.query.theme === "dark" ? "dark" : "light"));
    },
  );
  app.get("/api/changes", () => ({ changes: say.changes }));
}

function detail(view: ThreadView, messages: readonly Message[]): object {
  const { openedAt, updatedAt, resolvedAt, ...rest } = view.incident;
  const onset = view.diagnosis?.onset ?? null;
  return {
    ...rest,
    openedAt: iso(openedAt),
    updatedAt: iso(updatedAt),
    resolvedAt: resolvedAt === null ? null : iso(resolvedAt),
    onset: onset === null ? null : { at: iso(onset.at), from: iso(onset.from), to: iso(onset.to) },
    alerts: view.alerts,
    diagnosis: view.diagnosis,
    changes: view.changes,
    proposals: view.proposals,
    decisions: view.decisions,
    executions: view.executions,
    timeline: timeline(view),
    messages: messages.map((message, seq) => ({ ...message, seq, rev: seq + 1, updatedAt: iso(updatedAt) })),
  };
}

function timeline({ incident, alerts, proposals, decisions }: ThreadView): TimelineEntry[] {
  const entry = (at: number, kind: TimelineEntry["kind"], actor: string, text: string): TimelineEntry => ({
    incidentId: incident.id,
    at,
    kind,
    actor,
    text,
  });
  return [
    ...alerts.map(({ startsAt, title }) => entry(startsAt, "alert_fired", "alertmanager", `${title} fires`)),
    entry(incident.openedAt, "opened", "faultline", "Incident opened."),
    entry(incident.openedAt + 4 * SECOND, "diagnosed", "faultline", "Likely cause: a prompt change (82 %)."),
    ...proposals.map(({ createdAt, title }) => entry(createdAt, "proposed", "faultline", title)),
    ...decisions.map(({ at, by, verdict }) => entry(at, "decided", by, `${verdict} the proposal`)),
  ];
}

function chartOf({ incident, executions }: ThreadView, theme: "light" | "dark"): string {
  const fix = executions[0]?.appliedAt ?? null;
  const from = ONSET - 10 * MINUTE;
  const level = (at: number) => (at < ONSET || (fix !== null && at > fix) ? 2.1 : 9.4);
  const points = Array.from({ length: 90 }, (_, index): [number, number] => {
    const at = from + index * 15 * SECOND;
    return [at, level(at) + Math.sin(index * 1.7) * 0.2];
  });
  const series = [{ label: "latency_p95 chat-api", unit: "s", emphasis: "fired" as const, points }];
  const onset = { at: ONSET, from: ONSET - 20 * SECOND, to: ONSET + 20 * SECOND };
  const changes = [{ at: change.at, label: change.title, culprit: true }];
  return incidentChart({
    series,
    onset,
    changes,
    executionAt: fix,
    now: from + 90 * 15 * SECOND,
    theme,
    title: incident.title,
  });
}

function writes(app: FastifyInstance, say: Saying, posted: Posted[]): void {
  app.post("/api/*", (request, reply) => {
    const body = request.body as Record<string, unknown>;
    posted.push({ path: request.url, body });
    if (request.url === "/api/halt") say.halted = body["on"] === true;
    if (request.url === "/api/sandbox/drills") return reply.code(201).send({ id: "drill-1" });
    if (!request.url.includes("/decision")) return reply.send({ ok: true });
    if (say.refusal !== null) return reply.code(409).send({ ok: false, ...say.refusal });
    return reply.send({
      ok: true,
      text: body["verdict"] === "approved" ? "Approved. It runs now." : "Rejected. Nothing ran.",
    });
  });
}

/** The sample incident after its approval, as far as `recovered`. */
export function approvedView(id: string): ThreadView {
  const view = incidentView(id);
  const [proposal] = view.proposals;
  if (proposal === undefined) throw new Error("the sample has no proposal");
  const done = {
    ...execution,
    incidentId: id,
    state: "recovered" as const,
    appliedAt: ONSET + 6 * MINUTE,
    endedAt: ONSET + 9 * MINUTE,
    outcome: "p95 latency is 2.1 s (was 9.4 s)",
    steps: execution.steps.map((step) => ({
      ...step,
      state: "succeeded" as const,
      startedAt: ONSET + 5 * MINUTE,
      endedAt: ONSET + 6 * MINUTE,
      detail: "production is 40",
    })),
  };
  return {
    ...view,
    incident: { ...view.incident, status: "resolved", resolvedAt: ONSET + 10 * MINUTE },
    alerts: view.alerts.map((alert) => ({ ...alert, status: "resolved" as const, endsAt: ONSET + 10 * MINUTE })),
    proposals: [{ ...proposal, state: "approved", endedBecause: null }],
    decisions: [{ ...approval, by: "Ann", via: "console" }],
    executions: [done],
  };
}

/** The sample incident under another id, with a diagnosis as rich as a real one. */
export function incidentView(id: string, parts: Partial<ThreadView> = {}): ThreadView {
  const view = sampleView(parts);
  const proposals = view.proposals.map((proposal) => ({ ...proposal, incidentId: id }));
  return { ...view, incident: { ...view.incident, id }, proposals, diagnosis: rich(diagnosis) };
}

function rich(sparse: Diagnosis): Diagnosis {
  const [leading] = sparse.suspects;
  if (leading === undefined) throw new Error("the sample has no suspect");
  const more = Array.from({ length: 8 }, (_, index) => ({
    ...leading,
    id: `ambient:${index}`,
    title: `suspect number ${index + 1}`,
    probability: 0.01,
    weights: [{ evidence: "ev2", logOdds: -1.2 }],
  }));
  return { ...sparse, suspects: [...sparse.suspects, ...more] };
}
