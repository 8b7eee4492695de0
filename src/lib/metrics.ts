import { Counter, Gauge, Histogram, Registry } from "prom-client";

const counters = {
  deliveries: { help: "Deliveries received, by connector and what became of them", labels: ["connector", "result"] },
  alerts: { help: "Alerts taken in, by status", labels: ["status"] },
  incidents: { help: "Incidents diagnosed for the first time, by leading cause", labels: ["cause"] },
  proposals: { help: "Proposals made, by kind of remedy", labels: ["remedy"] },
  approvals: { help: "Clicks on proposals, by result", labels: ["result"] },
  executions: { help: "Executions ended, by result", labels: ["result"] },
  connector_faults: { help: "Faults of connectors, by kind", labels: ["connector", "kind"] },
  jobs: { help: "Jobs run, by kind and result", labels: ["kind", "result"] },
} as const;

/** The names of our counters; the exported name is `faultline_<name>_total`. */
export type CounterName = keyof typeof counters;

const gauges = {
  job_lag_seconds: { help: "How long the oldest due job has been waiting", labels: ["kind"] },
  jobs_waiting: { help: "Jobs that wait or run", labels: ["kind"] },
  jobs_dead: { help: "Jobs that failed for good and wait for a person", labels: ["kind"] },
} as const;

type GaugeName = keyof typeof gauges;

export interface MetricsRegistry {
  count(name: CounterName, labels: Readonly<Record<string, string>>): void;
  observe(name: "diagnosis_seconds", value: number): void;
  set(name: GaugeName, labels: Readonly<Record<string, string>>, value: number): void;
  /** The Prometheus text exposition and its content type. */
  text(): Promise<string>;
  readonly contentType: string;
}

/** A registry of its own (no global default), so that two apps in one process do not mix. */
export function createMetrics(): MetricsRegistry {
  const registry = new Registry();
  const counter = new Map<string, Counter>();
  for (const [name, { help, labels }] of Object.entries(counters)) {
    counter.set(
      name,
      new Counter({ name: `faultline_${name}_total`, help, labelNames: [...labels], registers: [registry] }),
    );
  }
  const gauge = new Map<string, Gauge>();
  for (const [name, { help, labels }] of Object.entries(gauges)) {
    gauge.set(name, new Gauge({ name: `faultline_${name}`, help, labelNames: [...labels], registers: [registry] }));
  }
  const seconds = new Histogram({
    name: "faultline_diagnosis_seconds",
    help: "Time of one diagnosis, from the case file to the verdict",
    buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers: [registry],
  });
  return {
    count: (name, labels) => counter.get(name)?.inc({ ...labels }),
    observe: (_name, value) => seconds.observe(value),
    set: (name, labels, value) => gauge.get(name)?.set({ ...labels }, value),
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}
