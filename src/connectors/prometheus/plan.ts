import { signalSpec, sliceDimensions } from "../../domain/signal.ts";
import type { Scope } from "../../ports.ts";
import type { Query } from "./queries.ts";

/** Our label → the names under which a stack may export it, best first. */
export type LabelNames = Readonly<Record<string, readonly string[]>>;

/** Where our labels usually are: target labels, and the names of the exporters in `queries.ts`. */
export const usualNames: LabelNames = {
  service: ["service", "service_name", "app", "job"],
  provider: ["provider", "gen_ai_provider_name", "gen_ai_system", "api_provider"],
  gpu_pool: ["gpu_pool", "node_pool", "pool"],
  model_version: ["model_version", "gen_ai_response_model", "model_name", "litellm_model_name", "model"],
  prompt_version: ["prompt_version", "gen_ai_prompt_version"],
  region: ["region", "cloud_region"],
  node: ["node", "Hostname", "hostname", "kubernetes_node", "host_name"],
  tenant: ["tenant"],
  route: ["route", "http_route", "handler"],
  track: ["track"],
  language: ["language"],
  feature: ["feature"],
};

/** One range query and how its answer is read. */
export interface Ask {
  readonly query: Query;
  readonly expr: string;
  /** Our label → the labels of the answer that may hold it, best first. */
  readonly read: LabelNames;
  /** The label that says whose signal it is; a series without it is nobody's. */
  readonly subject: Subject;
  /** The dimension that it is cut by; null for the aggregate, undefined where the answer's own labels say it. */
  readonly cutBy: string | null | undefined;
}

interface Subject {
  readonly label: string;
  readonly wanted: readonly string[];
}

/** What a signal is about, and which of them are wanted. */
function subjectOf(signal: string, scope: Scope): Subject {
  const about = signalSpec(signal)?.about ?? "service";
  if (about === "provider") return { label: "provider", wanted: scope.providers };
  if (about === "gpu_pool") return { label: "gpu_pool", wanted: scope.gpuPools };
  return { label: "service", wanted: scope.services };
}

export interface PlanInput {
  readonly query: Query;
  readonly scope: Scope;
  readonly names: LabelNames;
  /** Labels that the query's metric has; null where it is not known, since the operator wrote the expression. */
  readonly present: ReadonlySet<string> | null;
  readonly window: string;
}

/** The range queries that answer a query for a scope: the aggregate, and one for each dimension that it can be cut by. */
export function plan(input: PlanInput): Ask[] {
  const { query, scope, names, window } = input;
  const subject = subjectOf(query.signal, scope);
  const [name] = namesOf(subject.label, input);
  if (name === undefined || subject.wanted.length === 0) return [];
  // In one pass and by a function: a name may itself hold "$window" or "$&".
  const fill = (by: readonly string[]) => {
    const filled: Readonly<Record<string, string>> = {
      by: by.join(", "),
      scope: matcher(name, subject.wanted),
      window,
    };
    return query.expr.replace(/\$(by|scope|window)/g, (_whole, word: string) => filled[word] ?? "");
  };
  const dimensions = sliceDimensions.filter((dimension) => dimension !== subject.label);
  if (!query.expr.includes("$by")) {
    const read = Object.fromEntries(
      [subject.label, ...dimensions].map((label) => [
        label,
        [...(query.labels?.[label] ?? []), ...(names[label] ?? [])],
      ]),
    );
    return [{ query, expr: fill([]), read, subject, cutBy: undefined }];
  }
  const own = { [subject.label]: [name] };
  const slices = dimensions.flatMap((dimension): Ask[] => {
    const [cut] = input.present === null ? (query.labels?.[dimension] ?? []) : namesOf(dimension, input);
    if (cut === undefined || cut === name) return [];
    return [{ query, expr: fill([name, cut]), read: { ...own, [dimension]: [cut] }, subject, cutBy: dimension }];
  });
  return [{ query, expr: fill([name]), read: own, subject, cutBy: null }, ...slices];
}

/** How a label of ours is called on the query's metric, best first. */
function namesOf(label: string, { query, names, present }: PlanInput): readonly string[] {
  const candidates = [...(query.labels?.[label] ?? []), ...(names[label] ?? [])];
  return present === null ? candidates : candidates.filter((candidate) => present.has(candidate));
}

/** `name=~"a|b"`, with every value taken literally. */
function matcher(name: string, values: readonly string[]): string {
  const literal = values.map((value) => value.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  return `${name}=~${JSON.stringify(literal.join("|"))}`;
}
