import { type App, SocketModeReceiver } from "@slack/bolt";
import { SECOND } from "../domain/time.ts";
import type { Clock } from "../lib/clock.ts";
import { Fault } from "../lib/fault.ts";
import type { Log } from "../lib/log.ts";
import type { Secret } from "../lib/secret.ts";
import { clientOptions, slackLogger } from "./clients.ts";
import { faultOf } from "./faults.ts";

/** Two connections: Slack closes each every few hours, and delivers to the other meanwhile. */
const LANES = 2;
/** From asking for the address to Slack's hello, in milliseconds. */
const CONNECT_MS = 20 * SECOND;
const FIRST_WAIT_MS = SECOND;
const LONGEST_WAIT_MS = 60 * SECOND;
const GOODBYE_MS = SECOND;
/** A connection that ends sooner counts as a failed one, so that a Slack that closes at once is not hammered. */
const SHORT_MS = 10 * SECOND;

export interface SocketDeps {
  readonly app: App;
  readonly appToken: Secret;
  readonly apiUrl: string | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

export interface Sockets {
  /** How many connections are up now. */
  connected(): number;
  close(): Promise<void>;
}

/** One connection that is up; `ended` resolves when it is not any more. */
interface Line {
  readonly receiver: SocketModeReceiver;
  readonly ended: Promise<void>;
  readonly since: number;
}

/**
 * Keeps the Socket Mode connections up: a connection that ends, for whatever reason, is replaced by a new one with a
 * growing wait. The library's own reconnection is off, since it gives up for good on a network error and waits five
 * seconds after every planned disconnect.
 *
 * @throws Fault "config" when Slack refuses the token; a Slack that cannot be reached does not stop the start
 */
export async function connectSockets(deps: SocketDeps): Promise<Sockets> {
  const first = await dial(deps);
  if (first instanceof Fault && (first.kind === "unauthenticated" || first.kind === "forbidden"))
    throw new Fault("config", `slack.app_token is refused: ${first.message}; it needs the scope connections:write`, {
      cause: first,
    });
  const stopping = new AbortController();
  const open = new Set<Line>();
  const lanes = Array.from({ length: LANES }, (_, index) =>
    keepUp(index === 0 ? first : null, { deps, open, stop: stopping.signal }),
  );
  return {
    connected: () => open.size,
    close: async () => {
      stopping.abort();
      await Promise.all(lanes);
    },
  };
}

interface Lane {
  readonly deps: SocketDeps;
  readonly open: Set<Line>;
  readonly stop: AbortSignal;
}

async function keepUp(start: Line | Fault | null, lane: Lane): Promise<void> {
  const { deps, stop } = lane;
  let line = start;
  let failures = 0;
  while (!stop.aborted) {
    line ??= await dial(deps);
    const lasted = !(line instanceof Fault) && (await live(line, lane));
    failures = lasted ? 0 : failures + 1;
    if (!lasted) await deps.clock.sleep(waitAfter(failures), stop);
    line = null;
  }
}

/** Waits until the connection or the program ends; @returns false when it did not last */
async function live(line: Line, { deps, open, stop }: Lane): Promise<boolean> {
  open.add(line);
  await Promise.race([line.ended, aborted(stop)]);
  open.delete(line);
  await hangUp(line.receiver, deps.clock);
  return deps.clock.now() - line.since >= SHORT_MS;
}

/** @returns the connection, once Slack has said hello, or why there is none */
async function dial(deps: SocketDeps): Promise<Line | Fault> {
  const { clock, log } = deps;
  const receiver = receiverOf(deps);
  const ended = new Promise<void>((resolve) => receiver.client.once("disconnected", () => resolve()));
  const started = receiver.start();
  const late = clock.sleep(CONNECT_MS).then(() => Promise.reject(new Fault("timeout", "Slack did not say hello")));
  try {
    await Promise.race([started, late]);
    return { receiver, ended, since: clock.now() };
  } catch (error) {
    const fault = faultOf(error ?? new Fault("unavailable", "the connection was closed"), "open a connection");
    log.warn("no socket mode connection", { fault: fault.message });
    await hangUp(receiver, clock);
    return fault;
  }
}

function receiverOf({ app, appToken, apiUrl, log }: SocketDeps): SocketModeReceiver {
  const receiver = new SocketModeReceiver({
    appToken: appToken.reveal(),
    autoReconnectEnabled: false,
    logger: slackLogger(log),
    installerOptions: { clientOptions: clientOptions(apiUrl, log) },
    processEventErrorHandler: ({ error }) => {
      log.error("an envelope could not be handled", { fault: error.message });
      return Promise.resolve(false);
    },
  });
  receiver.init(app);
  return receiver;
}

/** Closes politely, and by force when the other side does not answer: its timer would hold up the program's end. */
async function hangUp(receiver: SocketModeReceiver, clock: Clock): Promise<void> {
  const patience = new AbortController();
  const polite = receiver.client.disconnect().then(() => patience.abort());
  await Promise.race([polite, clock.sleep(GOODBYE_MS, patience.signal)]);
  if (!patience.signal.aborted) await receiver.client.disconnect();
}

function waitAfter(failures: number): number {
  const grown = FIRST_WAIT_MS * 2 ** Math.min(failures - 1, 10);
  return Math.min(LONGEST_WAIT_MS, grown) * (0.5 + Math.random() / 2);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
