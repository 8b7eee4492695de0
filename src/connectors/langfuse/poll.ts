import type { Change } from "../../domain/change.ts";
import { SECOND, type Window } from "../../domain/time.ts";
import type { ChangeSource } from "../../ports.ts";
import type { Labelled, LangfuseApi, Version } from "./api.ts";
import type { Move, Moves } from "./moves.ts";
import type { Settings } from "./settings.ts";

/** Versions touched by one move are touched within one transaction. */
const TRANSACTION_MS = 5 * SECOND;

export function changesOf({ labels }: Settings, api: LangfuseApi, moves: Moves): ChangeSource {
  return {
    changesIn: async (window, signal) => {
      for (const label of labels) {
        for (const seen of await api.labelled(label, signal)) await notice(seen, label, { window, api, moves, signal });
      }
      return moves.within(window);
    },
    describe: async (change, signal) => {
      if (change.before === null || change.after === null) return change;
      const [before, after] = await Promise.all([
        api.byVersion(change.target, Number(change.before), signal),
        api.byVersion(change.target, Number(change.after), signal),
      ]);
      return described(change, before, after);
    },
  };
}

interface Noticing {
  readonly window: Window;
  readonly api: LangfuseApi;
  readonly moves: Moves;
  readonly signal: AbortSignal;
}

/**
 * Langfuse keeps no history of labels. What was seen before tells a move; at first sight, a move is one in which an
 * earlier version was touched together with the one that carries the label now.
 */
async function notice({ name, version, updatedAt }: Labelled, label: string, { window, api, moves, signal }: Noticing) {
  const move: Move = { prompt: name, label, version, at: updatedAt, author: null, summary: null };
  if (moves.holder(name, label) !== undefined) {
    moves.gained(move);
    return;
  }
  if (updatedAt >= window.from && updatedAt < window.to) {
    const touched = await api.touched(name, updatedAt - TRANSACTION_MS, updatedAt + TRANSACTION_MS, signal);
    const others = touched.filter((other) => other !== version);
    const [before] = others;
    if (before !== undefined && others.length === 1 && before < version) {
      moves.learn(name, label, before, updatedAt - TRANSACTION_MS);
      moves.gained(move);
      return;
    }
  }
  moves.learn(name, label, version, updatedAt);
}

/** The change with what differs between the two texts. */
function described(change: Change, before: Version, after: Version): Change {
  const summary = change.summary ?? after.commitMessage ?? null;
  return { ...change, summary, diff: diffOf(textOf(before), textOf(after)) };
}

function textOf({ prompt }: Version): string[] {
  if (typeof prompt === "string") return prompt.split("\n");
  return JSON.stringify(prompt, null, 2).split("\n");
}

/** The lines that are not common to the beginning and the end of both. */
function diffOf(before: readonly string[], after: readonly string[]): string {
  const shorter = Math.min(before.length, after.length);
  let head = 0;
  while (head < shorter && before[head] === after[head]) head += 1;
  let tail = 0;
  while (tail < shorter - head && before.at(-1 - tail) === after.at(-1 - tail)) tail += 1;
  const removed = before.slice(head, before.length - tail);
  const added = after.slice(head, after.length - tail);
  const header = `@@ -${head + 1},${removed.length} +${head + 1},${added.length} @@`;
  return [header, ...removed.map((line) => `-${line}`), ...added.map((line) => `+${line}`)].join("\n");
}
