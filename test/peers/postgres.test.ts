import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type Bot, faultline, spawnSandbox, startBot } from "../process/bot.ts";
import { answers, type Child, freePort, until } from "../process/child.ts";
import {
  deliverAlert,
  KIM,
  pendingOf,
  sandboxJournal,
  toSandbox,
  whenIncident,
  writeConfig,
} from "../process/configured.ts";
import { scratch, withPeers } from "./peer.ts";
import { type Postgres, startPostgres } from "./postgres.ts";

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
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a reference of the configuration file.
    config = writeConfig(dir, sandboxUrl, { database: { postgres: "${env:DATABASE}" } });
  });

  beforeEach(async (context) => {
    databaseUrl = await postgres.database(`faultline_${context.task.id.replace(/\W/g, "_")}`);
  });

  afterAll(async () => {
    for (const bot of bots) await bot.child.kill();
    await sandbox?.kill();
    await postgres?.stop();
    remove();
  });

  async function start(): Promise<Bot> {
    const bot = await startBot({ dataDir: join(dir, "bot"), config, token: KIM, env: { DATABASE: databaseUrl } });
    bots.push(bot);
    return bot;
  }

  test("two bots on one database see one incident, do its fix once between them, and keep one whole audit", async () => {
    const [one, two] = [await start(), await start()];
    const began = new Date().toISOString();
    await toSandbox(sandboxUrl, "/api/drills", { fault: "bad-json-prompt", seed: 9 });
    await sleep(6_000);
    // The two Alertmanagers of a pair deliver to both.
    await Promise.all([deliverAlert(one, "firing", began), deliverAlert(two, "firing", began)]);
    const proposal = pendingOf(await whenIncident(two, "a proposal", (incident) => pendingOf(incident) !== undefined));
    if (proposal === undefined) throw new Error("nothing is proposed");
    const clicks = await Promise.all([one.approve(proposal, "kim"), two.approve(proposal, "kim")]);
    expect(clicks.toSorted()).toEqual([200, 409]);
    const mended = await whenIncident(one, "the verified end", ({ executions }) =>
      executions.some(({ state }) => state !== "running" && state !== "verifying"),
    );
    expect(mended.executions.map(({ state }) => state)).toEqual(["recovered"]);
    const steps = mended.executions.flatMap((execution) => execution.steps);
    expect(await sandboxJournal(sandboxUrl)).toHaveLength(steps.length);
    await deliverAlert(two, "resolved", began);
    await whenIncident(one, "the end of the incident", ({ status }) => status === "resolved");
    const verified = await faultline(["audit", "verify"], { dataDir: dir, config, env: { DATABASE: databaseUrl } });
    expect(verified.stdout).toMatch(/^ok: [1-9]/);
    for (const bot of [one, two]) expect(await bot.stop()).toEqual({ code: 0, signal: null });
  });

  test("a bot whose database goes away says so, refuses deliveries until it is back, and loses none that it took", async () => {
    const bot = await start();
    const began = new Date().toISOString();
    expect((await deliverAlert(bot, "firing", began)).status).toBe(202);
    await whenIncident(bot, "the incident", () => true);
    await postgres.pause();
    await until("it to be not ready", async () => (await fetch(`${bot.url}/readyz`)).status === 503, {
      withinMs: 20_000,
    });
    const refused = await deliverAlert(bot, "resolved", began);
    expect(refused.status).toBe(503);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    expect((await fetch(`${bot.url}/healthz`)).status).toBe(200);
    await postgres.resume();
    await until("the bot to be ready again", () => answers(`${bot.url}/readyz`), { withinMs: 30_000 });
    expect((await deliverAlert(bot, "resolved", began)).status).toBe(202);
    await whenIncident(bot, "the end of the incident", ({ status }) => status === "resolved");
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
