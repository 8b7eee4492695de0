import type { Engine } from "./engine.ts";
import type { Memory } from "./memory.ts";

/** What the sandbox's HTTP API is handed. */
export interface SandboxDoor {
  readonly engine: Engine;
  readonly memory: Memory;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}
