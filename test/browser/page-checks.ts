import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";

const contrast = readFileSync(new URL("contrast.js", import.meta.url), "utf8");

/** The visible texts of a page: how many there are, and those that are too pale or too narrow to read. */
export function texts(page: Page): Promise<{ texts: number; pale: string[]; squeezed: string[] }> {
  return page.evaluate(contrast);
}

/** By how many pixels the page is wider than its window. */
export async function overhang(page: Page): Promise<number> {
  return Number(await page.evaluate("document.documentElement.scrollWidth - innerWidth"));
}
