import type { CaseContext } from "./case-context.ts";
import { sharedBy } from "./case-context.ts";
import { type Finding, type Hypothesis, type Judge, observed, weigh } from "./hypothesis.ts";
import type { Movement } from "./movement.ts";
import { relationOf } from "./topology.ts";
import { movedWords } from "./wording.ts";

/** Services that share a foundation with the hit ones, and are well or are not. */
export const judgeNeighbours: Judge = (context, hypotheses) => {
  const names = new Set(context.movements.flatMap(({ entity }) => (entity.kind === "service" ? [entity.name] : [])));
  return [...names].toSorted().flatMap((name) => {
    const relation = relationOf(context.topology, name);
    if (relation === "focal" || relation === "dependency") return [];
    const state = stateOf(context, name);
    if (state === null) return [];
    return [finding(context, { name, caller: relation === "caller", ...state }, hypotheses)];
  });
};

interface State {
  readonly hit: boolean;
  readonly shown: Movement;
}

/** Hit, when a signal that moved at the hit services moved here too; well, when all of those measured here stayed. */
function stateOf({ movements, coherent, relation }: CaseContext, name: string): State | null {
  const asked = new Set(
    coherent
      .filter((movement) => relation(movement) === "focal" && movement.harmful === true && movement.strength >= 0.3)
      .map(({ signal }) => signal),
  );
  const own = movements.filter(
    ({ entity, signal, points, slice }) =>
      entity.name === name && asked.has(signal) && points >= 4 && Object.keys(slice).length === 0,
  );
  const first = own[0];
  if (first === undefined) return null;
  const moved = own.find(
    (movement) => coherent.includes(movement) && movement.harmful === true && movement.strength >= 0.3,
  );
  return moved === undefined ? { hit: false, shown: first } : { hit: true, shown: moved };
}

interface Neighbour extends State {
  readonly name: string;
  readonly caller: boolean;
}

function finding(context: CaseContext, neighbour: Neighbour, hypotheses: readonly Hypothesis[]): Finding {
  const { name, hit, shown } = neighbour;
  const shared = [...new Set([...context.topology.focal].flatMap((focal) => sharedBy(context.topology, focal, name)))];
  const common =
    shared.length === 0
      ? "shares nothing recorded"
      : `shares ${shared.map((thing) => thing.replace(":", " ")).join(", ")}`;
  const evidence = observed(context, "neighbour", {
    id: `neighbour:${name}`,
    statement: `${name} (${common}) is ${hit ? "hit as well" : "well"}: ${movedWords(shown)}`,
    signal: shown.signal,
    labels: { service: name },
    value: shown.now,
    baseline: shown.before,
  });
  const kinds = {
    provider: names(shared, "providers"),
    pool: names(shared, "gpu_pools"),
    model: names(shared, "models"),
    dataset: names(shared, "datasets"),
    prompt: names(shared, "prompts"),
  };
  return weigh(evidence, hypotheses, (hypothesis) => neighbourWeight(hypothesis, { ...neighbour, kinds }));
}

function names(shared: readonly string[], kind: string): string[] {
  return shared.filter((thing) => thing.startsWith(`${kind}:`)).map((thing) => thing.slice(kind.length + 1));
}

interface Compared extends Neighbour {
  readonly kinds: Readonly<Record<"provider" | "pool" | "model" | "dataset" | "prompt", readonly string[]>>;
}

function neighbourWeight(
  { mechanism, subject, change, ambient }: Hypothesis,
  { hit, kinds, caller, name }: Compared,
): number {
  const provider = subject["provider"];
  switch (mechanism) {
    case "provider_outage":
    case "provider_throttling":
    case "provider_silent_change":
    case "provider_change":
      if (provider === undefined || !kinds.provider.includes(provider))
        return hit && kinds.provider.length === 0 ? -1 : 0;
      if (subject["model_version"] !== undefined) return hit ? 0.5 : 0;
      return hit ? 1.3 : mechanism === "provider_outage" ? -1.2 : -0.7;
    case "gpu_fault":
    case "serving_exhaustion":
    case "infra":
      if (kinds.pool.length === 0) return hit && !caller ? -0.8 : 0;
      return hit ? 1 : mechanism === "gpu_fault" ? -0.3 : -0.6;
    case "model":
      if (change !== null && kinds.model.length > 0 && change.service !== null && caller) return hit ? 0.6 : 0;
      return kinds.model.length > 0 ? (hit ? 0.7 : -0.3) : hit && change === null ? -0.4 : 0;
    case "data":
    case "stale_data":
    case "organic_drift":
      return kinds.dataset.length > 0 ? (hit ? 1 : -0.6) : hit && !caller ? -0.5 : 0;
    case "prompt":
      return hit && kinds.prompt.length === 0 && change?.service !== name ? -0.8 : hit ? 0 : 0.2;
    case "application_fault":
    case "application":
      return ambient === null ? (hit ? 0 : 0.1) : hit && !caller ? -0.8 : 0;
    case "surge":
    case "runaway_client":
      return hit && kinds.pool.length === 0 && kinds.provider.length === 0 ? -0.5 : 0;
    default:
      return 0;
  }
}
