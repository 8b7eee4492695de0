/**
 * What each mechanism predicts of each signal: natural log of how much likelier the shift is when this mechanism is at
 * work than when another is; a dot is nothing. A name alone means its harmful direction; `+` and `-` fix the direction.
 *
 * Source: how such systems are built, as `reference/signals.md` 0.3 sums it up (a prompt cannot break a GPU, an outage of a
 * provider leaves our replicas alone), with sizes from 0.3 (weak) over 1 (about three to one) to 3 (twenty to one). They
 * were set by reasoning before the first recorded incident was replayed.
 */
export const SIGNATURE_TABLE = `
signal                        prompt   model    data   infra     app    prov     dem    meas  outage   throt  silent     gpu exhaust   drift   stale   surge  client   fault
request_rate+                     -2      -2      -2    -1.5    -0.5    -1.5       3    -0.6    -1.2    -1.6      -2    -1.5    -1.6      -1      -2       3     1.6    -0.6
request_rate-                   -0.1       .    -0.1     0.1     0.5       .      -2     0.2       .       .       .       .       .       .       .      -2      -2     0.2
error_ratio                        .       .    -0.2     0.2     0.6     0.3     0.2    -1.2     0.4     0.3    -0.2     0.2     0.2    -1.2    -0.4     0.2     0.1     0.6
timeout_ratio                   -0.5     0.1    -0.5     0.5     0.3     0.4     0.2    -1.5     0.5     0.1    -0.8     0.6       1    -1.5    -0.8     0.2     0.2     0.4
latency_p95                        .     0.3    -0.4     0.3     0.2     0.3     0.2    -1.2     0.3     0.2     0.1     0.3     0.5    -0.8    -0.5     0.2     0.2     0.3
latency_p95-                     0.1     0.3       .       .       .       .       .       .    -0.8       .     0.2    -0.8    -0.8       .       .    -0.6       .       .
ttft_p95                         0.2     0.3    -0.3     0.4     0.1     0.3     0.2    -1.2     0.4     0.2       .     0.4     0.8    -0.6    -0.4     0.2     0.4     0.2
inter_token_latency_p95           -1       1    -1.5     0.7    -1.2     0.6       .      -1     0.7    -0.3     0.3     0.8     0.6    -1.2    -1.5     0.2     0.2    -1.2
inter_token_latency_p95-           .     0.8       .     0.2       .       .       .       .    -0.8       .     0.5    -0.8    -0.8       .       .       .       .       .
input_tokens_per_request+        0.9     0.1     0.1    -1.2     0.3    -0.8     0.6    -0.6    -0.8    -0.8    -0.6    -1.3    -1.8     0.4    -0.2     0.2     1.6     0.1
input_tokens_per_request-        0.4    -0.1     0.5    -0.4     0.3    -0.3    -0.2    -0.4    -0.3    -0.3    -0.4    -0.5    -0.5     0.1     0.6    -0.2    -0.5     0.1
output_tokens_per_request+       1.1     0.8    -0.3      -1     0.2     0.1    -0.2    -0.8    -0.8    -0.8     0.8    -1.2      -1     0.1    -0.4    -0.3     0.3    -0.5
output_tokens_per_request-       0.9     0.8     0.1    -0.6     0.1     0.2    -0.5    -0.8    -0.3    -0.3     0.8    -0.8    -0.3       .     0.3    -0.6    -0.6       .
cost_per_hour                    0.7     0.5    -0.3    -0.2     0.3     0.1     0.5    -0.8    -0.5    -0.5     0.2    -0.6    -0.4    -0.3    -0.4     0.5     0.9    -0.1
cost_per_hour-                   0.1     0.4       .       .       .       .       .       .       .       .     0.2       .       .       .       .       .       .       .
cache_hit_ratio                  1.4    -0.2    -0.3       .     0.4    -0.2    -0.1    -0.8    -0.8    -0.8     0.1    -0.5    -0.2    -0.1    -0.5    -0.2     0.1    -0.2
quality_score                    0.7       1     0.5    -0.4    -0.3     0.1      -1     0.9    -0.4    -0.8     0.7    -0.6    -0.8     0.5     0.4      -1      -1    -0.7
format_valid_ratio               1.3     0.8    -0.3    -0.5     0.1     0.2      -1    -0.3    -0.5    -0.8     0.8    -0.9    -0.9    -0.5    -0.4      -1    -0.8    -0.4
refusal_ratio                    0.9       1    -0.3    -1.3    -0.5     0.2    -0.8    -0.3      -1       .     0.9    -1.3    -1.3     0.2    -0.4    -0.8    -0.2    -0.8
hallucination_ratio              0.6     0.9     0.5    -0.7    -0.4     0.1      -1     0.3    -0.6    -0.8     0.6      -1      -1     0.3     0.4      -1      -1    -0.6
guardrail_block_ratio            0.5     0.3    -0.1      -1     0.3       .       .    -0.2    -0.8    -0.8     0.3    -1.2    -1.2     0.3    -0.3     0.1     0.5    -0.3
tool_error_ratio                 0.9     0.8    -0.2    -0.5     0.7     0.1       .    -1.2    -0.4    -0.4     0.7    -0.8    -0.6    -0.8    -0.3    -0.2     0.2     0.8
negative_feedback_ratio          0.4     0.4     0.3    -0.1     0.1     0.1       .    -2.5       .       .     0.3       .       .     0.3     0.2    -0.2    -0.4       .
empty_response_ratio             0.5     0.6     0.6    -0.3     0.4     0.1    -0.3      -1     0.1       .     0.5    -0.3       .    -0.3     0.8    -0.2    -0.3     0.2
prediction_mean                 -0.5     1.2       1    -0.8    -0.2    -0.6    -0.3    -0.4    -1.5    -1.5    -0.3    -1.5    -1.5     0.9     0.6    -0.3    -0.3    -0.7
retrieval_hit_ratio             -0.9    -0.3       2    -0.8       .    -1.2      -1      -1    -1.3    -1.3    -1.3    -1.2    -0.8     0.4       1      -1      -1    -0.2
feature_null_ratio              -0.8    -1.5     2.2    -1.2    -0.3    -1.5    -1.5      -1    -1.6    -1.6    -1.6    -1.6    -1.6      -1     2.3    -1.6    -1.6    -0.2
data_freshness                    -2      -2       2    -0.6    -0.8    -0.3    -0.3      -1    -0.6    -0.6    -1.5    -0.8    -0.6    -1.2       3    -0.4    -0.8    -0.8
drift_psi                         -1    -0.6     1.8    -1.5    -0.9    -1.5    -0.5     0.2    -1.8    -1.8    -0.8    -1.8    -1.8       2     1.2    -0.6    -0.3    -1.2
queue_depth                     -0.2     0.1      -1       1    -0.4    -0.4     0.6      -2    -0.4    -0.4      -1     0.7     1.6    -1.5    -0.8     0.6     0.6    -0.3
kv_cache_usage                   0.2     0.3    -1.2       1    -0.8    -1.5     0.4    -1.5    -1.5    -1.5    -1.5     0.1     1.6    -1.2    -1.5     0.5       1    -0.8
preemptions_rate                -0.2       .      -1       1    -0.8      -1     0.4      -1      -1      -1      -1     0.2     1.6      -1      -1     0.5     0.9    -0.8
ready_replicas_ratio            -2.5       .      -2     1.5    -0.5    -1.5       .      -2    -1.6    -1.6      -2     1.7     0.5    -2.5    -1.5    -0.8      -1    -0.3
pod_restarts                    -2.5       .    -1.5     1.3     0.4    -1.5       .      -2    -1.6    -1.6      -2     0.9     0.6    -2.5      -1       .       .     0.5
pending_pods                    -2.5    -0.8      -2     1.8    -1.5      -2     0.3      -2      -2      -2      -2     1.2     0.7    -2.5      -2     0.3       .    -1.5
gpu_utilization+                 0.1     0.3    -0.3     0.2       .    -0.6     0.5    -0.6    -0.6    -0.6    -0.8       .     0.7    -0.5    -0.6     0.5     0.5    -0.3
gpu_utilization-                  -1    -0.2    -0.8     0.6    -0.1    -0.3    -1.5      -1    -0.5    -0.5      -1     0.7       1      -1    -0.6    -1.5    -1.5    -0.2
gpu_memory_used                 -0.3     0.7    -1.2     0.7    -0.4    -1.5     0.2    -1.5    -1.5    -1.5    -1.5     0.3       1    -1.5    -1.5     0.2     0.4     0.2
gpu_memory_used-                   .     0.8       .     0.3       .       .       .       .       .       .       .       .       .       .       .       .       .       .
gpu_xid_errors                    -3      -2      -3     1.2      -3      -3    -2.5      -2      -3      -3      -3     3.5    -1.5      -3      -3    -2.5    -2.5      -3
gpu_ecc_errors                    -3      -3      -3     0.2      -3      -3    -2.5      -2      -3      -3      -3     3.2      -2      -3      -3    -2.5    -2.5      -3
gpu_temperature                   -2    -1.5    -1.5     0.6      -2    -1.5     0.2    -1.5    -1.5    -1.5    -1.5       2     0.1    -1.5    -1.5     0.2     0.1    -1.5
gpu_throttle_ratio                -2    -1.2    -1.8       1      -2    -1.8       .    -1.8    -1.8    -1.8    -1.8     2.4    -0.3    -1.8    -1.8     0.1       .    -1.8
node_not_ready                    -3    -2.5      -3     1.8      -3      -2      -2      -2    -2.5    -2.5      -3     2.6    -0.8      -3    -2.5      -2      -2      -3
network_errors_rate             -2.5      -2    -1.2     1.6      -2       .       .    -1.2      -1       .    -1.2     2.4       .    -1.2    -1.2       .       .    -1.5
provider_error_ratio            -1.2    -1.2    -1.8      -1    -0.9       2       .      -2     2.6     0.6     0.3    -1.8    -1.8      -2    -1.8    -0.5    -0.5    -0.9
provider_latency_p95            -0.8    -0.8    -1.5    -0.8      -1     1.8       .      -2     2.4       .     0.5    -1.5    -1.5      -2    -1.5       .       .      -1
provider_latency_p95-              .       .       .       .       .     0.6       .       .    -0.8       .     0.8       .       .       .       .       .       .       .
provider_rate_limited_ratio     -0.4       .       .    -1.5    -0.2     1.2     0.8       .     0.4       3      -1       .    -1.5       .       .     0.8       1    -0.2
provider_overloaded_ratio         -2      -2    -2.5    -2.5      -2     1.2      -1    -2.5       3     0.3      -1    -2.5    -2.5    -2.5    -2.5      -1    -1.5      -2
probe_success_ratio               -3      -3      -3      -2      -3     2.2      -2      -2       3     0.4    -0.8      -2       .      -3      -3      -2    -2.5      -3
probe_format_valid_ratio          -3    -2.5      -3       .      -3     2.2       .       .     0.5       .     3.2       .       .      -2       .       .       .      -3
`;

/** Column of the table → mechanism. */
export const SIGNATURE_COLUMNS = {
  prompt: "prompt",
  model: "model",
  data: "data",
  infra: "infra",
  app: "application",
  prov: "provider_change",
  dem: "demand_change",
  meas: "measurement",
  outage: "provider_outage",
  throt: "provider_throttling",
  silent: "provider_silent_change",
  gpu: "gpu_fault",
  exhaust: "serving_exhaustion",
  drift: "organic_drift",
  stale: "stale_data",
  surge: "surge",
  client: "runaway_client",
  fault: "application_fault",
} as const;
