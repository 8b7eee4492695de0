import type { AddressInfo } from "node:net";
import { FaultPlan } from "./fault-plan.ts";
import { type ClickOptions, clickPayload, commandFields, type Delivered, signedHeaders } from "./people.ts";
import { SocketMode } from "./socket-mode.ts";
import { type Call, createWebApi } from "./web-api.ts";
import { type ShownMessage, Workspace } from "./workspace.ts";

export interface FakeSlack {
  /** For the bot's clients; ends in a slash. */
  readonly apiUrl: string;
  readonly workspace: Workspace;
  readonly plan: FaultPlan;
  readonly journal: readonly Call[];
  /** Everything that Slack would refuse or that nobody wants in a channel; a test ends with none. */
  readonly breaches: readonly string[];
  readonly sockets: SocketMode;
  readonly signingSecret: string;
  /** From here on deliveries go to this address as signed HTTP requests, not through Socket Mode. */
  deliverTo(url: string): void;
  /** @returns once it is acknowledged; what is worked on after may still be going on */
  click(message: ShownMessage, click: ClickOptions): Promise<Delivered>;
  command(user: string, text: string): Promise<Delivered>;
  /** How often the method was called with success. */
  count(method: string): number;
  close(): Promise<void>;
}

export interface FakeSlackOptions {
  /** What Slack refuses more of, a second and channel; no limit by default. */
  readonly postsPerSecond?: number;
  /** Slack's clock. */
  readonly now?: () => number;
}

/**
 * A workspace with one channel, `C0INCIDENTS`: the Web API with its limits, Socket Mode, signed HTTP deliveries, and
 * people who click and type. It misbehaves on demand.
 */
export async function startFakeSlack(options: FakeSlackOptions = {}): Promise<FakeSlack> {
  const workspace = new Workspace(options.now ?? Date.now);
  const plan = new FaultPlan();
  const journal: Call[] = [];
  const breaches: string[] = [];
  const signingSecret = "8f742231b10e8888abcd99yyyzzz85a5";
  let target: string | null = null;
  let base = "";
  const server = createWebApi({
    workspace,
    plan,
    journal,
    breaches,
    postsPerSecond: options.postsPerSecond ?? Number.POSITIVE_INFINITY,
    socketUrl: () => `${base.replace("http", "ws")}/link?ticket=${journal.length}`,
  });
  const sockets = new SocketMode(server, workspace);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const deliver = async (type: "interactive" | "slash_commands", payload: object): Promise<Delivered> => {
    if (target === null) {
      const { afterMs } = await sockets.deliver(type, payload);
      return { status: afterMs === null ? 0 : 200, afterMs: afterMs ?? 3_000 };
    }
    const fields = type === "interactive" ? { payload: JSON.stringify(payload) } : { ...payload };
    const body = new URLSearchParams(fields as Record<string, string>).toString();
    const began = Date.now();
    const { status } = await fetch(target, { method: "POST", body, headers: signedHeaders(signingSecret, body) });
    return { status, afterMs: Date.now() - began };
  };
  return {
    apiUrl: `${base}/api/`,
    workspace,
    plan,
    journal,
    breaches,
    sockets,
    signingSecret,
    deliverTo: (url) => {
      target = url;
    },
    click: (message, click) => deliver("interactive", clickPayload(workspace, message, click, base)),
    command: (user, text) => deliver("slash_commands", commandFields(workspace, { user, text }, base)),
    count: (method) => journal.filter((call) => call.method === method && call.outcome === "ok").length,
    close: () =>
      new Promise<void>((resolve) => {
        sockets.close();
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
