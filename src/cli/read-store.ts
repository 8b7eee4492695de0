import { join } from "node:path";
import { readConfig, readEnvironment } from "../config.ts";
import { systemClock } from "../lib/clock.ts";
import { createLog } from "../lib/log.ts";
import { openStore } from "../store/open.ts";
import type { Store } from "../store-port.ts";

/** Lends the configured store to look at, beside a bot that may be running, and closes it afterwards. */
export async function withStore<T>(use: (store: Store) => Promise<T>): Promise<T> {
  const environment = readEnvironment();
  const config = environment.file === null ? null : readConfig(environment.file);
  const url = config?.database.postgres;
  const path = config?.database.path ?? join(environment.dataDir, "faultline.db");
  const options =
    url === undefined ? ({ kind: "sqlite", path, readOnly: true } as const) : ({ kind: "postgres", url } as const);
  const store = await openStore(options, { clock: systemClock, log: createLog(environment.logLevel) });
  try {
    return await use(store);
  } finally {
    await store.close();
  }
}
