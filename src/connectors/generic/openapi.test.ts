import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { changeKinds } from "../../domain/change.ts";
import { openapi } from "./openapi.ts";

const page = parse(readFileSync(join(import.meta.dirname, "../../../docs/openapi.yaml"), "utf8")) as typeof openapi;

test("the published page says what the code takes", () => {
  expect(page).toEqual(JSON.parse(JSON.stringify(openapi)));
});

test("every reference in it leads somewhere", () => {
  const references = [...JSON.stringify(page).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map(
    ([, name]) => name,
  );
  expect(references.length).toBeGreaterThan(0);
  for (const name of references) expect(Object.keys(page.components.schemas)).toContain(name);
});

test("it lists every kind of change, and what each entry cannot do without", () => {
  const schemas = page.components.schemas as Record<
    string,
    { required?: string[]; properties: Record<string, { enum?: string[] }> }
  >;
  expect(schemas["Change"]?.properties["kind"]?.enum).toEqual([...changeKinds]);
  expect(schemas["Change"]?.required).toEqual(["kind", "target", "title"]);
  expect(schemas["Alert"]?.required).toEqual(["title"]);
});
