import fc from "fast-check";
import { expect, test } from "vitest";
import { z } from "zod";
import { Fault } from "../../lib/fault.ts";
import { instantOf, linkOf, MaybeInstant, readBody, unixToMs } from "./inbound.ts";

const request = (body: string | Uint8Array) => ({
  headers: {},
  body: typeof body === "string" ? new TextEncoder().encode(body) : body,
});

function said(body: string | Uint8Array, schema: z.ZodType): string {
  try {
    readBody(request(body), schema, "a thing");
  } catch (error) {
    if (error instanceof Fault && error.kind === "invalid") return error.message;
    throw error;
  }
  throw new Error("it was taken");
}

test("a bad field is named by its path", () => {
  const schema = z.object({ list: z.array(z.object({ n: z.number() })) });
  expect(said('{"list":[{"n":1},{"n":"x"}]}', schema)).toContain("list[1].n: ");
  expect(said("[]", schema)).toContain("the body: ");
});

test("a long list of faults is cut", () => {
  const schema = z.array(z.number());
  expect(said('["a","b","c","d","e","f","g"]', schema)).toMatch(/and 2 more$/);
});

test("bytes that are no UTF-8 and text that is no JSON are refused", () => {
  expect(said(new Uint8Array([0x7b, 0xff, 0x7d]), z.unknown())).toContain("not JSON");
  expect(said("{", z.unknown())).toContain("not JSON");
});

test("every instant survives the way through RFC 3339", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4_102_444_800_000 }), (at) => {
      expect(instantOf(new Date(at).toISOString())).toBe(at);
    }),
  );
});

test("an offset counts, and a date without a time or a zone is no instant", () => {
  expect(instantOf("2026-11-20T03:00:00+01:00")).toBe(Date.UTC(2026, 10, 20, 2));
  expect(instantOf("2026-11-20T02:03:11.482123456Z")).toBe(Date.UTC(2026, 10, 20, 2, 3, 11, 482));
  for (const text of ["2026-11-20", "2026-11-20T02:03:11", "yesterday", "2026-13-40T00:00:00Z", ""])
    expect(instantOf(text)).toBeNull();
});

test.each([undefined, null, "", 0, "0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z"])(
  "the end %j has not come",
  (end) => {
    expect(MaybeInstant.parse(end)).toBeNull();
  },
);

test("Unix times of every magnitude are the same instant", () => {
  const at = Date.UTC(2026, 10, 20, 2, 3, 11);
  for (const factor of [1e-3, 1, 1e3, 1e6]) expect(unixToMs(at * factor)).toBe(at);
});

test("only plain web addresses become links", () => {
  expect(linkOf("https://example.org/a?b=c")).toBe("https://example.org/a?b=c");
  for (const text of [
    "javascript:alert(1)",
    "https://example.org@evil.org/",
    "ftp://x.org",
    "slack://x",
    "text",
    "",
    null,
  ])
    expect(linkOf(text)).toBeNull();
});
