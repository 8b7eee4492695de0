/** Which direction of a signal hurts. */
export type Harm = "up" | "down" | "both";

export interface SignalSpec {
  readonly unit: string;
  readonly harm: Harm;
  readonly about: "service" | "serving" | "gpu_pool" | "provider";
}

/** The vocabulary: one name, one unit, one harmful direction. Connectors map what a stack exports onto these names. */
export const signals = {
  request_rate: { unit: "1/s", harm: "both", about: "service" },
  error_ratio: { unit: "ratio", harm: "up", about: "service" },
  timeout_ratio: { unit: "ratio", harm: "up", about: "service" },
  latency_p95: { unit: "s", harm: "up", about: "service" },
  ttft_p95: { unit: "s", harm: "up", about: "service" },
  inter_token_latency_p95: { unit: "s", harm: "up", about: "service" },
  input_tokens_per_request: { unit: "tokens", harm: "both", about: "service" },
  output_tokens_per_request: { unit: "tokens", harm: "both", about: "service" },
  cost_per_hour: { unit: "USD/h", harm: "up", about: "service" },
  cache_hit_ratio: { unit: "ratio", harm: "down", about: "service" },
  quality_score: { unit: "ratio", harm: "down", about: "service" },
  format_valid_ratio: { unit: "ratio", harm: "down", about: "service" },
  refusal_ratio: { unit: "ratio", harm: "up", about: "service" },
  hallucination_ratio: { unit: "ratio", harm: "up", about: "service" },
  guardrail_block_ratio: { unit: "ratio", harm: "both", about: "service" },
  tool_error_ratio: { unit: "ratio", harm: "up", about: "service" },
  negative_feedback_ratio: { unit: "ratio", harm: "up", about: "service" },
  empty_response_ratio: { unit: "ratio", harm: "up", about: "service" },
  prediction_mean: { unit: "value", harm: "both", about: "service" },
  retrieval_hit_ratio: { unit: "ratio", harm: "down", about: "service" },
  feature_null_ratio: { unit: "ratio", harm: "up", about: "service" },
  data_freshness: { unit: "s", harm: "up", about: "service" },
  drift_psi: { unit: "value", harm: "up", about: "service" },
  queue_depth: { unit: "requests", harm: "up", about: "serving" },
  kv_cache_usage: { unit: "ratio", harm: "up", about: "serving" },
  preemptions_rate: { unit: "1/min", harm: "up", about: "serving" },
  ready_replicas_ratio: { unit: "ratio", harm: "down", about: "serving" },
  pod_restarts: { unit: "1/min", harm: "up", about: "serving" },
  pending_pods: { unit: "pods", harm: "up", about: "serving" },
  gpu_utilization: { unit: "ratio", harm: "both", about: "gpu_pool" },
  gpu_memory_used: { unit: "ratio", harm: "up", about: "gpu_pool" },
  gpu_xid_errors: { unit: "1/min", harm: "up", about: "gpu_pool" },
  gpu_ecc_errors: { unit: "1/min", harm: "up", about: "gpu_pool" },
  gpu_temperature: { unit: "celsius", harm: "up", about: "gpu_pool" },
  gpu_throttle_ratio: { unit: "ratio", harm: "up", about: "gpu_pool" },
  node_not_ready: { unit: "nodes", harm: "up", about: "gpu_pool" },
  network_errors_rate: { unit: "1/min", harm: "up", about: "gpu_pool" },
  provider_error_ratio: { unit: "ratio", harm: "up", about: "provider" },
  provider_latency_p95: { unit: "s", harm: "up", about: "provider" },
  provider_rate_limited_ratio: { unit: "ratio", harm: "up", about: "provider" },
  provider_overloaded_ratio: { unit: "ratio", harm: "up", about: "provider" },
  probe_success_ratio: { unit: "ratio", harm: "down", about: "provider" },
  probe_format_valid_ratio: { unit: "ratio", harm: "down", about: "provider" },
} as const satisfies Record<string, SignalSpec>;

export type SignalName = keyof typeof signals;

/** The specification of a signal, or null for a metric outside the vocabulary (its harm is then unknown). */
export function signalSpec(name: string): SignalSpec | null {
  return Object.hasOwn(signals, name) ? signals[name as SignalName] : null;
}

/** Labels that cut a signal into slices; any other label set is the aggregate. */
export const sliceDimensions = [
  "model_version",
  "prompt_version",
  "provider",
  "region",
  "node",
  "gpu_pool",
  "tenant",
  "route",
  "track",
  "language",
  "feature",
] as const;
