import { fastify } from "fastify";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { SlackDoor } from "../../src/slack/app.ts";
import { APPROVE, REJECT } from "../../src/views/proposal.ts";
import { createSlackWorld, type SlackWorld } from "./slack-world.ts";

/** The server that owns the port, as far as Slack needs it. */
async function hang(door: SlackDoor) {
  if (door.routes === undefined) return null;
  const app = fastify();
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
  await door.routes(app);
  const address = await app.listen({ host: "127.0.0.1", port: 0 });
  return { url: `${address}/slack/events`, close: () => app.close() };
}

describe.each(["socket", "http"] as const)("people in Slack (%s mode)", (mode) => {
  let world: SlackWorld;

  beforeAll(async () => {
    world = await createSlackWorld(mode, hang);
  });

  afterEach(() => {
    expect(world.slack.breaches).toEqual([]);
    world.slack.workspace.whispers.length = 0;
  });

  afterAll(() => world.close());

  it("approve by the button: acknowledged at once, told in private, carried out, and the card keeps a record", async () => {
    const { incidentId, proposalId, shown } = await world.card();
    const { status, afterMs } = await world.slack.click(shown, { user: "U0ANN", actionId: APPROVE });
    expect(status).toBe(200);
    expect(afterMs).toBeLessThan(3_000);
    expect(await world.told("U0ANN")).toContain("Approved. It runs now.");
    expect(world.slack.workspace.whispers[0]?.threadTs).toBe(shown.threadTs);
    const [decision] = await world.deps.store.decisions(proposalId);
    expect(decision).toMatchObject({ by: "U0ANN", via: "slack", verdict: "approved" });
    expect((await world.deps.store.executions({ incidentId }))[0]).toMatchObject({ state: "running" });
    await world.publish(incidentId);
    const card = JSON.stringify(world.slack.workspace.byKey(`proposal:${proposalId}`));
    expect(card).toContain("*Approved* by <@U0ANN>");
    expect(card).not.toContain('"actions"');
  });

  it("reject without being an approver, and nothing runs", async () => {
    const { incidentId, proposalId, shown } = await world.card();
    await world.slack.click(shown, { user: "U0ANYBODY", actionId: REJECT });
    expect(await world.told("U0ANYBODY")).toContain("Rejected. Nothing runs.");
    expect((await world.deps.store.proposal(proposalId))?.state).toBe("rejected");
    expect(await world.deps.store.executions({ incidentId })).toEqual([]);
  });

  it("are refused when they are not in the group, told who they are not, and audited; the card stays", async () => {
    const { incidentId, proposalId, shown } = await world.card();
    const edits = shown.edits;
    await world.slack.click(shown, { user: "U0STRANGER", actionId: APPROVE });
    expect(await world.told("U0STRANGER")).toContain("not among those who may approve");
    expect((await world.deps.store.proposal(proposalId))?.state).toBe("pending");
    await world.publish(incidentId);
    expect(world.slack.workspace.byKey(`proposal:${proposalId}`)).toMatchObject({ ts: shown.ts, edits });
    const audit = await world.deps.store.audit(0, 1_000);
    expect(audit.findLast(({ action }) => action === "click.refused")).toMatchObject({
      actor: "U0STRANGER",
      proposalId,
    });
  });

  it("are looked up at the click: taken out of the group a moment ago is out", async () => {
    const { proposalId, shown } = await world.card();
    world.slack.workspace.groups.set("S0ONCALL", ["U0ANN"]);
    await world.slack.click(shown, { user: "U0BEN", actionId: APPROVE });
    expect(await world.told("U0BEN")).toContain("not among those");
    world.slack.workspace.groups.set("S0ONCALL", ["U0ANN", "U0BEN"]);
    expect((await world.deps.store.proposal(proposalId))?.state).toBe("pending");
  });

  it.each(["500_before", "drop_before", "malformed"] as const)(
    "cannot approve while the group cannot be looked up (%s)",
    async (broken) => {
      const { proposalId, shown } = await world.card();
      world.slack.plan.next("usergroups.users.list", { mode: broken });
      await world.slack.click(shown, { user: "U0ANN", actionId: APPROVE });
      expect(await world.told("U0ANN")).toContain("could not be looked up");
      expect((await world.deps.store.proposal(proposalId))?.state).toBe("pending");
    },
  );

  it("who click at the same time start one run", async () => {
    const { incidentId, shown } = await world.card();
    await Promise.all(["U0ANN", "U0BEN", "U0ANN"].map((user) => world.slack.click(shown, { user, actionId: APPROVE })));
    await world.told("U0ANN", 2);
    await world.told("U0BEN");
    expect(await world.deps.store.executions({ incidentId })).toHaveLength(1);
  });

  it("whose click is delivered twice are answered once", async () => {
    const { shown } = await world.card();
    const click = { user: "U0ANN", actionId: APPROVE, actionTs: "1795338720.000100" };
    expect((await world.slack.click(shown, click)).status).toBe(200);
    expect((await world.slack.click(shown, click)).status).toBe(200);
    await world.told("U0ANN");
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(world.slack.workspace.whispers).toHaveLength(1);
  });

  it("of another workspace may not decide, not even reject", async () => {
    const { proposalId, shown } = await world.card();
    await world.slack.click(shown, { user: "U0OUTSIDE", actionId: REJECT, team: "T0ELSEWHERE" });
    expect(await world.told("U0OUTSIDE")).toContain("Only members of the workspace");
    expect((await world.deps.store.proposal(proposalId))?.state).toBe("pending");
  });

  it("cannot approve by a copy of the card, nor with the digest of another plan", async () => {
    const { proposalId, shown } = await world.card();
    const copy = { ...shown, ts: world.slack.workspace.nextTs() };
    await world.slack.click(copy, { user: "U0ANN", actionId: APPROVE });
    expect(await world.told("U0ANN")).toContain("not the card that counts");
    await world.slack.click(shown, { user: "U0ANN", actionId: APPROVE, value: `${proposalId}:${"0".repeat(64)}` });
    expect(await world.told("U0ANN", 2)).toContain("not what is proposed now");
    expect((await world.deps.store.proposal(proposalId))?.state).toBe("pending");
  });

  it.each(["", "no colon", "prop_x:1:2", `${"x".repeat(500)}:y`])(
    "get an answer for a button with the value %j",
    async (value) => {
      const { shown } = await world.card();
      const { status } = await world.slack.click(shown, { user: "U0ANN", actionId: APPROVE, value });
      expect(status).toBe(200);
      expect(await world.told("U0ANN")).toContain("does not exist");
    },
  );

  it("get an answer for a button of an older version", async () => {
    const { shown } = await world.card();
    const { status, afterMs } = await world.slack.click(shown, {
      user: "U0ANN",
      actionId: "approval_snooze",
      value: "x",
    });
    expect([status, afterMs < 3_000]).toEqual([200, true]);
    expect(await world.told("U0ANN")).toContain("does nothing any more");
  });

  it("approve too late: nothing runs", async () => {
    const { incidentId, shown } = await world.card();
    world.harness.advance(3_600_000);
    await world.slack.click(shown, { user: "U0ANN", actionId: APPROVE });
    expect(await world.told("U0ANN")).toContain("expired; nothing ran");
    expect(await world.deps.store.executions({ incidentId })).toEqual([]);
  });

  it("ask for the status and see what is open, alone", async () => {
    await world.card();
    const { status } = await world.slack.command("U0ANN", "status");
    expect(status).toBe(200);
    await world.told("U0ANN");
    const [answer] = world.slack.workspace.whispers;
    expect(answer?.text).toMatch(/\d+ open incident/);
    expect(JSON.stringify(answer?.blocks)).toContain("Awaiting approval");
  });

  it("ask for changes, with a service and how far back", async () => {
    const at = Date.now() - 3_600_000;
    const change = {
      id: `c-${mode}`,
      kind: "prompt",
      system: "langfuse",
      service: "chat",
      target: "chat-main",
      title: "longer <!here> examples",
      author: "ann",
      before: "40",
      after: "41",
      url: null,
      scope: {},
      rollout: null,
      summary: null,
      commit: null,
      files: [],
      diff: null,
    } as const;
    await world.deps.store.commit({ changes: [{ ...change, at, files: [] }] });
    await world.slack.command("U0ANN", "changes chat 2h");
    expect(await world.told("U0ANN")).toMatch(/^1 change of chat since <!date/);
    expect(JSON.stringify(world.slack.workspace.whispers[0]?.blocks)).toContain("longer &lt;!here&gt; examples");
    await world.slack.command("U0ANN", "changes 30m");
    expect(await world.told("U0ANN", 2)).toMatch(/^0 changes since/);
    await world.slack.command("U0ANN", "changes other");
    expect(await world.told("U0ANN", 3)).toMatch(/^0 changes of other/);
  });

  it.each([
    ["", "What I know"],
    ["help", "What I know"],
    ["statsu", "Did you mean `/faultline status`?"],
    ["CHANGES", "since <!date"],
    ["approve prop_1", "I do not know `approve`"],
    ["<!channel> \u0000*", "I do not know `&lt;!channel&gt;`"],
  ])("get an answer for /faultline %j", async (text, answer) => {
    expect((await world.slack.command("U0ANN", text)).status).toBe(200);
    expect(await world.told("U0ANN")).toContain(answer);
    const help = JSON.stringify(world.slack.workspace.whispers[0]?.blocks);
    expect(help).not.toContain("faultline approve");
  });
});
