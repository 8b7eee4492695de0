import { describe, expect, test } from "vitest";
import { pullOf } from "./changes.ts";
import { classify } from "./classify.ts";
import { Settings } from "./settings.ts";

const settings = Settings.parse({
  token: "a-token-of-github",
  repos: ["acme/support"],
  services: { "acme/support": "chat" },
  paths: [
    { pattern: "apps/*/prompts/**", kind: "prompt", service: "agent" },
    { pattern: "**/*.md", kind: "data", service: "faq" },
  ],
});

test.each([
  ["prompts/**", "prompts/a/b.txt", true],
  ["**/prompts/**", "prompts/a.txt", true],
  ["**/prompts/**", "app/prompts/a.txt", true],
  ["**/prompts/**", "app/prompts.txt", false],
  ["*.tf", "infra/main.tf", false],
  ["**/*.tf", "main.tf", true],
  ["a?c", "abc", true],
  ["a?c", "a/c", false],
  ["*.{yaml,yml}", "x.yml", true],
  ["*.{yaml,yml}", "x.json", false],
  ["a.b", "axb", false],
  ["(a|b)+[c]", "(a|b)+[c]", true],
])("%s on %s is %s", (pattern, path, expected) => {
  const rules = Settings.parse({
    token: "a-token-of-github",
    repos: ["acme/support"],
    paths: [{ pattern, kind: "provider" }],
  });
  expect(classify("acme/support", [path], rules).kind === "provider").toBe(expected);
});

describe("a change", () => {
  test.each([
    [["src/prompts/answer.txt"], "prompt", "chat"],
    [["models/router.yaml"], "model", "chat"],
    [["deploy/k8s/app.yaml"], "infra", "chat"],
    [["infra/gpu.tf"], "infra", "chat"],
    [["dags/nightly.py"], "data", "chat"],
    [["config/feature-flags.json"], "flag", "chat"],
    [["src/app.ts"], "code", "chat"],
    [[], "code", "chat"],
    [["apps/agent/prompts/x.txt"], "prompt", "agent"],
    [["src/a.ts", "prompts/a.txt"], "prompt", "chat"],
    [["src/a.ts", "src/b.ts", "prompts/a.txt"], "code", "chat"],
    [["prompts/a.txt", "test/a.test.ts", "test/b.test.ts"], "prompt", "chat"],
    [["docs/faq.md", "src/a.test.ts"], "data", "faq"],
  ])("of %j is of kind %s and of service %s", (files, kind, service) => {
    expect(classify("acme/support", files, settings)).toEqual({ kind, service });
  });
});

test.each([
  ["Merge pull request #12 from acme/topic\n\nTitle", 12],
  ["Route by cost (#7)", 7],
  ["Fix #9 at last", null],
  ["See (#9) for more", null],
  ["Plain", null],
])("the message %j stands for pull request %s", (message, expected) => {
  expect(pullOf(message)).toBe(expected);
});
