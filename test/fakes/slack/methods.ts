import { z } from "zod";
import { brokenRules } from "./block-rules.ts";
import type { ShownMessage, Workspace } from "./workspace.ts";

export type Args = Readonly<Record<string, unknown>>;
export type Answer = Readonly<Record<string, unknown>> & { readonly ok: boolean };

export interface MethodContext {
  readonly workspace: Workspace;
  readonly args: Args;
  /** Breaches of Slack's rules, for the test to see. */
  readonly breach: (what: string) => void;
  readonly socketUrl: () => string;
}

type Method = (context: MethodContext) => Answer;

const Metadata = z.object({ event_type: z.string(), event_payload: z.record(z.string(), z.unknown()) });
const error = (code: string, messages: readonly string[] = []): Answer => ({
  ok: false,
  error: code,
  ...(messages.length === 0 ? {} : { response_metadata: { messages } }),
});
const text = (value: unknown) => (typeof value === "string" ? value : "");

export const methods: Readonly<Record<string, Method>> = {
  "auth.test": ({ workspace }) => ({
    ok: true,
    team_id: workspace.teamId,
    user_id: workspace.botUserId,
    bot_id: "B0BOT",
    team: "fake",
    user: "faultline",
  }),

  "apps.connections.open": ({ socketUrl }) => ({ ok: true, url: socketUrl() }),

  "chat.postMessage": (context) => {
    const { workspace, args } = context;
    const channel = text(args["channel"]);
    const obstacle = channelObstacle(workspace, channel) ?? contentObstacle(context);
    if (obstacle !== null) return obstacle;
    const threadTs = args["thread_ts"] === undefined ? null : text(args["thread_ts"]);
    if (threadTs !== null && workspace.find(channel, threadTs)?.threadTs !== null) return error("thread_not_found");
    const message: ShownMessage = {
      channel,
      ts: workspace.nextTs(),
      threadTs,
      edits: 0,
      ...contentOf(args),
      metadata: args["metadata"] === undefined ? null : Metadata.parse(args["metadata"]),
    };
    workspace.messages.push(message);
    return { ok: true, channel, ts: message.ts, message: shown(message, false) };
  },

  "chat.update": (context) => {
    const { workspace, args } = context;
    const channel = text(args["channel"]);
    const message = workspace.find(channel, text(args["ts"]));
    const obstacle = channelObstacle(workspace, channel) ?? (message === null ? error("message_not_found") : null);
    const refused = obstacle ?? contentObstacle(context);
    if (refused !== null || message === null) return refused ?? error("message_not_found");
    Object.assign(message, contentOf(args), { edits: message.edits + 1 });
    if (args["metadata"] !== undefined) message.metadata = Metadata.parse(args["metadata"]);
    return { ok: true, channel, ts: message.ts, text: message.text };
  },

  "chat.delete": ({ workspace, args }) => {
    const index = workspace.messages.findIndex(({ ts }) => ts === args["ts"]);
    if (index < 0) return error("message_not_found");
    workspace.messages.splice(index, 1);
    return { ok: true };
  },

  "chat.postEphemeral": (context) => {
    const { workspace, args, breach } = context;
    if (text(args["text"]) === "") breach("chat.postEphemeral: text is missing");
    workspace.whispers.push({
      user: text(args["user"]),
      channel: text(args["channel"]),
      threadTs: args["thread_ts"] === undefined ? null : text(args["thread_ts"]),
      text: text(args["text"]),
      blocks: Array.isArray(args["blocks"]) ? args["blocks"] : [],
    });
    return { ok: true, message_ts: workspace.nextTs() };
  },

  "conversations.history": ({ workspace, args }) =>
    channelObstacle(workspace, text(args["channel"])) ??
    page(
      workspace.messages
        .filter(({ channel, threadTs }) => channel === args["channel"] && threadTs === null)
        .toReversed(),
      args,
    ),

  "conversations.replies": ({ workspace, args }) => {
    const thread = workspace.messages.filter(
      ({ channel, ts, threadTs }) => channel === args["channel"] && (ts === args["ts"] || threadTs === args["ts"]),
    );
    return thread.length === 0 ? error("thread_not_found") : page(thread, args);
  },

  "usergroups.users.list": ({ workspace, args }) => {
    const users = workspace.groups.get(text(args["usergroup"]));
    return users === undefined ? error("no_such_subteam") : { ok: true, users };
  },
};

function channelObstacle(workspace: Workspace, id: string): Answer | null {
  const channel = workspace.channels.get(id);
  if (channel === undefined) return error("channel_not_found");
  if (channel.archived) return error("is_archived");
  return channel.member ? null : error("not_in_channel");
}

/** Slack would refuse it, or show what nobody wanted. */
function contentObstacle({ args, breach }: MethodContext): Answer | null {
  const faults = brokenRules(args);
  for (const fault of faults) breach(fault);
  if (/<!(channel|here|everyone|subteam)/.test(JSON.stringify([args["text"], args["blocks"]])))
    breach("a live mention of a group");
  if (args["parse"] !== "none" || args["link_names"] === true || args["link_names"] === "true")
    breach("parse and link_names must be off");
  if (faults.length === 0) return null;
  const [first = ""] = faults;
  const code = /msg_too_long|msg_blocks_too_long|no_text/.exec(first)?.[0] ?? "invalid_blocks";
  return error(code, faults);
}

function contentOf(args: Args): Pick<ShownMessage, "text" | "blocks"> {
  return {
    text: text(args["text"]),
    blocks: Array.isArray(args["blocks"]) ? (args["blocks"] as ShownMessage["blocks"]) : [],
  };
}

function page(messages: readonly ShownMessage[], args: Args): Answer {
  const oldest = Number(args["oldest"] ?? 0);
  const limit = Number(args["limit"] ?? 100);
  const from = Number(args["cursor"] ?? 0);
  const withMetadata = args["include_all_metadata"] === true || args["include_all_metadata"] === "true";
  const wanted = messages.filter(({ ts, threadTs }) => threadTs === null || Number(ts) >= oldest);
  const next = from + limit < wanted.length ? String(from + limit) : "";
  return {
    ok: true,
    messages: wanted.slice(from, from + limit).map((message) => shown(message, withMetadata)),
    has_more: next !== "",
    response_metadata: { next_cursor: next },
  };
}

function shown({ ts, threadTs, text: said, blocks, metadata }: ShownMessage, withMetadata: boolean) {
  return {
    type: "message",
    ts,
    text: said,
    blocks,
    ...(threadTs === null ? {} : { thread_ts: threadTs }),
    ...(withMetadata && metadata !== null ? { metadata } : {}),
  };
}
