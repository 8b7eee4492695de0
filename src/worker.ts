import { z } from "zod";
import type { FlowDeps } from "./flows/deps.ts";
import { execute } from "./flows/execute.ts";
import { investigate } from "./flows/investigate.ts";
import { poll } from "./flows/poll.ts";
import { publish } from "./flows/publish.ts";
import { sweep } from "./flows/sweep.ts";
import { triage } from "./flows/triage.ts";
import { verify } from "./flows/verify.ts";
import { Fault } from "./lib/fault.ts";
import type { MetricsRegistry } from "./lib/metrics.ts";
import type { Job, JobKind } from "./store-port.ts";

const LEASE_MS = 120_000;
const AT_ONCE = 8;
const IDLE_MS = 150;
const LONGEST_WAIT_MS = 60_000;
const RECURRING: readonly JobKind[] = ["poll", "sweep"];

const handlers: Readonly<Record<JobKind, (payload: unknown, deps: FlowDeps) => Promise<void>>> = {
  triage: (payload, deps) => triage(z.object({ deliveryId: z.string() }).parse(payload).deliveryId, deps),
  investigate: (payload, deps) => {
    const { incidentId, round } = z.object({ incidentId: z.string(), round: z.number() }).parse(payload);
    return investigate(incidentId, round, deps);
  },
  execute: (payload, deps) => execute(z.object({ executionId: z.string() }).parse(payload).executionId, deps),
  verify: (payload, deps) => verify(z.object({ executionId: z.string() }).parse(payload).executionId, deps),
  publish: (payload, deps) => publish(z.object({ incidentId: z.string() }).parse(payload).incidentId, deps),
  poll: (payload, deps) => poll(z.object({ connector: z.string() }).parse(payload).connector, deps),
  sweep: (_payload, deps) => sweep(deps),
};

export interface Worker {
  /** Claims nothing more and resolves when what is in hand is done. */
  stop(): Promise<void>;
}

/** Claims due jobs and calls the flow of their kind, several at once; a job that fails comes back later. */
export function startWorker(deps: FlowDeps, metrics: MetricsRegistry): Worker {
  const stopping = new AbortController();
  const running = new Set<Promise<void>>();
  const loop = async () => {
    while (!stopping.signal.aborted) {
      const jobs = await claim(deps, AT_ONCE - running.size);
      for (const job of jobs) {
        const run = work(job, deps, metrics).finally(() => running.delete(run));
        running.add(run);
      }
      if (running.size >= AT_ONCE) await Promise.race(running);
      else if (jobs.length === 0) await deps.clock.sleep(IDLE_MS, stopping.signal);
    }
    await Promise.allSettled(running);
  };
  const looping = loop();
  return {
    stop: async () => {
      stopping.abort();
      await looping;
    },
  };
}

async function claim(deps: FlowDeps, limit: number): Promise<Job[]> {
  try {
    return await deps.store.jobs.claim(deps.clock.now(), LEASE_MS, limit);
  } catch (error) {
    deps.log.error("jobs could not be claimed", { fault: String(error) });
    await deps.clock.sleep(1_000);
    return [];
  }
}

async function work(job: Job, deps: FlowDeps, metrics: MetricsRegistry): Promise<void> {
  const log = deps.log.child({ job: job.id, kind: job.kind, key: job.key });
  try {
    await handlers[job.kind](job.payload, { ...deps, log });
    await deps.store.jobs.finish(job);
    metrics.count("jobs", { kind: job.kind, result: "done" });
  } catch (error) {
    metrics.count("jobs", { kind: job.kind, result: "failed" });
    await putBack(job, error, { ...deps, log });
  }
}

/** Faults that may pass and defects come back with a growing wait; a fault that cannot pass is dead at once. */
async function putBack(job: Job, error: unknown, { store, clock, log }: FlowDeps): Promise<void> {
  const because = error instanceof Error ? error.message : String(error);
  const hopeless = error instanceof Fault && !error.retryable && error.kind !== "conflict";
  const stack = error instanceof Fault ? undefined : (error as Error).stack;
  log[hopeless || stack !== undefined ? "error" : "warn"]("job failed", { attempt: job.attempt, because, stack });
  const asked = error instanceof Fault ? (error.retryAfterMs ?? 0) : 0;
  const wait = Math.max(asked, Math.min(LONGEST_WAIT_MS, 250 * 2 ** job.attempt) * (0.75 + Math.random() / 2));
  try {
    // The next tick adds these again: a source that is down for a day must not leave a thousand dead jobs.
    if (RECURRING.includes(job.kind)) await store.jobs.finish(job);
    else if (hopeless) await store.jobs.bury(job, because);
    else await store.jobs.retry(job, clock.now() + wait, because);
  } catch (failure) {
    log.error("a failed job could not be put back; its lease will end", { fault: String(failure) });
  }
}
