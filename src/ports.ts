import type { z } from "zod";
import type { ApplyOutcome, Preview, RepeatClass } from "./domain/action.ts";
import type { LogTemplate, ProviderIncident, Sample, Series, Span } from "./domain/case-file.ts";
import type { Change } from "./domain/change.ts";
import type { Parsed } from "./domain/delivery.ts";
import type { Json } from "./domain/json.ts";
import type { Proposal } from "./domain/proposal.ts";
import type { EpochMs, Window } from "./domain/time.ts";
import type { MetricsRegistry } from "./lib/metrics.ts";
import type { StoredMessage } from "./store-port.ts";

/** A request as it came: header names in lower case, the body's bytes untouched. */
export interface InboundRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

export interface Webhook {
  /** False where no secret is set: allowed in local mode only. */
  readonly signed: boolean;
  /** @throws Fault "unauthenticated" when the signature or token is missing, wrong or too old */
  verify(request: InboundRequest, now: EpochMs): void;
  /** The sender's own id of this delivery, or null where it has none. */
  deliveryId(request: InboundRequest): string | null;
  /** @throws Fault "invalid" naming the field and what was expected */
  parse(request: InboundRequest, now: EpochMs): Parsed;
}

export interface ChangeSource {
  /**
   * @returns every change with `window.from <= at < window.to`, in any order
   * @throws Fault
   */
  changesIn(window: Window, signal: AbortSignal): Promise<Change[]>;
  /** The same change with its files and diff, where the system has them. */
  describe?(change: Change, signal: AbortSignal): Promise<Change>;
}

/** Whose signals are wanted. Sources answer what they have of it and leave out the rest. */
export interface Scope {
  readonly services: readonly string[];
  readonly providers: readonly string[];
  readonly gpuPools: readonly string[];
}

export interface SignalSource {
  /**
   * Aggregates and slices of every signal that this source can map for the scope, on one grid of steps.
   *
   * @throws Fault
   */
  query(scope: Scope, window: Window, signal: AbortSignal): Promise<Series[]>;
}

export interface TelemetrySource {
  logsIn?(scope: Scope, window: Window, signal: AbortSignal): Promise<LogTemplate[]>;
  samplesIn?(scope: Scope, window: Window, signal: AbortSignal): Promise<Sample[]>;
  spansIn?(scope: Scope, window: Window, signal: AbortSignal): Promise<Span[]>;
}

export interface StatusSource {
  /** The providers whose pages this source reads. */
  readonly providers: readonly string[];
  incidentsIn(window: Window, signal: AbortSignal): Promise<ProviderIncident[]>;
}

export interface ActionContext {
  readonly signal: AbortSignal;
}

export interface ApplyContext extends ActionContext {
  /** The same for every try of the same step. */
  readonly idempotencyKey: string;
  /** The state that was read just before, as `read` gave it. */
  readonly before: Json;
}

export interface Applied {
  readonly outcome: ApplyOutcome;
  readonly detail: string;
}

/** One typed operation on an outside system. `read`, `preview` and `confirm` never write. */
export interface Action {
  /** `<connector>.<operation>` */
  readonly name: string;
  readonly repeat: RepeatClass;
  readonly params: z.ZodObject;
  /** The state now of what `apply` would change, as far as it would. @throws Fault */
  read(params: Json, context: ActionContext): Promise<Json>;
  /** What would change, given the state that was read. @throws Fault */
  preview(params: Json, before: Json, context: ActionContext): Promise<Preview>;
  /** Does it. A throw is stored as `unknown`: the request may have arrived. */
  apply(params: Json, context: ApplyContext): Promise<Applied>;
  /** Is the wanted state so now? */
  confirm(params: Json, context: ApplyContext): Promise<"yes" | "no" | "unknown">;
  /** Puts the remembered `before` back; null where there is no way back. */
  readonly undo: ((params: Json, context: ApplyContext) => Promise<Applied>) | null;
}

/** One line of `faultline doctor`. */
export interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
  /** What to do about it; empty when ok. */
  readonly remedy: string;
}

/** What a connector can do: each capability is there or it is not. */
export interface Capabilities {
  readonly webhook?: Webhook;
  readonly changes?: ChangeSource;
  readonly signals?: SignalSource;
  readonly telemetry?: TelemetrySource;
  readonly status?: StatusSource;
  readonly actions?: readonly Action[];
  /** Reachability, rights, what is missing. Never throws. */
  check?(signal: AbortSignal): Promise<Check[]>;
}

export interface Connected extends Capabilities {
  readonly id: string;
}

/** Who may approve, looked up at the click. */
export interface Approvers {
  /** @throws Fault when the membership cannot be looked up: the click is then refused */
  mayApprove(person: string, via: string, proposal?: Proposal): Promise<boolean>;
  requesterMayApprove: boolean;
}

/** A chat that shows incidents as threads. */
export interface Chat {
  /** @returns the chat's id of the message. @throws Fault */
  post(message: StoredMessage, threadTs: string | null): Promise<{ readonly channel: string; readonly ts: string }>;
  update(message: StoredMessage): Promise<void>;
  /** Looks for a message whose post was begun and never answered; null when it is certainly not there. */
  find(
    message: StoredMessage,
    threadTs: string | null,
  ): Promise<{ readonly channel: string; readonly ts: string } | null>;
}

/** Numbers about ourselves; labels come from closed lists only. */
export type Metrics = Pick<MetricsRegistry, "count" | "observe">;
