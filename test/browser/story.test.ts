import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { desktop, launch, missing, open, phone, picture } from "./chromium.ts";
import { texts } from "./page-checks.ts";

/** From the break to the verified recovery a drill may take 90 s; opening and reading come on top. */
const STORY_MS = 150_000;
const READY_MS = 30_000;

describe.skipIf(missing())("the whole story, in local mode as it comes", () => {
  const dir = missing() ? "" : mkdtempSync(join(tmpdir(), "faultline-story-"));
  let browser: Browser;
  let bot: ChildProcess;
  let url: string;
  let said = "";

  beforeAll(async () => {
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    bot = spawn(process.execPath, ["bin/faultline.js", "serve"], {
      env: { ...process.env, PORT: String(port), FAULTLINE_DATA: dir },
      stdio: ["ignore", "pipe", "pipe"],
    });
    bot.stdout?.on("data", (chunk: Buffer) => {
      said += chunk.toString();
    });
    bot.stderr?.on("data", (chunk: Buffer) => {
      said += chunk.toString();
    });
    const late = Date.now() + READY_MS;
    while (!said.includes(url)) {
      if (Date.now() > late || bot.exitCode !== null) throw new Error(`the bot did not start: ${said}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    browser = await launch();
  }, READY_MS + 20_000);

  afterAll(async () => {
    await browser.close();
    const gone = new Promise((resolve) => bot.once("exit", resolve));
    bot.kill("SIGTERM");
    await gone;
    rmSync(dir, { recursive: true, force: true });
  }, 20_000);

  const state = (page: Page) => page.locator(".message.root .field", { hasText: "State" });

  test(
    "something is broken, the incident opens, a person approves, and it recovers",
    async () => {
      const { page, errors } = await open(browser, url, desktop);
      await page.getByText("All quiet").waitFor();
      await picture(page, "story-1-quiet");
      await page.getByRole("button", { name: "Break: bad json prompt" }).click();
      await page.waitForURL(/#\/incidents\//, { timeout: 60_000 });
      const approve = page.locator('.message.pending [data-action="approval_approve"]').last();
      await approve.waitFor({ timeout: 60_000 });
      await page.locator(".chart img").waitFor();
      await picture(page, "story-2-awaiting");
      const onPhone = await open(browser, page.url(), phone);
      await onPhone.page.getByRole("button", { name: "Look at It" }).waitFor();
      await onPhone.page.screenshot({ path: "test/.screens/story-3-phone.png" });
      await picture(onPhone.page, "story-3-phone-whole");
      expect((await texts(onPhone.page)).pale).toEqual([]);
      await approve.click();
      await page.getByLabel("Your name").fill("Ada");
      await page.screenshot({ path: "test/.screens/story-4-approve.png" });
      await page.getByRole("button", { name: "Approve and Run" }).click();
      await page.locator(".message.proposal", { hasText: "Approved by Ada" }).waitFor();
      await picture(page, "story-5-running");
      await expect.poll(() => state(page).textContent(), { timeout: 90_000 }).toMatch(/Resolved/);
      await page.locator(".message.resolved").waitFor();
      expect(await page.locator(".message.proposal").allInnerTexts()).toContainEqual(
        expect.stringMatching(/Verified at/),
      );
      expect(await page.locator("[data-action]").count()).toBe(0);
      await picture(page, "story-6-resolved");
      expect((await texts(page)).pale).toEqual([]);
      await page.getByRole("link", { name: "Changes" }).click();
      await page.locator(".change-list li").first().waitFor();
      await picture(page, "story-7-changes");
      expect([...errors, ...onPhone.errors]).toEqual([]);
    },
    STORY_MS,
  );
});

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
