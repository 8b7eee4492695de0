import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { alertmanager } from "../../src/connectors/alertmanager.ts";
import type { Alert } from "../../src/domain/alert.ts";
import type { CaseFile } from "../../src/domain/case-file.ts";
import type { Clock } from "../../src/lib/clock.ts";
import { createHttp } from "../../src/lib/http.ts";
import { silentLog } from "../../src/lib/log.ts";
import { catalog } from "../../src/sandbox/catalog.ts";
import { Engine, faultNamed } from "../../src/sandbox/engine.ts";
import { type DrillRecord, type Memory, openMemory } from "../../src/sandbox/memory.ts";
import { inputSamples, logTemplates, seriesBetween } from "../../src/sandbox/telemetry.ts";

/** A sandbox whose time is ours: a quarter of an hour passes in a second. */
export interface OfflineSandbox {
  readonly engine: Engine;
  readonly memory: Memory;
  readonly now: () => number;
  /** Lives through that many seconds. */
  readonly pass: (seconds: number) => void;
  readonly drill: (fault: string, seed: number) => DrillRecord;
  /** The alerts that have been delivered and are still firing, as Alertmanager's webhook says them. */
  readonly alerts: () => Alert[];
  /** What an investigation would have before it at this moment. */
  readonly caseFile: () => CaseFile;
  readonly close: () => void;
}

export function offlineSandbox(seed: number): OfflineSandbox {
  const dir = mkdtempSync(join(tmpdir(), "faultline-sandbox-"));
  let now = Date.UTC(2026, 10, 24, 2, 0, 0);
  const clock: Clock = { now: () => now, sleep: () => Promise.resolve() };
  const memory = openMemory(dir);
  const engine = new Engine(memory, clock, seed);
  memory.inOne(() => engine.catchUp());
  const { webhook } = alertmanager.connect({}, { http: createHttp, clock, log: silentLog });
  const seen = new Map<string, Alert>();
  const alerts = () => {
    for (const { id, path, body } of memory.undelivered(10_000)) {
      memory.delivered(id);
      if (path !== "/webhooks/alertmanager") continue;
      const parsed = webhook?.parse({ headers: {}, body: Buffer.from(body) }, now);
      for (const alert of parsed?.alerts ?? []) seen.set(alert.fingerprint, alert);
    }
    return [...seen.values()].filter(({ status }) => status === "firing");
  };
  return {
    engine,
    memory,
    now: () => now,
    pass: (seconds) => {
      for (let i = 0; i < seconds; i += 1) {
        now += 1_000;
        engine.catchUp();
      }
    },
    drill: (name, drillSeed) => {
      const fault = faultNamed(name);
      if (fault === null) throw new Error(`no fault named ${name}`);
      return engine.drill(fault, drillSeed);
    },
    alerts,
    caseFile: () => ({
      asOf: now,
      catalog,
      alerts: alerts(),
      changes: memory.changes(now - 1_200_000, now + 1),
      series: seriesBetween(memory, now - 1_200_000, now),
      pagesAsked: ["northwind", "acme-ai"],
      providerStatus: [],
      samples: inputSamples(engine.world),
      logs: logTemplates(engine.world, memory, now),
      traces: [],
      history: [],
      gaps: [],
    }),
    close: () => {
      memory.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
