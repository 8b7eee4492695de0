import { describe, expect, it } from "vitest";
import { brokenRules } from "../../test/fakes/slack/block-rules.ts";
import { change, diagnosis, incident, ONSET } from "../../test/fakes/slack/sample-incident.ts";
import { changesMessage } from "./changes.ts";
import { helpMessage } from "./help.ts";
import { statusMessage } from "./status.ts";

describe("the help", () => {
  it.each([
    ["staus", "status"],
    ["stauts", "status"],
    ["HELP", "help"],
    ["chnages", "changes"],
    ["change", "changes"],
    ["rollback", null],
    ["approve", null],
    ["", null],
    ["x".repeat(100_000), null],
  ])("takes %j for %j", (word, name) => {
    const [, meant = null] = /Did you mean `\/faultline (\w+)`/.exec(helpMessage(word).text) ?? [];
    expect(meant).toBe(name);
  });

  it("never names a command that approves", () => {
    for (const word of [null, "approve", "aprove"])
      expect(JSON.stringify(helpMessage(word))).not.toMatch(/faultline a/);
  });
});

describe("the answers of a command", () => {
  const window = { from: ONSET, to: ONSET + 60_000 };

  it("keep to Slack's limits however much there is", () => {
    const long = { ...incident, title: "<!here> & ".repeat(500), owner: "*".repeat(500) };
    const open = Array.from({ length: 300 }, () => ({ incident: long, diagnosis }));
    const wide = {
      ...change,
      title: '"'.repeat(900),
      target: "<x>".repeat(900),
      url: `https://e.example/${"x".repeat(390)}`,
    };
    const changes = Array.from({ length: 300 }, () => wide);
    expect(brokenRules(statusMessage({ open, halted: true }))).toEqual([]);
    expect(brokenRules(changesMessage({ changes, service: "s".repeat(900), window }))).toEqual([]);
    expect(brokenRules(helpMessage("`".repeat(9_000)))).toEqual([]);
  });

  it("say how much is not shown, each line whole", () => {
    const shownAndLeft = (blocks: unknown) => {
      const text = JSON.stringify(blocks);
      const [, left = "0"] = /… and (\d+) more/.exec(text) ?? [];
      return text.split("• ").length - 1 + Number(left);
    };
    const open = Array.from({ length: 60 }, () => ({ incident, diagnosis: null }));
    expect(shownAndLeft(statusMessage({ open, halted: false }).blocks)).toBe(60);
    const changes = Array.from({ length: 70 }, (_, index) => ({ ...change, at: ONSET + index }));
    expect(shownAndLeft(changesMessage({ changes, service: null, window }).blocks)).toBe(70);
  });

  it("say so when there is nothing, and when the kill switch is on", () => {
    expect(statusMessage({ open: [], halted: false }).text).toBe("Nothing is open.");
    expect(statusMessage({ open: [], halted: true }).text).toContain("kill switch is on");
    expect(JSON.stringify(changesMessage({ changes: [], service: null, window }))).toContain("Nothing is on record.");
  });
});
