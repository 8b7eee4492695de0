/** One line of a benchmark's answer. */
export interface Row {
  readonly bench: string;
  readonly metric: string;
  readonly value: number;
  readonly unit: string;
  /** Somebody else's figure for the same, where there is one. */
  readonly peer?: string;
  readonly peer_value?: number;
  readonly ratio?: number;
}
