import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { connectors } from "../src/connectors/index.ts";
import { causes } from "../src/domain/cause.ts";
import { systemClock } from "../src/lib/clock.ts";
import { createHttp } from "../src/lib/http.ts";
import { silentLog } from "../src/lib/log.ts";
import { loadRunbooks } from "../src/runbooks.ts";

const runbooks = loadRunbooks("runbooks");
const actions = new Map(
  connectors
    .flatMap(
      (connector) =>
        connector.connect(connector.sample, { http: createHttp, clock: systemClock, log: silentLog }).actions ?? [],
    )
    .map((action) => [action.name, action]),
);

test("every action that a runbook names exists and takes exactly the parameters it is given", () => {
  expect(runbooks.length).toBeGreaterThan(10);
  for (const { name, steps } of runbooks) {
    for (const step of steps) {
      for (const wanted of step.actions) {
        // Calls of the http connector are named by the configuration.
        if (wanted.startsWith("http.")) continue;
        const action = actions.get(wanted);
        expect(action, `${name}: ${wanted}`).toBeDefined();
        const sample = Object.fromEntries(Object.keys(step.with).map((key) => [key, "x"]));
        const issues = action?.params.safeParse(sample).error?.issues ?? [];
        expect(
          issues.filter(({ code }) => code === "unrecognized_keys" || code === "invalid_type"),
          `${name}: ${wanted}`,
        ).toEqual([]);
      }
    }
  }
});

test("every cause but the unknown has a way back", () => {
  for (const cause of causes.filter((name) => name !== "unknown")) {
    expect(
      runbooks.some(({ fits }) => fits.causes.includes(cause)),
      cause,
    ).toBe(true);
  }
});

test("every link between the documents leads somewhere", () => {
  const pages = [
    "README.md",
    ...readdirSync("docs", { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".md"))
      .map((name) => join("docs", name)),
  ];
  expect(pages.length).toBeGreaterThan(5);
  const dead = pages.flatMap((page) =>
    [...readFileSync(page, "utf8").matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)]
      .map(([, link = ""]) => link)
      .filter((link) => !/^https?:/.test(link) && !existsSync(join(dirname(page), link)))
      .map((link) => `${page} → ${link}`),
  );
  expect(dead).toEqual([]);
});
