import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";

const EXECUTABLE = "/usr/bin/chromium";
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
];
const SCREENS = "test/.screens";

/**
 * Is there no Chromium to test in? Says so, with what to do. In CI that is not a reason to skip: the start then fails.
 */
export function missing(): boolean {
  if (existsSync(EXECUTABLE) || process.env["CI"]) return false;
  process.stderr.write(`skipped: no ${EXECUTABLE}; test/browser/install.sh installs it (Debian, as root)\n`);
  return true;
}

export function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: EXECUTABLE, args: FLAGS });
}

export const desktop: BrowserContextOptions = {
  viewport: { width: 1440, height: 900 },
  colorScheme: "light",
  locale: "en-GB",
  timezoneId: "Asia/Tokyo",
  reducedMotion: "reduce",
};
export const phone: BrowserContextOptions = {
  ...desktop,
  viewport: { width: 390, height: 844 },
  deviceScaleFactor: 2,
  colorScheme: "dark",
  isMobile: true,
  hasTouch: true,
};

export interface Seen {
  readonly page: Page;
  /** Errors of the page and of its console: violations of the policy are among them. */
  readonly errors: string[];
}

/** Opens a page in a context of its own; a failed request (a server that is down on purpose) is no error of the page. */
export async function open(browser: Browser, url: string, options: BrowserContextOptions = desktop): Promise<Seen> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource"))
      errors.push(message.text());
  });
  page.on("dialog", (dialog) => {
    errors.push(`a dialog opened: ${dialog.message()}`);
    void dialog.dismiss();
  });
  await page.goto(url);
  return { page, errors };
}

/** A picture to be looked at (test/.screens, not in git); the whole page, as tall as it is. */
export async function picture(page: Page, name: string): Promise<void> {
  mkdirSync(SCREENS, { recursive: true });
  await page.waitForTimeout(300);
  const size = page.viewportSize();
  const height = await page.evaluate("document.documentElement.scrollHeight");
  // Sticky parts stand in the middle of a stitched picture: a tall window shows the page as it is.
  if (size !== null) await page.setViewportSize({ width: size.width, height: Math.min(6_000, Number(height)) });
  await page.waitForTimeout(100);
  await page.screenshot({ path: join(SCREENS, `${name}.png`) });
  if (size !== null) await page.setViewportSize(size);
}
