import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Server } from "node:net";
import type { FaultKind } from "../../src/lib/fault.ts";

/** Ways in which the other side can be wrong, and the kind of fault that each of them is. */
export const misbehaviours = {
  "answers 401": "unauthenticated",
  "answers 403": "forbidden",
  "answers 404": "not_found",
  "answers 409": "conflict",
  "answers 429": "rate_limited",
  "answers 500": "unavailable",
  "never answers": "timeout",
  "answers half a body": "unavailable",
  "answers without an end": "too_large",
  "answers with what is not JSON": "unavailable",
  "answers with JSON of another form": "unavailable",
  "redirects elsewhere": "unavailable",
  "hangs up": "unavailable",
  "repeats all that it was sent, and answers 401": "unauthenticated",
} as const satisfies Record<string, FaultKind>;
export type Misbehaviour = keyof typeof misbehaviours;

export const RETRY_AFTER_S = 7;

interface Misbehaving {
  readonly url: string;
  close(): Promise<void>;
}

/** An HTTP server that is wrong in one way, whatever it is asked. */
export async function startMisbehaving(how: Misbehaviour): Promise<Misbehaving> {
  const server = createHttpServer((request, response) => misbehave(how, request, response));
  await listen(server);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

function misbehave(how: Misbehaviour, request: IncomingMessage, response: ServerResponse): void {
  const [, code] = /^answers (\d+)$/.exec(how) ?? [];
  if (code !== undefined) {
    const headers = code === "429" ? { "retry-after": String(RETRY_AFTER_S) } : {};
    response.writeHead(Number(code), { "content-type": "application/json", ...headers }).end('{"message":"no"}');
    return;
  }
  const json = { "content-type": "application/json" };
  switch (how) {
    case "answers half a body":
      response.writeHead(200, { ...json, "content-length": "1000" }).write('{"data":[');
      setTimeout(() => request.socket.destroy(), 20);
      return;
    case "answers without an end":
      response.writeHead(200, json);
      flood(response);
      return;
    case "answers with what is not JSON":
      response.writeHead(200, { "content-type": "text/html" }).end("<html>Sign in</html>");
      return;
    case "answers with JSON of another form":
      response.writeHead(200, json).end('{"unexpected":true}');
      return;
    case "redirects elsewhere":
      response.writeHead(302, { location: "http://127.0.0.1:1/" }).end();
      return;
    case "hangs up":
      request.socket.destroy();
      return;
    case "repeats all that it was sent, and answers 401":
      response.writeHead(401, json).end(JSON.stringify(request.rawHeaders.toReversed()));
      return;
    default:
      return;
  }
}

function flood(response: ServerResponse): void {
  const chunk = " ".repeat(64 * 1024);
  const more = () => {
    while (!response.destroyed && response.write(chunk));
    if (!response.destroyed) response.once("drain", more);
  };
  more();
}

/** Ways in which a line-based service can be wrong. */
export const lineMisbehaviours = {
  "never answers": "timeout",
  "hangs up": "unavailable",
  "answers half a body": "unavailable",
  "answers without an end": "too_large",
  "speaks HTTP": "unavailable",
} as const satisfies Record<string, FaultKind>;
export type LineMisbehaviour = keyof typeof lineMisbehaviours;

/** A TCP server that is wrong in one way. */
export async function startMisbehavingLines(how: LineMisbehaviour): Promise<Misbehaving> {
  const server = createTcpServer((socket) => {
    socket.on("error", () => socket.destroy());
    socket.once("data", () => {
      if (how === "hangs up") socket.end();
      else if (how === "answers half a body") socket.end("1\n# be_id be_name srv_id srv_na");
      else if (how === "speaks HTTP") socket.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
      else if (how === "answers without an end") {
        const more = () => {
          while (!socket.destroyed && socket.write(`${"x".repeat(64 * 1024)}\n`));
          if (!socket.destroyed) socket.once("drain", more);
        };
        more();
      }
    });
  });
  await listen(server);
  return {
    url: `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => new Promise((resolve) => void server.close(() => resolve())),
  };
}

function listen(server: Server): Promise<void> {
  return new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
}
