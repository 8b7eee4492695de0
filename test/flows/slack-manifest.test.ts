import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { helpMessage } from "../../src/views/help.ts";

/** Slack's limits for the parts that we use (docs.slack.dev, "App manifest reference"). */
const Manifest = z.strictObject({
  _metadata: z.strictObject({ major_version: z.literal(2), minor_version: z.literal(1) }),
  display_information: z.strictObject({
    name: z.string().max(35),
    description: z.string().max(140),
    background_color: z.string().regex(/^#[0-9a-f]{6}$/),
  }),
  features: z.strictObject({
    bot_user: z.strictObject({ display_name: z.string().regex(/^[a-z0-9._-]{1,80}$/), always_online: z.boolean() }),
    slash_commands: z
      .array(
        z.strictObject({
          command: z.string().regex(/^\/[a-z-]{1,31}$/),
          description: z.string().max(2_000),
          usage_hint: z.string().max(1_000),
          should_escape: z.literal(true),
        }),
      )
      .length(1),
  }),
  oauth_config: z.strictObject({ scopes: z.strictObject({ bot: z.array(z.string()) }) }),
  settings: z.strictObject({
    interactivity: z.strictObject({ is_enabled: z.literal(true) }),
    org_deploy_enabled: z.boolean(),
    socket_mode_enabled: z.literal(true),
    token_rotation_enabled: z.literal(false),
  }),
});

const text = readFileSync(join(import.meta.dirname, "../../manifest.yml"), "utf8");

describe("manifest.yml", () => {
  it("is what Slack takes, and names every command that is answered", () => {
    const manifest = Manifest.parse(parse(text));
    const [command] = manifest.features.slash_commands;
    expect(command?.command).toBe("/faultline");
    const known = JSON.stringify(helpMessage(null).blocks).match(/(?<=`\/faultline )\w+/g) ?? [];
    expect(known.length).toBeGreaterThan(0);
    for (const name of known) expect(command?.usage_hint).toContain(name);
  });

  it("asks for no scope that nothing uses", () => {
    expect(Manifest.parse(parse(text)).oauth_config.scopes.bot.toSorted()).toEqual([
      "channels:history",
      "chat:write",
      "commands",
      "groups:history",
      "usergroups:read",
    ]);
  });

  it("becomes one for HTTP mode by its comments", () => {
    const http = text
      .replaceAll(/# (url|request_url): /g, "$1: ")
      .replace("socket_mode_enabled: true", "socket_mode_enabled: false");
    expect(parse(http)).toMatchObject({
      features: { slash_commands: [{ url: expect.stringMatching(/\/slack\/events$/) }] },
      settings: {
        interactivity: { request_url: expect.stringMatching(/\/slack\/events$/) },
        socket_mode_enabled: false,
      },
    });
  });
});
