import { WebClient } from "@slack/web-api";
import type { Fault } from "../lib/fault.ts";
import { silentLog } from "../lib/log.ts";
import type { Secret } from "../lib/secret.ts";
import type { Check } from "../ports.ts";
import type { SlackSettings } from "./app.ts";
import { clientOptions } from "./clients.ts";
import { faultOf, slackCode } from "./faults.ts";

/** What `manifest.yml` asks for; the history scopes count when one of them is there. */
const scopes = [["chat:write"], ["commands"], ["channels:history", "groups:history"]] as const;

const remedies: Readonly<Record<string, string>> = {
  not_in_channel: "invite the bot: write /invite @faultline in the channel",
  channel_not_found: "take the channel's id from its details (C…); in a private channel write /invite @faultline first",
  missing_scope: "paste manifest.yml again and reinstall the app",
};

/** The lines of `faultline doctor` about Slack. Never throws. */
export async function checkSlack(settings: SlackSettings): Promise<Check[]> {
  const bot = client(settings.bot_token, settings);
  const token = await checkBotToken(bot);
  if (token.some(({ ok }) => !ok)) return token;
  return [...token, await checkChannel(bot, settings.channel), await checkTransport(settings)];
}

function client(token: Secret, { api_url: apiUrl }: SlackSettings): WebClient {
  return new WebClient(token.reveal(), clientOptions(apiUrl, silentLog));
}

async function checkBotToken(bot: WebClient): Promise<Check[]> {
  const name = "slack bot token";
  try {
    const { user, team, response_metadata: metadata } = await bot.auth.test();
    const detail = `Slack knows the bot as ${user ?? "?"} in ${team ?? "?"}`;
    return [{ name, ok: true, detail, remedy: "" }, checkScopes(metadata?.scopes)];
  } catch (error) {
    return [failed(name, faultOf(error, "take the token"), "install the app and copy its bot token (xoxb-…)")];
  }
}

function checkScopes(granted: readonly string[] | undefined): Check {
  const name = "slack scopes";
  if (granted === undefined) return { name, ok: true, detail: "Slack does not say which were granted", remedy: "" };
  const missing = scopes.filter((either) => !either.some((scope) => granted.includes(scope)));
  if (missing.length === 0) return { name, ok: true, detail: granted.join(", "), remedy: "" };
  const detail = `missing: ${missing.map((either) => either.join(" or ")).join(", ")}`;
  return { name, ok: false, detail, remedy: "paste manifest.yml again and reinstall the app" };
}

async function checkChannel(bot: WebClient, channel: string): Promise<Check> {
  const name = "slack channel";
  try {
    await bot.conversations.history({ channel, limit: 1 });
    return { name, ok: true, detail: `${channel} can be read by the bot`, remedy: "" };
  } catch (error) {
    return failed(name, faultOf(error, `let the bot into ${channel}`), "check slack.channel");
  }
}

async function checkTransport(settings: SlackSettings): Promise<Check> {
  if (settings.mode === "http") {
    const ok = settings.signing_secret !== undefined;
    const detail = ok
      ? "HTTP mode: the signing secret is set; Slack checks the address when it is entered"
      : "no secret";
    return { name: "slack transport", ok, detail, remedy: ok ? "" : "set slack.signing_secret" };
  }
  const name = "slack socket mode";
  const remedy = "make an app-level token (xapp-…) with the scope connections:write, and switch Socket Mode on";
  if (settings.app_token === undefined) return { name, ok: false, detail: "slack.app_token is not set", remedy };
  try {
    await client(settings.app_token, settings).apps.connections.open({});
    return { name, ok: true, detail: "a connection may be opened", remedy: "" };
  } catch (error) {
    return failed(name, faultOf(error, "open a connection"), remedy);
  }
}

function failed(name: string, fault: Fault, remedy: string): Check {
  const unreachable = fault.retryable ? "check that this machine reaches slack.com" : remedy;
  return { name, ok: false, detail: fault.message, remedy: remedies[slackCode(fault) ?? ""] ?? unreachable };
}
