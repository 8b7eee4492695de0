import type { FastifyInstance } from "fastify";
import { Fault } from "../lib/fault.ts";
import type { SandboxDoor } from "./door.ts";
import type { Posted } from "./world.ts";

const iso = (at: number) => new Date(at).toISOString();

/** The status page of each provider, in the form of Statuspage v2: green until somebody there posts something. */
export function statusPages(app: FastifyInstance, { engine, now }: SandboxDoor): void {
  const shown = (provider: string) => {
    if (engine.world.providers[provider] === undefined)
      throw new Fault("not_found", `there is no status page of ${JSON.stringify(provider)}`);
    const at = now();
    return engine.world.posted.filter((one) => one.provider === provider && one.postedAt <= at).toReversed();
  };
  const page = (provider: string) => ({ id: provider, name: provider, time_zone: "Etc/UTC", updated_at: iso(now()) });
  type Of = { Params: { provider: string } };
  app.get<Of>("/status/:provider/api/v2/incidents.json", ({ params: { provider } }) => ({
    page: page(provider),
    incidents: shown(provider).map(incident),
  }));
  app.get<Of>("/status/:provider/api/v2/scheduled-maintenances.json", ({ params: { provider } }) => {
    shown(provider);
    return { page: page(provider), scheduled_maintenances: [] };
  });
  app.get<Of>("/status/:provider/api/v2/summary.json", ({ params: { provider } }) => {
    const open = shown(provider).filter(({ resolvedAt }) => resolvedAt === null);
    const status =
      open.length === 0
        ? { indicator: "none", description: "All Systems Operational" }
        : { indicator: "major", description: "Partial System Outage" };
    const component = { id: "api", name: "API", status: open.length === 0 ? "operational" : "partial_outage" };
    return {
      page: page(provider),
      status,
      components: [component],
      incidents: open.map(incident),
      scheduled_maintenances: [],
    };
  });
}

function incident({ id, provider, startedAt, postedAt, resolvedAt }: Posted) {
  const component = { id: "api", name: "API", status: resolvedAt === null ? "partial_outage" : "operational" };
  const updatedAt = iso(resolvedAt ?? postedAt);
  const status = resolvedAt === null ? "investigating" : "resolved";
  return {
    id,
    name: "Elevated errors",
    status,
    impact: "major",
    page_id: provider,
    shortlink: null,
    created_at: iso(postedAt),
    updated_at: updatedAt,
    started_at: iso(startedAt),
    monitoring_at: null,
    resolved_at: resolvedAt === null ? null : iso(resolvedAt),
    components: [component],
    incident_updates: [
      {
        id: `${id}-1`,
        status,
        body: "We are looking into elevated error rates.",
        created_at: iso(postedAt),
        display_at: iso(postedAt),
        affected_components: null,
      },
    ],
  };
}
