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

/** Logs as counted templates: what an application of this kind writes, and what breaks show in it. */
export function logTemplates(world: World, memory: Memory, now: number): LogTemplate[] {
  const drillAt = memory.drills().at(-1)?.startedAt ?? now;
  const burning = Math.max(1, (now - drillAt) / 1_000);
  const old = now - 15 * 60_000;
  const line = (
    service: string,
    template: string,
    perSecond: number,
    fresh: boolean,
    baselinePerHour = 0,
    labels: Record<string, string> = {},
  ): LogTemplate => ({
    service,
    labels,
    template,
    firstSeen: fresh ? drillAt : old,
    lastSeen: now,
    count: Math.max(1, Math.round(perSecond * (fresh ? burning : 900))),
    baselinePerHour,
  });
  const logs = [
    line(
      "support-chat",
      "request finished status=<*> duration=<*>",
      world.requestsPerSecond,
      false,
      world.requestsPerSecond * 3_600,
    ),
  ];
  if (live(world, "support-chat").crash > 0.1)
    logs.push(
      line(
        "support-chat",
        "TypeError: Cannot read properties of undefined (reading 'parts') at routes/attachments.ts:<*>",
        4,
        true,
      ),
    );
  if (live(world, "support-chat/system").format < 0.8)
    logs.push(
      line(
        "support-chat",
        "answer does not match its schema: Unexpected token <*> in JSON at position <*>",
        9,
        true,
        400,
      ),
    );
  for (const [name, { overload, responseModel, traits }] of Object.entries(world.providers)) {
    if (overload > 0.05)
      logs.push(line("support-chat", `${name} answered 529 overloaded_error`, 3, true, 2, { provider: name }));
    logs.push(
      line(
        "support-chat",
        `${name} response model=${responseModel}`,
        5,
        traits.format < 0.8,
        traits.format < 0.8 ? 0 : 18_000,
        { provider: name },
      ),
    );
  }
  for (const [node, { broken, drained }] of Object.entries(world.nodes)) {
    if (broken && !drained)
      logs.push(
        line("llm-pool", "NVRM: Xid (PCI:<*>): 79, pid=<*>, GPU has fallen off the bus.", 0.5, true, 0, {
          node,
          gpu_pool: "gpu-a",
        }),
      );
  }
  if (live(world, "llm-pool/serving").sequences > 100)
    logs.push(
      line("llm-pool", "Sequence group <*> is preempted because there is not enough KV cache space", 5, true, 1, {
        gpu_pool: "gpu-a",
      }),
    );
  return logs;
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
