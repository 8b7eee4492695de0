import type { Catalog } from "../domain/catalog.ts";
import type { Runbook } from "../domain/runbook.ts";
import type { Clock } from "../lib/clock.ts";
import type { NewId } from "../lib/ids.ts";
import type { Log } from "../lib/log.ts";
import type { Approvers, Chat, Connected, Metrics } from "../ports.ts";
import type { Store } from "../store-port.ts";

/** What the flows are handed. Nothing else of the world reaches them. */
export interface FlowDeps {
  readonly store: Store;
  readonly connected: readonly Connected[];
  readonly catalog: Catalog;
  readonly runbooks: readonly Runbook[];
  readonly approvers: Approvers;
  /** Null in local mode: the console reads the messages where they are kept. */
  readonly chat: Chat | null;
  readonly clock: Clock;
  readonly newId: NewId;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly settings: FlowSettings;
}

/** Timings, in milliseconds; the configuration's `timing` section. */
export interface FlowSettings {
  /** Where people can look: the address of the console, or null. */
  readonly consoleUrl: string | null;
  /** How far back changes and series are looked at. */
  readonly lookbackMs: number;
  /** How long each source has to answer an investigation. */
  readonly sourceTimeoutMs: number;
  /** Waits between the diagnoses of a fresh incident: evidence grows while it burns. */
  readonly rediagnoseAfterMs: readonly number[];
  /** An alert of a related service joins an open incident when it fires within this time of its last news. */
  readonly groupWithinMs: number;
  /** The share of probability that the leading suspect needs before something is proposed. */
  readonly proposeFrom: number;
  /** How long after the samples are due verification goes on before it ends inconclusive. */
  readonly verifyWithinMs: number;
}
