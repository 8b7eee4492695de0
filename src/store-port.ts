import type { Alert } from "./domain/alert.ts";
import type { Change } from "./domain/change.ts";
import type { Delivery, Parsed } from "./domain/delivery.ts";
import type { Diagnosis } from "./domain/diagnosis/diagnosis.ts";
import type { Execution } from "./domain/execution.ts";
import type { Incident } from "./domain/incident.ts";
import type { Json } from "./domain/json.ts";
import type { Message } from "./domain/message.ts";
import type { Decision, Proposal, ProposalState } from "./domain/proposal.ts";
import type { EpochMs, Window } from "./domain/time.ts";
import type { TimelineEntry } from "./domain/timeline.ts";

export const jobKinds = ["triage", "investigate", "execute", "verify", "publish", "poll", "sweep"] as const;
export type JobKind = (typeof jobKinds)[number];

export interface NewJob {
  readonly kind: JobKind;
  /** At most one waiting job of this kind and key: another is not added. A running one does not count. */
  readonly key: string;
  readonly payload: Json;
  /** Not before this time. */
  readonly runAt: EpochMs;
}

export interface Job extends NewJob {
  readonly id: string;
  /** 1 in the first try. */
  readonly attempt: number;
}

export interface JobCount {
  readonly kind: JobKind;
  readonly waiting: number;
  readonly running: number;
  readonly dead: number;
  /** How long the oldest due job has been waiting. */
  readonly lagMs: number;
}

export interface Jobs {
  /** Leases due jobs, oldest first; a lease that ends without `finish` makes the job due again. */
  claim(now: EpochMs, leaseMs: number, limit: number): Promise<Job[]>;
  finish(job: Job): Promise<void>;
  /** Due again at `at`; after the eighth failed attempt the job is dead and stays visible. */
  retry(job: Job, at: EpochMs, because: string): Promise<void>;
  /** Dead at once: trying again cannot help. */
  bury(job: Job, because: string): Promise<void>;
  counts(now: EpochMs): Promise<JobCount[]>;
  dead(limit: number): Promise<(Job & { readonly because: string })[]>;
}

export interface AuditEntry {
  readonly at: EpochMs;
  readonly actor: string;
  /** `proposal.approved`, `click.refused`, `step.started`, `step.succeeded` … */
  readonly action: string;
  readonly incidentId: string | null;
  readonly proposalId: string | null;
  readonly digest: string | null;
  readonly detail: Json;
}

export interface AuditLine extends AuditEntry {
  readonly seq: number;
  readonly prevHash: string;
  /** sha256(prevHash + canonical JSON of {seq} and the entry) */
  readonly hash: string;
}

export interface StoredMessage extends Message {
  readonly incidentId: string;
  /** Order within the thread. */
  readonly seq: number;
  /** Grows with each change of the content. */
  readonly rev: number;
  /** The rev that the chat shows; 0 before the first post. */
  readonly publishedRev: number;
  readonly channel: string | null;
  /** The chat's own id of the message. */
  readonly ts: string | null;
  /** When a post began whose answer is not known yet. */
  readonly sendingSince: EpochMs | null;
  readonly updatedAt: EpochMs;
}

/**
 * Everything that becomes true together. All of it, or nothing: when one guard does not hold (a row moved since it was
 * read), the answer is "conflict" and nothing was written.
 */
