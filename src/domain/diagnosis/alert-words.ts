import type { Alert } from "../alert.ts";
import { signalSpec } from "../signal.ts";

/** Words of titles and summaries, and the signals that they usually speak of. */
const WORDS: readonly (readonly [RegExp, readonly string[]])[] = [
  [/first.?token|ttft/, ["ttft_p95"]],
  [/inter.?token|tokens? per second|itl\b/, ["inter_token_latency_p95"]],
  [/latency|slow|p9[59]|response time/, ["latency_p95", "ttft_p95", "provider_latency_p95"]],
  [/time.?outs?|time out/, ["timeout_ratio", "error_ratio"]],
  [
    /error|fail|5xx|50\d|burn|availab|declin.*connection|refused/,
    ["error_ratio", "tool_error_ratio", "provider_error_ratio"],
  ],
  [/session/, ["error_ratio"]],
  [/429|rate.?limit|throttl|quota/, ["provider_rate_limited_ratio", "error_ratio"]],
  [/overload|529|503/, ["provider_overloaded_ratio", "provider_error_ratio", "error_ratio"]],
  [/traffic|forecast|request rate|volume|surge|rps|qps/, ["request_rate"]],
  [/cost|spend|budget|bill/, ["cost_per_hour", "output_tokens_per_request", "input_tokens_per_request"]],
  [/cache/, ["cache_hit_ratio"]],
  [/quality|score|judge|golden|eval|accuracy|ndcg|auc|precision|recall/, ["quality_score", "prediction_mean"]],
  [/pars|json|schema|format|reject|valid/, ["format_valid_ratio", "feature_null_ratio", "error_ratio"]],
  [/refus|declin/, ["refusal_ratio"]],
  [/halluc|ground|without a source|citation/, ["hallucination_ratio", "retrieval_hit_ratio"]],
  [/guardrail|block/, ["guardrail_block_ratio"]],
  [/tool/, ["tool_error_ratio"]],
  [/feedback|thumb|complain/, ["negative_feedback_ratio"]],
  [/empty|blank/, ["empty_response_ratio"]],
  [/retriev|misses|no result|search hit/, ["retrieval_hit_ratio"]],
  [/null|missing feature/, ["feature_null_ratio"]],
  [/stale|fresh|behind|lag|late\b|delay|old data/, ["data_freshness"]],
  [/drift|psi\b|distribution|skew/, ["drift_psi", "prediction_mean"]],
  [/predict|conversion|approval|score/, ["prediction_mean", "quality_score"]],
  [/queue|wait|backlog/, ["queue_depth"]],
  [/kv|cache usage|preempt/, ["kv_cache_usage", "preemptions_rate"]],
  [/replica|unavailable|not ready/, ["ready_replicas_ratio"]],
  [/restart|crash|oom/, ["pod_restarts"]],
  [/pending|unschedul/, ["pending_pods"]],
  [/xid|gpu error/, ["gpu_xid_errors"]],
  [/ecc/, ["gpu_ecc_errors"]],
  [/temperature|thermal|hot\b/, ["gpu_temperature", "gpu_throttle_ratio"]],
  [/gpu util|idle gpu/, ["gpu_utilization"]],
  [/gpu mem/, ["gpu_memory_used"]],
  [/node.*(down|ready)/, ["node_not_ready"]],
  [/nccl|nvlink|infiniband|network/, ["network_errors_rate"]],
  [/probe|canary request|synthetic/, ["probe_success_ratio", "probe_format_valid_ratio"]],
  [/tokens?\b|answer length|longer answers/, ["output_tokens_per_request", "input_tokens_per_request"]],
];

/** The signals that an alert is probably about, likeliest first: its own label, else the words of its title and summary. */
export function signalsOf(alert: Alert): string[] {
  if (alert.signal !== null && alert.signal !== "") return [alert.signal];
  const text = `${split(alert.title)} ${alert.summary}`.toLowerCase();
  const labelled = [alert.labels["metric"], alert.labels["signal_name"]].filter(
    (name): name is string => name !== undefined && signalSpec(name) !== null,
  );
  return [...new Set([...labelled, ...WORDS.filter(([pattern]) => pattern.test(text)).flatMap(([, names]) => names)])];
}

/** The signals that a text speaks of. */
export function signalsIn(text: string): string[] {
  const words = text.toLowerCase();
  return [...new Set(WORDS.filter(([pattern]) => pattern.test(words)).flatMap(([, names]) => names))];
}

/** `HighErrorRate` → `High Error Rate`. */
function split(title: string): string {
  return title.replaceAll(/([a-z])([A-Z])/g, "$1 $2").replaceAll(/[_-]/g, " ");
}
