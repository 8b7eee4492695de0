import { describe, expect, test } from "vitest";
import type { Change } from "../change.ts";
import { readChange, tokensOf } from "./change-words.ts";

function change(part: Partial<Change>): Change {
  return {
    id: "c",
    at: 0,
    kind: "code",
    system: "github",
    service: "chat",
    target: "chat/code",
    title: "",
    author: null,
    before: null,
    after: null,
    url: null,
    scope: {},
    rollout: null,
    summary: null,
    commit: null,
    files: [],
    diff: null,
    ...part,
  };
}

describe("reading a change", () => {
  test.each([
    [{ kind: "prompt" }, "prompt"],
    [{ kind: "infra", title: "Driver 580" }, "gpu_infra"],
    [{ kind: "provider", title: "Model retired" }, "upstream_provider"],
    [{ kind: "config", target: "prompts/system.txt", title: "Shorter system prompt" }, "prompt"],
    [{ kind: "config", after: "temperature 0.9" }, "model"],
    [{ kind: "code", files: ["eval/judge.py"], title: "New judge prompt" }, "measurement"],
    [{ kind: "data", target: "golden-set", title: "Harder cases in the golden set" }, "measurement"],
    [{ kind: "config", service: "marketing", title: "Mailing sent" }, "demand"],
    [{ kind: "model", title: "New default embedder" }, "data"],
    [{ kind: "code", title: "Merge the tenant tables" }, "application"],
    [{ kind: "config", title: "Routing weights of two endpoints" }, "application"],
  ] satisfies [Partial<Change>, string][])("%o can be a matter of %s", (part, cause) => {
    expect(readChange(change(part), "other").cause).toBe(cause);
  });

  test("what a pipeline's code breaks is the data, and what an engine's setting breaks is the infrastructure", () => {
    expect(readChange(change({ title: "Timestamps in UTC" }), "feed").cause).toBe("data");
    expect(readChange(change({ kind: "config", title: "Maximum batch 256 to 192" }), "engine").cause).toBe("gpu_infra");
  });

  test("hears what is harmless, what is a repair, and what takes effect later", () => {
    expect(readChange(change({ title: "Bump the linter" }), "other").harmless).toBe(1);
    expect(readChange(change({ title: "Transfer flow" }), "other").harmless).toBe(0);
    expect(readChange(change({ title: "Lower the batch", summary: "by the on-call" }), "other").mitigation).toBe(true);
    expect(readChange(change({ title: "Reminder: switched off in seven days" }), "other").delayMs).toBe(7 * 86_400_000);
    const later = readChange(change({ title: "Node image", summary: "new nodes only" }), "other");
    expect(later).toMatchObject({ latent: true, harmless: 0 });
  });

  test("hears that more will be asked of others", () => {
    expect(readChange(change({ title: "Retry at once, up to ten times" }), "other").addsLoad).toBe(true);
  });

  test("is not slow on a huge diff", () => {
    const diff = Array.from({ length: 50_000 }, () => "+ prompt retry json ( ( (").join("\n");
    const started = performance.now();
    readChange(change({ diff, title: "a".repeat(100_000), summary: " nightly".repeat(10_000) }), "other");
    expect(performance.now() - started).toBeLessThan(1_000);
  });
});

test("tokens are words that mean something, without their endings", () => {
  expect([...tokensOf("Thresholds that cannot be met are returned as null (42)")]).toEqual(
    expect.arrayContaining(["threshold", "null", "return"]),
  );
});
