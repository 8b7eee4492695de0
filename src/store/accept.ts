import type { Delivery, Parsed } from "../domain/delivery.ts";
import { Fault } from "../lib/fault.ts";
import type { NewJob, Store } from "../store-port.ts";
import type { Engine, Queue } from "./engine.ts";
import { indexKey, plain, whole } from "./tables.ts";

interface Row {
  readonly id: string;
  readonly connector: string;
  readonly dedupe_key: string;
  readonly received_at: number;
  readonly state: string;
  readonly fault: string | null;
  readonly doc: string;
  readonly parsed: string;
}

interface Pending {
  readonly row: Row;
  readonly jobs: readonly NewJob[];
  readonly answer: (result: "stored" | "duplicate") => void;
  readonly refuse: (error: unknown) => void;
}

/** One transaction takes at most this many deliveries: eight columns each, under PostgreSQL's limit of 65,535 values. */
const BATCH = 256;

export interface Inbox {
  readonly accept: Store["accept"];
  /** Answers what was handed in; refuses what comes later. */
  close(): Promise<void>;
}

/**
 * Takes deliveries in groups: those that arrive in the same turn of the event loop, or while a commit is under way, go
 * into one durable transaction, since waiting for the disk is what a commit costs. Each is answered after it.
 */
export function createInbox(engine: Engine, queue: Queue): Inbox {
  let waiting: Pending[] = [];
  let running: Promise<void> | null = null;
  let closed = false;
  const run = async (): Promise<void> => {
    await new Promise((resolve) => setImmediate(resolve));
    while (waiting.length > 0) {
      const batch = waiting.slice(0, BATCH);
      waiting = waiting.slice(BATCH);
      await settle(batch, engine, queue);
    }
    running = null;
  };
  return {
    accept: async (delivery, parsed, jobs) => {
      if (closed) throw new Fault("unavailable", "The store is closing and takes no more deliveries.");
      const row = rowOf(delivery, parsed);
      return new Promise((answer, refuse) => {
        waiting.push({ row, jobs, answer, refuse });
        running ??= run();
      });
    },
    close: async () => {
      closed = true;
      await running;
    },
  };
}

/** Answers every one of the batch. What spoils the common transaction is tried alone, so that it fails alone. */
async function settle(batch: readonly Pending[], engine: Engine, queue: Queue): Promise<void> {
  try {
    const stored = await engine.write((tx) => store(batch, tx, queue));
    for (const { row, answer } of batch) answer(stored.has(row.id) ? "stored" : "duplicate");
  } catch (error) {
    const hopeless = batch.length === 1 || (error instanceof Fault && error.retryable);
    if (hopeless) for (const { refuse } of batch) refuse(error);
    else for (const one of batch) await settle([one], engine, queue);
  }
}

/** @returns the ids that were stored; the others were there already, or stand twice in this batch */
async function store(
  batch: readonly Pending[],
  tx: Parameters<Parameters<Engine["write"]>[0]>[0],
  queue: Queue,
): Promise<Set<string>> {
  const inserted = await tx
    .insertInto("delivery")
    .values(batch.map(({ row }) => row))
    .onConflict((conflict) => conflict.columns(["connector", "dedupe_key"]).doNothing())
    .returning("id")
    .execute();
  const stored = new Set(inserted.map(({ id }) => id));
  await queue.add(
    batch.filter(({ row }) => stored.has(row.id)).flatMap(({ jobs }) => jobs),
    tx,
  );
  return stored;
}

function rowOf(delivery: Delivery, parsed: Parsed): Row {
  const { id, connector, dedupeKey, receivedAt, state, fault, headers, body } = delivery;
  return {
    id,
    connector: indexKey(connector),
    dedupe_key: indexKey(dedupeKey),
    received_at: whole(receivedAt),
    state,
    fault: fault === null ? null : plain(fault),
    doc: JSON.stringify({ connector, dedupeKey, receivedAt, headers, body }),
    parsed: JSON.stringify(parsed),
  };
}
