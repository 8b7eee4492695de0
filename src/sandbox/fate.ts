/** What came of one request: `limited` is our own limit on a client, `full` the pool's queue, `gpu` a GPU that fails. */
export const outcomes = ["ok", "limited", "crashed", "overloaded", "throttled", "timeout", "gpu", "full"] as const;
export type Outcome = (typeof outcomes)[number];

export type ServiceName = "support-chat" | "ticket-summary" | "lead-writer";

/** One request and what became of it. */
export interface Fate {
  readonly service: ServiceName;
  readonly tenant: string;
  readonly language: string;
  readonly route: string;
  readonly promptVersion: string;
  readonly modelVersion: string;
  readonly provider: string | null;
  readonly node: string | null;
  /** Tokens of the conversation alone, and of all that was sent. */
  readonly conversationTokens: number;
  readonly inputTokens: number;
  readonly cachedTokens: number;
  readonly outputTokens: number;
  /** In seconds. */
  readonly ttftS: number;
  readonly latencyS: number;
  readonly costUsd: number;
  readonly outcome: Outcome;
  readonly formatValid: boolean;
  readonly refused: boolean;
  readonly hallucinated: boolean;
  readonly retrieved: boolean;
  readonly toolFailed: boolean;
  readonly blocked: boolean;
  /** What the judge says, for the share of answers that it looks at; null where it did not. */
  readonly judged: number | null;
  readonly disliked: boolean;
}
