import type { Mechanism } from "./hypothesis.ts";
import { SIGNATURE_COLUMNS, SIGNATURE_TABLE } from "./signature-table.ts";

/** Mechanism → signal (with `+` or `-` where the direction matters) → log-odds. */
export const SIGNATURE: Readonly<Partial<Record<Mechanism, Readonly<Record<string, number>>>>> =
  readTable(SIGNATURE_TABLE);

function readTable(table: string): Partial<Record<Mechanism, Record<string, number>>> {
  const [head = "", ...lines] = table.trim().split("\n");
  const known: Readonly<Record<string, Mechanism>> = SIGNATURE_COLUMNS;
  const columns = head
    .trim()
    .split(/\s+/)
    .slice(1)
    .map((name) => known[name]);
  const rows: Partial<Record<Mechanism, Record<string, number>>> = {};
  for (const line of lines) {
    const [signal = "", ...cells] = line.trim().split(/\s+/);
    for (const [i, cell] of cells.entries()) {
      const mechanism = columns[i];
      if (mechanism === undefined || cell === ".") continue;
      rows[mechanism] = { ...rows[mechanism], [signal]: Number(cell) };
    }
  }
  return rows;
}

/** Signals that say much the same: within one group the strongest counts whole, the next a third, the rest little. */
export const GROUPS: Readonly<Record<string, readonly string[]>> = {
  errors: ["error_ratio", "timeout_ratio", "latency_p95", "ttft_p95"],
  volume: ["request_rate"],
  tokens: ["input_tokens_per_request", "output_tokens_per_request", "cost_per_hour", "cache_hit_ratio"],
  pace: ["inter_token_latency_p95"],
  answers: [
    "quality_score",
    "hallucination_ratio",
    "negative_feedback_ratio",
    "refusal_ratio",
    "guardrail_block_ratio",
    "empty_response_ratio",
  ],
  shape: ["format_valid_ratio", "tool_error_ratio"],
  data: ["retrieval_hit_ratio", "feature_null_ratio", "data_freshness", "drift_psi", "prediction_mean"],
  load: ["queue_depth", "kv_cache_usage", "preemptions_rate", "gpu_utilization", "gpu_memory_used"],
  pods: ["ready_replicas_ratio", "pod_restarts", "pending_pods"],
  hardware: [
    "gpu_xid_errors",
    "gpu_ecc_errors",
    "gpu_temperature",
    "gpu_throttle_ratio",
    "node_not_ready",
    "network_errors_rate",
  ],
  provider: [
    "provider_error_ratio",
    "provider_latency_p95",
    "provider_overloaded_ratio",
    "provider_rate_limited_ratio",
    "probe_success_ratio",
  ],
  probe: ["probe_format_valid_ratio"],
};

/** What a mechanism loses when every measured signal of a group that it must move stayed flat. */
export const EXPECTED: Readonly<Partial<Record<Mechanism, Readonly<Record<string, number>>>>> = {
  prompt: { "tokens+shape+answers": -1.6 },
  model: { "tokens+shape+answers+pace": -1.1 },
  data: { data: -1.8 },
  infra: { "pods+hardware+load+pace": -1.4 },
  provider_change: { provider: -2, probe: -0.3 },
  demand_change: { "volume+tokens": -3 },
  provider_outage: { provider: -2.6 },
  provider_throttling: { provider: -2.6 },
  provider_silent_change: { "tokens+shape+answers+probe": -1.8, probe: -1.2 },
  gpu_fault: { hardware: -0.5, pods: -0.7, load: -0.6 },
  serving_exhaustion: { load: -1.8 },
  organic_drift: { data: -2.2 },
  stale_data: { data: -1.8 },
  surge: { volume: -3.2 },
  runaway_client: { "volume+tokens": -2.6 },
  measurement: {},
};
