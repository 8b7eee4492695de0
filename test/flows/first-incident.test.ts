import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type App, startApp } from "../../src/app.ts";
import { followDrill } from "../../src/cli/drill-follow.ts";
import { verifyChain } from "../../src/lib/audit-chain.ts";
import { silentLog } from "../../src/lib/log.ts";

let dir: string;
let app: App;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "faultline-first-"));
  app = await startApp({ dataDir: dir, port: 0, config: null, runbooks: "runbooks", log: silentLog, seed: 7 });
});
afterAll(async () => {
  await app.close();
  rmSync(dir, { recursive: true, force: true });
});

test("a prompt breaks the format: the alert comes in, the cause is named, a person approves, the fix is made, it recovers, and all is on record", async () => {
  const result = await followDrill({
    url: app.url,
    fault: "bad-json-prompt",
    seed: 7,
    approveAs: "kim",
    tell: () => undefined,
  });
  expect(result).toMatchObject({
    cause: "prompt",
    named: "prompt",
    culprit_right: true,
    proposal: "rollback-prompt",
    recovered: true,
  });
  expect(result.seconds).toBeLessThanOrEqual(90);

  const { store } = app.deps;
  const incidents = await store.incidents({ limit: 10 });
  expect(incidents).toHaveLength(1);
  const id = incidents[0]?.id ?? "";
  const [execution] = await store.executions({ incidentId: id });
  expect(execution).toMatchObject({ state: "recovered", steps: [{ state: "succeeded" }] });
  expect(await store.decisions(execution?.proposalId ?? "")).toMatchObject([
    { by: "kim", verdict: "approved", digest: execution?.digest },
  ]);

  const kinds = (await store.timeline(id)).map(({ kind }) => kind);
  for (const kind of ["alert_fired", "opened", "diagnosed", "proposed", "decided", "step", "verified"])
    expect(kinds).toContain(kind);
  const audit = await store.audit(0, 100);
  expect(verifyChain(audit)).toMatchObject({ ok: true });
  expect(audit.map(({ action }) => action)).toEqual(
    expect.arrayContaining([
      "proposal.made",
      "proposal.approved",
      "step.started",
      "step.succeeded",
      "execution.recovered",
    ]),
  );

  const keys = (await store.messages(id)).map(({ key }) => key.split(":")[0]);
  expect(keys.length).toBeLessThanOrEqual(7);
  expect(keys).toEqual(expect.arrayContaining(["root", "diagnosis", "proposal"]));
}, 110_000);
