import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ChainLine, chainLine, chainStart, verifyChain } from "./audit-chain.ts";

type Line = ChainLine & { readonly text: string };

function chain(texts: readonly string[]): Line[] {
  const lines: Line[] = [];
  for (const text of texts) lines.push(chainLine(lines.at(-1) ?? chainStart, { text }));
  return lines;
}

const texts = fc.array(fc.string({ unit: "grapheme" }), { minLength: 1, maxLength: 12 });
/** A chain and the position of one of its lines. */
const chainAndIndex = texts.chain((all) => fc.tuple(fc.constant(chain(all)), fc.nat(all.length - 1)));

describe("an audit chain", () => {
  it("holds as it was written, whole or page by page", () => {
    fc.assert(
      fc.property(chainAndIndex, ([lines, at]) => {
        const whole = verifyChain(lines);
        expect(whole).toEqual({ ok: true, head: { seq: lines.length, hash: lines.at(-1)?.hash } });
        const first = verifyChain(lines.slice(0, at));
        expect(first.ok && verifyChain(lines.slice(at), first.head)).toEqual(whole);
      }),
    );
  });

  it("breaks at the line whose content was changed", () => {
    fc.assert(
      fc.property(chainAndIndex, ([lines, at]) => {
        const forged = lines.map((line, index) => (index === at ? { ...line, text: `${line.text}!` } : line));
        expect(verifyChain(forged)).toMatchObject({ ok: false, seq: at + 1 });
      }),
    );
  });

  it("breaks after a line that was written anew with a fitting hash", () => {
    const lines = chain(["one", "two", "three"]);
    const forged = lines.map((line, index) => (index === 1 ? chainLine(lines[0] ?? chainStart, { text: "2" }) : line));
    expect(verifyChain(forged)).toMatchObject({
      ok: false,
      seq: 3,
      because: "it does not follow from the line before",
    });
  });

  it("breaks where a line is missing, at the front or between, and where one stands twice", () => {
    const [one, two, three] = chain(["one", "two", "three"]) as [Line, Line, Line];
    expect(verifyChain([one, three])).toMatchObject({ ok: false, seq: 2 });
    expect(verifyChain([two, three])).toMatchObject({ ok: false, seq: 1 });
    expect(verifyChain([one, two, two])).toMatchObject({ ok: false, seq: 3 });
  });

  it("does not depend on the order of an entry's fields", () => {
    const written = chainLine(chainStart, { a: 1, b: { c: 2, d: 3 } });
    const { hash, prevHash, seq } = written;
    expect(verifyChain([{ b: { d: 3, c: 2 }, hash, prevHash, seq, a: 1 } as ChainLine]).ok).toBe(true);
  });

  it("is the hash that its description says", () => {
    const { createHash } = process.getBuiltinModule("node:crypto");
    const text = `${"0".repeat(64)}{"seq":1,"text":"one"}`;
    expect(chain(["one"])[0]?.hash).toBe(createHash("sha256").update(text).digest("hex"));
  });

  it("says of an empty log that it holds from where it was asked", () => {
    const head = { seq: 4, hash: "ab" };
    expect(verifyChain([], head)).toEqual({ ok: true, head });
  });
});
