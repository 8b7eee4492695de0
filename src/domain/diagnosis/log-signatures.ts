import type { Mechanism } from "./hypothesis.ts";

/** One family of error texts and what it says of each mechanism. */
export interface LogSignature {
  readonly name: string;
  readonly pattern: RegExp;
  /** In words, for the evidence. */
  readonly means: string;
  readonly weights: Readonly<Partial<Record<Mechanism, number>>>;
}

const NOT_OURS: Readonly<Partial<Record<Mechanism, number>>> = {
  prompt: -1,
  model: -1,
  data: -1.5,
  organic_drift: -1.5,
  stale_data: -1.5,
  application: -0.6,
  infra: -0.8,
  gpu_fault: -1.5,
  serving_exhaustion: -1,
};
const CODE: Readonly<Partial<Record<Mechanism, number>>> = {
  application: 1.6,
  application_fault: 0.3,
  provider_outage: -1,
  provider_throttling: -1,
  gpu_fault: -1.5,
  surge: -0.8,
  organic_drift: -1,
  prompt: -0.4,
  model: -0.4,
  infra: -0.8,
  serving_exhaustion: -0.8,
};

/**
 * Known error texts of model stacks, most specific first; the first that matches speaks. Sources: the providers' error
 * references (429, 529, insufficient_quota, model_not_found), NVIDIA's catalogue of XIDs, CUDA and NCCL messages, vLLM and
 * Kubernetes events, the usual exceptions of Python and JavaScript.
 */
