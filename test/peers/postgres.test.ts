import { writeFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { catalog } from "../../src/sandbox/catalog.ts";
import { type Bot, faultline, type Incident, spawnSandbox, startBot } from "../process/bot.ts";
import { answers, type Child, freePort, until } from "../process/child.ts";
import { scratch, withPeers } from "./peer.ts";
import { type Postgres, startPostgres } from "./postgres.ts";

const KIM = "token-of-kim-the-approver";
const TOKEN = "token-of-alertmanager";
const PHASE_MS = 120_000;

withPeers("PostgreSQL under the whole of an incident", [], () => {
  const { dir, remove } = scratch("on-postgres");
  let postgres: Postgres;
  let databaseUrl = "";
  let sandbox: Child;
  let sandboxUrl = "";
  let config = "";
  const bots: Bot[] = [];

  beforeAll(async () => {
    postgres = await startPostgres();
    const port = await freePort();
    sandboxUrl = `http://127.0.0.1:${port}`;
    sandbox = spawnSandbox({ dataDir: join(dir, "sandbox"), port });
    await until("the sandbox", () => answers(`${sandboxUrl}/metrics`), { withinMs: 20_000, log: sandbox.output });
  });

  beforeEach(async (context) => {
    databaseUrl = await postgres.database(`faultline_${context.task.id.replace(/\W/g, "_")}`);
    config = join(dir, "faultline.yaml");
    writeFileSync(config, JSON.stringify(configuration()));
  });

  afterAll(async () => {
    for (const bot of bots) await bot.child.kill();
    await sandbox?.kill();
    await postgres?.stop();
    remove();
  });

  /** Everything of the sandbox through its own connector; its alerts are brought by the test, as Alertmanager would. */
  function configuration(): object {
    return {
      version: 1,
      listen: { host: "127.0.0.1" },
      // biome-ignore lint/suspicious/noTemplateCurlyInString: a reference of the configuration file.
      database: { postgres: "${env:DATABASE}" },
      catalog,
      connectors: { alertmanager: { token: TOKEN }, sandbox: { url: sandboxUrl, secret: "secret-of-the-sandbox" } },
      console: { people: { kim: KIM } },
      approvals: { people: ["kim"] },
      timing: { lookback_s: 1200, source_timeout_s: 8, rediagnose_after_s: [2, 3, 4, 6, 10, 20], verify_within_s: 35 },
    };
  }

  async function start(): Promise<Bot> {
    const bot = await startBot({ dataDir: join(dir, "bot"), config, token: KIM, env: { DATABASE: databaseUrl } });
    bots.push(bot);
    return bot;
  }

  async function alert(bot: Bot, status: "firing" | "resolved", startsAt: string): Promise<void> {
    const labels = { alertname: "Format", service: "support-chat", signal: "format_valid_ratio", severity: "critical" };
    const body = {
      version: "4",
      status,
      alerts: [
        {
          status,
          labels,
          annotations: { summary: "support-chat answers miss their schema" },
          startsAt,
          endsAt: status === "firing" ? "0001-01-01T00:00:00Z" : new Date().toISOString(),
          generatorURL: "",
          fingerprint: "0123456789abcdef",
        },
      ],
    };
    const response = await fetch(`${bot.url}/webhooks/alertmanager`, {
      method: "POST",
      headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    expect([200, 202]).toContain(response.status);
  }

  async function sandboxPost(path: string, body: object): Promise<void> {
    const headers = { "content-type": "application/json" };
    const response = await fetch(sandboxUrl + path, { method: "POST", headers, body: JSON.stringify(body) });
    expect(response.ok).toBe(true);
  }

  async function only(bot: Bot): Promise<Incident | null> {
    const incidents = await bot.incidents();
    expect(incidents.length).toBeLessThanOrEqual(1);
    const [first] = incidents;
    return first === undefined ? null : bot.incident(first.id);
  }

  function when(bot: Bot, what: string, holds: (incident: Incident) => boolean): Promise<Incident> {
    const ask = async () => {
      const incident = await only(bot);
      return incident !== null && holds(incident) ? incident : null;
    };
    return until(what, ask, { withinMs: PHASE_MS, everyMs: 200, log: () => bot.child.output() });
  }

  const pending = ({ proposals }: Incident) => proposals.find(({ state }) => state === "pending");

  test("two bots on one database see one incident, do its fix once between them, and keep one whole audit", async () => {
    const [one, two] = [await start(), await start()];
    const began = new Date().toISOString();
    await sandboxPost("/api/drills", { fault: "bad-json-prompt", seed: 9 });
    await new Promise((resolve) => setTimeout(resolve, 6_000));
    // The two Alertmanagers of a pair deliver to both.
    await Promise.all([alert(one, "firing", began), alert(two, "firing", began)]);
    const proposed = await when(two, "a proposal", (incident) => pending(incident) !== undefined);
    const proposal = pending(proposed);
    if (proposal === undefined) throw new Error("nothing is proposed");
    const clicks = await Promise.all([one.approve(proposal, "kim"), two.approve(proposal, "kim")]);
    expect(clicks.toSorted()).toEqual([200, 409]);
    const mended = await when(one, "the verified end", ({ executions }) =>
      executions.some(({ state }) => state !== "running" && state !== "verifying"),
    );
    expect(mended.executions.map(({ state }) => state)).toEqual(["recovered"]);
    const journal = (await (await fetch(`${sandboxUrl}/api/journal`)).json()) as { journal: unknown[] };
    expect(journal.journal).toHaveLength(mended.executions.flatMap(({ steps }) => steps).length);
    await alert(two, "resolved", began);
    await when(one, "the end of the incident", ({ status }) => status === "resolved");
    const verified = await faultline(["audit", "verify"], { dataDir: dir, config, env: { DATABASE: databaseUrl } });
    expect(verified.stdout).toMatch(/^ok: [1-9]/);
    for (const bot of [one, two]) expect(await bot.stop()).toEqual({ code: 0, signal: null });
  });

  test("a bot whose database goes away says so, refuses deliveries until it is back, and loses none that it took", async () => {
    const bot = await start();
    const began = new Date().toISOString();
    await alert(bot, "firing", began);
    await when(bot, "the incident", () => true);
    await cutConnections(databaseUrl, "false");
    const refused = await until("a refusal", async () => notReady(bot), { withinMs: 20_000 });
    expect(refused).toBe(503);
    await cutConnections(databaseUrl, "true");
    await until("the bot to be ready again", () => answers(`${bot.url}/readyz`), { withinMs: 30_000 });
    await alert(bot, "resolved", began);
    await when(bot, "the end of the incident", ({ status }) => status === "resolved");
    expect((await bot.stop()).code).toBe(0);
  });

  test("a start without the database ends with one sentence that keeps the password to itself", async () => {
    const gone = databaseUrl.replace(/:\d+\//, `:${await freePort()}/`);
    const ended = await faultline(["serve"], { dataDir: dir, port: 0, config, env: { DATABASE: gone } });
    expect(ended.code).not.toBe(0);
    expect(ended.code).not.toBeNull();
    expect(ended.output.trim().split("\n")).toHaveLength(1);
    expect(ended.output).not.toContain("faultline:faultline");
  });
});

async function notReady(bot: Bot): Promise<number | null> {
  const response = await fetch(`${bot.url}/readyz`);
  return response.ok ? null : response.status;
}

/** Lets nobody into the database and ends whoever is there, or lets everybody in again. */
async function cutConnections(url: string, allow: "true" | "false"): Promise<void> {
  const name = new URL(url).pathname.slice(1);
  const client = new pg.Client({ connectionString: url.replace(/\/[^/]*$/, "/postgres") });
  await client.connect();
  try {
    await client.query(`alter database ${name} with allow_connections ${allow}`);
    if (allow === "false")
      await client.query("select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", [name]);
  } finally {
    await client.end();
  }
}
