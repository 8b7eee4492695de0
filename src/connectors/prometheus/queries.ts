import { type SignalName, signals } from "../../domain/signal.ts";

/**
 * One way to ask for a signal. `$by` is filled with the labels to group by, `$scope` with the matchers of the scope,
 * `$window` with the length of rates. An expression without `$by` is asked once and its own labels are read.
 */
export interface Query {
  readonly signal: string;
  /** The metrics that must exist; labels are looked up on the first. */
  readonly metrics: readonly string[];
  readonly expr: string;
  /** Names of labels on these metrics, before the general ones. */
  readonly labels?: Readonly<Record<string, readonly string[]>>;
}

/** The preset that a query belongs to; the first that has data for a service answers for it. */
export const presetNames = ["plain", "vllm", "otel", "litellm", "http", "dcgm", "kubernetes"] as const;
export type PresetName = (typeof presetNames)[number];

const rate = (metric: string, matchers = "") => `sum by ($by) (rate(${metric}{${matchers}$scope}[$window]))`;

const p95 = (histogram: string): string =>
  `histogram_quantile(0.95, sum by (le, $by) (rate(${histogram}_bucket{$scope}[$window])))`;

/** A part of a whole. A part that was never seen counts as 0 where the whole was; 0 of 0 is a gap. */
const share = (part: string, whole: string): string => `(${part} or 0 * ${whole}) / ${whole}`;

const mean = (histogram: string, matchers = ""): string =>
  `${rate(`${histogram}_sum`, matchers)} / ${rate(`${histogram}_count`, matchers)}`;

function query(signal: SignalName, metric: string | readonly string[], expr: string, labels?: Query["labels"]): Query {
  const metrics = typeof metric === "string" ? [metric] : metric;
  return labels === undefined ? { signal, metrics, expr } : { signal, metrics, expr, labels };
}

/** A metric that is named as the signal, as recording rules give it: with and without slicing labels, read as it is. */
const plain: readonly Query[] = (Object.keys(signals) as SignalName[]).flatMap((signal) => [
  query(signal, signal, `${signal}{$scope}`),
  query(signal, `faultline_${signal}`, `faultline_${signal}{$scope}`),
]);

/** vLLM V1 engine, 0.9 and later (signals B.2). Prompt and cache counts are in tokens. */
const vllm: readonly Query[] = [
  query("request_rate", "vllm:request_success_total", rate("vllm:request_success_total")),
  query(
    "error_ratio",
    "vllm:request_success_total",
    share(rate("vllm:request_success_total", 'finished_reason="error",'), rate("vllm:request_success_total")),
  ),
  query("ttft_p95", "vllm:time_to_first_token_seconds_bucket", p95("vllm:time_to_first_token_seconds")),
  query("inter_token_latency_p95", "vllm:inter_token_latency_seconds_bucket", p95("vllm:inter_token_latency_seconds")),
  query("latency_p95", "vllm:e2e_request_latency_seconds_bucket", p95("vllm:e2e_request_latency_seconds")),
  query("input_tokens_per_request", "vllm:request_prompt_tokens_sum", mean("vllm:request_prompt_tokens")),
  query("output_tokens_per_request", "vllm:request_generation_tokens_sum", mean("vllm:request_generation_tokens")),
  query(
    "cache_hit_ratio",
    ["vllm:prefix_cache_queries_total", "vllm:prefix_cache_hits_total"],
    `${rate("vllm:prefix_cache_hits_total")} / ${rate("vllm:prefix_cache_queries_total")}`,
  ),
  query("queue_depth", "vllm:num_requests_waiting", "sum by ($by) (vllm:num_requests_waiting{$scope})"),
  query("kv_cache_usage", "vllm:kv_cache_usage_perc", "max by ($by) (vllm:kv_cache_usage_perc{$scope})"),
  query("preemptions_rate", "vllm:num_preemptions_total", `60 * ${rate("vllm:num_preemptions_total")}`),
];

