import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { cruise, type ICruiseResult } from "dependency-cruiser";
import extractTSConfig from "dependency-cruiser/config-utl/extract-ts-config";
import { expect, test } from "vitest";

const configuration = createRequire(import.meta.url)("../.dependency-cruiser.cjs") as {
  forbidden: never[];
  options: object;
};

async function look(): Promise<ICruiseResult> {
  const { forbidden, options } = configuration;
  const { output } = await cruise(
    ["src"],
    { ...options, ruleSet: { forbidden }, validate: true },
    {},
    { tsConfig: extractTSConfig("./tsconfig.json") },
  );
  if (typeof output === "string") throw new Error("a structured result was expected");
  return output;
}

test("imports go down only, an SDK has one home, and there are no cycles", async () => {
  const { summary } = await look();
  expect(summary.totalCruised).toBeGreaterThan(60);
  expect(summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} → ${to}`)).toEqual([]);
}, 60_000);

test("the lock file and the sources name no download address and no machine", () => {
  expect(readFileSync("package-lock.json", "utf8")).not.toMatch(/"resolved": "https?:/);
});
