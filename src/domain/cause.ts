/** What can have broken a service that stands on AI models: five owners, three honest "none of these", and "cannot tell". */
export const causes = [
  "prompt",
  "model",
  "data",
  "gpu_infra",
  "upstream_provider",
  "application",
  "demand",
  "measurement",
  "unknown",
] as const;
export type Cause = (typeof causes)[number];

/** The kinds of action that mend, as runbooks declare them. */
export const remedies = [
  "rollback_prompt",
  "rollback_model",
  "rollback_deploy",
  "revert_data",
  "rebuild_index",
  "shift_traffic",
  "failover_provider",
  "drain_node",
  "restart",
  "scale_out",
  "disable_flag",
  "rate_limit",
  "purge_cache",
  "fix_measurement",
  "wait",
] as const;
export type Remedy = (typeof remedies)[number];

/** How a cause is said to a person. */
export const causeWords: Readonly<Record<Cause, string>> = {
  prompt: "a prompt change",
  model: "a model change",
  data: "the data",
  gpu_infra: "the GPU infrastructure",
  upstream_provider: "the upstream provider",
  application: "the application",
  demand: "the load itself",
  measurement: "the measurement, not the service",
  unknown: "not known yet",
};
