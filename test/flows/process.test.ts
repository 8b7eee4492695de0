import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import Database from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { faultline, spawnBot, startBot } from "../process/bot.ts";
import { freePort, runChild, until } from "../process/child.ts";

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "faultline-process-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const sentences = (output: string) => output.trim().split("\n");

describe("a start that cannot be", () => {
  test("says in one sentence that the port is in use, and ends with a status other than 0", async () => {
    const port = await freePort();
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(port, "127.0.0.1", resolve));
    try {
      const ended = await faultline(["serve"], { dataDir: join(dir, "data"), port });
      expect(ended.code).toBe(2);
      expect(sentences(ended.output)).toEqual([
        `cannot listen on 127.0.0.1:${port}: something else listens there already; set PORT to another number`,
      ]);
    } finally {
      other.close();
    }
  });

  test.each([
    ["a file stands in its place", (path: string) => path],
    ["a file stands above it", (path: string) => join(path, "data")],
  ])("says in one sentence that the data directory cannot be used: %s", async (_why, dataDirOf) => {
    const file = join(dir, "taken");
    writeFileSync(file, "");
    const ended = await faultline(["serve"], { dataDir: dataDirOf(file), port: 0 });
    expect(ended.code).toBe(2);
    expect(sentences(ended.output)).toEqual([
      expect.stringMatching(/data directory .*taken.* cannot be made.*FAULTLINE_DATA/),
    ]);
  });

  test("says in one sentence that the database is newer than the program", async () => {
    const dataDir = join(dir, "data");
    const bot = await startBot({ dataDir });
    await bot.stop();
    const database = new Database(join(dataDir, "faultline.db"));
    database.prepare("insert into migration (number, name, applied_at) values (9999, 'later', 0)").run();
    database.close();
    const ended = await faultline(["serve"], { dataDir, port: 0 });
    expect(ended.code).toBe(2);
    expect(sentences(ended.output)).toEqual([expect.stringMatching(/newer than this program.*9999/)]);
  });

  test("says that the data directory is in use by another process", async () => {
    const dataDir = join(dir, "data");
    const bot = await startBot({ dataDir });
    try {
      const second = await faultline(["serve"], { dataDir, port: 0 });
      expect(second.code).toBe(2);
      expect(sentences(second.output)).toHaveLength(1);
      expect(second.output).toContain("faultline.db");
      expect((await bot.request("/readyz")).status).toBe(200);
    } finally {
      await bot.stop();
    }
  });

  test("names every fault of the configuration at once, each with file, line and key, and ends with status 2", async () => {
    const config = join(dir, "bad.yaml");
    writeFileSync(
      config,
      [
        "version: 2",
        "listen:",
        "  port: high",
        "slak: {}",
        "approvals: {people: [kim]}",
        "timing:",
        "  lookback_s: -1",
      ].join("\n"),
    );
    const ended = await faultline(["serve"], { dataDir: join(dir, "data"), port: 0, config });
    expect(ended.code).toBe(2);
    const places = sentences(ended.output).map(
      (line) => /^(?<file>.*):(?<line>\d+): (?<key>[\w.]*)/.exec(line)?.groups,
    );
    expect(places.every((place) => place?.["file"] === config)).toBe(true);
    expect(places.map((place) => [place?.["line"], place?.["key"]])).toEqual(
      expect.arrayContaining([
        ["1", "version"],
        ["3", "listen.port"],
        ["7", "timing.lookback_s"],
      ]),
    );
    expect(ended.output).toContain("slak");
    expect(existsSync(join(dir, "data", "faultline.db"))).toBe(false);
  });

  test("says where a configuration stops being YAML", async () => {
    const config = join(dir, "broken.yaml");
    writeFileSync(config, 'version: 1\nlisten: {host: "127.0.0.1"\nslack: ]\n');
    const ended = await faultline(["serve"], { dataDir: join(dir, "data"), port: 0, config });
    expect(ended.code).toBe(2);
    expect(ended.output).toMatch(/broken\.yaml:[23]: /);
    expect(ended.output).not.toMatch(/\bat .*\.ts:/);
  });

  test("says which variable of the environment is wrong", async () => {
    const ended = await faultline(["serve"], { dataDir: join(dir, "data"), env: { PORT: "http" } });
    expect(ended.code).toBe(2);
    expect(ended.output).toContain("PORT");
  });
});

describe("a stop", () => {
  test("by SIGTERM while a drill runs ends with status 0 within ten seconds and loses nothing", async () => {
    const dataDir = join(dir, "data");
    const bot = await startBot({ dataDir });
    const drill = await bot.request("/api/sandbox/drills", { fault: "bad-json-prompt", seed: 3 });
    expect(drill.status).toBe(201);
    const seen = await until("an incident", async () => (await bot.incidents())[0] ?? null, {
      withinMs: 60_000,
      log: () => bot.child.output(),
    });
    const began = Date.now();
    expect(await bot.stop()).toEqual({ code: 0, signal: null });
    expect(Date.now() - began).toBeLessThan(10_000);
    const again = await startBot({ dataDir });
    expect((await again.incidents()).map(({ id }) => id)).toEqual([seen.id]);
    await again.stop();
  });

  test("by SIGINT, as Ctrl-C sends it, ends with status 0", async () => {
    const bot = await startBot({ dataDir: join(dir, "data") });
    expect(await bot.child.kill("SIGINT")).toEqual({ code: 0, signal: null });
  });

  test("that comes during the start does not leave the process hanging", async () => {
    const child = spawnBot({ dataDir: join(dir, "data") });
    await until("its first sign of life", async () => existsSync(join(dir, "data")), { withinMs: 20_000, everyMs: 5 });
    await child.kill("SIGTERM");
  });
});

/** A Node.js on the PATH that is older than what is needed, outside of this project. */
function oldNode(): string | null {
  for (const folder of (process.env["PATH"] ?? "").split(delimiter)) {
    const path = join(folder, "node");
    if (folder.includes("node_modules") || !existsSync(path)) continue;
    const [major = 0, minor = 0] = execFileSync(path, ["--version"], { encoding: "utf8" })
      .slice(1)
      .split(".")
      .map(Number);
    if (major < 22 || (major === 22 && minor < 12)) return path;
  }
  return null;
}

describe("a Node.js that is too old", () => {
  const old = oldNode();
  test.skipIf(old === null)("is told what is needed, without a stack trace", async () => {
    const ended = await runChild({ command: old ?? "", args: ["bin/faultline.js", "serve"] });
    expect(ended.code).toBe(1);
    expect(ended.output).toContain("Node.js 22.12 or newer is needed");
    expect(ended.output).toContain("npm ci");
    expect(ended.output).not.toMatch(/\bat .*\.js:/);
  });
});
