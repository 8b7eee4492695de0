import type { CaseContext } from "./case-context.ts";
import { type Finding, type Hypothesis, observed } from "./hypothesis.ts";
import { signalWords } from "./wording.ts";

/** What the words of a change are about, and the signals that such a thing moves when it goes wrong. */
const TOPICS: readonly { readonly about: string; readonly pattern: RegExp; readonly signals: readonly string[] }[] = [
  {
    about: "something that differs with each request",
    pattern:
      /\b(clock|time ?stamps?|current (date|time)|date and time|now\b|generated at|uuid|nonce|(session|request|trace) ids?|user name)/,
    signals: ["cache_hit_ratio", "cost_per_hour", "ttft_p95"],
  },
  {
    about: "a cache",
    pattern: /\b(cach(e|es|ed|ing)|ttl|memo(ry)? block|prefix)\b/,
    signals: ["cache_hit_ratio", "data_freshness", "cost_per_hour", "ttft_p95"],
  },
  {
    about: "the form of answers",
    pattern: /\b(json|schema|formats?|formatted|fields?|structured|pars(e|er|ing)|markdown|xml|template|output type)\b/,
    signals: ["format_valid_ratio", "tool_error_ratio", "feature_null_ratio"],
  },
  { about: "tools", pattern: /\b(tools?|functions?|plugins?|mcp|connectors?)\b/, signals: ["tool_error_ratio"] },
  {
    about: "the length of answers",
    pattern:
      /\b(long(er)?|length|limits?|verbose|detail(ed|s)?|concise|short(er|en)?|max tokens|stop|sentences?|thinking|reasoning|plan before|settings)\b/,
    signals: ["output_tokens_per_request", "cost_per_hour"],
  },
  {
    about: "what goes into the prompt",
    pattern: /\b(examples?|few shots?|context|history|memory|memories|attach\w*|whole|sources?|window)\b/,
    signals: ["input_tokens_per_request", "kv_cache_usage", "hallucination_ratio"],
  },
  {
    about: "waiting and retrying",
    pattern: /\b(retr(y|ies)|timeouts?|deadline|connections?|pool|keep.?alive|client|http)\b/,
    signals: ["timeout_ratio", "request_rate"],
  },
  {
    about: "what is refused or blocked",
    pattern:
      /\b(safety|policy|policies|guardrails?|moderation|declin\w+|refus\w+|block(s|ed|list)?|filters?|threshold)\b/,
    signals: ["refusal_ratio", "guardrail_block_ratio", "empty_response_ratio"],
  },
  {
    about: "retrieval",
    pattern:
      /\b(index(es)?|embed\w*|retriev\w*|chunk\w*|search|documents?|sources?|rerank\w*|top k|corpus|alias|retention)\b/,
    signals: ["retrieval_hit_ratio", "hallucination_ratio", "empty_response_ratio"],
  },
  {
    about: "features and tables",
    pattern:
      /\b(features?|columns?|tables?|joins?|nulls?|defaults?|backfill|partitions?|units?|schema|encoding|lookup|thresholds?)\b/,
    signals: ["feature_null_ratio", "drift_psi", "prediction_mean"],
  },
  {
    about: "how the engine runs",
    pattern:
      /\b(batch\w*|replicas?|gpu\w*|engine|vllm|parallel|tp|quanti\w+|fp8|int8|int4|draft|speculat\w*|kv|cards?|max model len|utili[sz]ation|sequences)\b/,
    signals: [
      "inter_token_latency_p95",
      "queue_depth",
      "kv_cache_usage",
      "gpu_utilization",
      "gpu_memory_used",
      "preemptions_rate",
      "ttft_p95",
    ],
  },
  {
    about: "nodes and images",
    pattern: /\b(driver|node image|image|kernel|cuda|firmware|nodes?|daemon|operator|runtime)\b/,
    signals: ["ready_replicas_ratio", "pod_restarts", "pending_pods", "gpu_xid_errors", "node_not_ready"],
  },
  {
    about: "a cheaper or smaller model",
    pattern: /\b(cheap(er)?|small(er)?|distill(ed)?|mini|tier|quanti\w+|fp8|int8|int4|lighter|faster)\b/,
    signals: ["quality_score", "hallucination_ratio", "cost_per_hour", "tool_error_ratio"],
  },
  {
    about: "where requests go",
    pattern: /\b(rout(e|es|er|ing)|weights?|split|balanc\w+|endpoints?|ingress|gateway|headers?|dns|cors)\b/,
    signals: ["request_rate", "provider_latency_p95"],
  },
  {
    about: "how quality is judged",
    pattern: /\b(judge|golden|scor(e|ing)|grader|eval\w*|rubric|cases)\b/,
    signals: ["quality_score"],
  },
];

/** Added for the first topic whose signals moved, and for each further one. */
const FIRST = 0.8;
const FURTHER = 0.3;
const MOST = 1.4;

/** What the change says it touches, held against what moved. */
export function topicFinding(context: CaseContext, { id, change }: Hypothesis): Finding | null {
  if (change === null) return null;
  const text =
    `${change.title} ${change.summary ?? ""} ${change.before ?? ""} ${change.after ?? ""} ${lastPart(change.target)}`
      .toLowerCase()
      .replaceAll(/[_\-/.:={}]+/g, " ");
  const moved = new Set(
    context.coherent
      .filter(
        (movement) =>
          movement.strength >= 0.3 &&
          movement.harmful !== false &&
          ["focal", "dependency"].includes(context.relation(movement)),
      )
      .map(({ signal }) => signal),
  );
  const met = TOPICS.flatMap(({ about, pattern, signals }) => {
    const hit = pattern.test(text) ? signals.find((signal) => moved.has(signal)) : undefined;
    return hit === undefined ? [] : [{ about, hit }];
  });
  if (met.length === 0) return null;
  const shown = met.slice(0, 2).map(({ about, hit }) => `${about} (${signalWords(hit)} moved)`);
  const evidence = observed(context, "change_fit", {
    id: `topic:${change.id}`,
    statement: `“${change.title}” is about ${shown.join(" and ")}`,
    source: change.system,
    at: change.at,
    url: change.url,
  });
  return { evidence, weights: new Map([[id, Math.min(MOST, FIRST + FURTHER * (met.length - 1))]]) };
}

/** `app/prompts/summary.txt` → `summary.txt`: the folders say little. */
function lastPart(target: string): string {
  return target.split("/").slice(-1).join(" ");
}
