import type { Service } from "../catalog.ts";
import type { Cause } from "../cause.ts";
import type { Change } from "../change.ts";
import type { Labels } from "../json.ts";
import { ambientSuspects } from "./ambient.ts";
import { type CaseContext, changesBefore } from "./case-context.ts";
import { type Role, readChange } from "./change-words.ts";
import type { Hypothesis, Mechanism } from "./hypothesis.ts";
import { WEIGHTS } from "./weights.ts";

/** Every change of the look-back window, and every ambient cause that the catalogue or the series make possible. */
export function suspectsOf(context: CaseContext): Hypothesis[] {
  const all = [...changesBefore(context).map((change) => changeSuspect(context, change)), ...ambientSuspects(context)];
  const seen = new Set<string>();
  return all.filter(({ id }) => !seen.has(id) && seen.add(id));
}

function changeSuspect(context: CaseContext, change: Change): Hypothesis {
  const role = roleOf(context, change.service === null ? undefined : context.topology.services.get(change.service));
  const reading = readChange(change, role);
  return {
    id: `change:${change.id}`,
    cause: reading.cause,
    mechanism: mechanismOf(reading.cause),
    also: secondWay(reading.cause, role),
    change,
    reading,
    ambient: null,
    subject: { ...change.scope, ...placeOf(context, change) },
    title: change.title === "" ? `${change.kind} change of ${change.target}` : change.title,
    prior: WEIGHTS.changePrior[change.kind],
  };
}

function roleOf({ topology }: CaseContext, service: Service | undefined): Role {
  if (service === undefined) return "other";
  if (service.kind === "serving" && service.gpu_pools.length > 0) return "engine";
  const feeds = service.datasets.length > 0 && service.models.length === 0 && service.prompts.length === 0;
  const below = service.kind === "pipeline" && service.models.length === 0 && topology.below.has(service.name);
  return feeds || below ? "feed" : "other";
}

/** Code of an engine can break it as an upgrade can; a provider's own change may be silent in its errors. */
function secondWay(cause: Cause, role: Role): Mechanism | null {
  if (cause === "upstream_provider") return "provider_silent_change";
  return role === "engine" && cause === "application" ? "infra" : null;
}

/** The changed service where the hit ones stand on it, else the hit one: that is where a remedy would act. */
function placeOf({ topology }: CaseContext, { service, scope }: Change): Labels {
  const main = [...topology.focal][0];
  const place = service !== null && topology.below.has(service) ? service : (scope["service"] ?? main ?? service);
  return place === null ? {} : { service: place };
}

function mechanismOf(cause: Cause): Mechanism {
  switch (cause) {
    case "gpu_infra":
      return "infra";
    case "upstream_provider":
      return "provider_change";
    case "demand":
      return "demand_change";
    default:
      return cause;
  }
}
