import type { LogTemplate } from "../domain/case-file.ts";
import type { Labels } from "../domain/json.ts";
import type { Fate } from "./fate.ts";
import { Chance } from "./random.ts";
import type { Tick } from "./tick.ts";
import { live, POOL, type World } from "./world.ts";

/** One template of a service's log, without its count. */
export type LogLine = Pick<LogTemplate, "service" | "labels" | "template">;

/** Lines that turn up once in a while in any system and mean nothing; the same ones come back. */
const CHATTER: readonly LogLine[] = [
  line("support-chat", "session <*> resumed after reconnect"),
  line("support-chat", "metrics exporter: slow scrape, <*> ms"),
  line("retrieval", "query for page <*> served from the warm shard in <*> ms"),
  line("llm-pool", "engine statistics: <*> tokens per second", { gpu_pool: POOL }),
  line("ticket-summary", "ticket <*> has no body, skipped"),
  line("lead-writer", "draft <*> discarded by its author"),
];
const CHATTER_PER_S = 0.12;

/** What is written in one second, as counted templates. */
export function logsOf(world: World, { fates, nodes }: Tick): { line: LogLine; count: number }[] {
  const counted = new Map<string, { line: LogLine; count: number }>();
  const add = (one: LogLine, count = 1) => {
    const key = `${one.service} ${one.template} ${JSON.stringify(one.labels)}`;
    const known = counted.get(key) ?? { line: one, count: 0 };
    known.count += count;
    counted.set(key, known);
  };
  for (const fate of fates) for (const one of linesOf(world, fate)) add(one);
  for (const { node, xid, preemptions, waiting } of nodes) {
    const labels = { gpu_pool: POOL, node };
    if (xid > 0) add(line("llm-pool", "NVRM: Xid (PCI:<*>): 79, pid=<*>, GPU has fallen off the bus.", labels), xid);
    if (preemptions > 0) add(line("llm-pool", PREEMPTED, { gpu_pool: POOL }), preemptions);
    if (waiting > 20) add(line("llm-pool", "scheduler: <*> requests are waiting", { gpu_pool: POOL }));
  }
  const chance = new Chance(world.chance ^ 0x10c5);
  const [first, ...others] = CHATTER;
  if (first !== undefined && chance.hit(CHATTER_PER_S)) add(chance.pick([first, ...others]));
  return [...counted.values()];
}

const PREEMPTED = "sequence group <*> is preempted because there is not enough KV cache space";

function linesOf(world: World, fate: Fate): LogLine[] {
  const { service, outcome, provider, node, formatValid } = fate;
  switch (outcome) {
    case "ok":
      return [
        line(service, "request finished status=200 duration=<*>"),
        ...(provider === null
          ? []
          : [line(service, `${provider} response model=${responseModel(world, provider)}`, { provider })]),
        ...(formatValid
          ? []
          : [line(service, "answer does not match its schema: unexpected token <*> at position <*>")]),
        ...(fate.retrieved ? [] : [line("retrieval", "no passage above the score threshold for query <*>")]),
      ];
    case "limited":
      return [line(service, "client over its limit: answered 429", { tenant: fate.tenant })];
    case "crashed":
      return [line(service, live(world, "support-chat").trace, { route: fate.route })];
    case "overloaded":
      return [line(service, `${provider} answered 529 overloaded_error`, { provider: provider ?? "" })];
    case "throttled":
      return [line(service, `${provider} answered 429 rate_limit_error`, { provider: provider ?? "" })];
    case "timeout":
      return [line(service, `no answer from ${provider ?? "llm-pool"} within <*> s`, place(provider, node))];
    case "gpu":
      return [line("llm-pool", "CUDA error: device unavailable, request <*> aborted", place(provider, node))];
    case "full":
      return [line("llm-pool", "request <*> rejected: waiting queue is full", { gpu_pool: POOL })];
  }
}

function responseModel(world: World, provider: string): string {
  return world.providers[provider]?.responseModel ?? "unknown";
}

function place(provider: string | null, node: string | null): Labels {
  if (provider !== null) return { provider };
  return node === null ? {} : { node };
}

function line(service: string, template: string, labels: Labels = {}): LogLine {
  return { service, template, labels };
}
