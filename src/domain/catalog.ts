import { z } from "zod";

export const serviceKinds = ["llm_app", "rag_app", "agent", "ml_service", "serving", "pipeline"] as const;

const names = z.array(z.string()).default([]);

/** A node of the catalogue and what it stands on. Keys as in the scenario format, since people write this by hand. */
export const Service = z.object({
  name: z.string().min(1),
  kind: z.enum(serviceKinds),
  owner: z.string().default(""),
  models: names,
  prompts: names,
  providers: names,
  gpu_pools: names,
  datasets: names,
  depends_on: names,
});
export type Service = z.output<typeof Service>;

export const Catalog = z.object({ services: z.array(Service).default([]) });
export type Catalog = z.output<typeof Catalog>;

const standsOn = ["models", "prompts", "providers", "gpu_pools", "datasets"] as const;

/** What two services share, as `kind:name`; empty when nothing. */
export function shared(a: Service, b: Service): string[] {
  return standsOn.flatMap((kind) => a[kind].filter((name) => b[kind].includes(name)).map((name) => `${kind}:${name}`));
}

/**
 * The fewest steps along `depends_on`, in either direction; 0 for itself, Infinity where no path is recorded.
 * Cycles are allowed.
 */
export function distance(catalog: Catalog, from: string, to: string): number {
  const seen = new Set([from]);
  let frontier = [from];
  for (let steps = 0; frontier.length > 0; steps += 1) {
    if (frontier.includes(to)) return steps;
    frontier = catalog.services
      .filter((service) => !seen.has(service.name))
      .filter((service) => frontier.some((name) => adjacent(catalog, service, name)))
      .map((service) => service.name);
    for (const name of frontier) seen.add(name);
  }
  return Number.POSITIVE_INFINITY;
}

function adjacent(catalog: Catalog, service: Service, other: string): boolean {
  const node = catalog.services.find((candidate) => candidate.name === other);
  return service.depends_on.includes(other) || (node?.depends_on.includes(service.name) ?? false);
}
