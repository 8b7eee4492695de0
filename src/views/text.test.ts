import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { code, link, literal, md, ownLink, plain, prose, stacked } from "./text.ts";

describe("prose", () => {
  it("keeps ordinary words as they are", () => {
    expect(prose("p95 latency of chat_api is 9.4 s (normal 3.1 s), 38 % of chats").mrkdwn).toBe(
      "p95 latency of chat_api is 9.4 s (normal 3.1 s), 38 % of chats",
    );
  });

  it.each([
    ["<!channel> look", "&lt;!channel&gt; look"],
    ["<https://evil.example|good.example>", "&lt;https://evil.example|good.example&gt;"],
    ["@here now", "@\u200bhere now"],
    ["*bold* _it_ ~no~ `x`", "∗bold∗ ˍitˍ ∼no∼ ˋxˋ"],
    ["line\n> quote", "line &gt; quote"],
    ["> quote", "› quote"],
    [":white_check_mark: Approved", ":\u200bwhite_check_mark: Approved"],
    ["a\u202eb\u0000c\u200bd", "abcd"],
  ])("neutralises %j", (raw, safe) => {
    expect(prose(raw).mrkdwn).toBe(safe);
  });

  it("leaves times of day alone", () => {
    expect(prose("at 12:30:45 UTC").mrkdwn).toBe("at 12:30:45 UTC");
  });

  it("escapes an entity only once and cuts between entities", () => {
    expect(prose("a &amp; b").mrkdwn).toBe("a &amp;amp; b");
    expect(prose("&&&&", 12).mrkdwn).toBe("&amp;&amp;…");
  });

  it("is never longer than its limit and never ends within an entity or a pair of surrogates", () => {
    fc.assert(
      fc.property(hostile(), fc.integer({ min: 8, max: 120 }), (raw, limit) => {
        const { mrkdwn } = prose(raw, limit);
        expect(JSON.stringify(mrkdwn).length - 2).toBeLessThanOrEqual(limit);
        expect(mrkdwn.isWellFormed()).toBe(true);
        expect(mrkdwn.replace(/&(amp|lt|gt);/g, "")).not.toMatch(/[&<>]/);
      }),
    );
  });

  it("yields no mention, link, emoji or formatting, whatever comes in", () => {
    fc.assert(
      fc.property(hostile(), (raw) => {
        const { mrkdwn } = md`${raw}`;
        expect(mrkdwn).not.toMatch(/[<>*~`\n]|^&gt;|@[\p{L}\p{N}]|(^|\W)_|_(\W|$)|:(?!\d+:)[\w+'-]+:/iu);
      }),
      { numRuns: 500 },
    );
  });
});

describe("code, plain and literal", () => {
  it("does not let a code span be left", () => {
    fc.assert(
      fc.property(hostile(), (raw) => {
        const { mrkdwn } = code(raw);
        expect(mrkdwn === "" || /^`[^`\n<>]+`$/.test(mrkdwn)).toBe(true);
      }),
    );
  });

  it("never gives an empty plain text, and one line only", () => {
    fc.assert(
      fc.property(hostile(), (raw) => {
        expect(plain(raw, 150)).toMatch(/^.{1,150}$/u);
      }),
    );
  });

  it("keeps line breaks of a literal text and drops what cannot be seen", () => {
    expect(literal("a\r\n\tb\u202e\u0007c", 100)).toBe("a\n  bc");
  });
});

describe("link", () => {
  it("names the host it leads to", () => {
    expect(link("https://grafana.example.com/d/x?a=1&b=2")?.mrkdwn).toBe(
      "<https://grafana.example.com/d/x?a=1&amp;b=2|grafana.example.com>",
    );
  });

  it.each(["javascript:alert(1)", "https://good.example@evil.example/", "not a link", "", "data:text/html,x"])(
    "refuses %j",
    (url) => expect(link(url)).toBeNull(),
  );

  it("cannot be left or disguised by anything in the address", () => {
    fc.assert(
      fc.property(hostile(), (raw) => {
        const made = link(`https://host.example/${raw}`);
        expect(made === null || /^<https:\/\/host\.example\/[^<>|\s]*\|host\.example>$/.test(made.mrkdwn)).toBe(true);
      }),
    );
  });

  it("escapes the label of a link of our own", () => {
    expect(ownLink("https://c.example/a b|c", "x|<y>").mrkdwn).toBe("<https://c.example/a%20b%7Cc|x|&lt;y&gt;>");
  });
});

describe("stacked", () => {
  it("leaves out whole lines and says how many", () => {
    const lines = Array.from({ length: 5 }, (_, index) => md`line number ${index}`);
    expect(stacked(lines, 60).mrkdwn).toBe("line number 0\nline number 1\n… and 3 more");
  });
});

/** Texts that try everything. */
function hostile(): fc.Arbitrary<string> {
  const bits = fc.constantFrom(
    "<!here>",
    "<!channel>",
    "<!subteam^S1>",
    "<@U1>",
    "<#C1>",
    "<https://evil.example|ok>",
    "@channel",
    "@here",
    "*",
    "_",
    "~",
    "`",
    "```",
    ">",
    "<",
    "&",
    "&gt;",
    ":tada:",
    "|",
    "\n",
    "\r\n> ",
    "\u202e",
    "\u200b",
    "\u2028",
    "é",
    "🔥",
    "مرحبا",
    "\ud800",
    '"',
    "\\",
    "word",
    " ",
    "https://evil.example",
    "x".repeat(300),
  );
  return fc
    .array(fc.oneof(bits, fc.string({ unit: "binary", maxLength: 12 })), { maxLength: 40 })
    .map((all) => all.join(""));
}
