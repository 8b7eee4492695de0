import { expect, test } from "vitest";
import { xidIn, xidMeaning } from "./xid.ts";

test.each([
  ["NVRM: Xid (PCI:0000:01:00): 79, GPU has fallen off the bus.", 79],
  ["NVRM: Xid (0000:03:00): 14, Channel 00000001", 14],
  ["NVRM: Xid (PCI:0000:<*>): 94, Contained ECC error", 94],
  ["kernel: NVRM: Xid: 31, pid=123", 31],
  ["nothing of the kind", null],
  ["xid without a number", null],
])("the code of %j is %s", (line, code) => {
  expect(xidIn(line)).toBe(code);
});

test("a fallen GPU is hardware, a page fault the application's, a timeout of the GSP the driver's", () => {
  expect(xidMeaning(79)).toMatchObject({ about: "hardware", action: "RESTART_BM" });
  expect(xidMeaning(31)).toMatchObject({ about: "application" });
  expect(xidMeaning(119)).toMatchObject({ about: "driver" });
  expect(xidMeaning(9999)).toBeNull();
  expect(xidMeaning(1)).toBeNull();
});

test("all 109 codes in use have a meaning, an action, and one of four kinds of guilt", () => {
  const known = Array.from({ length: 200 }, (_, code) => xidMeaning(code)).filter((meaning) => meaning !== null);
  expect(known).toHaveLength(109);
  for (const { about, what, action } of known) {
    expect(["hardware", "application", "driver", "consequence"]).toContain(about);
    expect(what.length).toBeGreaterThan(5);
    expect(action).toMatch(/^[A-Z0-9_]+$/);
  }
});
