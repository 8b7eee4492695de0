import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { Fate, Outcome } from "./fate.ts";
import type { Tick } from "./tick.ts";
import { POOL } from "./world.ts";

const SECONDS = [0.05, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1, 1.5, 2, 3, 4, 6, 8, 10, 12, 15, 20, 25, 30, 45];
const TOKEN_SECONDS = [0.005, 0.0075, 0.01, 0.0125, 0.015, 0.02, 0.025, 0.03, 0.04, 0.06, 0.1];
const TOKENS = [16, 64, 128, 256, 512, 1_024, 2_048, 3_072, 4_096, 6_144, 8_192, 16_384];

/** The HTTP status that a caller of the service sees. */
const STATUS: Readonly<Record<Outcome, string>> = {
  ok: "200",
  limited: "429",
  crashed: "500",
  overloaded: "502",
  throttled: "503",
  timeout: "504",
  gpu: "502",
  full: "503",
};
/** How a failed call to a model is named in `error_type`. */
const ERROR_TYPE: Readonly<Partial<Record<Outcome, string>>> = {
  overloaded: "529",
  throttled: "429",
  timeout: "timeout",
  gpu: "500",
  full: "503",
};

/**
 * What a real Prometheus scrapes, under the names that such stacks use: OpenTelemetry's GenAI conventions for the callers,
 * vLLM's for the engine, DCGM's for the GPUs, kube-state-metrics' for the replicas. Counts from the start of the process,
 * as a client library does.
 */
export class Ledger {
  readonly registry = new Registry();
  readonly #requests = this.#counter("http_requests_total", "Requests to the services", ["service", "route", "status"]);
  readonly #calls = this.#histogram("gen_ai_client_operation_duration_seconds", SECONDS, [...CALL, "error_type"]);
  readonly #first = this.#histogram("gen_ai_server_time_to_first_token_seconds", SECONDS, CALL);
  readonly #pace = this.#histogram("gen_ai_server_time_per_output_token_seconds", TOKEN_SECONDS, CALL);
  readonly #tokens = this.#histogram("gen_ai_client_token_usage", TOKENS, [...CALL, "gen_ai_token_type"]);
  readonly #spend = this.#counter("litellm_spend_metric_total", "US dollars spent", ["service", "api_provider"]);
  readonly #checked = this.#counter("answers_checked_total", "Answers, by whether they pass their schema", [
    "service",
    "valid",
  ]);
  readonly #cacheAsked = this.#counter("vllm:prefix_cache_queries_total", "Prompt tokens", ["service"]);
  readonly #cacheHit = this.#counter("vllm:prefix_cache_hits_total", "Prompt tokens found in the cache", ["service"]);
  readonly #preempted = this.#counter("vllm:num_preemptions_total", "Sequences thrown out again", ENGINE);
  readonly #waiting = this.#gauge("vllm:num_requests_waiting", ENGINE);
  readonly #running = this.#gauge("vllm:num_requests_running", ENGINE);
  readonly #cache = this.#gauge("vllm:kv_cache_usage_perc", ENGINE);
  readonly #utilization = this.#gauge("DCGM_FI_PROF_GR_ENGINE_ACTIVE", GPU);
  readonly #temperature = this.#gauge("DCGM_FI_DEV_GPU_TEMP", GPU);
  readonly #xid = this.#counter("sandbox_xid_total", "XID errors", GPU);
  readonly #replicas = this.#gauge("kube_deployment_spec_replicas", ["deployment"]);
  readonly #unavailable = this.#gauge("kube_deployment_status_replicas_unavailable", ["deployment"]);

  take({ fates, nodes }: Tick): void {
    for (const fate of fates) this.#request(fate);
    for (const { node, waiting, running, kvUsage, preemptions, utilization, temperature, xid } of nodes) {
      const engine = { service: "llm-pool", node };
      this.#waiting.set(engine, waiting);
      this.#running.set(engine, running);
      this.#cache.set(engine, kvUsage);
      this.#preempted.inc(engine, preemptions);
      const gpu = { gpu_pool: POOL, node };
      this.#utilization.set(gpu, utilization);
      this.#temperature.set(gpu, temperature);
      this.#xid.inc(gpu, xid);
    }
    const deployment = { deployment: "llm-pool" };
    this.#replicas.set(deployment, nodes.length);
    this.#unavailable.set(deployment, nodes.filter(({ ready }) => ready === 0).length);
  }

  #request(fate: Fate): void {
    const { service, route, outcome, provider, modelVersion } = fate;
    this.#requests.inc({ service, route, status: STATUS[outcome] });
    if (outcome === "limited" || outcome === "crashed") return;
    const call = { service, gen_ai_provider_name: provider ?? "llm-pool", gen_ai_request_model: modelVersion };
    this.#calls.observe({ ...call, error_type: ERROR_TYPE[outcome] ?? "" }, fate.latencyS);
    if (outcome !== "ok") return;
    this.#first.observe(call, fate.ttftS);
    this.#pace.observe(call, (fate.latencyS - fate.ttftS) / fate.outputTokens);
    this.#tokens.observe({ ...call, gen_ai_token_type: "input" }, fate.inputTokens);
    this.#tokens.observe({ ...call, gen_ai_token_type: "output" }, fate.outputTokens);
    this.#spend.inc({ service, api_provider: provider ?? "llm-pool" }, fate.costUsd);
    this.#checked.inc({ service, valid: String(fate.formatValid) });
    this.#cacheAsked.inc({ service }, fate.inputTokens);
    this.#cacheHit.inc({ service }, fate.cachedTokens);
  }

  #counter(name: string, help: string, labelNames: readonly string[]): Counter {
    return new Counter({ name, help, labelNames: [...labelNames], registers: [this.registry] });
  }

  #gauge(name: string, labelNames: readonly string[]): Gauge {
    return new Gauge({ name, help: name, labelNames: [...labelNames], registers: [this.registry] });
  }

  #histogram(name: string, buckets: number[], labelNames: readonly string[]): Histogram {
    return new Histogram({ name, help: name, buckets, labelNames: [...labelNames], registers: [this.registry] });
  }
}

const CALL = ["service", "gen_ai_provider_name", "gen_ai_request_model"] as const;
const ENGINE = ["service", "node"] as const;
const GPU = ["gpu_pool", "node"] as const;
