import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Secret } from "../../src/lib/secret.ts";
import { checkSlack } from "../../src/slack/check.ts";
import { type FakeSlack, startFakeSlack } from "../fakes/slack/fake-slack.ts";
import { slackSettings } from "./slack-world.ts";

let slack: FakeSlack;

beforeEach(async () => {
  slack = await startFakeSlack();
});

afterEach(() => slack.close());

const failures = async (more: Partial<ReturnType<typeof slackSettings>> = {}) => {
  const checks = await checkSlack({ ...slackSettings(slack, "socket"), ...more });
  return checks.filter(({ ok }) => !ok).map(({ name, detail, remedy }) => `${name}: ${detail} → ${remedy}`);
};

describe("the doctor's look at Slack", () => {
  it("finds nothing where all is well, in both modes", async () => {
    expect(await failures()).toEqual([]);
    expect(await failures({ mode: "http" })).toEqual([]);
  });

  it("says what is wrong with the tokens, without printing them", async () => {
    const [bot, ...rest] = await failures({ bot_token: new Secret("xoxb-wrong") });
    expect(bot).toMatch(/bot token: .*invalid_auth.* → install the app/);
    expect(rest).toEqual([]);
    const [app] = await failures({ app_token: new Secret("xapp-wrong") });
    expect(app).toMatch(/socket mode: .*invalid_auth.* → make an app-level token/);
    expect(`${bot}${app}`).not.toContain("wrong");
  });

  it("says which scopes are missing", async () => {
    slack.workspace.scopes = ["chat:write"];
    expect(await failures()).toEqual([
      expect.stringMatching(/scopes: missing: commands, channels:history or groups:history → paste manifest.yml/),
    ]);
  });

  it("says that the bot must be invited", async () => {
    slack.workspace.channels.set("C0INCIDENTS", { archived: false, member: false });
    expect(await failures()).toEqual([expect.stringMatching(/channel: .*not_in_channel → invite the bot/)]);
    expect(await failures({ channel: "C0NONE" })).toEqual([expect.stringMatching(/channel_not_found/)]);
  });

  it("says that Slack cannot be reached", async () => {
    slack.plan.next("auth.test", { mode: "drop_before" });
    expect(await failures()).toEqual([expect.stringMatching(/could not be reached → check that this machine/)]);
  });
});
