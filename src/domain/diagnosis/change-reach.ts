import type { Cause } from "../cause.ts";
import type { Change } from "../change.ts";
import { signalsIn } from "./alert-words.ts";
import { type CaseContext, sharedBy } from "./case-context.ts";
import { type Finding, type Hypothesis, observed } from "./hypothesis.ts";
import type { Movement } from "./movement.ts";
import { canReach, foundation, type Relation, relationOf } from "./topology.ts";
import { WEIGHTS } from "./weights.ts";

const { reach: REACH } = WEIGHTS;

/** Whether what is hit stands on what was changed. */
export function judgeReach(context: CaseContext, hypothesis: Hypothesis): Finding | null {
  const { id, change, mechanism } = hypothesis;
  if (change === null) return null;
  const place = placeOf(context, hypothesis, change);
  const outside = mechanism === "demand_change" || mechanism === "measurement";
  const base = outside
    ? Math.max(
        place.weight,
        linked(context, change) ? -0.4 : namesWhatFired(context, hypothesis) ? -0.3 : REACH.outside,
      )
    : place.weight;
  const beyond = outside ? [] : unreached(context, change);
  const weight = base + (beyond.length === 0 ? 0 : WEIGHTS.unreached);
  const statement = `“${change.title}” ${place.words}${beyond.length === 0 ? "" : `; it cannot reach ${beyond.join(", ")}, hit at the same time`}`;
  const evidence = observed(context, "change_fit", {
    id: `reach:${change.id}`,
    statement,
    source: "catalogue",
    labels: change.service === null ? change.scope : { service: change.service },
    at: change.at,
    url: change.url,
  });
  return { evidence, weights: new Map([[id, weight]]) };
}

interface Place {
  readonly weight: number;
  readonly words: string;
}

function placeOf(context: CaseContext, hypothesis: Hypothesis, change: Change): Place {
  const { service } = change;
  if (service === null) return platformPlace(context, change);
  const names = touchedName(context, change);
  const made = `was made on ${service}`;
  const relation = relationOf(context.topology, service);
  if (relation === "focal") {
    const own = names === null ? "" : ` (${names})`;
    return { weight: REACH.focal + (names === null ? 0 : NAMED), words: `${made}, the hit service${own}` };
  }
  if (relation === "dependency") return dependencyPlace(context, hypothesis, { service, made, named: names !== null });
  return besidePlace(context, hypothesis, { service, made, relation, named: names !== null });
}

interface Beside {
  readonly service: string;
  readonly made: string;
  readonly relation: Relation;
  readonly named: boolean;
}

/** Above, beside or apart from the hit services: seldom the place, unless it sends them more than before. */
function besidePlace(context: CaseContext, hypothesis: Hypothesis, { service, made, relation, named }: Beside): Place {
  if (relation !== "stranger" && bringsLoad(context, service))
    return { weight: REACH.bringsLoad, words: `${made}, whose own traffic rose as the trouble began` };
  if (relation === "caller") {
    const weight = isLoaded(context) ? REACH.callerLoads : REACH.caller;
    return { weight, words: `${made}, which stands on the hit service, not under it` };
  }
  if (relation === "sibling") return siblingPlace(context, hypothesis, { service, made });
  const blind = context.topology.services.size === 0;
  const weight = blind ? REACH.platform : named ? REACH.sibling : REACH.stranger;
  return { weight, words: `${made}, which nothing connects with the hit service` };
}

/** The target names a model, prompt, dataset or pool of the hit services. */
const NAMED = 0.3;

function dependencyPlace(
  context: CaseContext,
  { cause }: Hypothesis,
  { service, made, named }: { service: string; made: string; named: boolean },
): Place {
  const far = 0.15 * ((context.topology.below.get(service) ?? 1) - 1);
  const quiet = quietPlace(context, service);
  const heard = REACHES_QUIETLY.includes(cause) ? Math.max(0, quiet) : quiet;
  return {
    weight: REACH.dependency + (named ? NAMED : 0) - far + heard,
    words: `${made}, which the hit service stands on`,
  };
}

function platformPlace(context: CaseContext, change: Change): Place {
  const about = Object.values(change.scope).join(", ");
  const scoped = scopeTouches(context, change);
  if (scoped === true) return { weight: REACH.named, words: `is about ${about}, which the hit service stands on` };
  if (scoped === false)
    return { weight: REACH.stranger, words: `is about ${about}, which the hit service does not use` };
  const names = touchedName(context, change);
  if (names !== null) return { weight: REACH.named, words: `touches ${names}, which the hit service stands on` };
  return { weight: REACH.platform, words: "is about the platform as a whole" };
}

/** Who writes a dataset, or hosts a pool, reaches all that use it, though nobody calls it. */
function siblingPlace(
  context: CaseContext,
  { cause }: Hypothesis,
  { service, made }: { service: string; made: string },
): Place {
  const shared = [...context.topology.focal].flatMap((focal) => sharedBy(context.topology, focal, service));
  const through =
    cause === "data" ? "datasets:" : cause === "gpu_infra" ? "gpu_pools:" : cause === "model" ? "models:" : null;
  const found = through === null ? undefined : shared.find((thing) => thing.startsWith(through));
  if (found === undefined)
    return { weight: REACH.sibling, words: `${made}, which only shares a foundation with the hit service` };
  const weight = cause === "data" ? REACH.writer : REACH.sibling / 2;
  return { weight, words: `${made}, which shares ${found.replace(":", " ")} with the hit service` };
}

