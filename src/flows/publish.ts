import { SECOND } from "../domain/time.ts";
import { Fault } from "../lib/fault.ts";
import type { Chat } from "../ports.ts";
import type { StoredMessage } from "../store-port.ts";
import type { FlowDeps } from "./deps.ts";

/** Slack takes about one post a second in a channel, with short bursts. */
const BETWEEN_POSTS_MS = 1_100;
/** Slack's advice for progress: an edit of one message at most every three seconds. */
const BETWEEN_EDITS_MS = 3 * SECOND;
/** A post whose answer never came is over by then: no call of the Web API takes longer than ten seconds. */
const OVERDUE_MS = 15 * SECOND;
/** After a post of ours that failed: how long until Slack surely shows what it took. */
const SETTLED_MS = 2 * SECOND;
/** How long a chat that is down is left alone: two seconds, then twice as long each time, at most a minute. */
const FIRST_WAIT_MS = 2 * SECOND;
const LONGEST_WAIT_MS = 60 * SECOND;

/** What one process remembers of its publishing; a restart may forget it. */
interface Pace {
  /** Incidents that are being published, so that two jobs for one do not post the same message twice. */
  readonly turns: Map<string, Promise<void>>;
  lastPost: number;
  readonly lastEdit: Map<string, number>;
  /** When a post of ours ended without an answer. */
  readonly failed: Map<string, number>;
  /** Failures in a row. */
  outages: number;
}

const paces = new WeakMap<Chat, Pace>();

/** The chat that a message goes to, and the message as it was read. */
interface Publishing {
  readonly chat: Chat;
  readonly pace: Pace;
  readonly deps: FlowDeps;
}

/** `at` when it must be tried again; `ts` of the message once the chat shows it. */
type Outcome = { readonly ts: string | null; readonly at: number | null };

/**
 * Brings the chat's thread of an incident up to date: each message is posted once, in thread order, and edited to its
 * latest content. What the chat's limits do not allow yet is asked for again later. A post whose answer was lost is
 * looked for before it is ever made again.
 *
 * @throws Fault of the chat that waiting does not mend: a refused token, a channel that cannot be written to
 */
export async function publish(incidentId: string, deps: FlowDeps): Promise<void> {
  const { chat } = deps;
  if (chat === null) return;
  const pace = paceOf(chat);
  const before = pace.turns.get(incidentId) ?? Promise.resolve();
  const mine = before.then(() => bringUpToDate(incidentId, { chat, pace, deps }));
  const settled = mine.catch(() => undefined);
  pace.turns.set(incidentId, settled);
  await settled.then(() => {
    if (pace.turns.get(incidentId) === settled) pace.turns.delete(incidentId);
  });
  return mine;
}

function paceOf(chat: Chat): Pace {
  const known = paces.get(chat);
  if (known !== undefined) return known;
  const fresh: Pace = { turns: new Map(), lastPost: 0, lastEdit: new Map(), failed: new Map(), outages: 0 };
  paces.set(chat, fresh);
  return fresh;
}

async function bringUpToDate(incidentId: string, publishing: Publishing): Promise<void> {
  const { store } = publishing.deps;
  const messages = await store.messages(incidentId);
  let root: string | null = null;
  let again: number | null = null;
  for (const message of messages) {
    const isRoot = message === messages[0];
    const { ts, at } = await attempt(message, isRoot ? null : root, publishing);
    again = at === null ? again : Math.min(at, again ?? at);
    if (isRoot) root = ts;
    // Without its root a thread has no place, and a message that waits must not be overtaken by the next.
    if (ts === null) break;
  }
  forgetOldEdits(publishing);
  if (again !== null)
    await store.commit({ jobs: [{ kind: "publish", key: incidentId, payload: { incidentId }, runAt: again }] });
}

/**
 * A chat that is down or asks to wait is no failed job: it is tried again for as long as it takes, since a job that
 * died would leave the thread as it is until the incident moves.
 */