const GENAI_CALLS = "gen_ai_client_operation_duration_seconds_count";

/** OpenTelemetry GenAI conventions up to 1.41, as Prometheus names them (signals B.11). */
const otel: readonly Query[] = [
  query("request_rate", GENAI_CALLS, rate(GENAI_CALLS)),
  query("error_ratio", GENAI_CALLS, share(rate(GENAI_CALLS, 'error_type!="",'), rate(GENAI_CALLS))),
  query("timeout_ratio", GENAI_CALLS, share(rate(GENAI_CALLS, 'error_type=~".*[Tt]imeout.*",'), rate(GENAI_CALLS))),
  query(
    "latency_p95",
    "gen_ai_client_operation_duration_seconds_bucket",
    p95("gen_ai_client_operation_duration_seconds"),
  ),
  query(
    "ttft_p95",
    "gen_ai_server_time_to_first_token_seconds_bucket",
    p95("gen_ai_server_time_to_first_token_seconds"),
  ),
  query(
    "inter_token_latency_p95",
    "gen_ai_server_time_per_output_token_seconds_bucket",
    p95("gen_ai_server_time_per_output_token_seconds"),
  ),
  query(
    "input_tokens_per_request",
    "gen_ai_client_token_usage_sum",
    mean("gen_ai_client_token_usage", 'gen_ai_token_type="input",'),
  ),
  query(
    "output_tokens_per_request",
    "gen_ai_client_token_usage_sum",
    mean("gen_ai_client_token_usage", 'gen_ai_token_type="output",'),
  ),
  query("provider_error_ratio", GENAI_CALLS, share(rate(GENAI_CALLS, 'error_type!="",'), rate(GENAI_CALLS))),
  query("provider_rate_limited_ratio", GENAI_CALLS, share(rate(GENAI_CALLS, 'error_type="429",'), rate(GENAI_CALLS))),
  query(
    "provider_overloaded_ratio",
    GENAI_CALLS,
    share(rate(GENAI_CALLS, 'error_type=~"503|529",'), rate(GENAI_CALLS)),
  ),
  query(
    "provider_latency_p95",
    "gen_ai_client_operation_duration_seconds_bucket",
    p95("gen_ai_client_operation_duration_seconds"),
  ),
];

const LITELLM_ALL = "litellm_deployment_total_requests_total";
const LITELLM_BAD = "litellm_deployment_failure_responses_total";

/** LiteLLM proxy with `callbacks: ["prometheus"]` (signals B.12). */
const litellm: readonly Query[] = [
  query("provider_error_ratio", LITELLM_ALL, share(rate(LITELLM_BAD), rate(LITELLM_ALL))),
  query(
    "provider_rate_limited_ratio",
    LITELLM_ALL,
    share(rate(LITELLM_BAD, 'exception_status="429",'), rate(LITELLM_ALL)),
  ),
  query(
    "provider_overloaded_ratio",
    LITELLM_ALL,
    share(rate(LITELLM_BAD, 'exception_status=~"503|529",'), rate(LITELLM_ALL)),
  ),
  query("provider_latency_p95", "litellm_llm_api_latency_metric_bucket", p95("litellm_llm_api_latency_metric")),
  query("cost_per_hour", "litellm_spend_metric_total", `3600 * ${rate("litellm_spend_metric_total")}`),
];

const HTTP_ERRORS = `sum by ($by) (rate(http_requests_total{status=~"5..",$scope}[$window]) or rate(http_requests_total{code=~"5..",$scope}[$window]) or rate(http_requests_total{status_code=~"5..",$scope}[$window]))`;
const OTEL_HTTP = "http_server_request_duration_seconds";

