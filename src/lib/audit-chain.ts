import { canonicalJson, sha256 } from "./digest.ts";

/** A line of a hash chain: what it says, its number, the hash of the line before and its own. */
export interface ChainLine {
  readonly seq: number;
  readonly prevHash: string;
  readonly hash: string;
}

/** Where a chain stands: the number and the hash of its last line. */
export interface ChainHead {
  readonly seq: number;
  readonly hash: string;
}

/** Before the first line. */
export const chainStart: ChainHead = { seq: 0, hash: "0".repeat(64) };

/** The next line: `hash` is sha256(prevHash + canonical JSON of the entry with its `seq`), in hex. */
export function chainLine<E extends object>(head: ChainHead, entry: E): E & ChainLine {
  const seq = head.seq + 1;
  return { ...entry, seq, prevHash: head.hash, hash: sha256(head.hash + canonicalJson({ ...entry, seq })) };
}

export type ChainCheck =
  | { readonly ok: true; readonly head: ChainHead }
  | { readonly ok: false; readonly seq: number; readonly because: string };

/**
 * Recomputes the lines of an audit, in order, after `head`. A line that was changed, removed, added or moved breaks the
 * chain at the first place where it shows; lines cut off at the end show only against a head that is known elsewhere.
 *
 * @returns the head after the last line, or the first bad number and what is wrong with it
 */
export function verifyChain(lines: Iterable<ChainLine>, head: ChainHead = chainStart): ChainCheck {
  let at = head;
  for (const line of lines) {
    const { prevHash, hash, ...entry } = line;
    const expected = at.seq + 1;
    if (line.seq !== expected) {
      return {
        ok: false,
        seq: expected,
        because: `line ${expected} is missing: line ${line.seq} follows line ${at.seq}`,
      };
    }
    if (prevHash !== at.hash) return { ok: false, seq: expected, because: "it does not follow from the line before" };
    if (hash !== sha256(prevHash + canonicalJson(entry))) {
      return { ok: false, seq: expected, because: "its content is not what was written" };
    }
    at = { seq: line.seq, hash };
  }
  return { ok: true, head: at };
}
