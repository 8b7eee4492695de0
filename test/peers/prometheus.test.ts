import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { signals } from "../../src/domain/signal.ts";
import { catalog } from "../../src/sandbox/catalog.ts";
import { type Bot, type Incident, spawnSandbox, startBot } from "../process/bot.ts";
import { answers, type Child, freePort, until } from "../process/child.ts";
import { type Monitoring, type Rule, startMonitoring } from "./monitoring.ts";
import { scratch, withPeers } from "./peer.ts";

const TOKENS = {
  alertmanager: "token-of-alertmanager",
  generic: "token-of-ci",
  kim: "token-of-kim",
  sam: "token-of-sam",
};
/** What is usual must have been seen before it can be missed. */
const USUAL_MS = 45_000;
const PHASE_MS = 90_000;

/** The service as a whole: the series without the labels that it is cut by. */
const whole = (signal: string) =>
  `sandbox_${signal}{service="support-chat",prompt_version="",model_version="",provider="",node="",tenant="",language="",route=""}`;
const rule = (alert: string, signal: string, expr: string, severity: Rule["severity"] = "critical"): Rule => ({
  alert,
  signal,
  expr,
  severity,
  service: "support-chat",
  summary: `${signal} of support-chat is not as it should be`,
});
const rules = [
  rule("AnswersMissTheirSchema", "format_valid_ratio", `${whole("format_valid_ratio")} < 0.88`),
  rule("ToolsFail", "tool_error_ratio", `${whole("tool_error_ratio")} > 0.12`),
  rule(
    "OneVersionMissesItsSchema",
    "format_valid_ratio",
    'sandbox_format_valid_ratio{service="support-chat",prompt_version!=""} < 0.85',
    "warning",
  ),
];

const Changes = z.object({ changes: z.array(z.looseObject({ target: z.string(), at: z.number() })) });
const Prompt = z.object({ version: z.string() });

/** What a failed wait says of the incident. */
function summary({ status, alerts, diagnosis, proposals, executions }: Incident): string {
  const suspects = (diagnosis?.suspects ?? []).slice(0, 6).map(({ title, probability, ruledOut, weights }) => ({
    title,
    probability,
    ruledOut,
    weights: JSON.stringify(weights).slice(0, 300),
  }));
  return JSON.stringify({ status, alerts: alerts.length, cause: diagnosis?.cause, suspects, proposals, executions });
}

