import type { CaseContext } from "./case-context.ts";
import { type Finding, type Hypothesis, type Judge, type Mechanism, observed, weigh } from "./hypothesis.ts";
import { readWeights } from "./mechanism-weights.ts";
import type { Movement } from "./movement.ts";

/** Signals that say together what none of them says alone. */
interface Pattern {
  readonly name: string;
  readonly says: string;
  /** `signal+`, `signal-` (moved so), `signal=` (measured and flat) or `signal~` (not seen to move); alternatives by `|`. All must hold. */
  readonly when: readonly string[];
  readonly weights: Readonly<Partial<Record<Mechanism, number>>>;
}

/**
 * Source: `reference/signals.md` 0.3 (rate, tokens and replicas decide what fills a cache) and how the parts of such
 * systems depend on each other.
 */
const PATTERNS: readonly Pattern[] = [
  {
    name: "idle-while-waiting",
    says: "requests wait or time out while the GPUs idle: the engine is stuck or cut off, not busy",
    when: ["gpu_utilization-", "queue_depth+|timeout_ratio+"],
    weights: readWeights(
      "exhaust 1.5, gpu 1, infra 0.8, app -0.8, prompt -1, model -0.3, data -1, surge -2, client -2, dem -2, outage -0.5",
    ),
  },
  {
    name: "never-arrives",
    says: "callers fail while the serving side sees less traffic and no errors: what lies between them is broken",
    when: [
      "error_ratio+|timeout_ratio+",
      "gpu_utilization-|below:request_rate-",
      "ready_replicas_ratio=|pod_restarts=",
    ],
    weights: readWeights("gpu 1, infra 0.6, exhaust -0.8, model -0.8, prompt -1, surge -1.5"),
  },
  {
    name: "capacity-does-not-come",
    says: "pods are pending although the load is as usual: new capacity does not come up",
    when: ["pending_pods+", "request_rate~"],
    weights: readWeights("infra 0.8, gpu 0.6, exhaust -0.6, surge -0.5"),
  },
  {
    name: "busier-without-more-work",
    says: "the GPUs are busier and answers slower with the same requests and tokens: the work itself became dearer",
    when: [
      "gpu_utilization+",
      "request_rate=",
      "latency_p95+|inter_token_latency_p95+",
      "ready_replicas_ratio=|pod_restarts=|output_tokens_per_request=",
    ],
    weights: readWeights("infra 0.5, model 0.5, exhaust -0.4, surge -0.8, outage -0.5"),
  },
  {
    name: "longer-inputs-fill-the-cache",
    says: "the cache fills because each request is longer, not because there are more",
    when: ["input_tokens_per_request+", "kv_cache_usage+|queue_depth+", "request_rate="],
    weights: readWeights("client 1.2, dem 0.8, prompt 0.3, exhaust -1.2, gpu -1, infra -1, surge -0.5"),
  },
  {
    name: "more-requests-fill-the-queue",
    says: "the queue grows because more requests come",
    when: ["request_rate+", "queue_depth+|kv_cache_usage+|provider_rate_limited_ratio+|pending_pods+"],
    weights: readWeights(
      "surge 0.9, dem 0.9, client 0.6, exhaust -1, gpu -1, infra -0.8, throt -1, outage -0.5, model -0.5",
    ),
  },
  {
    name: "limited-without-more-load",
    says: "the provider limits us although we ask for no more than before",
    when: ["provider_rate_limited_ratio+", "request_rate=", "input_tokens_per_request=|output_tokens_per_request="],
    weights: readWeights("throt 1, surge -1, client -0.8, dem -1"),
  },
  {
    name: "cache-lost",
    says: "the cache is missed and cost rises while requests and tokens are as before: the head of the prompt differs each time",
    when: ["cache_hit_ratio-", "cost_per_hour+|ttft_p95+", "request_rate~", "input_tokens_per_request~"],
    weights: readWeights("prompt 1, app 0.3, surge -1, client -0.6, outage -1"),
  },
  {
    name: "longer-answers",
    says: "latency and cost follow the length of the answers",
    when: [
      "output_tokens_per_request+",
      "latency_p95+|cost_per_hour+",
      "ttft_p95=|inter_token_latency_p95=|request_rate=",
    ],
    weights: readWeights("prompt 0.7, model 0.5, silent 0.3, app -0.2, outage -1, gpu -0.8, infra -0.8, exhaust -0.8"),
  },
  {
    name: "retrieval-only",
    says: "retrieval is worse while the model, its errors and its pace are as before",
    when: ["retrieval_hit_ratio-", "error_ratio=|latency_p95="],
    weights: readWeights("data 0.8, stale 0.6, prompt -0.5, model -0.3, silent -0.5, outage -0.5"),
  },
  {
    name: "more-requests-cost-more",
    says: "cost follows the number of requests; each of them is as before",
    when: ["request_rate+", "cost_per_hour+", "output_tokens_per_request~", "input_tokens_per_request~"],
    weights: readWeights("surge 0.8, client 0.5, dem 0.8, prompt -1.2, model -0.8, app -0.2"),
  },
  {
    name: "traffic-that-costs-nothing",
    says: "the counted requests changed, but neither cost nor load followed: the count is wrong rather than the traffic",
    when: [
      "request_rate+|request_rate-",
      "cost_per_hour=",
      "error_ratio=|latency_p95=|queue_depth=|output_tokens_per_request=",
    ],
    weights: readWeights("meas 2.2, surge -2, dem -2, client -1.5, app -0.6, fault -0.5"),
  },
  {
    name: "cost-without-a-reason",
    says: "cost rose, but neither requests nor tokens nor the cache did",
    when: [
      "cost_per_hour+",
      "request_rate=",
      "output_tokens_per_request=",
      "input_tokens_per_request=",
      "cache_hit_ratio~",
    ],
    weights: readWeights("meas 1, prov 0.6, silent 0.4, model 0.6, prompt -0.8, surge -1, client -1"),
  },
  {
    name: "answers-not-requests",
    says: "answers or tool calls have the wrong form while requests themselves succeed: the model behaves differently, the code does not fail",
    when: ["tool_error_ratio+|format_valid_ratio-", "error_ratio="],
    weights: readWeights("prompt 0.5, model 0.5, silent 0.4, app -0.4, fault -0.5, outage -0.5, gpu -0.3"),
  },
  {
    name: "routed-elsewhere",
    says: "requests go to other models or providers than before, while as many come in",
    when: ["mix:moved", "request_rate~"],
    weights: readWeights("model 1, app 0.5, dem -1.5, surge -1.5, client -1, data -0.5"),
  },
  {
    name: "a-part-without-traffic",
    says: "one part lost nearly all of its requests while others have theirs: it is no longer reached",
    when: ["part:gone"],
    weights: readWeights(
      "app 1, fault 0.9, surge -2, client -1.5, dem -1, prompt -0.8, model -0.8, silent -1.5, outage -0.8, data -0.8, drift -1",
    ),
  },
  {
    name: "nearly-all-fail",
    says: "nearly every call of some part fails: something is gone or refused, not merely worse",
    when: ["nearly-all-fail"],
    weights: readWeights(
      "prompt -1.4, model -0.5, data -0.8, drift -2, stale -0.8, fault 0.6, app 0.3, outage 0.2, prov 0.5, surge -0.8, client -0.8, throt -0.8, gpu 0, meas -0.8",
    ),
  },
  {
    name: "load-made-inside",
    says: "a service below gets more requests while as many come in from outside as before: the load is made inside",
    when: ["below:request_rate+", "request_rate="],
    weights: readWeights("app 1, prompt 0.6, model 0.2, dem 0.6, surge -2.4, client -0.6, fault 0.3"),
  },
  {
    name: "provider-well",
    says: "our errors rise while the provider's own signals are quiet",
    when: [
      "error_ratio+|timeout_ratio+|latency_p95+",
      "provider_error_ratio=|provider_latency_p95=",
      "probe_success_ratio=|provider_error_ratio=|provider_overloaded_ratio=",
    ],
    weights: readWeights("app 0.4, fault 0.3, outage -0.8, throt -0.5"),
  },
];

