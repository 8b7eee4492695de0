import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../../src/lib/clock.ts";
import { Fault } from "../../src/lib/fault.ts";
import { Secret } from "../../src/lib/secret.ts";
import { type SlackDoor, startSlack } from "../../src/slack/app.ts";
import { APPROVE } from "../../src/views/proposal.ts";
import { createSlackWorld, type SlackWorld, slackSettings } from "./slack-world.ts";

let world: SlackWorld;

beforeEach(async () => {
  world = await createSlackWorld("socket", () => Promise.resolve(null));
  await connections(2);
});

afterEach(() => world.close());

const connections = (count: number) =>
  expect.poll(() => world.slack.sockets.connections, { timeout: 10_000 }).toBe(count);

function start(more: Partial<Parameters<typeof startSlack>[0]>): Promise<SlackDoor> {
  const deps = { ...world.deps, clock: systemClock, decide: () => Promise.reject(new Error("nobody clicks here")) };
  return startSlack({ ...slackSettings(world.slack, "socket"), ...more }, deps);
}

describe("Socket Mode", () => {
  it("has two connections, and says so", () => {
    expect(world.door.connected()).toBe(2);
  });

  it.each(["refresh", "cut"] as const)(
    "comes back after the connections were ended (%s), and clicks arrive",
    async (how) => {
      const { shown } = await world.card();
      const before = world.slack.count("apps.connections.open");
      world.slack.sockets[how]();
      await expect
        .poll(() => world.slack.count("apps.connections.open"), { timeout: 10_000 })
        .toBeGreaterThanOrEqual(before + 2);
      await connections(2);
      await expect.poll(() => world.door.connected(), { timeout: 5_000 }).toBe(2);
      const { status } = await world.slack.click(shown, { user: "U0ANN", actionId: APPROVE });
      expect(status).toBe(200);
      expect(await world.told("U0ANN")).toContain("Approved");
    },
  );

  it("comes back however often Slack refuses a new connection", async () => {
    for (const mode of ["500_before", "drop_before", "malformed"] as const)
      world.slack.plan.next("apps.connections.open", { mode });
    world.slack.plan.next("apps.connections.open", { mode: "error", code: "internal_error" });
    world.slack.sockets.cut();
    const tries = () => world.slack.journal.filter(({ method }) => method === "apps.connections.open").length;
    await expect.poll(tries, { timeout: 20_000 }).toBeGreaterThanOrEqual(2 + 4 + 2);
    await expect.poll(() => world.door.connected(), { timeout: 20_000 }).toBe(2);
  });

  it("starts without Slack, and connects when it is there", async () => {
    world.slack.plan.next("auth.test", { mode: "drop_before" });
    world.slack.plan.next("apps.connections.open", { mode: "500_before" });
    const door = await start({});
    await expect.poll(() => door.connected(), { timeout: 20_000 }).toBe(2);
    await door.close();
    await connections(2);
  });

  it.each([
    ["bot_token", "xoxb-wrong", "slack.bot_token is refused"],
    ["app_token", "xapp-wrong", "slack.app_token is refused"],
  ])("does not start with a wrong %s, and says which one", async (key, wrong, said) => {
    const failure = await start({ [key]: new Secret(wrong) }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(Fault);
    expect(failure).toMatchObject({ kind: "config", message: expect.stringContaining(said) });
    expect((failure as Fault).message).not.toContain(wrong);
  });

  it("does not start without an app token", async () => {
    await expect(start({ app_token: undefined })).rejects.toThrow("slack.app_token is missing");
  });

  it("ends what is in hand before it closes", async () => {
    const { proposalId, shown } = await world.card();
    world.slack.plan.next("usergroups.users.list", { mode: "slow", ms: 300 });
    await world.slack.click(shown, { user: "U0ANN", actionId: APPROVE });
    await world.door.close();
    expect((await world.deps.store.proposal(proposalId))?.state).toBe("approved");
    await connections(0);
  });
});
