import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A request that a fake received, read to its end. */
export interface Received {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
}

/** What happens to the next write instead of a plain answer: it never arrives, or its answer never does. */
export type Loss = "request" | "answer";

/** A real HTTP server on this machine that keeps what it received. */
export interface FakeServer {
  readonly url: string;
  readonly received: readonly Received[];
  /** Requests other than GET that were processed. */
  writes(): number;
  lose(what: Loss): void;
  close(): Promise<void>;
}

/** @param handle the documented behaviour; null is a 404, so that a call that was forgotten fails loudly */
export async function startFake(handle: (request: Received) => Answer | null): Promise<FakeServer> {
  const received: Received[] = [];
  let writes = 0;
  let loss: Loss | null = null;
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => {
      const { pathname, searchParams } = new URL(incoming.url ?? "/", "http://fake");
      const headers = Object.fromEntries(
        Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]),
      );
      const request = {
        method: incoming.method ?? "GET",
        path: pathname,
        query: searchParams,
        headers,
        text: Buffer.concat(chunks).toString("utf8"),
      };
      const isWrite = request.method !== "GET";
      const lost = isWrite ? loss : null;
      if (lost !== null) loss = null;
      if (lost === "request") return void incoming.socket.destroy();
      received.push(request);
      if (isWrite) writes += 1;
      const answer = handle(request) ?? { status: 404, json: { message: "Not Found" } };
      if (lost === "answer") return void incoming.socket.destroy();
      send(response, answer);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    writes: () => writes,
    lose: (what) => {
      loss = what;
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

function send(response: ServerResponse, { status = 200, headers = {}, json }: Answer): void {
  if (json === undefined) return void response.writeHead(status, headers).end();
  response
    .writeHead(status, { "content-type": "application/json; charset=utf-8", ...headers })
    .end(JSON.stringify(json));
}
