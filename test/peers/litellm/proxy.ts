import { chmodSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { answers, type Child, freePort, startChild, until } from "../../process/child.ts";
import { installed } from "../peer.ts";

export const KEY = "sk-peer-test-master-key";
const START_MS = 150_000;

/** A LiteLLM proxy, with the models of its configuration file or, where a database is given, with those in it. */
export interface LitellmProxy {
  readonly url: string;
  readonly child: Child;
  call(method: string, path: string, body?: unknown): Promise<Response>;
  /** Asks for answers and counts which deployment gave them. */
  served(model: string, requests: number): Promise<Record<string, number>>;
}

export async function startProxy(dir: string, config: object, databaseUrl: string | null): Promise<LitellmProxy> {
  const port = await freePort();
  const file = join(dir, `litellm-${port}.json`);
  // JSON is YAML.
  writeFileSync(file, JSON.stringify({ general_settings: { master_key: KEY }, ...config }));
  const child = startChild({
    command: installed("litellm/bin/litellm"),
    args: ["--config", file, "--host", "127.0.0.1", "--port", String(port)],
    cwd: dir,
    env: {
      LITELLM_LOCAL_MODEL_COST_MAP: "True",
      LITELLM_TELEMETRY: "False",
      ...(databaseUrl === null ? { DATABASE_URL: undefined } : databaseEnvironment(dir, databaseUrl)),
    },
  });
  const url = `http://127.0.0.1:${port}`;
  await until("LiteLLM to be ready", () => answers(`${url}/health/readiness`), {
    withinMs: START_MS,
    everyMs: 500,
    log: () => child.output(),
  });
  const call = (method: string, path: string, body?: unknown) =>
    fetch(url + path, {
      method,
      headers: { authorization: `Bearer ${KEY}`, "content-type": "application/json" },
      signal: AbortSignal.timeout(20_000),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  const served = async (model: string, requests: number) => {
    const count: Record<string, number> = {};
    for (let sent = 0; sent < requests; sent += 1) {
      const messages = [{ role: "user", content: "hello" }];
      const response = await call("POST", "/v1/chat/completions", { model, messages });
      if (!response.ok) throw new Error(`LiteLLM answered ${response.status}: ${await response.text()}`);
      await response.text();
      const id = response.headers.get("x-litellm-model-id") ?? "unknown";
      count[id] = (count[id] ?? 0) + 1;
    }
    return count;
  };
  return { url, child, call, served };
}

/** LiteLLM's database client starts an engine of its own: the one beside this file. */
function databaseEnvironment(dir: string, databaseUrl: string): Record<string, string> {
  const engine = join(dir, "prisma-engine");
  const program = fileURLToPath(new URL("prisma-engine.ts", import.meta.url));
  writeFileSync(engine, `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`);
  chmodSync(engine, 0o755);
  return {
    PATH: `${installed("litellm/bin")}:${process.env["PATH"] ?? ""}`,
    PRISMA_HOME: installed("prisma"),
    PRISMA_QUERY_ENGINE_BINARY: engine,
    PRISMA_SCHEMA_ENGINE_BINARY: installed("prisma/no-engine"),
    DATABASE_URL: databaseUrl,
    DISABLE_SCHEMA_UPDATE: "true",
    STORE_MODEL_IN_DB: "True",
    LITELLM_SALT_KEY: "sk-peer-test-salt-key",
  };
}

/** Makes LiteLLM's tables by its own migrations, in order: their program is one of the binaries that cannot be had. */
export async function makeTables(databaseUrl: string): Promise<number> {
  const lib = installed("litellm/lib");
  const python = readdirSync(lib).find((name) => name.startsWith("python")) ?? "";
  const folder = join(lib, python, "site-packages/litellm_proxy_extras/migrations");
  const files = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    for (const { name } of files.toSorted((a, b) => a.name.localeCompare(b.name)))
      await client.query(readFileSync(join(folder, name, "migration.sql"), "utf8"));
  } finally {
    await client.end();
  }
  return files.length;
}
