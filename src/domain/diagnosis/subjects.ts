import type { Service } from "../catalog.ts";
import type { Labels } from "../json.ts";
import { type Carriers, carriersOf } from "./carriers.ts";
import type { CaseContext } from "./case-context.ts";
import { freshLogs } from "./log-freshness.ts";
import { GROUPS } from "./signature-weights.ts";
import { foundation } from "./topology.ts";

/** What the slices, the catalogue and the logs single out: runbooks take their parameters from it. */
export interface Subjects {
  /** The service that the alert is about. */
  readonly main: string | null;
  /** The deployment that serves its models, as far as one is known. */
  readonly serving: string | null;
  /** The service that feeds it and is itself in trouble. */
  readonly source: string | null;
  /** Dimension → the one value that is hit while its peers are not. */
  readonly singled: Labels;
}

const SINGLED = [
  "region",
  "tenant",
  "route",
  "language",
  "feature",
  "model_version",
  "prompt_version",
  "node",
  "gpu_pool",
];

export function subjectsOf(context: CaseContext): Subjects {
  return {
    main: [...context.topology.focal][0] ?? null,
    serving: servingOf(context),
    source: sourceOf(context),
    singled: singledOut(carriersOf(context)),
  };
}

function singledOut(cuts: readonly Carriers[]): Labels {
  const found: Record<string, string> = {};
  const clear = cuts
    .filter(({ hit, spared }) => hit.length === 1 && spared.length > 0)
    .toSorted((a, b) => (b.hit[0]?.strength ?? 0) - (a.hit[0]?.strength ?? 0));
  for (const { dimension, hit } of clear) {
    const value = hit[0]?.slice[dimension];
    if (SINGLED.includes(dimension) && value !== undefined) found[dimension] ??= value;
  }
  return found;
}

/** Of what the hit services stand on: the deployment in trouble, else the one that is meant for serving, else one with a pool. */
function servingOf(context: CaseContext): string | null {
  const below = foundation(context.topology);
  const names = [...new Set([...below.map(({ name }) => name), ...context.topology.focal])];
  const loaded = [...(GROUPS["load"] ?? []), ...(GROUPS["pods"] ?? [])];
  const troubled = names.find((name) =>
    context.coherent.some(
      ({ entity, signal, onset }) => entity.name === name && onset !== null && loaded.includes(signal),
    ),
  );
  const measured = names.find((name) =>
    context.movements.some(({ entity, signal }) => entity.name === name && loaded.includes(signal)),
  );
  const one = (is: (service: Service) => boolean) => below.find(is)?.name;
  return (
    troubled ??
    one(({ kind, gpu_pools }) => kind === "serving" && gpu_pools.length > 0) ??
    one(({ gpu_pools }) => gpu_pools.length > 0) ??
    measured ??
    null
  );
}

function sourceOf(context: CaseContext): string | null {
  const { coherent, topology } = context;
  const feeding = ["data_freshness", "feature_null_ratio"];
  const moved = coherent.find(
    ({ signal, entity, onset }) =>
      onset !== null && feeding.includes(signal) && entity.kind === "service" && topology.below.has(entity.name),
  );
  const heard = freshLogs(context).find(({ service }) => topology.below.has(service) && !topology.focal.has(service));
  return moved?.entity.name ?? heard?.service ?? null;
}