const STRONG = 0.3;

export const judgePatterns: Judge = (context, hypotheses) => {
  const states = statesOf(context);
  return PATTERNS.filter(({ when }) => when.every((one) => one.split("|").some((state) => holds(states, state)))).map(
    (pattern) => finding(context, pattern, hypotheses),
  );
};

function finding(context: CaseContext, { name, says, weights }: Pattern, hypotheses: readonly Hypothesis[]): Finding {
  const evidence = observed(context, "signature", { id: `pattern:${name}`, statement: says });
  return weigh(evidence, hypotheses, ({ mechanism }) => weights[mechanism] ?? 0);
}

function holds(states: ReadonlySet<string>, wanted: string): boolean {
  if (!wanted.endsWith("~")) return states.has(wanted);
  const signal = wanted.slice(0, -1);
  return !states.has(`${signal}+`) && !states.has(`${signal}-`);
}

const FAILING = ["error_ratio", "tool_error_ratio", "timeout_ratio", "provider_error_ratio"];
/** From here on it is not a share of the calls that fails but a kind of call. */
const NEARLY_ALL = 0.8;

/** `signal+`, `signal-` and `signal=` of what the hit services are and stand on; a signal that moved anywhere is not flat. */
function statesOf(context: CaseContext): Set<string> {
  const ours = context.movements.filter((movement) => movement.points >= 4 && counts(movement, context));
  const isBelow = (movement: Movement) =>
    movement.signal === "request_rate" && context.relation(movement) === "dependency";
  const moved = ours.filter(
    (movement) => context.coherent.includes(movement) && movement.onset !== null && movement.strength >= STRONG,
  );
  const parts = moved.filter((movement) => movement.signal === "request_rate" && !isWhole(movement));
  const rest = moved.filter((movement) => !parts.includes(movement));
  const names = new Set(rest.filter((movement) => !isBelow(movement)).map(({ signal }) => signal));
  const flat = ours.filter((movement) => !names.has(movement.signal) && isWhole(movement) && !isBelow(movement));
  return new Set([
    ...parts.flatMap(partStates),
    ...rest.flatMap((movement) => movedStates(movement, isBelow(movement))),
    ...flat.map(({ signal }) => `${signal}=`),
  ]);
}

function isWhole({ slice }: Movement): boolean {
  return Object.keys(slice).length === 0;
}

function movedStates({ signal, state, now }: Movement, below: boolean): string[] {
  const own = `${below ? "below:" : ""}${signal}${state === "up" ? "+" : "-"}`;
  const total = FAILING.includes(signal) && state === "up" && (now ?? 0) >= NEARLY_ALL;
  return total ? [own, "nearly-all-fail"] : [own];
}

/** What a slice of the traffic says: routed another way, or gone. */
function partStates({ slice, state, before, now }: Movement): string[] {
  if (["provider", "model_version"].some((key) => slice[key] !== undefined)) return state === "up" ? ["mix:moved"] : [];
  if (["route", "feature", "tenant", "language"].every((key) => slice[key] === undefined)) return [];
  return state === "down" && (now ?? 0) <= (before ?? 0) * 0.12 ? ["part:gone"] : [];
}

function counts(movement: Movement, context: CaseContext): boolean {
  const relation = context.relation(movement);
  if (relation === "caller") return movement.signal === "request_rate";
  return relation === "focal" || relation === "dependency";
}