/** The usual HTTP metrics of client libraries and of OpenTelemetry's HTTP conventions. */
const http: readonly Query[] = [
  query("request_rate", "http_requests_total", rate("http_requests_total")),
  query("error_ratio", "http_requests_total", share(HTTP_ERRORS, rate("http_requests_total"))),
  query("latency_p95", "http_request_duration_seconds_bucket", p95("http_request_duration_seconds")),
  query("request_rate", `${OTEL_HTTP}_count`, rate(`${OTEL_HTTP}_count`)),
  query(
    "error_ratio",
    `${OTEL_HTTP}_count`,
    share(rate(`${OTEL_HTTP}_count`, 'http_response_status_code=~"5..",'), rate(`${OTEL_HTTP}_count`)),
  ),
  query("latency_p95", `${OTEL_HTTP}_bucket`, p95(OTEL_HTTP)),
];

const FB = "DCGM_FI_DEV_FB_";

/** NVIDIA DCGM exporter (signals B.8); some counters are off there by default. */
const dcgm: readonly Query[] = [
  query("gpu_utilization", "DCGM_FI_PROF_GR_ENGINE_ACTIVE", "avg by ($by) (DCGM_FI_PROF_GR_ENGINE_ACTIVE{$scope})"),
  query("gpu_utilization", "DCGM_FI_DEV_GPU_UTIL", "avg by ($by) (DCGM_FI_DEV_GPU_UTIL{$scope}) / 100"),
  query(
    "gpu_memory_used",
    [`${FB}USED`, `${FB}FREE`],
    `max by ($by) (${FB}USED{$scope} / (${FB}USED{$scope} + ${FB}FREE{$scope} + (${FB}RESERVED{$scope} or 0 * ${FB}USED{$scope})))`,
  ),
  query("gpu_xid_errors", "DCGM_EXP_XID_ERRORS_COUNT", "sum by ($by) (DCGM_EXP_XID_ERRORS_COUNT{$scope}) / 5"),
  query("gpu_xid_errors", "DCGM_FI_DEV_XID_ERRORS", "sum by ($by) (changes(DCGM_FI_DEV_XID_ERRORS{$scope}[5m])) / 5"),
  query("gpu_ecc_errors", "DCGM_FI_DEV_ECC_DBE_VOL_TOTAL", `60 * ${rate("DCGM_FI_DEV_ECC_DBE_VOL_TOTAL")}`),
  query(
    "gpu_ecc_errors",
    "DCGM_FI_DEV_UNCORRECTABLE_REMAPPED_ROWS",
    `60 * ${rate("DCGM_FI_DEV_UNCORRECTABLE_REMAPPED_ROWS")}`,
  ),
  query("gpu_temperature", "DCGM_FI_DEV_GPU_TEMP", "max by ($by) (DCGM_FI_DEV_GPU_TEMP{$scope})"),
  query(
    "gpu_throttle_ratio",
    "DCGM_FI_DEV_THERMAL_VIOLATION",
    "max by ($by) (rate(DCGM_FI_DEV_THERMAL_VIOLATION{$scope}[$window])) / 1e9",
  ),
  query(
    "network_errors_rate",
    "DCGM_FI_DEV_NVLINK_CRC_FLIT_ERROR_COUNT_TOTAL",
    `60 * ${rate("DCGM_FI_DEV_NVLINK_CRC_FLIT_ERROR_COUNT_TOTAL")}`,
  ),
  query("network_errors_rate", "DCGM_FI_DEV_PCIE_REPLAY_COUNTER", `60 * ${rate("DCGM_FI_DEV_PCIE_REPLAY_COUNTER")}`),
];

/** kube-state-metrics: a Deployment stands for the service of its name (signals B.10). */
const kubernetes: readonly Query[] = [
  query(
    "ready_replicas_ratio",
    ["kube_deployment_status_replicas_unavailable", "kube_deployment_spec_replicas"],
    "1 - sum by ($by) (kube_deployment_status_replicas_unavailable{$scope}) / sum by ($by) (kube_deployment_spec_replicas{$scope})",
    { service: ["deployment"] },
  ),
];

export const presets: Readonly<Record<PresetName, readonly Query[]>> = {
  plain,
  vllm,
  otel,
  litellm,
  http,
  dcgm,
  kubernetes,
};
