import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { contractFaults } from "./contracts.ts";
import type { FaultPlan, Misbehaviour } from "./fault-plan.ts";
import { type Answer, type Args, type MethodContext, methods } from "./methods.ts";
import type { Workspace } from "./workspace.ts";

/** One call of the Web API, in the order it came. */
export interface Call {
  readonly method: string;
  readonly args: Args;
  readonly at: number;
  readonly outcome: string;
}

export interface WebApi {
  readonly workspace: Workspace;
  readonly plan: FaultPlan;
  readonly journal: Call[];
  readonly breaches: string[];
  readonly socketUrl: () => string;
  /** Posts a second and channel; Infinity where no test is about it. */
  readonly postsPerSecond: number;
}

/** The Web API, the address that `response_url` names, and nothing else. */
export function createWebApi(api: WebApi): Server {
  return createServer((request, response) => {
    void serve(request, response, api).catch((error: unknown) => {
      api.breaches.push(`the fake failed: ${String(error)}`);
      response.destroy();
    });
  });
}

async function serve(request: IncomingMessage, response: ServerResponse, api: WebApi): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks).toString("utf8");
  const path = new URL(request.url ?? "/", "http://fake").pathname;
  if (path.startsWith("/response/")) return respondTo(path, body, response, api);
  const method = path.replace(/^\/api\//, "");
  const args = argsOf(body);
  const misbehaviour = api.plan.take(method);
  await misbehave(misbehaviour, response);
  if (response.destroyed || response.writableEnded) {
    api.journal.push({ method, args, at: Date.now(), outcome: misbehaviour?.mode ?? "gone" });
    return;
  }
  const answer = answerTo(method, args, request, api);
  api.journal.push({ method, args, at: Date.now(), outcome: String(answer["error"] ?? misbehaviour?.mode ?? "ok") });
  if (misbehaviour?.mode === "drop_after") return void request.socket.destroy();
  if (misbehaviour?.mode === "500_after") return void response.writeHead(500).end("{}");
  if (misbehaviour?.mode === "malformed") return void response.writeHead(200).end("<html>");
  if (answer["error"] === "ratelimited") return void tooMany(response, 1);
  const headers = { "content-type": "application/json", "x-oauth-scopes": api.workspace.scopes.join(",") };
  response.writeHead(200, headers).end(JSON.stringify(answer));
}

function argsOf(body: string): Args {
  const entries = [...new URLSearchParams(body)].map(([name, value]) => [name, jsonOr(name, value)] as const);
  return Object.fromEntries(entries);
}

function jsonOr(name: string, value: string): unknown {
  return ["blocks", "metadata", "attachments"].includes(name) ? (JSON.parse(value) as unknown) : value;
}

/** What goes wrong before anything is done. */
async function misbehave(misbehaviour: Misbehaviour | null, response: ServerResponse): Promise<void> {
  switch (misbehaviour?.mode) {
    case "drop_before":
      response.destroy();
      return;
    case "500_before":
      response.writeHead(500).end("{}");
      return;
    case "429":
      tooMany(response, misbehaviour.retryAfterS);
      return;
    case "error": {
      const { code, needed } = misbehaviour;
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify({ ok: false, error: code, ...(needed === undefined ? {} : { needed }) }));
      return;
    }
    case "hang":
      await new Promise<void>((resolve) => response.once("close", () => resolve()));
      return;
    case "slow":
      await new Promise((resolve) => setTimeout(resolve, misbehaviour.ms));
      return;
    default:
  }
}

function tooMany(response: ServerResponse, seconds: number): void {
  response.writeHead(429, { "retry-after": String(seconds), "content-type": "application/json" });
  response.end(JSON.stringify({ ok: false, error: "ratelimited" }));
}

function answerTo(method: string, args: Args, request: IncomingMessage, api: WebApi): Answer {
  const { workspace, breaches } = api;
  const wanted = method === "apps.connections.open" ? workspace.appToken : workspace.botToken;
  if (request.headers.authorization !== `Bearer ${wanted}`) return { ok: false, error: "invalid_auth" };
  const run = methods[method];
  if (run === undefined) return { ok: false, error: "unknown_method" };
  breaches.push(...contractFaults(method, args));
  if (method === "chat.postMessage" && isTooFast(args, api)) return { ok: false, error: "ratelimited" };
  const context: MethodContext = {
    workspace,
    args,
    breach: (what) => breaches.push(`${method}: ${what}`),
    socketUrl: api.socketUrl,
  };
  return run(context);
}

/** A second's posts in one channel, with a burst of one more. */
function isTooFast(args: Args, { journal, postsPerSecond }: WebApi): boolean {
  const since = Date.now() - 1000;
  const recent = journal.filter(
    (call) => call.method === "chat.postMessage" && call.args["channel"] === args["channel"] && call.at > since,
  );
  return recent.filter(({ outcome }) => outcome === "ok").length > postsPerSecond;
}

function respondTo(path: string, body: string, response: ServerResponse, { workspace, breaches }: WebApi): void {
  const said = JSON.parse(body) as { text?: string; blocks?: unknown[]; response_type?: string };
  if (said.response_type !== "ephemeral") breaches.push("an answer to a command that everybody sees");
  const [, , user = "", channel = ""] = path.split("/");
  workspace.whispers.push({ user, channel, threadTs: null, text: said.text ?? "", blocks: said.blocks ?? [] });
  response.writeHead(200).end("ok");
}
