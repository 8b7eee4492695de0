import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { Fault } from "../lib/fault.ts";
import { createHttp, type HttpClient } from "../lib/http.ts";

/** The longest that a drill may take, from the break to the verified recovery. */
const LIMIT_S = 90;
const LOOK_EVERY_MS = 400;

/** What a drill came to: one line of `drill --json`. */
export interface DrillResult {
  readonly fault: string;
  /** What was really broken. */
  readonly cause: string;
  /** What the bot named when it proposed; null when it named nothing in time. */
  readonly named: string | null;
  readonly confidence: number;
  /** The leading suspect is the change that did it, or no change where none did. */
  readonly culprit_right: boolean;
  /** The runbook that was proposed first. */
  readonly proposal: string | null;
  readonly recovered: boolean;
  readonly seconds: number;
}

export interface DrillToFollow {
  /** Address of a bot in local mode. */
  readonly url: string;
  readonly fault: string;
  readonly seed: number;
  readonly approveAs: string | null;
  readonly tell: (line: string) => void;
}

const State = z.object({ sandbox: z.object({ truth: z.string() }).nullable() });
const Truth = z.object({ fault: z.string(), cause: z.string(), culprit: z.string().nullable() });
const Incidents = z.object({
  incidents: z.array(z.object({ id: z.string(), status: z.string(), openedAt: z.iso.datetime() })),
});
const IncidentView = z.object({
  id: z.string(),
  title: z.string(),
  status: z.string(),
  diagnosis: z
    .object({
      cause: z.string(),
      confidence: z.number(),
      suspects: z.array(z.object({ changeId: z.string().nullable(), title: z.string() })),
    })
    .nullable(),
  proposals: z.array(
    z.object({ id: z.string(), digest: z.string(), runbook: z.string(), title: z.string(), state: z.string() }),
  ),
  executions: z.array(z.object({ state: z.string(), outcome: z.string() })),
});
type IncidentView = z.output<typeof IncidentView>;

/** Is a bot in local mode listening there? */
export async function hasSandbox(url: string): Promise<boolean> {
  try {
    const answer = await createHttp({ name: "the bot", timeoutMs: 1_000, attempts: 1 }).send(
      new URL("/api/state", url),
    );
    return State.parse(answer.json()).sandbox !== null;
  } catch {
    return false;
  }
}

/** Breaks the sandbox of a running bot and follows the incident to its verified end. */
export async function followDrill(drill: DrillToFollow): Promise<DrillResult> {
  const http = createHttp({ name: "the bot" });
  const began = Date.now();
  const seconds = () => Math.round((Date.now() - began) / 100) / 10;
  await http.send(new URL("/api/sandbox/drills", drill.url), {
    method: "POST",
    json: { fault: drill.fault, seed: drill.seed },
  });
  drill.tell(`broken: ${drill.fault}`);
  let seen: Seen = { first: null, view: null, told: "" };
  while (seconds() < LIMIT_S && !isOver(seen.view)) {
    await sleep(LOOK_EVERY_MS);
    seen = await step(seen, drill, { http, began }).catch((error: unknown) => later(error, seen, drill));
  }
  const truth = await truthOf(http, drill.url);
  const { first, view } = seen;
  return {
    fault: drill.fault,
    cause: truth.cause,
    named: first?.diagnosis?.cause ?? view?.diagnosis?.cause ?? null,
    confidence: Number((first?.diagnosis?.confidence ?? view?.diagnosis?.confidence ?? 0).toFixed(3)),
    culprit_right: (first ?? view)?.diagnosis?.suspects[0]?.changeId === truth.culprit,
    proposal: first?.proposals[0]?.runbook ?? null,
    recovered: view?.executions.some(({ state }) => state === "recovered") ?? false,
    seconds: seconds(),
  };
}

/** A bot that is overloaded or gone for a moment is asked again until the time is over. */
function later(error: unknown, seen: Seen, { tell }: DrillToFollow): Seen {
  if (!(error instanceof Fault) || !error.retryable) throw error;
  tell(error.message);
  return seen;
}

interface Seen {
  /** The incident as it was when the first proposal was made. */
  readonly first: IncidentView | null;
  readonly view: IncidentView | null;
  readonly told: string;
}

async function step(
  seen: Seen,
  drill: DrillToFollow,
  { http, began }: { http: HttpClient; began: number },
): Promise<Seen> {
  const { incidents } = Incidents.parse((await http.send(new URL("/api/incidents", drill.url))).json());
  const [mine] = incidents
    .filter(({ openedAt }) => Date.parse(openedAt) >= began - 1_000)
    .toSorted((a, b) => a.openedAt.localeCompare(b.openedAt));
  if (mine === undefined) return seen;
  const view = IncidentView.parse((await http.send(new URL(`/api/incidents/${mine.id}`, drill.url))).json());
  const told = line(view);
  if (told !== seen.told) drill.tell(told);
  const first = seen.first ?? (view.proposals.length > 0 ? view : null);
  const pending = view.proposals.find(({ state }) => state === "pending");
  if (view.executions.length === 0 && pending !== undefined && drill.approveAs !== null)
    await approve(pending, drill, http);
  return { first, view, told };
}

async function approve(
  proposal: IncidentView["proposals"][number],
  drill: DrillToFollow,
  http: HttpClient,
): Promise<void> {
  const decision = { digest: proposal.digest, verdict: "approved", by: drill.approveAs, reason: null };
  try {
    await http.send(new URL(`/api/proposals/${proposal.id}/decision`, drill.url), { method: "POST", json: decision });
    drill.tell(`approved as ${drill.approveAs}: ${proposal.title}`);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    drill.tell(`the approval was refused: ${error.message}`);
  }
}

function line({ status, title, diagnosis, executions }: IncidentView): string {
  const cause =
    diagnosis === null
      ? ""
      : ` · ${diagnosis.cause} ${Math.round(diagnosis.confidence * 100)} % (${diagnosis.suspects[0]?.title ?? "?"})`;
  const outcome = executions.at(-1)?.outcome;
  return `${status.padEnd(18)} ${title}${cause}${outcome ? ` · ${outcome}` : ""}`;
}

function isOver(view: IncidentView | null): boolean {
  const last = view?.executions.at(-1)?.state ?? "";
  return ["recovered", "inconclusive", "undone", "failed", "needs_person", "cancelled"].includes(last);
}

async function truthOf(http: HttpClient, url: string): Promise<z.output<typeof Truth>> {
  const state = State.parse((await http.send(new URL("/api/state", url))).json());
  if (state.sandbox === null) throw new Fault("config", "this bot has no sandbox");
  return Truth.parse((await http.send(state.sandbox.truth)).json());
}
