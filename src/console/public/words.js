// The words of the states, causes and kinds; never colour alone.

/** Word and tone of a state; the tone picks colour and shape together. */
export const statuses = {
  firing: ["Firing", "bad"],
  investigating: ["Investigating", "work"],
  awaiting_approval: ["Awaiting approval", "ask"],
  mitigating: ["Mitigating", "work"],
  verifying: ["Verifying", "work"],
  mitigated: ["Mitigated", "good"],
  resolved: ["Resolved", "done"],
};

export function status(name) {
  return statuses[name] ?? [String(name), "work"];
}

const causes = {
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

export function cause(name) {
  return causes[name] ?? String(name);
}

export function percent(probability) {
  return `${Math.min(99, Math.max(1, Math.round(probability * 100)))} %`;
}

export function plural(count, one, many = `${one}s`) {
  return `${count} ${count === 1 ? one : many}`;
}

/** `bad-json-prompt` is `bad json prompt`. */
export function spaced(name) {
  return name.replace(/[-_]/g, " ");
}
