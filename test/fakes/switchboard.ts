import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** How the next write misbehaves. */
export type Misbehaviour = "none" | "500_before" | "500_after" | "drop_before" | "drop_after" | "lie" | "refuse";

/** An outside system with one value that can be set, a journal of what was really done, and one signal. */
export interface Switchboard {
  readonly url: string;
  /** Every write that took effect, in order. */
  readonly journal: { readonly value: string; readonly key: string }[];
  value: string;
  next: Misbehaviour;
  /** How every write misbehaves that `next` says nothing of. */
  always: Misbehaviour;
  /** The signal `error_ratio` of service `chat`, one value a second up to now. */
  series: { start: number; values: (number | null)[] };
  close(): Promise<void>;
}

/** Starts it on a free port of this machine. */
export async function startSwitchboard(): Promise<Switchboard> {
  const board = {
    url: "",
    journal: [] as { value: string; key: string }[],
    value: "18",
    next: "none" as Misbehaviour,
    always: "none" as Misbehaviour,
    series: { start: 0, values: [] as (number | null)[] },
  };
  const server = createServer((request, response) => {
    void answer(board, request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = () =>
    new Promise<void>((resolve) => {
      server.closeAllConnections();
      server.close(() => resolve());
    });
  return Object.assign(board, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close });
}

async function answer(
  board: Omit<Switchboard, "close">,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const say = (status: number, body: unknown) =>
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  if (request.method === "GET") return void say(200, request.url === "/series" ? board.series : { value: board.value });
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const { value } = JSON.parse(Buffer.concat(chunks).toString()) as { value: string };
  const how = board.next === "none" ? board.always : board.next;
  board.next = "none";
  if (how === "drop_before") return void request.socket.destroy();
  if (how === "500_before") return void say(500, { error: "broken" });
  if (how === "refuse") return void say(422, { error: "no such value" });
  if (how !== "lie") {
    board.value = value;
    board.journal.push({ value, key: String(request.headers["idempotency-key"]) });
  }
  if (how === "drop_after") return void request.socket.destroy();
  if (how === "500_after") return void say(500, { error: "broken" });
  say(200, { value });
}
