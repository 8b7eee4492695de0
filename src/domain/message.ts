import type { Json } from "./json.ts";

/** A message as data: Block Kit blocks, drawn by Slack and by the console alike. */
export interface Message {
  /** Which message of the incident: `root`, `diagnosis`, `proposal:<id>`, `execution:<id>`, `resolved`. */
  readonly key: string;
  /** Enough to act on by itself: the notification text. */
  readonly text: string;
  readonly blocks: readonly Json[];
}
