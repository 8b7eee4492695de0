import { Gauge, Registry } from "prom-client";
import type { Engine } from "./engine.ts";
import { parseKey } from "./series-key.ts";

/**
 * The Prometheus text: the counters and histograms of the ledger, and every signal of the vocabulary as a gauge
 * `sandbox_<signal>`, smoothed as the sandbox's own monitors see it.
 */
export async function exposition({ ledger, history }: Engine): Promise<{ text: string; contentType: string }> {
  const registry = Registry.merge([ledger.registry, signals(history.latest())]);
  return { text: await registry.metrics(), contentType: registry.contentType };
}

function signals(latest: ReadonlyMap<string, number>): Registry {
  const registry = new Registry();
  const rows = [...latest].map(([key, value]) => ({ ...parseKey(key), value }));
  for (const [signal, own] of Map.groupBy(rows, (row) => row.signal)) {
    const labelNames = [...new Set(own.flatMap(({ labels }) => Object.keys(labels)))];
    const gauge = new Gauge({
      name: `sandbox_${signal}`,
      help: `The signal ${signal}`,
      labelNames,
      registers: [registry],
    });
    for (const { labels, value } of own) gauge.set(labels, value);
  }
  return registry;
}
