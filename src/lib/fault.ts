/** The closed list of expected failures; `retry` says whether a later attempt may succeed. */
export const faultKinds = {
  config: { retry: false },
  invalid: { retry: false },
  unauthenticated: { retry: false },
  forbidden: { retry: false },
  not_found: { retry: false },
  conflict: { retry: false },
  too_large: { retry: false },
  rate_limited: { retry: true },
  unavailable: { retry: true },
  timeout: { retry: true },
} as const satisfies Record<string, { retry: boolean }>;

export type FaultKind = keyof typeof faultKinds;

/**
 * A failure that we expected could happen. The kind is the metric label, the log field and the key of the sentence
 * that a person reads; nobody interprets the message. Anything that is not a Fault is a defect.
 */
export class Fault extends Error {
  readonly kind: FaultKind;
  /** How long the other side asked us to wait, in milliseconds, where it said so. */
  readonly retryAfterMs: number | undefined;

  constructor(kind: FaultKind, message: string, options: { cause?: unknown; retryAfterMs?: number | undefined } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "Fault";
    this.kind = kind;
    this.retryAfterMs = options.retryAfterMs;
  }

  get retryable(): boolean {
    return faultKinds[this.kind].retry;
  }
}

/** The kind of a thrown thing: a Fault's own, or `"defect"` for everything that nobody foresaw. */
export function kindOf(error: unknown): FaultKind | "defect" {
  return error instanceof Fault ? error.kind : "defect";
}
