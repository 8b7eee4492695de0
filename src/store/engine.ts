import type { Kysely, Transaction } from "kysely";
import type { Jobs, NewJob } from "../store-port.ts";
import type { Tables } from "./tables.ts";

export type Db = Kysely<Tables>;
export type Tx = Transaction<Tables>;

/** What differs between the two databases; everything else is one set of tables and queries. */
export interface Engine {
  readonly dialect: "sqlite" | "postgres";
  readonly db: Db;
  /**
   * Runs `work` in one durable transaction that may write: all of it, or, when it throws, nothing. It may be run again
   * where the database asks for that.
   *
   * @throws Fault "unavailable" when the database refuses or does not answer
   */
  write<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  /** Makes later writers of the same transaction kind wait until this transaction ends. */
  serialise(tx: Tx): Promise<void>;
  /** The failure as a Fault "unavailable" where the database refused or did not answer; else as it was. */
  fault(error: unknown): unknown;
  close(): Promise<void>;
}

/** A queue that can also take jobs within a transaction of the store. */
export interface Queue extends Jobs {
  /** Adds the jobs, of each kind and key only where none is waiting. They are there when `tx` commits. */
  add(jobs: readonly NewJob[], tx: Tx): Promise<void>;
  close(): Promise<void>;
}

/** A job that failed this often is dead: retrying further only hides it. */
export const MAX_ATTEMPTS = 8;

/** Runs a query and turns what the database refuses into a Fault. */
export async function asking<T>(engine: Engine, query: () => Promise<T>): Promise<T> {
  try {
    return await query();
  } catch (error) {
    throw engine.fault(error);
  }
}
