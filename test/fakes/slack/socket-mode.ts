import { randomUUID } from "node:crypto";
import type { Server } from "node:http";
import { type WebSocket, WebSocketServer } from "ws";
import { z } from "zod";
import type { Workspace } from "./workspace.ts";

const ACK_MS = 3_000;
const Ack = z.object({ envelope_id: z.string(), payload: z.unknown().optional() });

export interface Acked {
  /** Milliseconds until the acknowledgement, or null when none came within three seconds. */
  readonly afterMs: number | null;
  readonly payload: unknown;
}

/** The far side of Socket Mode: says hello, hands each payload to one connection, and takes acknowledgements. */
export class SocketMode {
  readonly #workspace: Workspace;
  readonly #sockets: WebSocket[] = [];
  readonly #waiting = new Map<string, (payload: unknown) => void>();
  readonly #server: WebSocketServer;
  #turn = 0;

  constructor(server: Server, workspace: Workspace) {
    this.#workspace = workspace;
    this.#server = new WebSocketServer({ server, path: "/link" });
    this.#server.on("connection", (socket) => this.#welcome(socket));
  }

  get connections(): number {
    return this.#sockets.length;
  }

  /** Hands a payload to one of the connections and waits for its acknowledgement. */
  async deliver(type: "events_api" | "interactive" | "slash_commands", payload: unknown): Promise<Acked> {
    this.#turn += 1;
    const socket = this.#sockets[this.#turn % Math.max(1, this.#sockets.length)];
    if (socket === undefined) throw new Error("no connection is open");
    const envelope = randomUUID();
    const began = Date.now();
    const acked = new Promise<Acked>((resolve) => {
      const timer = setTimeout(() => resolve({ afterMs: null, payload: null }), ACK_MS);
      this.#waiting.set(envelope, (answer) => {
        clearTimeout(timer);
        resolve({ afterMs: Date.now() - began, payload: answer });
      });
    });
    const more = type === "events_api" ? { retry_attempt: 0, retry_reason: "" } : {};
    socket.send(
      JSON.stringify({
        envelope_id: envelope,
        type,
        payload,
        accepts_response_payload: type !== "events_api",
        ...more,
      }),
    );
    return acked;
  }

  /** Asks every connection to go, as Slack does every few hours. */
  refresh(): void {
    for (const socket of this.#sockets)
      socket.send(JSON.stringify({ type: "disconnect", reason: "refresh_requested" }));
  }

  /** Cuts every connection without a word. */
  cut(): void {
    for (const socket of this.#sockets) socket.terminate();
  }

  close(): void {
    this.cut();
    this.#server.close();
  }

  #welcome(socket: WebSocket): void {
    this.#sockets.push(socket);
    socket.on("close", () => this.#sockets.splice(this.#sockets.indexOf(socket), 1));
    socket.on("error", () => socket.terminate());
    socket.on("message", (data: Buffer) => {
      const ack = Ack.safeParse(JSON.parse(data.toString("utf8")));
      if (ack.success) this.#waiting.get(ack.data.envelope_id)?.(ack.data.payload);
    });
    const hello = {
      type: "hello",
      num_connections: this.#sockets.length,
      connection_info: { app_id: this.#workspace.appId },
      debug_info: { approximate_connection_time: 18_060 },
    };
    socket.send(JSON.stringify(hello));
  }
}