withPeers("Prometheus and Alertmanager", ["prometheus", "prometheus-alertmanager"], () => {
  const { dir, remove } = scratch("monitoring");
  let sandbox: Child | null = null;
  let sandboxUrl = "";
  let monitoring: Monitoring | null = null;
  let bot: Bot | null = null;

  beforeAll(async () => {
    const [sandboxPort, botPort] = [await freePort(), await freePort()];
    sandboxUrl = `http://127.0.0.1:${sandboxPort}`;
    sandbox = spawnSandbox({ dataDir: join(dir, "sandbox"), port: sandboxPort });
    await until("the sandbox", () => answers(`${sandboxUrl}/metrics`), {
      withinMs: 20_000,
      log: () => sandbox?.output() ?? "",
    });
    monitoring = await startMonitoring({
      dir,
      scraped: `127.0.0.1:${sandboxPort}`,
      rules,
      webhook: { url: `http://127.0.0.1:${botPort}/webhooks/alertmanager`, token: TOKENS.alertmanager },
    });
    const config = configure(monitoring.prometheus);
    bot = await startBot({
      dataDir: join(dir, "bot"),
      port: botPort,
      config,
      token: TOKENS.kim,
      env: { AM_TOKEN: TOKENS.alertmanager, CI_TOKEN: TOKENS.generic, KIM: TOKENS.kim, SAM: TOKENS.sam },
    });
    await sleep(USUAL_MS);
  });

  afterAll(async () => {
    await bot?.child.kill();
    await monitoring?.stop();
    await sandbox?.kill();
    remove();
  });

  afterEach(async () => {
    await post("/api/reset", {});
  });

  function configure(prometheus: string): string {
    const runbooks = join(dir, "runbooks");
    mkdirSync(runbooks);
    writeFileSync(
      join(runbooks, "prompt-back.yaml"),
      JSON.stringify({
        version: 1,
        name: "prompt-back",
        title: "Put the prompt back on the version before",
        remedy: "rollback_prompt",
        fits: { causes: ["prompt", "model", "application", "data"], change_kinds: ["prompt"] },
        parameters: { version: { about: "the version before the change", from: "change.before" } },
        steps: [{ id: "put", actions: ["http.set_prompt"], with: { version: "version" } }],
        risk: "low",
        cost: "Users get the earlier wording again.",
      }),
    );
    const promptUrl = `${sandboxUrl}/api/prompts/support-chat/system`;
    const call = { method: "PUT", url: promptUrl, idempotency_header: "idempotency-key" };
    const file = join(dir, "faultline.yaml");
    writeFileSync(
      file,
      JSON.stringify({
        version: 1,
        listen: { host: "127.0.0.1" },
        catalog,
        runbooks,
        connectors: {
          // biome-ignore lint/suspicious/noTemplateCurlyInString: a reference of the configuration file.
          alertmanager: { token: "${env:AM_TOKEN}" },
          // biome-ignore lint/suspicious/noTemplateCurlyInString: a reference of the configuration file.
          generic: { token: "${env:CI_TOKEN}" },
          prometheus: {
            url: prometheus,
            step_s: 1,
            presets: [],
            queries: Object.fromEntries(
              Object.keys(signals).map((signal) => [signal, { expr: `sandbox_${signal}{$scope}` }]),
            ),
          },
          http: {
            hosts: [new URL(sandboxUrl).host],
            calls: [
              {
                ...call,
                name: "set_prompt",
                about: "Set the live version of the prompt",
                params: { version: "string" },
                body: { version: { param: "version" } },
                read: { url: promptUrl, field: "version", expect: { param: "version" } },
                undo: "set_prompt_back",
              },
              {
                ...call,
                name: "set_prompt_back",
                about: "Set the live version of the prompt as it was",
                body: { version: { before: true } },
              },
            ],
          },
        },
        // biome-ignore lint/suspicious/noTemplateCurlyInString: references of the configuration file.
        console: { people: { kim: "${env:KIM}", sam: "${env:SAM}" } },
        approvals: { people: ["kim"] },
        timing: { lookback_s: 900, source_timeout_s: 8, rediagnose_after_s: [3, 5, 8, 10], verify_within_s: 60 },
      }),
    );
    return file;
  }

  const theBot = () => {
    if (bot === null) throw new Error("the bot was not started");
    return bot;
  };
  const theMonitoring = () => {
    if (monitoring === null) throw new Error("nothing is monitored");
    return monitoring;
  };
  const post = async (path: string, body: object) => {
    const response = await fetch(sandboxUrl + path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    expect(response.ok).toBe(true);
  };
  const log = () => theBot().child.output();
  const quiet = () =>
    until("no alert to fire", async () => (await theMonitoring().firing()) === 0, { withinMs: PHASE_MS, log });
  const known = async () => new Set((await theBot().incidents()).map(({ id }) => id));

  async function newIncident(before: ReadonlySet<string>, holds: (incident: Incident) => boolean): Promise<Incident> {
    let seen: Incident | null = null;
    const ask = async () => {
      const fresh = (await theBot().incidents()).filter(({ id }) => !before.has(id));
      expect(fresh.length).toBeLessThanOrEqual(1);
      const [first] = fresh;
      const incident = first === undefined ? null : await theBot().incident(first.id);
      seen = incident;
      return incident !== null && holds(incident) ? incident : null;
    };
    const told = () => `${log().slice(-1_000)}\nlast seen: ${seen === null ? "nothing" : summary(seen)}`;
    return until("the incident to be so", ask, { withinMs: PHASE_MS, everyMs: 250, log: told });
  }

  test("a real Alertmanager opens exactly one incident for a group of alerts, and closes it when they resolve", async () => {
    await quiet();
    const before = await known();
    await post("/api/drills", { fault: "bad-json-prompt", seed: 5 });
    const open = await newIncident(before, ({ alerts, diagnosis }) => alerts.length >= 2 && diagnosis !== null);
    expect(open.alerts.every(({ status }) => status === "firing")).toBe(true);
    // Repeats of the group arrive meanwhile and change nothing.
    const { sent } = await theMonitoring().deliveries();
    await until("more deliveries", async () => (await theMonitoring().deliveries()).sent >= sent + 2, {
      withinMs: PHASE_MS,
    });
    await post("/api/reset", {});
    await quiet();
    const closed = await newIncident(before, ({ status }) => status === "resolved");
    expect(closed.alerts.every(({ status }) => status === "resolved")).toBe(true);
    expect((await theMonitoring().deliveries()).failed).toBe(0);
  });

  test("from the alert to the verified recovery on real signals: named, approved by the one who may, done, closed", async () => {
    await quiet();
    await sleep(USUAL_MS / 2);
    const before = await known();
    const live = Prompt.parse(await (await fetch(`${sandboxUrl}/api/prompts/support-chat/system`)).json()).version;
    await post("/api/drills", { fault: "bad-json-prompt", seed: 11 });
    expect(await tellChanges()).toBeGreaterThan(0);
    const proposed = await newIncident(before, ({ proposals }) => proposals.some(({ state }) => state === "pending"));
    const [pending] = proposed.proposals.filter(({ state }) => state === "pending");
    expect(pending?.runbook).toBe("prompt-back");
    expect(proposed.diagnosis?.cause).toBe("prompt");
    if (pending === undefined) throw new Error("nothing is proposed");
    expect(await as(TOKENS.sam, pending)).toBe(403);
    expect(await as("token-of-nobody", pending)).toBe(401);
    expect(await as(TOKENS.kim, pending)).toBe(200);
    const mended = await newIncident(before, ({ executions }) =>
      executions.some(({ state }) => state !== "running" && state !== "verifying"),
    );
    expect(mended.executions.map(({ state }) => state)).toEqual(["recovered"]);
    const now = Prompt.parse(await (await fetch(`${sandboxUrl}/api/prompts/support-chat/system`)).json()).version;
    expect(now).toBe(live);
    await quiet();
    await newIncident(before, ({ status }) => status === "resolved");
  });

  test("a delivery without the token is refused and opens nothing", async () => {
    const before = await known();
    const response = await fetch(`${theBot().url}/webhooks/alertmanager`, { method: "POST", body: "{}" });
    expect(response.status).toBe(401);
    expect(await known()).toEqual(before);
  });

  /** Tells the bot of the changes as a deployment pipeline does, by the generic connector. */
  async function tellChanges(): Promise<number> {
    const to = Date.now() + 1_000;
    const answer = await fetch(`${sandboxUrl}/api/changes?from=${to - 120_000}&to=${to}`);
    const { changes } = Changes.parse(await answer.json());
    const told = changes.map((change) => ({ ...change, system: "http", url: undefined }));
    const response = await fetch(`${theBot().url}/webhooks/generic`, {
      method: "POST",
      headers: { authorization: `Bearer ${TOKENS.generic}`, "content-type": "application/json" },
      body: JSON.stringify({ changes: told }),
    });
    expect([200, 202]).toContain(response.status);
    return told.length;
  }

  async function as(token: string, { id, digest }: { id: string; digest: string }): Promise<number> {
    const response = await fetch(`${theBot().url}/api/proposals/${id}/decision`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify({ digest, verdict: "approved", by: "kim", reason: null }),
    });
    return response.status;
  }
});
