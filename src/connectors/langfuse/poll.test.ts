import { expect, test } from "vitest";
import type { Change } from "../../domain/change.ts";
import { described } from "./poll.ts";

const change: Change = {
  id: "langfuse:greet@2:production:1",
  at: 0,
  kind: "prompt",
  system: "langfuse",
  service: null,
  target: "greet",
  title: "",
  author: null,
  before: "1",
  after: "2",
  url: null,
  scope: {},
  rollout: null,
  summary: null,
  commit: null,
  files: [],
  diff: null,
};

const version = (number: number, prompt: unknown, commitMessage: string | null = null) => ({
  name: "greet",
  version: number,
  labels: [],
  prompt,
  commitMessage,
});

test("a text prompt is compared by lines, and only what differs is shown", () => {
  const result = described(
    change,
    version(1, "You help.\nAnswer in JSON.\nBe kind."),
    version(2, "You help.\nBe kind."),
  );
  expect(result.diff).toBe("@@ -2,1 +2,0 @@\n-Answer in JSON.");
});

test("a chat prompt is compared as its messages, and the commit message becomes the summary", () => {
  const before = version(1, [{ role: "system", content: "short" }]);
  const after = version(2, [{ role: "system", content: "long" }], "Longer");
  const result = described(change, before, after);
  expect(result.summary).toBe("Longer");
  expect(result.diff).toContain('-    "content": "short"');
  expect(result.diff).toContain('+    "content": "long"');
});