export interface Commit {
  readonly delivery?: { readonly id: string; readonly state: Delivery["state"]; readonly fault: string | null };
  /** `expectRev` null inserts; else the row must still have that rev. `next.rev` must be one more. */
  readonly incidents?: readonly { readonly next: Incident; readonly expectRev: number | null }[];
  /** Inserts or updates by fingerprint and startsAt; an alert stays with the incident it joined first. */
  readonly alerts?: readonly { readonly incidentId: string; readonly alert: Alert }[];
  /** Inserts; a change of the same id that is told again is refined: what is known is not forgotten. */
  readonly changes?: readonly Change[];
  readonly diagnosis?: { readonly incidentId: string; readonly diagnosis: Diagnosis };
  readonly proposals?: readonly Proposal[];
  /** Guard: the proposal is in state `from`. */
  readonly proposalMoves?: readonly {
    readonly id: string;
    readonly from: ProposalState;
    readonly to: ProposalState;
    readonly because: string;
  }[];
  /** Guard: nobody's approval of the same digest is there twice. */
  readonly decisions?: readonly Decision[];
  /** `expectEpoch` null inserts; else the row must have that epoch. */
  readonly executions?: readonly { readonly next: Execution; readonly expectEpoch: number | null }[];
  /** Guard: the target is free, or held by the same execution already. Held until `unlock` names the execution. */
  readonly locks?: readonly { readonly target: string; readonly executionId: string }[];
  readonly unlock?: string;
  readonly timeline?: readonly TimelineEntry[];
  readonly audit?: readonly AuditEntry[];
  /** Inserts, or replaces where text or blocks differ (rev + 1); unchanged content writes nothing. */
  readonly messages?: readonly { readonly incidentId: string; readonly message: Message; readonly at: EpochMs }[];
  readonly jobs?: readonly NewJob[];
  /** Guard: the note has the value `from` (null: there is none). Compared as canonical JSON. */
  readonly notes?: readonly { readonly name: string; readonly from: Json | null; readonly to: Json }[];
}

export interface Store {
  readonly dialect: "sqlite" | "postgres";
  readonly jobs: Jobs;

  /**
   * Keeps a delivery with what it was parsed to and the job that handles it, in one durable transaction; deliveries
   * that arrive together are committed together.
   *
   * @returns "duplicate" when one with the same connector and dedupeKey is there: nothing was written
   */
  accept(delivery: Delivery, parsed: Parsed, jobs: readonly NewJob[]): Promise<"stored" | "duplicate">;
  delivery(id: string): Promise<{ readonly delivery: Delivery; readonly parsed: Parsed } | null>;
  unreadable(limit: number): Promise<Delivery[]>;

  commit(commit: Commit): Promise<"committed" | "conflict">;

  incident(id: string): Promise<Incident | null>;
  /** Newest first. */
  incidents(filter: { readonly open?: boolean; readonly limit: number }): Promise<Incident[]>;
  /** The incident that this episode of an alert belongs to. */
  incidentOfAlert(fingerprint: string, startsAt: EpochMs): Promise<Incident | null>;
  /** Every alert of the incident, the latest state of each, oldest first. */
  alerts(incidentId: string): Promise<Alert[]>;
  timeline(incidentId: string): Promise<TimelineEntry[]>;
  changesIn(window: Window, limit: number): Promise<Change[]>;
  /** Newest last; `versions` of it, the latest only by default. */
  diagnoses(incidentId: string, versions?: number): Promise<Diagnosis[]>;
  proposal(id: string): Promise<Proposal | null>;
  proposals(filter: { readonly incidentId?: string; readonly state?: ProposalState }): Promise<Proposal[]>;
  decisions(proposalId: string): Promise<Decision[]>;
  execution(id: string): Promise<Execution | null>;
  executions(filter: { readonly incidentId?: string; readonly active?: boolean }): Promise<Execution[]>;
  audit(afterSeq: number, limit: number): Promise<AuditLine[]>;

  /** In thread order. */
  messages(incidentId: string): Promise<StoredMessage[]>;
  /** Marks a post as begun, so that a crash before its answer can be told. @returns false when another began it first */
  messageSending(begun: {
    readonly incidentId: string;
    readonly key: string;
    readonly at: EpochMs;
    /** What was read; another process that was faster has changed it. */
    readonly expected: EpochMs | null;
  }): Promise<boolean>;
  messagePublished(
    incidentId: string,
    key: string,
    published: { readonly rev: number; readonly channel: string; readonly ts: string },
  ): Promise<void>;

  /** Small named values: polling cursors, the kill switch. */
  note(name: string): Promise<Json | null>;
  setNote(name: string, value: Json): Promise<void>;

  /** @throws Fault "unavailable" when the database does not answer */
  ping(): Promise<void>;
  close(): Promise<void>;
}
