import { existsSync } from "node:fs";
import { join } from "node:path";
import { connect, sectionIssues } from "../app.ts";
import { type ConfigFile, type Environment, readConfig, readEnvironment } from "../config.ts";
import type { Runbook } from "../domain/runbook.ts";
import { systemClock } from "../lib/clock.ts";
import { Fault } from "../lib/fault.ts";
import { createHttp } from "../lib/http.ts";
import { createLog, type Log } from "../lib/log.ts";
import type { Check, Connected } from "../ports.ts";
import { loadRunbooks, shippedRunbooks } from "../runbooks.ts";
import { checkSlack } from "../slack/check.ts";
import { openStore } from "../store/open.ts";
import type { Store } from "../store-port.ts";

const CHECK_TIMEOUT_MS = 15_000;
const SHOWN = 20;

/** Checks the configuration and everything that it names, line by line. @returns the exit status: 2 for a faulty file, 1 for a failed check */
export async function doctor(json: boolean): Promise<number> {
  const environment = readEnvironment();
  const log = createLog("error");
  const print = (check: Check) => console.log(json ? JSON.stringify(check) : sentence(check));
  const config = fileOf(environment, print);
  if (config === "faulty") return 2;
  const checks: Check[] = [];
  const add = (check: Check) => {
    checks.push(check);
    print(check);
  };
  const connected = connectedOf(config, log, add);
  for (const check of await checkAll(connected)) add(check);
  if (config?.slack !== undefined) for (const check of await checkSlack(config.slack)) add(check);
  for (const check of runbookChecks(config, connected)) add(check);
  for (const check of await storeChecks(environment, config, log)) add(check);
  const failed = checks.filter(({ ok }) => !ok).length;
  if (!json)
    console.log(failed === 0 ? `all ${checks.length} checks passed` : `${failed} of ${checks.length} checks failed`);
  return failed === 0 ? 0 : 1;
}

function sentence({ name, ok, detail, remedy }: Check): string {
  return `${ok ? "ok  " : "FAIL"} ${name}: ${detail}${ok ? "" : `\n     → ${remedy}`}`;
}

function fileOf(environment: Environment, print: (check: Check) => void): ConfigFile | null | "faulty" {
  if (environment.file === null) {
    print({ name: "configuration", ok: true, detail: "there is none: local mode with the sandbox", remedy: "" });
    return null;
  }
  try {
    const config = readConfig(environment.file, sectionIssues);
    print({ name: "configuration", ok: true, detail: `${environment.file} is well-formed`, remedy: "" });
    return config;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    for (const detail of error.message.split("\n")) {
      print({
        name: "configuration",
        ok: false,
        detail,
        remedy: "mend this key; faultline.example.yaml explains each",
      });
    }
    return "faulty";
  }
}

function connectedOf(config: ConfigFile | null, log: Log, add: (check: Check) => void): readonly Connected[] {
  if (config === null) return [];
  try {
    const connected = connect(config, null, { http: createHttp, clock: systemClock, log });
    add({ name: "connectors", ok: true, detail: connected.map(({ id }) => id).join(", ") || "none", remedy: "" });
    return connected;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    for (const detail of error.message.split("\n"))
      add({ name: "connectors", ok: false, detail, remedy: "mend this key in the configuration" });
    return [];
  }
}

async function checkAll(connected: readonly Connected[]): Promise<Check[]> {
  const answers = connected.map(async ({ id, check }) => {
    const results = (await check?.(AbortSignal.timeout(CHECK_TIMEOUT_MS))) ?? [
      { name: "settings", ok: true, detail: "complete; nothing to reach", remedy: "" },
    ];
    return results.map((result) => ({ ...result, name: `${id} ${result.name}` }));
  });
  return (await Promise.all(answers)).flat();
}

function runbookChecks(config: ConfigFile | null, connected: readonly Connected[]): Check[] {
  const name = "runbooks";
  let runbooks: Runbook[];
  try {
    runbooks = loadRunbooks(config?.runbooks ?? shippedRunbooks);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return error.message.split("\n").map((detail) => ({ name, ok: false, detail, remedy: "mend the file" }));
  }
  if (config === null) return [{ name, ok: true, detail: `${runbooks.length} load`, remedy: "" }];
  const known = new Set(connected.flatMap(({ actions }) => actions?.map((action) => action.name) ?? []));
  const runnable = runbooks.filter(({ steps }) =>
    steps.every(({ actions }) => actions.some((action) => known.has(action))),
  );
  const ok = runnable.length > 0;
  return [
    {
      name,
      ok,
      detail: `${runbooks.length} load, ${runnable.length} can run with what is connected`,
      remedy: ok
        ? ""
        : "connect a system with actions (langfuse, github, litellm, haproxy, http), or Faultline can only diagnose",
    },
  ];
}

async function storeChecks(environment: Environment, config: ConfigFile | null, log: Log): Promise<Check[]> {
  const url = config?.database.postgres;
  const path = config?.database.path ?? join(environment.dataDir, "faultline.db");
  if (url === undefined && !existsSync(path))
    return [{ name: "database", ok: true, detail: `${path} is made at the first start`, remedy: "" }];
  try {
    const store = await openStore(
      url === undefined ? { kind: "sqlite", path, readOnly: true } : { kind: "postgres", url },
      { clock: systemClock, log },
    );
    try {
      return [
        { name: "database", ok: true, detail: url === undefined ? path : "PostgreSQL answers", remedy: "" },
        ...(await leftOver(store)),
      ];
    } finally {
      await store.close();
    }
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return [{ name: "database", ok: false, detail: error.message, remedy: "mend the database, or set another one" }];
  }
}

/** Deliveries that could not be read and jobs that failed for good: they wait for a person. */
async function leftOver(store: Store): Promise<Check[]> {
  const unreadable = await store.unreadable(SHOWN);
  const dead = await store.jobs.dead(SHOWN);
  return [
    ...unreadable.map(({ id, connector, fault }) => ({
      name: `delivery ${id}`,
      ok: false,
      detail: `from ${connector} could not be read: ${fault}`,
      remedy: "correct the sender; the body is kept in the database",
    })),
    ...dead.map(({ id, kind, key, because }) => ({
      name: `job ${id}`,
      ok: false,
      detail: `${kind} ${key} failed for good: ${because}`,
      remedy: "see the log of that time",
    })),
  ];
}
