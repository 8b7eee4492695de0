import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { connect, sectionIssues } from "../src/app.ts";
import { readConfig } from "../src/config.ts";
import { connectors } from "../src/connectors/index.ts";
import { systemClock } from "../src/lib/clock.ts";
import { createHttp } from "../src/lib/http.ts";
import { silentLog } from "../src/lib/log.ts";

const FILE = "faultline.example.yaml";
const names = [...readFileSync(FILE, "utf8").matchAll(/^[^#\n]*\$\{env:([A-Z_]+)\}/gm)].map(([, name = ""]) => name);

test("the example configuration is complete: every key is known and every connector connects", () => {
  const config = readConfig(
    FILE,
    sectionIssues,
    Object.fromEntries(names.map((name) => [name, `value-of-${name.toLowerCase()}`])),
  );
  const connected = connect(config, null, { http: createHttp, clock: systemClock, log: silentLog });
  const shipped = connectors.map(({ id }) => id).filter((id) => id !== "sandbox");
  expect(connected.map(({ id }) => id).toSorted()).toEqual(shipped.toSorted());
});

test("without the secrets it names every variable that is not set, with its line, all at once", () => {
  let said = "";
  try {
    readConfig(FILE, sectionIssues, {});
  } catch (error) {
    said = (error as Error).message;
  }
  for (const name of names) expect(said).toContain(name);
  expect(said.split("\n").every((line) => /^faultline\.example\.yaml:\d+: /.test(line))).toBe(true);
});
