import Database from "better-sqlite3";
import {
  createQueryId,
  type KyselyPlugin,
  type PluginTransformQueryArgs,
  type PluginTransformResultArgs,
  type RootOperationNode,
  SqliteQueryCompiler,
} from "kysely";
import { expect, it } from "vitest";
import { createIds } from "../lib/ids.ts";
import type { Engine } from "./engine.ts";
import { createJobsTable } from "./jobs-table.ts";
import { loadMigrations } from "./migrate.ts";
import { createReads } from "./reads.ts";
import { openSqlite } from "./sqlite.ts";

/** Notes each statement as the database gets it. */
class Noting implements KyselyPlugin {
  readonly seen: { sql: string; parameters: readonly unknown[] }[] = [];
  transformQuery({ node }: PluginTransformQueryArgs): RootOperationNode {
    this.seen.push(new SqliteQueryCompiler().compileQuery(node, createQueryId()));
    return node;
  }
  transformResult({ result }: PluginTransformResultArgs) {
    return Promise.resolve(result);
  }
}

it("answers every question from an index, without looking through a table", async () => {
  const engine = await openSqlite(":memory:", 0);
  const noting = new Noting();
  const db = engine.db.withPlugin(noting);
  const noted: Engine = { ...engine, db, write: (work) => db.transaction().execute(work) };
  const reads = createReads(noted);
  const jobs = createJobsTable(
    noted,
    createIds(() => 0),
  );
  await reads.delivery("d");
  await reads.unreadable(10);
  await reads.incident("i");
  await reads.incidents({ limit: 10 });
  await reads.incidents({ open: true, limit: 10 });
  await reads.incidentOfAlert("f", 1);
  await reads.alerts("i");
  await reads.timeline("i");
  await reads.changesIn({ from: 1, to: 2 }, 10);
  await reads.diagnoses("i", 3);
  await reads.proposal("p");
  await reads.proposals({ incidentId: "i" });
  await reads.proposals({ state: "pending" });
  await reads.decisions("p");
  await reads.execution("e");
  await reads.executions({ incidentId: "i" });
  await reads.executions({ active: true });
  await reads.audit(3, 10);
  await reads.messages("i");
  await reads.note("n");
  await jobs.claim(0, 1, 1);
  await jobs.dead(10);
  await jobs.counts(0);
  await engine.close();

  const file = new Database(":memory:");
  for (const { sql } of (await loadMigrations("sqlite")).list) file.exec(sql);
  const plans = noting.seen.map(({ sql, parameters }) => {
    const plan = file.prepare(`explain query plan ${sql}`).all(...parameters) as { detail: string }[];
    return { sql, plan: plan.map(({ detail }) => detail) };
  });
  file.close();

  expect(plans.length).toBeGreaterThanOrEqual(23);
  const scans = plans.filter(({ plan }) => plan.some((step) => /^SCAN (?!.* USING )/.test(step)));
  expect(scans).toEqual([]);
});
