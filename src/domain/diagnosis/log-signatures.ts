import type { Mechanism } from "./hypothesis.ts";
import { readWeights } from "./mechanism-weights.ts";

/** One family of error texts and what it says of each mechanism. */
export interface LogSignature {
  readonly name: string;
  readonly pattern: RegExp;
  /** In words, for the evidence. */
  readonly means: string;
  readonly weights: Readonly<Partial<Record<Mechanism, number>>>;
}

/**
 * Known error texts of model stacks, most specific first; the first that matches speaks. Sources: the providers' error
 * references (429, 529, insufficient_quota, model_not_found), CUDA and NCCL messages, vLLM and Kubernetes events, the usual
 * exceptions of Python and JavaScript. Weights as in the signature table. XIDs have their own file.
 */
export const LOG_SIGNATURES: readonly LogSignature[] = [
  {
    name: "quota",
    pattern:
      /insufficient.?quota|credit.?balance|billing|payment required|\b402\b|spend.?limit|budget exceeded|quota exceeded for (the )?month/,
    means: "our own quota or bill, not an outage",
    weights: readWeights("client 1.2, surge 0.8, dem 0.8, fault 1.2, outage -1.5, throt 0.3, prov 0.3"),
  },
  {
    name: "expired",
    pattern:
      /(secret|credential|token|certificate|cert|x509|licen[cs]e|key|password|signature|lease).{0,40}(expired|not yet valid|has run out)|expired.{0,16}(secret|token|credential|key|certificate|licen[cs]e)|certificate_expired/,
    means: "something that ran out by its date: no change is needed for that",
    weights: readWeights(
      "fault 2.6, gpu 0.8, infra -0.2, app -0.6, outage -1, throt -2, prompt -2.5, model -2.5, data -2, surge -2, exhaust -1.2, drift -2.5, stale -1.5, client -2",
    ),
  },
  {
    name: "secret",
    pattern:
      /(api.?key|token|credential|password|jwt|secret)s?.{0,24}(invalid|revoked|not found|rejected)|invalid.{0,3}(api.?key|token|credential|secret)|\b401\b|unauthori[sz]ed|authentication|permission denied|\b403\b|forbidden|access.?denied/,
    means: "a credential or a permission",
    weights: readWeights(
      "fault 1.8, app 1.1, infra 0.4, outage -1, throt -1.5, prompt -2, model -1.5, data -0.8, gpu -1.5, surge -1.5, exhaust -1.5, drift -2, stale -0.5, prov 0.3",
    ),
  },
  {
    name: "certificate",
    pattern: /certificate|x509|tls (handshake|alert)|ssl(:|v3| error| handshake)/,
    means: "a certificate",
    weights: readWeights(
      "gpu 0.6, infra 1.2, fault 1.4, app 0.2, outage -0.3, prompt -2.5, model -2.5, data -2, surge -2, drift -2.5, stale -1.5, exhaust -0.8",
    ),
  },
  {
    name: "retired",
    pattern:
      /model.?not.?found|not_found_error|has been (deprecated|retired|decommissioned|shut ?down)|deprecat\w+|no longer (available|supported)|decommission|does not exist or you do not have access|unknown model/,
    means: "a model name that is gone",
    weights: readWeights(
      "silent 2, prov 2.4, model 0.8, app 0.4, outage 0.2, throt -2, gpu -2, surge -2, data -2, prompt -1.5",
    ),
  },
  {
    name: "overload",
    pattern:
      /\b529\b|overloaded|\b503\b.{0,40}(upstream|provider|api)|upstream.{0,30}\b(50[0234]|529)\b|bad gateway from (upstream|provider)|service unavailable from/,
    means: "the provider is overloaded or down",
    weights: readWeights(
      "prompt -1, model -1, data -1.5, drift -1.5, stale -1.5, app -0.6, infra -0.8, gpu -1.5, exhaust -1, outage 2.6, throt 0.3, prov 1",
    ),
  },
  {
    name: "image",
    pattern: /pull(ing)? image|image.?pull|errimage|manifest unknown|registry.{0,30}(limit|unavailable|denied)/,
    means: "an image that cannot be pulled",
    weights: readWeights(
      "infra 1, gpu 1.6, exhaust 0.3, outage 0.6, prompt -2.5, model -0.8, data -2, app -0.3, surge -1",
    ),
  },
  {
    name: "rate_limit",
    pattern: /\b429\b|rate.?limit|too many requests|tokens? per (min|day)|\btpm\b|\brpm\b|throttl/,
    means: "a rate limit",
    weights: readWeights(
      "throt 2, surge 1, client 1, dem 1, outage -0.2, prompt -0.5, model -1, data -1.5, gpu -2, app 0.2",
    ),
  },
  {
    name: "hardware",
    pattern:
      /\bxid\b|fallen off the bus|double.?bit|uncorrectable|\becc\b|row.?remap|nvlink|gpu is lost|no devices were found|thermal (slowdown|violation)|pcie|link training|smart failure|mce:/,
    means: "hardware",
    weights: readWeights("gpu 3, infra 0.3, exhaust -1, outage -2.5, prompt -3, model -1.8, data -3, app -2, surge -2"),
  },
  {
    name: "driver",
    pattern:
      /driver.{0,20}(mismatch|version|insufficient|older)|version mismatch|nvml|cuda driver|libcuda|forward compatibility|insufficient driver|no cuda gpus|kernel module/,
    means: "driver and libraries that do not fit",
    weights: readWeights(
      "infra 2.4, gpu 1.2, exhaust -0.5, outage -2.5, prompt -3, model -0.6, data -3, app -1.2, surge -2",
    ),
  },
  {
    name: "nccl",
    pattern: /\bnccl\b|infiniband|\bib_|rdma|collective.{0,20}time|watchdog.{0,30}(collective|timeout)|socket.*peer/,
    means: "the network between GPUs",
    weights: readWeights("gpu 1.8, infra 1.6, model -0.6, app -1.2, prompt -3, data -2.5, outage -2, surge -1.5"),
  },
  {
    name: "host_memory",
    pattern: /\boom.?kill|exceeded (its )?memory limit|cannot allocate memory|heap out of memory|memoryerror/,
    means: "a process that outgrows its memory",
    weights: readWeights(
      "fault 1.8, app 0.8, infra 0.6, exhaust 0.4, model 0.3, outage -2, data -1, drift -2, prompt -0.8",
    ),
  },
  {
    name: "gpu_memory",
    pattern:
      /cuda.{0,20}out of memory|outofmemory|out of memory|no available memory for the cache|kv cache.{0,30}(full|insufficient)/,
    means: "GPU memory that does not suffice",
    weights: readWeights(
      "infra 1.2, model 1, exhaust 1.6, client 0.8, surge 0.4, gpu 0.2, app 0.3, fault 0.3, outage -2, data -1, drift -2",
    ),
  },
  {
    name: "swap",
    pattern:
      /preempt|swap(ped)?\b|recompute|engine (is )?(dead|stuck|not (responding|healthy))|engine.{0,20}(died|loop|hang)|watchdog|deadlock|health check failed|scheduler.*stuck|waiting queue/,
    means: "the serving engine is stuck or short of room",
    weights: readWeights(
      "exhaust 2.4, infra 0.8, gpu 0.4, app -0.8, prompt -0.8, model -0.2, outage -2, data -1.5, surge 0.2, client 0.4",
    ),
  },
  {
    name: "model_load",
    pattern:
      /(load|loading|init\w*).{0,20}(fail|error).{0,60}(model|weights|tensor|checkpoint|adapter|lora)|(model|weights|checkpoint|adapter|lora|tokenizer|gguf|safetensors).{0,40}(fail|error|invalid|unsupported|not found|corrupt|missing)|invalid type|unexpected key|missing key\(s\)|size mismatch for|unsupported.{0,20}(quant|dtype|architecture)|load failed for/,
    means: "a model that cannot be loaded",
    weights: readWeights(
      "model 2.6, infra 0.5, gpu -0.8, exhaust -0.6, app -0.5, prompt -2, data -0.6, outage -2.5, surge -2",
    ),
  },
  {
    name: "dimension",
    pattern:
      /dimension(s|ality)?.{0,40}(mismatch|expected|not match|differ)|expected (dim|vector)|vector.{0,20}(size|dim)|shape mismatch|embedding.{0,30}(mismatch|size|dim)/,
    means: "vectors or shapes that do not fit",
    weights: readWeights(
      "data 2, model 1.2, stale 0.4, app 0.3, outage -2, gpu -2, prompt -1.5, surge -2, prov 0.8, silent 0.6",
    ),
  },
  {
    name: "data",
    pattern:
      /schema.{0,30}(mismatch|changed|registry|evolution)|column.{0,40}(not found|missing|does not exist|unknown)|unknown (column|field)|no such (table|column)|null value in|(partition|snapshot|table|dataset|file|object|index|collection).{0,30}(missing|not found|empty|late|stale)|index.?not.?found|feature.{0,30}(missing|null|default|stale|not found)|default value (used|returned)|returned for key|late data|watermark|consumer lag|offset|empty (result|batch|partition)|backend read failed|lookup failed|cardinality|duplicate key|type mismatch|could not (cast|convert)|parse.?date|query for page .{0,20}took/,
    means: "the data that is read",
    weights: readWeights(
      "data 2, stale 2.2, drift -0.5, outage -2, gpu -2, prompt -1.2, model -0.8, surge -1.2, infra -0.8, exhaust -0.8",
    ),
  },
  {
    name: "context",
    pattern:
      /context.{0,12}(length|window).{0,20}(exceed|too)|maximum context|prompt is too long|too many (input )?tokens|max_tokens|input.{0,20}too (long|large)|string too long/,
    means: "inputs longer than the model takes",
    weights: readWeights("prompt 1.2, client 0.8, app 0.6, data 0.2, model 0.3, prov 0.4, gpu -2, outage -1.5"),
  },
  {
    name: "format",
    pattern:
      /json.{0,30}(decode|parse|invalid|expect|unexpected|unterminated)|unexpected token|expecting value|output.{0,20}(parse|schema|valid)|does not match (the )?schema|validation ?error|failed to parse|unparsable|missing required (field|property|argument)|tool call.{0,30}(invalid|parse|unknown|malformed)|unknown tool|invalid arguments? for (tool|function)|stop.?reason|finish_reason/,
    means: "answers that do not have the agreed form",
    weights: readWeights(
      "prompt 1.1, model 1, silent 1, app 0.4, gpu -2, exhaust -1.5, outage -0.8, surge -1.5, stale -0.8",
    ),
  },
  {
    name: "refusal",
    pattern: /content.?filter|safety|policy violation|moderation|guardrail|blocked by|refus|i can'?t help|harm.?block/,
    means: "answers that are refused or blocked",
    weights: readWeights("prompt 0.8, model 0.8, silent 1, app 0.4, gpu -2, outage -1.2, surge -1, data -0.4"),
  },
  {
    name: "code",
    pattern:
      /typeerror|nullpointer|null pointer|cannot read propert|undefined (is not|method)|attributeerror|keyerror|indexerror|nameerror|importerror|modulenotfound|no module named|syntaxerror|referenceerror|is not a function|valueerror|unhandled|traceback|panic:|segfault|sigsegv|assertion|stack ?overflow|classcast|nosuchmethod|unmarshal|zero division|division by zero|exception in|illegal ?(argument|state)|invalid configuration|config(uration)?.{0,30}(invalid|error|unknown|missing)|unknown (option|flag|key)|no endpoints|route.{0,20}not found|feature flag/,
    means: "our own code or configuration",
    weights: readWeights(
      "app 1.6, fault 1.2, outage -1, throt -1, gpu -1.5, surge -0.8, drift -1, prompt -0.4, model -0.4, infra -0.8, exhaust -0.8",
    ),
  },
  {
    name: "network",
    pattern:
      /connection (refused|reset|timed? ?out|closed)|econnre(fused|set)|etimedout|no route to host|name resolution|dns|could not resolve|temporary failure in name|socket hang up|broken pipe|network is unreachable|unreachable/,
    means: "connections that fail",
    weights: readWeights(
      "infra 1, gpu 0.8, fault 0.6, outage 0.5, prompt -2, model -1.2, data -0.6, drift -2, exhaust 0.2",
    ),
  },
  {
    name: "pool",
    pattern:
      /(connection|thread|worker|db|session) pool.{0,30}(exhaust|full|timeout|empty)|too many (connections|open files|clients)|pool (exhausted|timeout)|max(imum)? connections|queue (is )?full|backpressure|circuit.?breaker|no space left|disk full|read.?only file system/,
    means: "a limit of our own that is reached",
    weights: readWeights(
      "fault 1.2, surge 0.8, app 0.7, dem 0.6, infra 0.5, exhaust 0.5, client 0.5, gpu -0.5, prompt -1.5, model -1.5, outage -0.6",
    ),
  },
  {
    name: "crash",
    pattern:
      /crashloop|back.?off restarting|evicted|failedscheduling|unschedulable|insufficient (nvidia|gpu|cpu|memory)|image.?pull|failedmount|node.{0,20}(notready|not ready|lost)|liveness|readiness/,
    means: "pods that cannot run",
    weights: readWeights("infra 1.6, gpu 1, model 0.4, exhaust 0.4, app 0.3, prompt -2, data -1.5, outage -2"),
  },
  {
    name: "measure",
    pattern:
      /judge|scorer|evaluator|golden|exporter|scrape|metric.{0,20}(missing|renamed|unknown)|alert.?rule|recording rule/,
    means: "the measurement itself",
    weights: readWeights("meas 2, outage -1, gpu -1.5, surge -1"),
  },
  {
    name: "timeout",
    pattern: /time.?out|timed out|deadline/,
    means: "calls that take too long",
    weights: readWeights("exhaust 0.4, gpu 0.3, outage 0.4, infra 0.3, prompt -0.5, drift -1.2, data -0.4"),
  },
];
