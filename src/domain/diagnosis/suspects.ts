import type { Cause } from "../cause.ts";
import type { Change } from "../change.ts";
import type { Labels } from "../json.ts";
import { ambientSuspects } from "./ambient.ts";
import { type CaseContext, changesBefore } from "./case-context.ts";
import { readChange } from "./change-words.ts";
import type { Hypothesis, Mechanism } from "./hypothesis.ts";
import { WEIGHTS } from "./weights.ts";

/** Every change of the look-back window, and every ambient cause that the catalogue or the series make possible. */
export function suspectsOf(context: CaseContext): Hypothesis[] {
  const all = [...changesBefore(context).map((change) => changeSuspect(context, change)), ...ambientSuspects(context)];
  const seen = new Set<string>();
  return all.filter(({ id }) => !seen.has(id) && seen.add(id));
}

function changeSuspect(context: CaseContext, change: Change): Hypothesis {
  const place = change.service === null ? undefined : context.topology.services.get(change.service);
  const engine = place?.kind === "serving" && place.gpu_pools.length > 0;
  const reading = readChange(change, engine);
  return {
    id: `change:${change.id}`,
    cause: reading.cause,
    mechanism: mechanismOf(reading.cause),
    also: engine && reading.cause === "application" ? "infra" : null,
    change,
    reading,
    ambient: null,
    subject: { ...change.scope, ...placeOf(context, change) },
    title: change.title === "" ? `${change.kind} change of ${change.target}` : change.title,
    prior: WEIGHTS.changePrior[change.kind] + WEIGHTS.changeBase,
  };
}

/** The changed service where the hit ones stand on it, else the hit one: that is where a remedy would act. */
function placeOf({ topology }: CaseContext, { service, scope }: Change): Labels {
  const main = [...topology.focal][0];
  const place = service !== null && topology.below.has(service) ? service : (scope["service"] ?? main ?? service);
  return place === null || place === undefined ? {} : { service: place };
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
