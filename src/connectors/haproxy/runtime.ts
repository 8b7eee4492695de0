import { createConnection, type Socket } from "node:net";
import { Fault } from "../../lib/fault.ts";

/** `tcp://host:port` or `unix:/path`. */
export interface Address {
  readonly text: string;
  readonly timeoutMs: number;
}

const MAX_BYTES = 8 * 1024 * 1024;

const WHO = "HAProxy";

/** Server operational states (HAProxy include/haproxy/server-t.h): the only one that takes traffic. */
const RUNNING = 2;
const MAINTENANCE_BITS = 0x01 | 0x02 | 0x04 | 0x20 | 0x40;
const DRAIN_BITS = 0x08 | 0x10;

type AdminState = "ready" | "drain" | "maint";

export interface ServerState {
  readonly backend: string;
  readonly server: string;
  readonly admin: AdminState;
  /** Passes its health checks, or has none. */
  readonly running: boolean;
  readonly weight: number;
}

/**
 * Sends one command of the Runtime API and gives what came back. Success of a `set` is an empty line.
 *
 * @throws Fault "timeout" and "unavailable": a command that was sent may have taken effect
 */
export function ask(command: string, { text, timeoutMs }: Address, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = open(text);
    const chunks: Buffer[] = [];
    let size = 0;
    const fail = (kind: Fault["kind"], message: string, cause?: unknown) => {
      socket.destroy();
      reject(new Fault(kind, message, { cause }));
    };
    const late = setTimeout(() => fail("timeout", `${WHO} did not answer in time`), timeoutMs);
    const aborted = () => fail("timeout", `${WHO} did not answer in time`);
    signal.addEventListener("abort", aborted, { once: true });
    if (signal.aborted) aborted();
    socket.on("connect", () => socket.write(`${command}\n`));
    socket.on("data", (chunk: Buffer) => {
      size += chunk.byteLength;
      if (size > MAX_BYTES) fail("too_large", `${WHO} answered with more than ${MAX_BYTES} bytes`);
      else chunks.push(chunk);
    });
    socket.on("error", (error) => fail("unavailable", `${WHO} could not be reached`, error));
    socket.on("end", () => {
      if (size === 0) fail("unavailable", `${WHO} closed the connection without an answer`);
      else resolve(Buffer.concat(chunks).toString("utf8"));
    });
    socket.on("close", () => {
      clearTimeout(late);
      signal.removeEventListener("abort", aborted);
      reject(new Fault("unavailable", `${WHO} closed the connection`));
    });
  });
}

function open(address: string): Socket {
  if (address.startsWith("unix:")) return createConnection({ path: address.slice("unix:".length) });
  const { hostname, port } = new URL(address);
  return createConnection({ host: hostname.replace(/^\[|\]$/g, ""), port: Number(port) });
}

/** How HAProxy begins to refuse (src/server.c, src/cli.c); any other text is no answer of its. */
const REFUSALS =
  /^(no such|permission denied|backend is using|require|invalid|unknown|cannot|can't|absolute|relative|'set server)/i;

/** Sends a command that changes something. @throws Fault "invalid" with HAProxy's own words when it refuses */
export async function tell(command: string, address: Address, signal: AbortSignal): Promise<void> {
  const said = (await ask(command, address, signal)).trim();
  if (said === "") return;
  const words = said.replace(/\s+/g, " ").slice(0, 200);
  if (!REFUSALS.test(said)) throw new Fault("unavailable", `${WHO} answered in an unexpected form: ${words}`);
  throw new Fault(/^permission denied/i.test(said) ? "forbidden" : "invalid", `${WHO} refused: ${words}`);
}

/** Every server of the backends (of all, where none is named), from `show servers state`. */
export async function serversOf(
  backends: readonly string[],
  address: Address,
  signal: AbortSignal,
): Promise<ServerState[]> {
  const lines = (await ask("show servers state", address, signal)).split("\n").map((line) => line.trim());
  const header = lines.find((line) => line.startsWith("# be_id"));
  const last = lines.at(-1);
  if (lines[0] !== "1" || header === undefined || last !== "") {
    throw new Fault("unavailable", `${WHO} answered "show servers state" in an unexpected form`);
  }
  const columns = header.slice(2).split(" ");
  const rows = lines.slice(lines.indexOf(header) + 1).filter((line) => line !== "");
  return rows
    .map((row) => serverOf(columns, row.split(" ")))
    .filter(({ backend }) => backends.length === 0 || backends.includes(backend));
}

function serverOf(columns: readonly string[], values: readonly string[]): ServerState {
  const value = (name: string) => values[columns.indexOf(name)] ?? "";
  const number = (name: string) => {
    const text = value(name);
    if (!/^-?\d+$/.test(text)) throw new Fault("unavailable", `${WHO} gave no number for ${name} of a server`);
    return Number(text);
  };
  return {
    backend: value("be_name"),
    server: value("srv_name"),
    admin: adminOf(number("srv_admin_state")),
    running: number("srv_op_state") === RUNNING,
    weight: number("srv_uweight"),
  };
}

function adminOf(bits: number): AdminState {
  if ((bits & MAINTENANCE_BITS) !== 0) return "maint";
  return (bits & DRAIN_BITS) !== 0 ? "drain" : "ready";
}

/** Takes new requests now. */
export function serves({ admin, running, weight }: ServerState): boolean {
  return admin === "ready" && running && weight > 0;
}
