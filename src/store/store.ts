import { sql } from "kysely";
import { canonicalJson } from "../lib/digest.ts";
import type { Store } from "../store-port.ts";
import { createInbox } from "./accept.ts";
import { commitAll } from "./commit.ts";
import { asking, type Engine, type Queue } from "./engine.ts";
import { markPublished, markSending } from "./messages.ts";
import { createReads } from "./reads.ts";
import { indexKey, wellFormed } from "./tables.ts";

/** The store over one of the two databases: the queries are the same. */
export function createStore(engine: Engine, queue: Queue): Store {
  const inbox = createInbox(engine, queue);
  const { db } = engine;
  return {
    dialect: engine.dialect,
    jobs: queue,
    ...createReads(engine),
    accept: inbox.accept,
    commit: (commit) => commitAll(commit, engine, queue),
    messageSending: (begun) => asking(engine, () => markSending(db, begun)),
    messagePublished: (incidentId, key, published) =>
      asking(engine, () => markPublished(db, incidentId, key, published)),
    setNote: (name, value) =>
      asking(engine, async () => {
        const row = { name: indexKey(name), value: canonicalJson(wellFormed(value)) };
        const put = db.insertInto("note").values(row);
        await put.onConflict((conflict) => conflict.column("name").doUpdateSet({ value: row.value })).execute();
      }),
    ping: () =>
      asking(engine, async () => {
        await sql`select 1`.execute(db);
      }),
    close: async () => {
      await inbox.close();
      await queue.close();
      await engine.close();
    },
  };
}
