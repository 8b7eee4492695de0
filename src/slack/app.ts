import { App, type Receiver } from "@slack/bolt";
import type { FastifyInstance } from "fastify";
import type { Click, Decided } from "../flows/decide.ts";
import type { Clock } from "../lib/clock.ts";
import { Fault } from "../lib/fault.ts";
import type { Log } from "../lib/log.ts";
import type { Secret } from "../lib/secret.ts";
import type { Chat, Metrics } from "../ports.ts";
import type { Store } from "../store-port.ts";
import { type Clients, clientOptions, createClients, slackLogger } from "./clients.ts";
import { createHttpDoor } from "./http-door.ts";
import { checkToken, WhoAmI } from "./identity.ts";
import { InHand } from "./in-hand.ts";
import { hangListeners } from "./listeners.ts";
import { createPublisher } from "./publisher.ts";
import { connectSockets, type Sockets } from "./sockets.ts";
import { membersOf } from "./user-groups.ts";

/** The `slack` section of the configuration. */
export interface SlackSettings {
  readonly mode: "socket" | "http";
  readonly bot_token: Secret;
  readonly app_token?: Secret | undefined;
  readonly signing_secret?: Secret | undefined;
  /** Id of the channel where incidents are shown. */
  readonly channel: string;
  /** Where the Web API is, ending in a slash; Slack's own by default. */
  readonly api_url?: string | undefined;
}

export interface SlackDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly decide: (click: Click) => Promise<Decided>;
}

export interface SlackDoor {
  readonly chat: Chat;
  /** Who is in a user group at this moment. @throws Fault */
  readonly groupMembers: (group: string) => Promise<readonly string[]>;
  /** HTTP mode: hangs `POST /slack/events` on the server that owns the port. */
  readonly routes?: (app: FastifyInstance) => Promise<void>;
  /** Socket Mode connections that are up; null in HTTP mode. */
  connected(): number | null;
  /** Lets what is in hand end, then takes nothing more. */
  close(): Promise<void>;
}

/**
 * Opens the Slack door: buttons and commands come in by Socket Mode or through our own HTTP server, messages go out
 * through `chat`.
 *
 * @throws Fault "config" when a token is missing or Slack refuses it; an unreachable Slack does not stop the start
 */
export async function startSlack(settings: SlackSettings, given: SlackDeps): Promise<SlackDoor> {
  const log = given.log.child({ door: "slack" });
  const deps = { ...given, log };
  const clients = createClients(settings.bot_token, settings.api_url, log);
  const me = new WhoAmI(clients.looking);
  const inHand = new InHand(deps.clock);
  const app = createApp(settings, me, log);
  hangListeners(app, { ...deps, me, inHand, posting: clients.posting });
  await checkToken(me, log);
  if (settings.mode === "http") return httpDoor(app, { settings, deps, clients, inHand });
  const sockets = await connectSockets({
    app,
    appToken: required(settings.app_token, "slack.app_token", "Socket Mode"),
    apiUrl: settings.api_url,
    clock: deps.clock,
    log,
  });
  return socketDoor(sockets, { settings, deps, clients, inHand });
}

/** Bolt's app without a transport of its own: the receivers are started, watched and replaced by us. */
function createApp(settings: SlackSettings, me: WhoAmI, log: Log): App {
  const inert: Receiver = {
    init: () => undefined,
    start: () => Promise.resolve(),
    stop: () => Promise.resolve(),
  };
  return new App({
    receiver: inert,
    authorize: () =>
      Promise.resolve({
        botToken: settings.bot_token.reveal(),
        ...(me.known === null ? {} : { botUserId: me.known.botUserId, teamId: me.known.teamId }),
      }),
    clientOptions: clientOptions(settings.api_url, log),
    convoStore: false,
    logger: slackLogger(log),
  });
}

interface Parts {
  readonly settings: SlackSettings;
  readonly deps: SlackDeps;
  readonly clients: Clients;
  readonly inHand: InHand;
}

function base({ settings, deps, clients }: Parts): Pick<SlackDoor, "chat" | "groupMembers"> {
  return {
    chat: createPublisher(clients, settings.channel, deps.log),
    groupMembers: (group) => membersOf(group, clients.looking),
  };
}

function httpDoor(app: App, parts: Parts): SlackDoor {
  const { settings, deps, inHand } = parts;
  const signingSecret = required(settings.signing_secret, "slack.signing_secret", "HTTP mode");
  const { receiver, routes } = createHttpDoor({ ...deps, signingSecret });
  receiver.init(app);
  return { ...base(parts), routes, connected: () => null, close: () => inHand.ended() };
}

function socketDoor(sockets: Sockets, parts: Parts): SlackDoor {
  const close = async () => {
    await parts.inHand.ended();
    await sockets.close();
    await parts.inHand.ended();
  };
  return { ...base(parts), connected: () => sockets.connected(), close };
}

function required(secret: Secret | undefined, key: string, mode: string): Secret {
  if (secret === undefined) throw new Fault("config", `${key} is missing: ${mode} needs it`);
  return secret;
}
