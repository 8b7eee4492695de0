import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { alertmanager } from "../../src/connectors/alertmanager.ts";
import type { Alert } from "../../src/domain/alert.ts";
import type { CaseFile } from "../../src/domain/case-file.ts";
import type { Labels } from "../../src/domain/json.ts";
import type { Clock } from "../../src/lib/clock.ts";
import { createHttp } from "../../src/lib/http.ts";
import { silentLog } from "../../src/lib/log.ts";
import { catalog } from "../../src/sandbox/catalog.ts";
import { deeds, resources } from "../../src/sandbox/control.ts";
import { Engine } from "../../src/sandbox/engine.ts";
import { faultNamed } from "../../src/sandbox/faults.ts";
import { type DrillRecord, type Memory, openMemory } from "../../src/sandbox/memory.ts";
import { inputSamples } from "../../src/sandbox/samples.ts";

const SECOND = 1_000;

/** A sandbox whose time is ours: ten minutes pass in a second. */
export interface OfflineSandbox {
  readonly engine: Engine;
  readonly memory: Memory;
  readonly now: () => number;
  /** Lives through that many seconds. */
  readonly pass: (seconds: number) => void;
  /** Plans a break and lives until it has happened. */
  readonly drill: (fault: string, seed: number) => DrillRecord;
  /** Sets a resource as the control API does; throws where that refuses. */
  readonly set: (resource: keyof typeof resources, name: string, body: unknown) => void;
  /** Does one of the things that are done once. */
  readonly act: (deed: keyof typeof deeds, name: string) => void;
  /** Mean of a signal over the last seconds; NaN where it had no value. */
  readonly level: (signal: string, labels: Labels, seconds: number) => number;
  /** The alerts that have been delivered and are still firing, as Alertmanager's webhook says them. */
  readonly alerts: () => Alert[];
  /** What an investigation would have before it at this moment. */
  readonly caseFile: () => CaseFile;
  readonly close: () => void;
}

/** @param dir where its file is kept; without one, in a directory that goes when it closes */
export function offlineSandbox(seed: number, dir = mkdtempSync(join(tmpdir(), "faultline-sandbox-"))): OfflineSandbox {
  let now = Date.UTC(2026, 10, 24, 2, 0, 0);
  const clock: Clock = { now: () => now, sleep: () => Promise.resolve() };
  const memory = openMemory(dir);
  const engine = new Engine(memory, clock, seed);
  engine.catchUp();
  const alerts = alertsOf(memory, clock);
  const pass = (seconds: number) => {
    for (let i = 0; i < seconds; i += 1) {
      now += SECOND;
      engine.catchUp();
    }
  };
  return {
    engine,
    memory,
    now: () => now,
    pass,
    drill: (name, drillSeed) => {
      const fault = faultNamed(name);
      if (fault === null) throw new Error(`no fault named ${name}`);
      const { startedAt } = engine.drill(fault, drillSeed);
      pass((startedAt - now) / SECOND);
      return lastOf(memory);
    },
    set: (resource, name, body) => {
      const { read, set, told } = resources[resource];
      const { world } = engine;
      const result = set(world, name, body);
      if ("refused" in result) throw new Error(result.refused);
      const after = read(result.world, name);
      const said = told({ world, name, before: read(world, name), after });
      const change = { ...said, target: name, author: "operator", summary: null };
      engine.operate(result.world, change, { operation: resource, target: name, body, key: null, answer: after });
    },
    act: (deed, name) => {
      const { world, told, answer } = deeds[deed].done(engine.world, name);
      const change = { ...told, target: name, author: "operator", summary: null };
      engine.operate(world, change, { operation: deed, target: name, body: null, key: null, answer });
    },
    level: (signal, labels, seconds) => {
      const found = engine.history
        .series(now - seconds * SECOND, now + 1)
        .find((one) => one.signal === signal && isSame(one.labels, labels));
      const values = (found?.values ?? []).filter((value) => value !== null);
      return values.reduce((sum, value) => sum + value, 0) / values.length;
    },
    alerts,
    caseFile: () => ({
      asOf: now,
      catalog,
      alerts: alerts(),
      changes: memory.changes(now - 1_200_000, now + 1),
      series: engine.history.series(now - 1_200_000, now + 1),
      pagesAsked: ["northwind", "acme-ai"],
      providerStatus: [],
      samples: inputSamples(engine.input.reference, engine.input.current),
      logs: engine.history.logs(now - 20_000, now + 1),
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

function alertsOf(memory: Memory, clock: Clock): () => Alert[] {
  const { webhook } = alertmanager.connect({}, { http: createHttp, clock, log: silentLog });
  const seen = new Map<string, Alert>();
  return () => {
    for (const { id, path, body } of memory.undelivered(10_000)) {
      memory.delivered(id);
      if (path !== "/webhooks/alertmanager") continue;
      const parsed = webhook?.parse({ headers: {}, body: Buffer.from(body) }, clock.now());
      for (const alert of parsed?.alerts ?? []) seen.set(alert.fingerprint, alert);
    }
    return [...seen.values()].filter(({ status }) => status === "firing");
  };
}

function lastOf(memory: Memory): DrillRecord {
  const last = memory.drills().at(-1);
  if (last === undefined) throw new Error("nothing was broken");
  return last;
}

function isSame(a: Labels, b: Labels): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}
