import type { Change } from "../../domain/change.ts";
import { type EpochMs, MINUTE, type Window } from "../../domain/time.ts";

/** Two deliveries tell of one move when the versions were touched within this. */
const SAME_MOVE_MS = MINUTE;
const REMEMBERED = 2_000;

/** A label of a prompt was put on a version. */
export interface Move {
  readonly prompt: string;
  readonly label: string;
  readonly version: number;
  /** When the version that carries the label now was touched. */
  readonly at: EpochMs;
  readonly author: string | null;
  readonly summary: string | null;
}

interface Held {
  version: number | null;
  since: EpochMs;
}

/**
 * What is known of which version carries which label. A move is told by two deliveries (one version got the label,
 * one lost it), in either order, and by polling; all of them make the same change, and the later ones complete it.
 */
export interface Moves {
  /** A version was seen with the label: the move that this means, or null when it had it before. */
  gained(move: Move): Change | null;
  /** A version was seen without the label: the move that this completes, or null. */
  lost(prompt: string, label: string, version: number, at: EpochMs): Change | null;
  /** The version that carries the label as far as is known; undefined when nothing is known. */
  holder(prompt: string, label: string): number | null | undefined;
  /** Learns the state without taking it for a move. */
  learn(prompt: string, label: string, version: number, at: EpochMs): void;
  /** Moves in the window. */
  within(window: Window): Change[];
}

export function createMoves(services: Readonly<Record<string, string>>, urlOf: (prompt: string) => string): Moves {
  const holders = new Map<string, Held>();
  const losers = new Map<string, { version: number; at: EpochMs }>();
  const changes = new Map<string, Change>();
  const latest = new Map<string, Change>();
  const remember = (key: string, change: Change): Change => {
    changes.set(change.id, change);
    latest.set(key, change);
    const [oldest] = changes.keys();
    if (changes.size > REMEMBERED && oldest !== undefined) changes.delete(oldest);
    return change;
  };
  const build = (move: Move, before: number | null) => changeOf(move, before, { services, urlOf });
  return {
    gained: (move) => {
      const key = keyOf(move.prompt, move.label);
      const held = holders.get(key);
      const known = changes.get(build(move, null).id);
      if (held?.version === move.version) return known ?? null;
      if (held !== undefined && move.at < held.since) return build(move, null);
      const loser = losers.get(key);
      const near = loser !== undefined && Math.abs(loser.at - move.at) <= SAME_MOVE_MS ? loser.version : null;
      holders.set(key, { version: move.version, since: move.at });
      return remember(key, build(move, held?.version ?? near));
    },
    lost: (prompt, label, version, at) => {
      const key = keyOf(prompt, label);
      const change = latest.get(key);
      if (holders.get(key)?.version === version) return null;
      losers.set(key, { version, at });
      if (change === undefined || change.before !== null || Math.abs(change.at - at) > SAME_MOVE_MS) return null;
      return remember(key, { ...change, before: String(version) });
    },
    holder: (prompt, label) => holders.get(keyOf(prompt, label))?.version,
    learn: (prompt, label, version, at) => {
      holders.set(keyOf(prompt, label), { version, since: at });
    },
    within: ({ from, to }) => [...changes.values()].filter(({ at }) => at >= from && at < to),
  };
}

function keyOf(prompt: string, label: string): string {
  return JSON.stringify([prompt, label]);
}

interface Context {
  readonly services: Readonly<Record<string, string>>;
  readonly urlOf: (prompt: string) => string;
}

/** The minute is a part of the id: the same version can get the same label again another day. */
function changeOf(
  { prompt, label, version, at, author, summary }: Move,
  before: number | null,
  context: Context,
): Change {
  return {
    id: `langfuse:${prompt}@${version}:${label}:${Math.floor(at / MINUTE)}`,
    at,
    kind: "prompt",
    system: "langfuse",
    service: Object.hasOwn(context.services, prompt) ? (context.services[prompt] ?? null) : null,
    target: prompt,
    title: `Label ${label} of the prompt ${prompt} moved to version ${version}`,
    author,
    before: before === null ? null : String(before),
    after: String(version),
    url: context.urlOf(prompt),
    scope: {},
    rollout: null,
    summary,
    commit: null,
    files: [],
    diff: null,
  };
}
