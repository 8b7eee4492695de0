import type { Clock } from "../lib/clock.ts";
import { createIds } from "../lib/ids.ts";
import type { Log } from "../lib/log.ts";
import type { Secret } from "../lib/secret.ts";
import type { Store } from "../store-port.ts";
import { createBossQueue } from "./jobs-boss.ts";
import { createJobsTable } from "./jobs-table.ts";
import { openPostgres } from "./postgres.ts";
import { openSqlite, readSqlite } from "./sqlite.ts";
import { createStore } from "./store.ts";

export type StoreOptions =
  /** @param path of the database file, made where it is missing; `:memory:` for one that is never written
   *  @param readOnly looks beside the process that owns the file, and writes nothing */
  | { readonly kind: "sqlite"; readonly path: string; readonly readOnly?: boolean }
  /** @param max connections of this process; 10 by default */
  | { readonly kind: "postgres"; readonly url: Secret; readonly max?: number };

export interface StoreDeps {
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Opens the store and brings its tables up to date.
 *
 * @throws Fault "config" where a person must mend something (the file cannot be written, is no database, is in use by
 *   another process, is newer than this program), "unavailable" where PostgreSQL does not answer; one sentence each
 */
export async function openStore(options: StoreOptions, deps: StoreDeps): Promise<Store> {
  if (options.kind === "postgres") return onPostgres(options.url, options.max ?? 10, deps);
  const engine =
    options.readOnly === true ? readSqlite(options.path) : await openSqlite(options.path, deps.clock.now());
  return createStore(engine, createJobsTable(engine, createIds(deps.clock.now)));
}

async function onPostgres(url: Secret, max: number, { clock, log }: StoreDeps): Promise<Store> {
  const engine = await openPostgres({ url, max, now: clock.now() }, log);
  try {
    return createStore(engine, await createBossQueue(engine, log));
  } catch (error) {
    await engine.close();
    throw error;
  }
}
