import { schedule as cron, type ScheduledTask } from "node-cron";
import type { FlowDeps } from "./flows/deps.ts";
import type { MetricsRegistry } from "./lib/metrics.ts";
import type { NewJob } from "./store-port.ts";

/** A missed tick costs nothing, since the next one adds the same jobs; its warning would go to the console. */
const quietly = { suppressMissedWarning: true };

export interface Schedule {
  stop(): Promise<void>;
}

/**
 * Ticks that only add keyed jobs, so that any number of replicas may tick: polling of the sources that do not push,
 * the sweep of deadlines, and the gauges of the queue.
 */
export function startSchedule(deps: FlowDeps, metrics: MetricsRegistry): Schedule {
  const add = (jobs: NewJob[]) =>
    deps.store
      .commit({ jobs })
      .catch((error: unknown) => deps.log.error("a tick could not add its jobs", { fault: String(error) }));
  const polled = deps.connected.filter(({ changes }) => changes !== undefined).map(({ id }) => id);
  const pollAll = () =>
    add(polled.map((connector) => ({ kind: "poll", key: connector, payload: { connector }, runAt: deps.clock.now() })));
  const tasks: ScheduledTask[] = [
    cron(
      "*/5 * * * * *",
      () => add([{ kind: "sweep", key: "deadlines", payload: {}, runAt: deps.clock.now() }]),
      quietly,
    ),
    cron("*/10 * * * * *", () => gauge(deps, metrics), quietly),
    cron("* * * * *", pollAll, quietly),
  ];
  void pollAll();
  return {
    stop: async () => {
      for (const task of tasks) await task.destroy();
    },
  };
}

async function gauge({ store, clock, log }: FlowDeps, metrics: MetricsRegistry): Promise<void> {
  try {
    for (const { kind, waiting, running, dead, lagMs } of await store.jobs.counts(clock.now())) {
      metrics.set("job_lag_seconds", { kind }, lagMs / 1000);
      metrics.set("jobs_waiting", { kind }, waiting + running);
      metrics.set("jobs_dead", { kind }, dead);
    }
  } catch (error) {
    log.warn("the queue could not be counted", { fault: String(error) });
  }
}