async function attempt(message: StoredMessage, root: string | null, publishing: Publishing): Promise<Outcome> {
  const { pace, deps } = publishing;
  try {
    const outcome = await bring(message, root, publishing);
    if (outcome.at === null) pace.outages = 0;
    return outcome;
  } catch (error) {
    if (!(error instanceof Fault) || !error.retryable) throw error;
    pace.outages += 1;
    const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(pace.outages - 1, 10));
    deps.metrics.count("connector_faults", { connector: "slack", kind: error.kind });
    deps.log.warn("a message waits for the chat", { key: message.key, fault: error.message });
    return { ts: null, at: deps.clock.now() + Math.max(error.retryAfterMs ?? 0, wait) };
  }
}

function bring(message: StoredMessage, root: string | null, publishing: Publishing): Promise<Outcome> | Outcome {
  if (message.publishedRev >= message.rev) return { ts: message.ts, at: null };
  if (message.ts !== null) return edit(message, root, publishing);
  if (message.sendingSince === null) return post(message, root, publishing);
  return reconcile(message, root, publishing);
}

function forgetOldEdits({ pace, deps }: Publishing): void {
  const old = deps.clock.now() - BETWEEN_EDITS_MS;
  for (const [id, at] of pace.lastEdit) if (at <= old) pace.lastEdit.delete(id);
}

async function edit(message: StoredMessage, root: string | null, publishing: Publishing): Promise<Outcome> {
  const { chat, pace, deps } = publishing;
  const id = idOf(message);
  const due = (pace.lastEdit.get(id) ?? 0) + BETWEEN_EDITS_MS;
  if (due > deps.clock.now()) return { ts: message.ts, at: due };
  pace.lastEdit.set(id, deps.clock.now());
  try {
    await chat.update(message);
  } catch (error) {
    if (!(error instanceof Fault) || error.kind !== "not_found") throw error;
    deps.log.warn("a message is gone from the chat, posting it anew", { key: message.key });
    return post(message, root, publishing);
  }
  await published(message, { channel: message.channel ?? "", ts: message.ts ?? "" }, deps);
  return { ts: message.ts, at: null };
}

async function post(message: StoredMessage, root: string | null, { chat, pace, deps }: Publishing): Promise<Outcome> {
  const now = deps.clock.now();
  const due = pace.lastPost + BETWEEN_POSTS_MS;
  if (due > now) return { ts: null, at: due };
  pace.lastPost = now;
  const { incidentId, key, sendingSince: expected } = message;
  if (!(await deps.store.messageSending({ incidentId, key, at: now, expected })))
    return { ts: null, at: now + OVERDUE_MS };
  try {
    const where = await chat.post({ ...message, sendingSince: now }, root);
    pace.lastEdit.set(idOf(message), deps.clock.now());
    await published(message, where, deps);
    pace.failed.delete(idOf(message));
    return { ts: where.ts, at: null };
  } catch (error) {
    pace.failed.set(idOf(message), deps.clock.now());
    throw error;
  }
}

/** A post that was begun and has no answer: it may be there. */
async function reconcile(message: StoredMessage, root: string | null, publishing: Publishing): Promise<Outcome> {
  const { chat, pace, deps } = publishing;
  const failed = pace.failed.get(idOf(message));
  const due = failed === undefined ? (message.sendingSince ?? 0) + OVERDUE_MS : failed + SETTLED_MS;
  if (due > deps.clock.now()) return { ts: null, at: due };
  const found = await chat.find(message, root);
  if (found === null) return post(message, root, publishing);
  deps.log.info("a message whose answer was lost is there", { key: message.key });
  await chat.update({ ...message, ...found });
  await published(message, found, deps);
  pace.failed.delete(idOf(message));
  return { ts: found.ts, at: null };
}

async function published(
  { incidentId, key, rev }: StoredMessage,
  where: { readonly channel: string; readonly ts: string },
  { store }: FlowDeps,
): Promise<void> {
  await store.messagePublished(incidentId, key, { rev, ...where });
}

function idOf({ incidentId, key }: StoredMessage): string {
  return `${incidentId}/${key}`;
}