/** Its own traffic rose no later than the trouble began: what it asks of others is a likely reason. */
export function bringsLoad({ coherent, onset, stepMs }: CaseContext, service: string): boolean {
  return coherent.some(
    (movement) =>
      movement.signal === "request_rate" &&
      movement.entity.name === service &&
      movement.state === "up" &&
      movement.strength >= BROUGHT &&
      movement.onset !== null &&
      (onset === null || movement.onset.from <= onset.at + 2 * stepMs),
  );
}

const BROUGHT = 0.5;

/** More is asked of the hit services than before. */
function isLoaded({ coherent, relation }: CaseContext): boolean {
  return coherent.some(
    (movement) =>
      relation(movement) === "focal" &&
      movement.state === "up" &&
      movement.strength >= 0.3 &&
      ["request_rate", "input_tokens_per_request", "queue_depth"].includes(movement.signal),
  );
}

/** A worse model, prompt or feed fails nowhere: the service that it was changed on stays quiet. */
const REACHES_QUIETLY: readonly Cause[] = ["model", "prompt", "data", "measurement"];

/** A dependency that shows trouble of its own is a likelier place; one whose measured signals are all quiet a less likely one. */
function quietPlace({ movements, coherent }: CaseContext, service: string): number {
  const own = movements.filter(
    ({ entity, points }) => entity.kind === "service" && entity.name === service && points >= 4,
  );
  if (own.length === 0) return 0;
  return own.some((movement) => coherent.includes(movement) && movement.harmful !== false) ? 0.5 : -0.5;
}

/** The name of a model, prompt, dataset, pool or provider of the hit services that the target is or contains. */
function touchedName({ topology }: CaseContext, { target, scope }: Change): string | null {
  const things = foundation(topology).flatMap((service) => [
    ...service.models,
    ...service.prompts,
    ...service.datasets,
    ...service.gpu_pools,
    ...service.providers,
    service.name,
  ]);
  const text = ` ${target} ${Object.values(scope).join(" ")} `.toLowerCase();
  return things.filter((thing) => thing.length > 2).find((thing) => whole(text, thing.toLowerCase())) ?? null;
}

function whole(text: string, thing: string): boolean {
  const at = text.indexOf(thing);
  return at !== -1 && !/[a-z0-9]/.test(text[at - 1] ?? " ") && !/[a-z0-9]/.test(text[at + thing.length] ?? " ");
}

/** Whether the provider or pool that the scope names is one of ours; null where it names neither. */
function scopeTouches({ providers, pools, topology }: CaseContext, { scope }: Change): boolean | null {
  const provider = scope["provider"];
  const pool = scope["gpu_pool"];
  const service = scope["service"];
  if (service !== undefined) return topology.below.has(service);
  if (provider === undefined && pool === undefined) return null;
  return (provider !== undefined && providers.has(provider)) || (pool !== undefined && pools.has(pool));
}

/** A change elsewhere that names the hit service or something it stands on. */
function linked(context: CaseContext, change: Change): boolean {
  const text = ` ${change.target} ${change.title} ${change.summary ?? ""} `.toLowerCase();
  const near = [...context.topology.below.keys(), ...context.topology.above.keys()];
  return (
    touchedName(context, change) !== null ||
    near.some((name) => whole(text, name.toLowerCase())) ||
    (change.service !== null && relationOf(context.topology, change.service) !== "stranger")
  );
}

/** A judge that was changed when a judged score fired, or a rule that names what fired. */
export function namesWhatFired({ fired }: CaseContext, { mechanism, change }: Hypothesis): boolean {
  if (mechanism !== "measurement" || change === null) return false;
  const text = `${change.service ?? ""} ${change.target} ${change.title} ${change.summary ?? ""} ${change.after ?? ""}`;
  const scored = fired.some((signal) => signal === "quality_score" || signal === "hallucination_ratio");
  if (scored && /judge|eval|golden|grader|rubric|scor/i.test(text)) return true;
  return signalsIn(`${change.title} ${change.summary ?? ""} ${change.after ?? ""}`).some((signal) =>
    fired.includes(signal),
  );
}

/** Services that were hit at the same time and do not stand on the changed one. */
function unreached(context: CaseContext, change: Change): string[] {
  const { service } = change;
  const relation = service === null ? "stranger" : relationOf(context.topology, service);
  if (
    service === null ||
    relation === "stranger" ||
    ((relation === "caller" || relation === "sibling") && (isLoaded(context) || bringsLoad(context, service)))
  )
    return [];
  const hit = new Set(context.coherent.filter((movement) => clearlyHit(movement)).map(({ entity }) => entity.name));
  const touched = context.topology.services;
  return [...hit].filter((name) => {
    const entity = touched.get(name);
    if (entity === undefined || canReach(context.topology, service, name)) return false;
    if (context.topology.below.has(name) && context.topology.focal.has(service)) return !loadOnly(context, name);
    const things = [...entity.models, ...entity.datasets, ...entity.gpu_pools, ...entity.prompts];
    return !things.some((thing) => whole(` ${change.target} `.toLowerCase(), thing.toLowerCase()));
  });
}

const FACING = [
  "error_ratio",
  "timeout_ratio",
  "latency_p95",
  "ttft_p95",
  "quality_score",
  "format_valid_ratio",
  "refusal_ratio",
  "hallucination_ratio",
  "empty_response_ratio",
  "data_freshness",
];

function clearlyHit({ entity, signal, harmful, strength, state }: Movement): boolean {
  return (
    entity.kind === "service" && harmful === true && strength >= 0.45 && FACING.includes(signal) && state !== "flat"
  );
}

/** A service below that is only busier may be so because of us. */
function loadOnly({ coherent }: CaseContext, name: string): boolean {
  return coherent.some(
    ({ entity, signal, state }) => entity.name === name && signal === "request_rate" && state === "up",
  );
}
