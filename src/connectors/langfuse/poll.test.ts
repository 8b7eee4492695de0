import { expect, test } from "vitest";
import type { Change } from "../../domain/change.ts";
import type { LangfuseApi, Version } from "./api.ts";
import { createMoves } from "./moves.ts";
import { changesOf } from "./poll.ts";
import { Settings } from "./settings.ts";

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

const refuse = () => Promise.reject(new Error("not asked here"));

/** The change as it is described when these are the two versions. */
async function describedWith(...versions: Version[]): Promise<Change | undefined> {
  const byVersion: LangfuseApi["byVersion"] = async (_name, number) =>
    versions.find((one) => one.version === number) ?? refuse();
  const api = { byVersion, labelled: refuse, touched: refuse, byLabel: refuse, setLabels: refuse, project: refuse };
  const settings = Settings.parse({ public_key: "pk", secret_key: "sk-lf-secret" });
  const source = changesOf(
    settings,
    api,
    createMoves({}, () => "https://langfuse.example.org/"),
  );
  return source.describe?.(change, AbortSignal.timeout(5_000));
}

test("a text prompt is compared by lines, and only what differs is shown", async () => {
  const result = await describedWith(
    version(1, "You help.\nAnswer in JSON.\nBe kind."),
    version(2, "You help.\nBe kind."),
  );
  expect(result?.diff).toBe("@@ -2,1 +2,0 @@\n-Answer in JSON.");
});

test("a chat prompt is compared as its messages, and the commit message becomes the summary", async () => {
  const before = version(1, [{ role: "system", content: "short" }]);
  const after = version(2, [{ role: "system", content: "long" }], "Longer");
  const result = await describedWith(before, after);
  expect(result?.summary).toBe("Longer");
  expect(result?.diff).toContain('-    "content": "short"');
  expect(result?.diff).toContain('+    "content": "long"');
});
