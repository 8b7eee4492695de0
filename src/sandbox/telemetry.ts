import type { LogTemplate, Sample, Series } from "../domain/case-file.ts";
import type { Memory } from "./memory.ts";
import { parseKey, referenceLanguages } from "./meter.ts";
import { live, type World } from "./world.ts";

const STEP_MS = 1_000;
const SAMPLED = 400;

/** Every series between two times, on one grid of seconds; a second without a value is a gap. */
export function seriesBetween(memory: Memory, from: number, to: number): Series[] {
  const rows = memory.values(from, to);
  const start = rows[0]?.at;
  const end = rows.at(-1)?.at;
  if (start === undefined || end === undefined) return [];
  const length = Math.round((end - start) / STEP_MS) + 1;
  const byKey = new Map<string, (number | null)[]>();
  for (const { at, values } of rows) {
    const index = Math.round((at - start) / STEP_MS);
    for (const [key, value] of values) {
      const line = byKey.get(key) ?? Array.from({ length }, () => null);
      line[index] = value;
      byKey.set(key, line);
    }
  }
  return [...byKey].map(([key, values]) => ({ ...parseKey(key), start, stepMs: STEP_MS, values, url: null }));
}

interface Line {
  readonly service: string;
  readonly template: string;
  readonly perSecond: number;
  /** Not seen before the break. */
  readonly fresh?: boolean;
  readonly baselinePerHour?: number;
  readonly labels?: Record<string, string>;
}

/** Logs as counted templates: what an application of this kind writes, and what breaks show in it. */
export function logTemplates(world: World, memory: Memory, now: number): LogTemplate[] {
  const drillAt = memory.drills().at(-1)?.startedAt ?? now;
  return [...applicationLines(world), ...providerLines(world), ...poolLines(world)].map(
    ({ fresh = false, ...line }) => ({
      service: line.service,
      labels: line.labels ?? {},
      template: line.template,
      firstSeen: fresh ? drillAt : now - 15 * 60_000,
      lastSeen: now,
      count: Math.max(1, Math.round(line.perSecond * (fresh ? Math.max(1, (now - drillAt) / 1_000) : 900))),
      baselinePerHour: line.baselinePerHour ?? 0,
    }),
  );
}

function applicationLines(world: World): Line[] {
  const service = "support-chat";
  const lines: Line[] = [
    {
      service,
      template: "request finished status=<*> duration=<*>",
      perSecond: world.requestsPerSecond,
      baselinePerHour: world.requestsPerSecond * 3_600,
    },
  ];
  if (live(world, service).crash > 0.1) {
    lines.push({
      service,
      template: "TypeError: Cannot read properties of undefined (reading 'parts') at routes/attachments.ts:<*>",
      perSecond: 9,
      fresh: true,
    });
  }
  if (live(world, "support-chat/system").format < 0.8) {
    lines.push({
      service,
      template: "answer does not match its schema: Unexpected token <*> in JSON at position <*>",
      perSecond: 25,
      fresh: true,
      baselinePerHour: 900,
    });
  }
  return lines;
}

function providerLines(world: World): Line[] {
  const service = "support-chat";
  return Object.entries(world.providers).flatMap(([provider, { overload, responseModel, traits }]) => {
    const changed = traits.format < 0.8;
    const labels = { provider };
    const usual: Line = {
      service,
      template: `${provider} response model=${responseModel}`,
      perSecond: 12,
      fresh: changed,
      baselinePerHour: changed ? 0 : 43_000,
      labels,
    };
    const refused: Line = {
      service,
      template: `${provider} answered 529 overloaded_error`,
      perSecond: 8,
      fresh: true,
      baselinePerHour: 2,
      labels,
    };
    return overload > 0.05 ? [usual, refused] : [usual];
  });
}

function poolLines(world: World): Line[] {
  const lines = Object.entries(world.nodes)
    .filter(([, { broken, drained }]) => broken && !drained)
    .map(
      ([node]): Line => ({
        service: "llm-pool",
        template: "NVRM: Xid (PCI:<*>): 79, pid=<*>, GPU has fallen off the bus.",
        perSecond: 0.5,
        fresh: true,
        labels: { node, gpu_pool: "gpu-a" },
      }),
    );
  if (live(world, "llm-pool/serving").sequences <= 100) return lines;
  const template = "Sequence group <*> is preempted because there is not enough KV cache space";
  return [
    ...lines,
    { service: "llm-pool", template, perSecond: 5, fresh: true, baselinePerHour: 1, labels: { gpu_pool: "gpu-a" } },
  ];
}

/** Raw samples of the input, before and now. The reference is the mix the assistant was launched with. */
export function inputSamples(world: World): Sample[] {
  const draw = (weights: Readonly<Record<string, number>>) => {
    const total = Object.values(weights).reduce((sum, weight) => sum + weight, 0);
    return Object.entries(weights).flatMap(([language, weight]) =>
      Array.from({ length: Math.round((SAMPLED * weight) / total) }, () => language),
    );
  };
  return [
    {
      name: "input_language",
      service: "support-chat",
      kind: "categorical",
      reference: draw(referenceLanguages),
      current: draw(world.languages),
    },
  ];
}