export const LOG_SIGNATURES: readonly LogSignature[] = [
  {
    name: "quota",
    pattern:
      /insufficient.?quota|credit.?balance|billing|payment required|\b402\b|spend.?limit|budget exceeded|quota exceeded for (the )?month/,
    means: "our own quota or bill, not an outage",
    weights: {
      runaway_client: 1.2,
      surge: 0.8,
      demand_change: 0.8,
      application_fault: 1.2,
      provider_outage: -1.5,
      provider_throttling: 0.3,
      provider_change: 0.3,
    },
  },
  {
    name: "secret",
    pattern:
      /secret.{0,12}(expired|invalid|revoked)|(api.?key|token|credential|password|jwt|session)s?.{0,24}(expired|invalid|revoked|not found)|expired.{0,12}(secret|token|credential|key)|invalid.?api.?key|\b401\b|unauthori[sz]ed|authentication|permission denied|\b403\b|forbidden|access.?denied/,
    means: "a credential or a permission",
    weights: {
      application_fault: 2.6,
      application: 0.8,
      infra: 0.2,
      provider_outage: -1.2,
      provider_throttling: -1.5,
      prompt: -2,
      model: -1.5,
      data: -0.8,
      gpu_fault: -1.5,
      surge: -1.5,
      serving_exhaustion: -1.5,
      organic_drift: -2,
      stale_data: -0.8,
      provider_change: 0.2,
    },
  },
  {
    name: "certificate",
    pattern: /certificate|x509|tls (handshake|alert)|ssl(:|v3| error| handshake)/,
    means: "a certificate",
    weights: {
      gpu_fault: 0.8,
      infra: 1.2,
      application_fault: 1.6,
      application: -0.2,
      provider_outage: -0.3,
      prompt: -2.5,
      model: -2.5,
      data: -2,
      surge: -2,
      organic_drift: -2.5,
      stale_data: -1.5,
      serving_exhaustion: -0.5,
    },
  },
  {
    name: "retired",
    pattern:
      /model.?not.?found|not_found_error|has been (deprecated|retired|decommissioned|shut ?down)|deprecat\w+|no longer (available|supported)|decommission|does not exist or you do not have access|unknown model/,
    means: "a model name that is gone",
    weights: {
      provider_silent_change: 2,
      provider_change: 2.4,
      model: 0.8,
      application: 0.4,
      provider_outage: 0.2,
      provider_throttling: -2,
      gpu_fault: -2,
      surge: -2,
      data: -2,
      prompt: -1.5,
    },
  },
  {
    name: "overload",
    pattern:
      /\b529\b|overloaded|\b503\b.{0,40}(upstream|provider|api)|upstream.{0,30}\b(50[0234]|529)\b|bad gateway from (upstream|provider)|service unavailable from/,
    means: "the provider is overloaded or down",
    weights: { ...NOT_OURS, provider_outage: 2.6, provider_throttling: 0.3, provider_change: 1 },
  },
  {
    name: "rate_limit",
    pattern: /\b429\b|rate.?limit|too many requests|tokens? per (min|day)|\btpm\b|\brpm\b|throttl/,
    means: "a rate limit",
    weights: {
      provider_throttling: 2,
      surge: 1,
      runaway_client: 1,
      demand_change: 1,
      provider_outage: -0.2,
      prompt: -0.5,
      model: -1,
      data: -1.5,
      gpu_fault: -2,
      application: 0.2,
    },
  },
  {
    name: "hardware",
    pattern:
      /\bxid\b|fallen off the bus|double.?bit|uncorrectable|\becc\b|row.?remap|nvlink|gpu is lost|no devices were found|thermal (slowdown|violation)|pcie|link training|smart failure|mce:/,
    means: "hardware",
    weights: {
      gpu_fault: 3,
      infra: 0.3,
      serving_exhaustion: -1,
      provider_outage: -2.5,
      prompt: -3,
      model: -1.8,
      data: -3,
      application: -2,
      surge: -2,
    },
  },
  {
    name: "driver",
    pattern:
      /driver.{0,20}(mismatch|version|insufficient|older)|version mismatch|nvml|cuda driver|libcuda|forward compatibility|insufficient driver|no cuda gpus|kernel module/,
    means: "driver and libraries that do not fit",
    weights: {
      infra: 2.4,
      gpu_fault: 1.2,
      serving_exhaustion: -0.5,
      provider_outage: -2.5,
      prompt: -3,
      model: -0.6,
      data: -3,
      application: -1.2,
      surge: -2,
    },
  },
  {
    name: "nccl",
    pattern: /\bnccl\b|infiniband|\bib_|rdma|collective.{0,20}time|watchdog.{0,30}(collective|timeout)|socket.*peer/,
    means: "the network between GPUs",
    weights: {
      gpu_fault: 1.8,
      infra: 1.6,
      model: -0.6,
      application: -1.2,
      prompt: -3,
      data: -2.5,
      provider_outage: -2,
      surge: -1.5,
    },
  },
  {
    name: "memory",
    pattern:
      /cuda.{0,20}out of memory|outofmemory|\boom.?kill|out of memory|memory.?error|cannot allocate memory|no available memory for the cache|kv cache.{0,30}(full|insufficient)/,
    means: "memory that does not suffice",
    weights: {
      infra: 1.2,
      model: 1,
      serving_exhaustion: 1.6,
      runaway_client: 0.8,
      surge: 0.4,
      gpu_fault: 0.2,
      prompt: 0,
      application: 0.4,
      application_fault: 0.8,
      provider_outage: -2,
      data: -1,
      organic_drift: -2,
    },
  },
  {
    name: "swap",
    pattern:
      /preempt|swap(ped)?\b|recompute|engine (is )?(dead|stuck|not (responding|healthy))|engine.{0,20}(died|loop|hang)|watchdog|deadlock|health check failed|scheduler.*stuck|waiting queue/,
    means: "the serving engine is stuck or short of room",
    weights: {
      serving_exhaustion: 2.4,
      infra: 0.8,
      gpu_fault: 0.4,
      application: -0.8,
      prompt: -0.8,
      model: -0.2,
      provider_outage: -2,
      data: -1.5,
      surge: 0.2,
      runaway_client: 0.4,
    },
  },
  {
    name: "model_load",
    pattern:
      /(load|loading|init\w*).{0,20}(fail|error).{0,60}(model|weights|tensor|checkpoint|adapter|lora)|(model|weights|checkpoint|adapter|lora|tokenizer|gguf|safetensors).{0,40}(fail|error|invalid|unsupported|not found|corrupt|missing)|invalid type|unexpected key|missing key\(s\)|size mismatch for|unsupported.{0,20}(quant|dtype|architecture)|load failed for/,
    means: "a model that cannot be loaded",
    weights: {
      model: 2.6,
      infra: 0.5,
      gpu_fault: -0.8,
      serving_exhaustion: -0.6,
      application: -0.5,
      prompt: -2,
      data: -0.6,
      provider_outage: -2.5,
      surge: -2,
    },
  },
  {
    name: "dimension",
    pattern:
      /dimension(s|ality)?.{0,40}(mismatch|expected|not match|differ)|expected (dim|vector)|vector.{0,20}(size|dim)|shape mismatch|embedding.{0,30}(mismatch|size|dim)/,
    means: "vectors or shapes that do not fit",
    weights: {
      data: 2,
      model: 1.2,
      stale_data: 0.4,
      application: 0.3,
      provider_outage: -2,
      gpu_fault: -2,
      prompt: -1.5,
      surge: -2,
    },
  },
  {
    name: "data",
    pattern:
      /schema.{0,30}(mismatch|changed|registry|evolution)|column.{0,40}(not found|missing|does not exist|unknown)|unknown (column|field)|no such (table|column)|null value in|(partition|snapshot|table|dataset|file|object|index|collection).{0,30}(missing|not found|empty|late|stale)|index.?not.?found|feature.{0,30}(missing|null|default|stale|not found)|default value (used|returned)|returned for key|late data|watermark|consumer lag|offset|empty (result|batch|partition)|backend read failed|lookup failed|cardinality|duplicate key|type mismatch|could not (cast|convert)|parse.?date|query for page .{0,20}took/,
    means: "the data that is read",
    weights: {
      data: 2,
      stale_data: 2.2,
      organic_drift: -0.5,
      application: 0,
      provider_outage: -2,
      gpu_fault: -2,
      prompt: -1.2,
      model: -0.8,
      surge: -1.2,
      infra: -0.8,
      serving_exhaustion: -0.8,
    },
  },
  {
    name: "context",
    pattern:
      /context.{0,12}(length|window).{0,20}(exceed|too)|maximum context|prompt is too long|too many (input )?tokens|max_tokens|input.{0,20}too (long|large)|string too long/,
    means: "inputs longer than the model takes",
    weights: {
      prompt: 1.2,
      runaway_client: 0.8,
      application: 0.6,
      data: 0.2,
      model: 0.3,
      provider_change: 0.4,
      gpu_fault: -2,
      provider_outage: -1.5,
    },
  },
  {
    name: "format",
    pattern:
      /json.{0,30}(decode|parse|invalid|expect|unexpected|unterminated)|unexpected token|expecting value|output.{0,20}(parse|schema|valid)|does not match (the )?schema|validation ?error|failed to parse|unparsable|missing required (field|property|argument)|tool call.{0,30}(invalid|parse|unknown|malformed)|unknown tool|invalid arguments? for (tool|function)|stop.?reason|finish_reason/,
    means: "answers that do not have the agreed form",
    weights: {
      prompt: 1.1,
      model: 1,
      provider_silent_change: 1,
      application: 0.4,
      gpu_fault: -2,
      serving_exhaustion: -1.5,
      provider_outage: -0.8,
      surge: -1.5,
      stale_data: -0.8,
    },
  },
  {
    name: "refusal",
    pattern: /content.?filter|safety|policy violation|moderation|guardrail|blocked by|refus|i can'?t help|harm.?block/,
    means: "answers that are refused or blocked",
    weights: {
      prompt: 0.8,
      model: 0.8,
      provider_silent_change: 1,
      application: 0.4,
      gpu_fault: -2,
      provider_outage: -1.2,
      surge: -1,
      data: -0.4,
    },
  },
  {
    name: "code",
    pattern:
      /typeerror|nullpointer|null pointer|cannot read propert|undefined (is not|method)|attributeerror|keyerror|indexerror|nameerror|importerror|modulenotfound|no module named|syntaxerror|referenceerror|is not a function|valueerror|unhandled|traceback|panic:|segfault|sigsegv|assertion|stack ?overflow|classcast|nosuchmethod|unmarshal|zero division|division by zero|exception in|illegal ?(argument|state)|invalid configuration|config(uration)?.{0,30}(invalid|error|unknown|missing)|unknown (option|flag|key)|no endpoints|route.{0,20}not found|feature flag/,
    means: "our own code or configuration",
    weights: CODE,
  },
  {
    name: "network",
    pattern:
      /connection (refused|reset|timed? ?out|closed)|econnre(fused|set)|etimedout|no route to host|name resolution|dns|could not resolve|temporary failure in name|socket hang up|broken pipe|network is unreachable|unreachable/,
    means: "connections that fail",
    weights: {
      infra: 1,
      gpu_fault: 0.8,
      application: 0,
      application_fault: 0.6,
      provider_outage: 0.5,
      prompt: -2,
      model: -1.2,
      data: -0.6,
      organic_drift: -2,
      serving_exhaustion: 0.2,
    },
  },
  {
    name: "pool",
    pattern:
      /(connection|thread|worker|db|session) pool.{0,30}(exhaust|full|timeout|empty)|too many (connections|open files|clients)|pool (exhausted|timeout)|max(imum)? connections|queue (is )?full|backpressure|circuit.?breaker|no space left|disk full|read.?only file system/,
    means: "a limit of our own that is reached",
    weights: {
      application_fault: 1.2,
      surge: 0.8,
      application: 0.7,
      demand_change: 0.6,
      infra: 0.5,
      serving_exhaustion: 0.5,
      runaway_client: 0.5,
      gpu_fault: -0.5,
      prompt: -1.5,
      model: -1.5,
      provider_outage: -0.6,
    },
  },
  {
    name: "crash",
    pattern:
      /crashloop|back.?off restarting|evicted|failedscheduling|unschedulable|insufficient (nvidia|gpu|cpu|memory)|image.?pull|failedmount|node.{0,20}(notready|not ready|lost)|liveness|readiness/,
    means: "pods that cannot run",
    weights: {
      infra: 1.6,
      gpu_fault: 1,
      model: 0.4,
      serving_exhaustion: 0.4,
      application: 0.3,
      prompt: -2,
      data: -1.5,
      provider_outage: -2,
    },
  },
  {
    name: "measure",
    pattern:
      /judge|scorer|evaluator|golden|exporter|scrape|metric.{0,20}(missing|renamed|unknown)|alert.?rule|recording rule/,
    means: "the measurement itself",
    weights: { measurement: 2, provider_outage: -1, gpu_fault: -1.5, surge: -1 },
  },
  {
    name: "timeout",
    pattern: /time.?out|timed out|deadline/,
    means: "calls that take too long",
    weights: {
      serving_exhaustion: 0.4,
      gpu_fault: 0.3,
      provider_outage: 0.4,
      infra: 0.3,
      prompt: -0.5,
      organic_drift: -1.2,
      data: -0.4,
    },
  },
];
