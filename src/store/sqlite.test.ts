import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { sql } from "kysely";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../lib/clock.ts";
import { silentLog } from "../lib/log.ts";
import type { Store } from "../store-port.ts";
import { createJobsTable } from "./jobs-table.ts";
import { openStore } from "./open.ts";
import { openSqlite } from "./sqlite.ts";
import { createStore } from "./store.ts";

const deps = { clock: systemClock, log: silentLog };
const nothing = { alerts: [], changes: [] };
const delivery = (id: string) => ({
  id,
  connector: "generic",
  dedupeKey: id,
  receivedAt: 0,
  headers: {},
  body: "x".repeat(2_000),
  state: "stored" as const,
  fault: null,
});

let folder: string;
let path: string;
const opened: Store[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "faultline-sqlite-"));
  path = join(folder, "data", "faultline.sqlite");
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((store) => store.close()));
  await rm(folder, { recursive: true, force: true });
});

async function open(file = path): Promise<Store> {
  const store = await openStore({ kind: "sqlite", path: file }, deps);
  opened.push(store);
  return store;
}

/** Another process that runs `body` with an open `store`; its lines are what it prints. */
function otherProcess(body: string) {
  const url = (file: string) => JSON.stringify(new URL(file, import.meta.url).href);
  const program = `
    import { openStore } from ${url("open.ts")};
    import { systemClock } from ${url("../lib/clock.ts")};
    import { silentLog } from ${url("../lib/log.ts")};
    const store = await openStore({ kind: "sqlite", path: process.argv[1] }, { clock: systemClock, log: silentLog });
    const say = (line) => process.stdout.write(line + "\\n");
    ${body}`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program, path], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines: string[] = [];
  const reader = createInterface({ input: child.stdout });
  reader.on("line", (line) => lines.push(line));
  const kill = async () => {
    const closed = once(reader, "close");
    child.kill("SIGKILL");
    await closed;
  };
  return { child, lines, firstLine: once(reader, "line"), kill };
}

describe("a database file", () => {
  it("is durable at every commit, keeps references and trusts no schema", async () => {
    const engine = await openSqlite(path, 0);
    const pragma = async (name: string) =>
      Object.values((await sql<object>`pragma ${sql.raw(name)}`.execute(engine.db)).rows[0] ?? {})[0];
    expect(await pragma("journal_mode")).toBe("wal");
    expect(await pragma("synchronous")).toBe(2);
    expect(await pragma("foreign_keys")).toBe(1);
    expect(await pragma("trusted_schema")).toBe(0);
    expect(await pragma("busy_timeout")).toBe(5_000);
    await engine.close();
  });

  it("is refused to a second store, which is told who has it", async () => {
    await open();
    await expect(open()).rejects.toMatchObject({
      kind: "config",
      message: expect.stringMatching(`${path} is in use by process ${process.pid}: stop that one first`),
    });
  });

  it("is refused while another process has it, and taken over at once when that was killed", {
    timeout: 30_000,
  }, async () => {
    const other = otherProcess(`
      await store.commit({ jobs: [{ kind: "poll", key: "k", payload: null, runAt: 0 }] });
      await store.jobs.claim(Date.now(), 3_600_000, 1);
      say("ready");
      setInterval(() => {}, 1000);`);
    await other.firstLine;
    await expect(open()).rejects.toMatchObject({
      message: expect.stringContaining(`in use by process ${other.child.pid}`),
    });

    await other.kill();

    const store = await open();
    // Its lease of an hour died with it.
    expect(await store.jobs.claim(Date.now(), 1_000, 1)).toMatchObject([{ key: "k", attempt: 2 }]);
  });

  it("has everything that was answered before a kill -9", { timeout: 30_000 }, async () => {
    const other = otherProcess(`
      const parsed = { alerts: [], changes: [] };
      for (let n = 0; ; n += 10) {
        await Promise.all(Array.from({ length: 10 }, async (_, i) => {
          const id = "dlv_" + (n + i);
          const delivery = { id, connector: "c", dedupeKey: id, receivedAt: 0, headers: {}, body: "", state: "stored", fault: null };
          await store.accept(delivery, parsed, [{ kind: "triage", key: id, payload: null, runAt: 0 }]);
          say(id);
        }));
      }`);
    await other.firstLine;
    await systemClock.sleep(300);
    await other.kill();

    const store = await open();
    const lost = [];
    for (const id of other.lines) if ((await store.delivery(id)) === null) lost.push(id);
    expect(other.lines.length).toBeGreaterThan(10);
    expect(lost).toEqual([]);
    const triage = (await store.jobs.counts(Date.now())).find(({ kind }) => kind === "triage");
    expect(triage?.waiting).toBeGreaterThanOrEqual(other.lines.length);
  });

  it("refuses what the disk has no room for, changes nothing, and goes on when there is room", async () => {
    const engine = await openSqlite(path, 0);
    const store = createStore(
      engine,
      createJobsTable(engine, (prefix) => `${prefix}_${Math.random()}`),
    );
    opened.push(store);
    await sql`pragma max_page_count = 60`.execute(engine.db);

    const ids = Array.from({ length: 200 }, (_, n) => `dlv_${n}`);
    const results = await Promise.allSettled(ids.map((id) => store.accept(delivery(id), nothing, [])));
    const [refused] = results.filter((result) => result.status === "rejected");

    expect(refused?.reason).toMatchObject({ kind: "unavailable", message: expect.stringContaining("SQLITE_FULL") });
    for (const [at, result] of results.entries()) {
      expect((await store.delivery(`dlv_${at}`)) !== null).toBe(result.status === "fulfilled");
    }
    await sql`pragma max_page_count = 100000`.execute(engine.db);
    expect(await store.accept(delivery("dlv_later"), nothing, [])).toBe("stored");
  });

  it("is not opened where it is none", async () => {
    await mkdir(join(folder, "data"));
    await writeFile(
      path,
      "this is a letter, not a database, and long enough to be read as a header of one. ".repeat(20),
    );
    await expect(open()).rejects.toMatchObject({
      kind: "config",
      message: `${path} is not a SQLite database: move it away, or choose another data directory.`,
    });
  });

  it("is not opened when it is damaged", async () => {
    await (await open()).close();
    const bytes = await readFile(path);
    bytes.fill(0xff, 4_096, bytes.length - 4_096);
    await writeFile(path, bytes);
    await expect(open()).rejects.toMatchObject({
      kind: "config",
      message: expect.stringMatching(/is damaged.*: restore it from a backup\.$/),
    });
  });

  it("needs a directory that can be written", async () => {
    await writeFile(join(folder, "data"), "a file where the directory should be");
    await expect(open()).rejects.toMatchObject({
      kind: "config",
      message: expect.stringMatching(/^The data directory .* cannot be written \([A-Z]+\): make it a directory/),
    });
  });

  it("can be opened again after a failed start, since nothing was left open", async () => {
    const first = await open();
    await expect(open()).rejects.toThrow("in use");
    await first.close();
    await expect((await open()).ping()).resolves.toBeUndefined();
  });
});
