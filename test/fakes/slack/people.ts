import { createHmac } from "node:crypto";
import type { ShownMessage, Workspace } from "./workspace.ts";

/** What became of a delivery: acknowledged within three seconds, and how fast. */
export interface Delivered {
  /** HTTP status, or 200 for an acknowledged envelope. */
  readonly status: number;
  readonly afterMs: number;
}

export interface ClickOptions {
  readonly user: string;
  readonly actionId: string;
  /** Another value than the button shows. */
  readonly value?: string;
  /** Another team than ours: somebody in a shared channel. */
  readonly team?: string;
  /** The same click delivered again has the same. */
  readonly actionTs?: string;
}

/** The payload that Slack sends for a click on a button of a message. */
export function clickPayload(workspace: Workspace, message: ShownMessage, click: ClickOptions, base: string) {
  const value = click.value ?? shownValue(message, click.actionId);
  const team = click.team ?? workspace.teamId;
  return {
    type: "block_actions",
    team: { id: workspace.teamId, domain: "fake" },
    user: { id: click.user, username: click.user, name: click.user, team_id: team },
    api_app_id: workspace.appId,
    token: "deprecated",
    container: {
      type: "message",
      message_ts: message.ts,
      channel_id: message.channel,
      is_ephemeral: false,
      ...(message.threadTs === null ? {} : { thread_ts: message.threadTs }),
    },
    channel: { id: message.channel, name: "incidents" },
    message: { type: "message", ts: message.ts, text: message.text },
    trigger_id: `trigger.${workspace.nextTs()}`,
    response_url: `${base}/response/${click.user}/${message.channel}`,
    actions: [
      {
        type: "button",
        action_id: click.actionId,
        block_id: "b",
        value,
        action_ts: click.actionTs ?? workspace.nextTs(),
        text: { type: "plain_text", text: "Button" },
      },
    ],
  };
}

function shownValue({ blocks }: ShownMessage, actionId: string): string {
  const buttons = blocks.flatMap(({ elements }) => (Array.isArray(elements) ? elements : [])) as Record<
    string,
    unknown
  >[];
  const button = buttons.find((candidate) => candidate["action_id"] === actionId);
  if (button === undefined) throw new Error(`the message has no button ${actionId}`);
  return String(button["value"]);
}

/** The fields that Slack sends for a slash command. */
export function commandFields(workspace: Workspace, command: { user: string; text: string }, base: string) {
  return {
    token: "deprecated",
    team_id: workspace.teamId,
    team_domain: "fake",
    channel_id: "C0INCIDENTS",
    channel_name: "incidents",
    user_id: command.user,
    user_name: command.user,
    command: "/faultline",
    text: command.text,
    api_app_id: workspace.appId,
    is_enterprise_install: "false",
    response_url: `${base}/response/${command.user}/C0INCIDENTS`,
    trigger_id: `trigger.${workspace.nextTs()}`,
  };
}

/** The headers of a signed request (docs.slack.dev, "Verifying requests from Slack"). */
export function signedHeaders(
  secret: string,
  body: string,
  at = Math.floor(Date.now() / 1000),
): Record<string, string> {
  const mac = createHmac("sha256", secret).update(`v0:${at}:${body}`).digest("hex");
  return {
    "content-type": "application/x-www-form-urlencoded",
    "x-slack-request-timestamp": String(at),
    "x-slack-signature": `v0=${mac}`,
  };
}
