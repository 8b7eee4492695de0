import type { CaseContext } from "./case-context.ts";
import { sharedBy } from "./case-context.ts";
import { type Finding, type Hypothesis, type Judge, type Mechanism, observed, weigh } from "./hypothesis.ts";
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
  return weigh(evidence, hypotheses, (hypothesis) => neighbourWeight(hypothesis, { ...neighbour, shared }));
}

interface Compared extends Neighbour {
  /** What it shares with the hit services, as `kind:name`. */
  readonly shared: readonly string[];
}

/** What a neighbour says of a mechanism, by what the mechanism works through. */
interface Through {
  readonly kind: "providers" | "gpu_pools" | "models" | "datasets" | "prompts" | null;
  /** A neighbour that shares it is hit too. */
  readonly hit: number;
  /** A neighbour that shares it is well. */
  readonly well: number;
  /** A neighbour that does not share it is hit all the same. */
  readonly apart: number;
}

const provider: Through = { kind: "providers", hit: 1.3, well: -0.7, apart: -1 };
const pool: Through = { kind: "gpu_pools", hit: 1, well: -0.6, apart: -0.8 };
const dataset: Through = { kind: "datasets", hit: 1, well: -0.6, apart: -0.5 };
const load: Through = { kind: null, hit: 0, well: 0, apart: -0.5 };

const THROUGH: Readonly<Partial<Record<Mechanism, Through>>> = {
  provider_outage: { ...provider, well: -1.2 },
  provider_throttling: provider,
  provider_silent_change: provider,
  provider_change: provider,
  // One bad node of a pool need not hit everybody on it.
  gpu_fault: { ...pool, well: -0.3 },
  serving_exhaustion: pool,
  infra: pool,
  model: { kind: "models", hit: 0.7, well: -0.3, apart: -0.4 },
  data: dataset,
  stale_data: dataset,
  organic_drift: dataset,
  prompt: { kind: "prompts", hit: 0, well: 0.2, apart: -0.8 },
  application_fault: { kind: null, hit: 0, well: 0, apart: -0.8 },
  surge: load,
  runaway_client: load,
};

function neighbourWeight({ mechanism, subject, change }: Hypothesis, { hit, shared, caller, name }: Compared): number {
  const through = THROUGH[mechanism];
  if (through === undefined || change?.service === name) return 0;
  const things = through.kind === null ? [] : shared.filter((thing) => thing.startsWith(`${through.kind ?? ""}:`));
  const own = through.kind === "providers" ? subject["provider"] : undefined;
  const shares = own === undefined ? things.length > 0 : things.includes(`providers:${own}`);
  if (!shares) return hit && !caller && things.length === 0 ? through.apart : 0;
  // One model of a provider may fail while all others of it serve the neighbour well.
  const part = through.kind === "providers" && subject["model_version"] !== undefined ? 0.4 : 1;
  return (hit ? through.hit : through.well) * part;
}
