import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
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

/** What the wire does with the first write: it never arrives, or it arrives and its answer never comes. */
type Loss = "request" | "answer";

describe("a bot killed between an act and its answer", () => {
  let dir = "";
  let sandbox: Child;
  let sandboxUrl = "";
  let bot: Bot | null = null;
  const wires: Server[] = [];

  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), "faultline-lost-"));
    const port = await freePort();
    sandboxUrl = `http://127.0.0.1:${port}`;
    sandbox = spawnSandbox({ dataDir: join(dir, "sandbox"), port });
    await until("the sandbox", () => answers(`${sandboxUrl}/metrics`), { withinMs: 20_000, log: sandbox.output });
  });

  afterEach(async () => {
    await bot?.child.kill();
    await sandbox.kill();
    for (const wire of wires.splice(0)) wire.close().closeAllConnections();
    rmSync(dir, { recursive: true, force: true });
  });

  /** A wire to the sandbox that loses the first write; `lost` resolves at that moment. */
  async function wire(loss: Loss): Promise<{ readonly url: string; readonly lost: Promise<void> }> {
    let tell = () => {
      // Nobody waits yet.
    };
    const lost = new Promise<void>((resolve) => {
      tell = resolve;
    });
    let writes = 0;
    const server = createServer((request, response) => {
      const isFirstWrite = request.method !== "GET" && ++writes === 1;
      if (!isFirstWrite) void relay(request, response);
      else if (loss === "request") tell();
      else void relay(request, null).then(tell);
    });
    wires.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("the wire has no port");
    return { url: `http://127.0.0.1:${address.port}`, lost };
  }

  async function relay(request: IncomingMessage, response: ServerResponse | null): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const names = ["content-type", "idempotency-key", "user-agent"];
    const headers = names.flatMap((name) => {
      const value = request.headers[name];
      return typeof value === "string" ? [[name, value] as [string, string]] : [];
    });
    const body = Buffer.concat(chunks);
    const answer = await fetch(new URL(request.url ?? "/", sandboxUrl), {
      method: request.method ?? "GET",
      headers,
      ...(body.length === 0 ? {} : { body }),
    });
    const text = await answer.text();
    response?.writeHead(answer.status, { "content-type": answer.headers.get("content-type") ?? "" }).end(text);
  }

  test.each<[Loss, string]>([
    ["answer", "the act was done: it is confirmed and not done again"],
    ["request", "the act was not done: it is done now, once"],
  ])("whose %s was lost: %s", async (loss) => {
    const { url, lost } = await wire(loss);
    const options = { dataDir: join(dir, "bot"), config: writeConfig(dir, url), token: KIM };
    bot = await startBot(options);
    const began = new Date().toISOString();
    await toSandbox(sandboxUrl, "/api/drills", { fault: "bad-json-prompt", seed: 9 });
    await sleep(6_000);
    expect((await deliverAlert(bot, "firing", began)).status).toBe(202);
    const proposal = pendingOf(await whenIncident(bot, "a proposal", (incident) => pendingOf(incident) !== undefined));
    if (proposal === undefined) throw new Error("nothing is proposed");
    expect(await bot.approve(proposal, "kim")).toBe(200);
    await lost;
    expect(await sandboxJournal(sandboxUrl)).toHaveLength(loss === "answer" ? 1 : 0);
    await bot.child.kill("SIGKILL");
    bot = await startBot(options);
    const end = await whenIncident(bot, "the verified end", ({ executions }) =>
      executions.some(({ state }) => state !== "running" && state !== "verifying"),
    );
    expect(end.executions.map(({ state }) => state)).toEqual(["recovered"]);
    expect(end.executions[0]?.steps.map(({ state }) => state)).toEqual(["succeeded"]);
    expect(await sandboxJournal(sandboxUrl)).toHaveLength(1);
    expect((await bot.stop()).code).toBe(0);
    expect((await faultline(["audit", "verify"], options)).stdout).toMatch(/^ok: /);
  });
});
