import type { Browser, Locator, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { ONSET } from "../fakes/slack/sample-incident.ts";
import { desktop, launch, missing, open, phone, picture, type Seen } from "./chromium.ts";
import { overhang, texts } from "./page-checks.ts";
import { approvedView, incidentView, type StandIn, startStandIn } from "./stand-in.ts";

const ID = "inc_1";

/** The text as a person sees it. */
async function words(place: Locator): Promise<string> {
  await place.first().waitFor();
  return (await place.allInnerTexts()).join("\n");
}

describe.skipIf(missing())("the console", () => {
  let browser: Browser;
  let server: StandIn;
  let seen: Seen | null = null;

  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser.close());
  beforeEach(async () => {
    server = await startStandIn();
    server.say.views = [incidentView(ID)];
    return async () => {
      const errors = seen?.errors ?? [];
      await seen?.page.context().close();
      await server.close();
      seen = null;
      expect(errors).toEqual([]);
    };
  });

  async function visit(path = `#/incidents/${ID}`, options = desktop): Promise<Page> {
    seen = await open(browser, `${server.url}/${path}`, options);
    await seen.page.locator("h1").waitFor();
    return seen.page;
  }
  const poll = <T>(read: () => T) => expect.poll(read, { timeout: 10_000, interval: 100 });
  const card = (page: Page) => page.locator(".message.pending");
  const decisions = () => server.posted.filter(({ path }) => path.includes("/decision"));

  describe("the thread", () => {
    test("shows the messages of the views, with times in the reader's zone and the chart with its words", async () => {
      const page = await visit();
      expect(await page.locator("h1").textContent()).toBe("Slow answers on chat-api");
      const root = page.locator(".message.root");
      expect(await root.locator(".field").allInnerTexts()).toContainEqual(
        expect.stringMatching(/State\s+Awaiting approval/),
      );
      expect(await root.locator(".context time").first().textContent()).toMatch(/18:12$/);
      expect(await root.locator(".context time").first().getAttribute("title")).toBe("2026-11-22 09:12:00 UTC");
      expect(await words(card(page).locator("pre"))).toContain("- production: 41\n   + production: 40");
      const chart = page.locator(".chart img");
      await chart.waitFor();
      expect(await chart.getAttribute("alt")).toContain("latency p95 chat-api: normally 2.1 s, since the beginning 9.");
      expect(await page.evaluate("document.querySelector('.chart img').naturalWidth")).toBe(720);
      await picture(page, "incident-desktop-light");
    });

    test("shows every suspect with its probability and what weighs for and against it", async () => {
      const page = await visit();
      const suspects = page.locator(".weighing .suspects summary");
      expect(await words(suspects.first())).toMatch(/82 %\s+prompt chat-main 40 → 41\s+a prompt change/);
      await suspects.first().click();
      const rows = await page.locator(".weighing .suspects > li").first().locator("tbody tr").allInnerTexts();
      expect(rows).toHaveLength(2);
      expect(rows[0]).toContain("Input tokens per request doubled");
      expect(rows[0]).toContain("+2.40");
      expect(rows[1]).toContain("−0.60");
      await page.getByText("1 ruled out").click();
      expect(await words(page.locator(".weighing"))).toContain("it was made after the onset");
    });

    test("ends without buttons", async () => {
      server.say.views = [approvedView(ID)];
      const page = await visit();
      await page.getByText("Resolved after").first().waitFor();
      expect(await page.locator("[data-action]").count()).toBe(0);
      await picture(page, "resolved-desktop-light");
    });

    test("says so where there is no such incident", async () => {
      const page = await visit("#/incidents/inc_none");
      await page.getByText("No such incident").waitFor();
    });
  });

  describe("hostile text", () => {
    const hostile = `<img src=x onerror=alert(1)><script>alert(2)</script>"'\${alert(3)}`;

    test("stays text wherever it comes from", async () => {
      const view = incidentView(ID);
      server.say.views = [{ ...view, incident: { ...view.incident, title: hostile } }];
      server.say.changes = [{ ...view.changes[0], title: hostile, diff: hostile, url: "javascript:alert(1)" } as never];
      const page = await visit();
      await page.locator(".chart img").waitFor();
      expect(await page.locator("h1").textContent()).toBe(hostile);
      expect(await page.locator("script").count()).toBe(3);
      expect(await page.locator("img").count()).toBe(1);
      await page.goto(`${server.url}/#/changes`);
      await page.getByText(hostile).first().waitFor();
      expect(await page.locator("main a[href^=javascript]").count()).toBe(0);
    });

    test("in a message becomes no link, no mention and no markup", async () => {
      const text = [
        "<javascript:alert(1)|click> <data:text/html,x|data> <https://user:pw@evil.example/|bank.example>",
        "<https://evil.example/path|bank.example> &lt;b&gt;bold&lt;/b&gt; &amp;lt;twice&amp;gt; <!channel> <@U123> <b>x</b>",
        "&gt; a quote *bold _both_* `co*d*e <https://x.example>` ~gone~ a_b_c 2*3*4 *not closed",
      ].join("\n");
      const blocks = [
        { type: "section", text: { type: "mrkdwn", text } },
        { type: "section", text: { type: "plain_text", text: "*plain* <https://x.example|y> &amp;" } },
        {
          type: "rich_text",
          elements: [{ type: "rich_text_preformatted", elements: [{ type: "text", text: "<b>&lt;" }] }],
        },
        { type: "image", image_url: "https://evil.example/x.png", alt_text: "x" },
        { type: "nonsense" },
      ];
      server.say.messages.set(ID, [
        { key: "root", text: "x", blocks: [{ type: "header", text: { text: "h" } }, ...blocks] },
      ]);
      const page = await visit();
      const message = page.locator(".message.root");
      const links = message.locator("a");
      expect(await links.evaluateAll((list) => list.map((a) => (a as unknown as { href: string }).href))).toEqual([
        "https://evil.example/path",
      ]);
      const shown = await words(message);
      for (const expected of [
        "<javascript:alert(1)|click>",
        "<data:text/html,x|data>",
        "bank.example (evil.example)",
        "<b>bold</b> &lt;twice&gt; @channel @U123 <b>x</b>",
        "a quote bold both co*d*e <https://x.example> gone a_b_c 2*3*4 *not closed",
        "*plain* <https://x.example|y> &amp;",
        "<b>&lt;",
      ])
        expect(shown).toContain(expected);
      expect(await words(message.locator("blockquote strong em"))).toBe("both");
      expect(await words(message.locator("s"))).toBe("gone");
      expect(await message.locator("b, img").count()).toBe(0);
      expect(await links.first().getAttribute("rel")).toBe("noopener noreferrer");
    });

    test("cannot run a script even if it became markup: the policy forbids it", async () => {
      const page = await visit();
      const tries = [
        "document.body.innerHTML = '<b>x</b>'",
        "document.head.appendChild(document.createElement('script')).textContent = 'window.ran = 1'",
      ];
      for (const attempt of tries) await page.evaluate(attempt).catch(() => null);
      expect(await page.evaluate("window.ran ?? null")).toBeNull();
      expect(await page.locator("h1").count()).toBe(1);
      expect(seen?.errors.length).toBeGreaterThan(0);
      seen?.errors.splice(0);
    });
  });

  describe("deciding", () => {
    test("shows exactly what changes, asks for the name once, and sends the digest that was shown", async () => {
      const page = await visit();
      await card(page).getByRole("button", { name: "Approve" }).click();
      const dialog = page.getByRole("dialog");
      expect(await dialog.getByRole("row").allInnerTexts()).toContainEqual(
        expect.stringMatching(/production\s+41\s+40/),
      );
      for (const part of [
        "langfuse.set_prompt_label",
        "prompt:chat-main",
        "every request of chat-api",
        "Can be taken back",
      ])
        expect(await words(dialog)).toContain(part);
      await dialog.getByRole("button", { name: "Approve and Run" }).click();
      expect(decisions()).toEqual([]);
      await picture(page, "approve-desktop-light");
      await dialog.getByLabel("Your name").fill("  Ada   Lovelace ");
      await dialog.getByRole("button", { name: "Approve and Run" }).click();
      await page.getByText("Approved. It runs now.").first().waitFor();
      const [proposal] = server.say.views[0]?.proposals ?? [];
      expect(decisions()).toEqual([
        {
          path: `/api/proposals/${proposal?.id}/decision`,
          body: { digest: proposal?.digest, verdict: "approved", by: "Ada Lovelace", reason: null },
        },
      ]);
      await card(page).getByRole("button", { name: "Reject" }).click();
      expect(await words(page.getByRole("dialog"))).toContain("As Ada Lovelace");
      expect(await page.getByLabel("Your name").count()).toBe(0);
    });

    test("takes the name of the credentials where there are some", async () => {
      server.say.person = "grace";
      const page = await visit();
      await card(page).getByRole("button", { name: "Approve" }).click();
      expect(await words(page.getByRole("dialog"))).toContain("As grace");
      await page.getByRole("button", { name: "Approve and Run" }).click();
      await poll(() => decisions()[0]?.body["by"]).toBe("grace");
    });

    test("says in private why a click changed nothing", async () => {
      server.say.refusal = { because: "not_an_approver", text: "You are not among those who may approve this." };
      server.say.person = "mallory";
      const page = await visit();
      await card(page).getByRole("button", { name: "Approve" }).click();
      await page.getByRole("button", { name: "Approve and Run" }).click();
      await page.getByRole("alert").getByText("You are not among those who may approve this.").waitFor();
      expect(await card(page).count()).toBe(1);
    });

    test("keeps a reason that was typed, through news, closing and reloading, until it is sent", async () => {
      const page = await visit();
      const reject = card(page).getByRole("button", { name: "Reject" });
      await reject.click();
      await page.getByLabel("Reason").fill("wrong template");
      server.say.views = [incidentView(ID), incidentView("inc_2")];
      await poll(() => page.locator(".side .row").count()).toBe(2);
      expect(await page.getByLabel("Reason").inputValue()).toBe("wrong template");
      await page.keyboard.press("Escape");
      await page.reload();
      await reject.click();
      expect(await page.getByLabel("Reason").inputValue()).toBe("wrong template");
      await page.getByLabel("Your name").fill("Ada");
      server.say.down = 503;
      await page.getByRole("dialog").getByRole("button", { name: "Reject" }).click();
      await page.getByRole("alert").getByText("the database does not answer").waitFor();
      server.say.down = null;
      await page.getByRole("dialog").getByRole("button", { name: "Reject" }).click();
      await page.getByText("Rejected. Nothing ran.").first().waitFor();
      expect(decisions().at(-1)?.body).toMatchObject({ verdict: "rejected", by: "Ada", reason: "wrong template" });
      await reject.click();
      expect(await page.getByLabel("Reason").inputValue()).toBe("");
    });

    test("stops a decision on what was decided or changed while the question stood open", async () => {
      const page = await visit();
      await card(page).getByRole("button", { name: "Approve" }).click();
      server.say.views = [approvedView(ID)];
      await page.getByText("This was decided meanwhile. Nothing of yours was sent.").waitFor();
      expect(await page.getByRole("button", { name: "Approve and Run" }).isDisabled()).toBe(true);
      const view = incidentView(ID);
      server.say.views = [{ ...view, proposals: view.proposals.map((each) => ({ ...each, digest: "other" })) }];
      await page.getByText("What is proposed has changed").waitFor();
      expect(await page.getByRole("button", { name: "Approve and Run" }).isDisabled()).toBe(true);
    });

    test("works by keyboard alone, and the focus goes back to where it was", async () => {
      const page = await visit();
      await page.keyboard.press("Tab");
      expect(await page.evaluate("document.activeElement.textContent")).toBe("Skip to the content");
      await page.keyboard.press("Enter");
      const approve = card(page).getByRole("button", { name: "Approve" });
      for (let presses = 0; presses < 40; presses += 1) {
        if (
          await approve.evaluate(
            (button) =>
              button === (button as never as { ownerDocument: { activeElement: unknown } }).ownerDocument.activeElement,
          )
        )
          break;
        await page.keyboard.press("Tab");
      }
      expect(await page.evaluate("getComputedStyle(document.activeElement).outlineStyle")).toBe("solid");
      await page.keyboard.press("Enter");
      await page.getByRole("dialog").waitFor();
      expect(await page.evaluate("document.activeElement.name")).toBe("by");
      await page.keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "detached" });
      await expect
        .poll(() => page.evaluate("document.activeElement.dataset.action"), { timeout: 5_000 })
        .toBe("approval_approve");
    });
  });

  test("the kill switch says how it stands, asks, and can be released", async () => {
    const page = await visit();
    await page.getByRole("button", { name: "Kill switch: off" }).click();
    await page.getByLabel("Your name").fill("Ada");
    await page.getByRole("button", { name: "Stop Everything" }).click();
    await page.getByText("Nothing can be approved or run.").first().waitFor();
    expect(server.posted).toEqual([{ path: "/api/halt", body: { on: true, by: "Ada" } }]);
    await page.getByRole("button", { name: "Kill switch: on" }).waitFor();
    expect(await words(card(page))).toContain("nothing may be approved until it is released");
    await picture(page, "halted-desktop-light");
    await page.getByRole("button", { name: "Release" }).first().click();
    await page.getByRole("dialog").getByRole("button", { name: "Release" }).click();
    await page.getByRole("button", { name: "Kill switch: off" }).waitFor();
    expect(server.posted.at(-1)?.body).toEqual({ on: false, by: "Ada" });
  });

  test("a lost connection is said plainly, what is shown stays, and it comes back by itself", async () => {
    const page = await visit();
    server.say.down = 503;
    await page.getByText("Connection lost, retrying.").waitFor();
    expect(await page.locator("h1").textContent()).toBe("Slow answers on chat-api");
    await picture(page, "lost-desktop-light");
    server.say.down = null;
    await page.getByText("Connection lost, retrying.").waitFor({ state: "detached" });
  });

  test("missing credentials are said, and nothing asks over and over", async () => {
    server.say.down = 401;
    seen = await open(browser, server.url);
    await seen.page.getByText("You are not signed in.").waitFor();
    const before = server.posted.length;
    await seen.page.waitForTimeout(2_000);
    expect(server.posted.length).toBe(before);
    expect(await seen.page.getByText("Connection lost").count()).toBe(0);
  });

  describe("the sandbox", () => {
    test("tells a newcomer what to try, breaks on a click, and goes to the incident that opens", async () => {
      server.say.views = [];
      const page = await visit("");
      expect(await words(page.locator("main"))).toContain("Break something");
      await picture(page, "first-desktop-light");
      await page.getByRole("button", { name: "Break: gpu off the bus" }).click();
      await page.getByText("Waiting for the alert").waitFor();
      expect(server.posted).toEqual([{ path: "/api/sandbox/drills", body: { fault: "gpu-off-the-bus" } }]);
      server.say.views = [incidentView("inc_new")];
      await page.waitForURL(/#\/incidents\/inc_new$/);
      await poll(() => page.title()).toContain("Awaiting approval: Slow answers on chat-api");
      expect(await page.locator("[aria-live=polite]").textContent()).toContain(
        "New incident: Slow answers on chat-api.",
      );
    });

    test("does not pull away who went elsewhere meanwhile", async () => {
      server.say.views = [];
      const page = await visit("");
      await page.getByRole("button", { name: "Break: gpu off the bus" }).click();
      await page.getByText("Waiting for the alert").waitFor();
      await page.getByRole("link", { name: "Changes" }).click();
      server.say.views = [incidentView("inc_new")];
      await poll(() => page.locator(".side .row").count()).toBe(1);
      expect(page.url()).toContain("#/changes");
    });

    test("is not there in configured mode", async () => {
      server.say.sandbox = false;
      server.say.views = [];
      const page = await visit("");
      expect(await page.getByText("Break something").count()).toBe(0);
      expect(await words(page.locator("main"))).toContain("/webhooks/alertmanager");
    });
  });

  test("the changes stand on one line of time with the incidents between", async () => {
    const at = Date.now() - 10 * 60_000;
    const view = incidentView(ID);
    server.say.views = [{ ...view, incident: { ...view.incident, openedAt: at } }];
    const [change] = server.say.changes;
    if (change === undefined) throw new Error("no change");
    server.say.changes = [
      { ...change, at: at - 60_000, title: "before it" },
      { ...change, id: "2", at: at + 60_000, title: "after it", kind: "code", diff: "-old\n+new" },
    ];
    const page = await visit("#/changes?minutes=30");
    await page.getByText("before it").waitFor();
    const rows = await page.locator(".change-list li").allInnerTexts();
    expect(rows.map((row) => /before it|after it|incident/.exec(row)?.[0])).toEqual([
      "after it",
      "incident",
      "before it",
    ]);
    await page.getByText("What changed in it").click();
    expect(await words(page.locator(".changes pre"))).toBe("-old\n+new");
    await picture(page, "changes-desktop-light");
    await page.getByLabel("of the last").selectOption("1440");
    await poll(() => page.url()).toContain("minutes=1440");
  });

  test("the theme follows the system, can be turned, and stays turned; the chart goes with it", async () => {
    const page = await visit(`#/incidents/${ID}`, { ...desktop, colorScheme: "dark" });
    await page.locator(".chart img").waitFor();
    expect(server.charts.at(-1)).toContain("theme=dark");
    await page.getByRole("button", { name: "Turn light" }).click();
    await poll(() => server.charts.at(-1)).toContain("theme=light");
    await page.reload();
    await page.getByRole("button", { name: "Turn dark" }).waitFor();
    await page.getByRole("button", { name: "Turn dark" }).click();
    expect(await page.evaluate("document.documentElement.dataset.theme ?? null")).toBeNull();
  });

  describe.each([
    ["desktop", "light", desktop],
    ["desktop", "dark", { ...desktop, colorScheme: "dark" as const }],
    ["phone", "light", { ...phone, colorScheme: "light" as const }],
    ["phone", "dark", phone],
  ])("on a %s, %s,", (device, theme, options) => {
    test.each([
      ["first", "", (views: StandIn) => views.say.views.splice(0)],
      ["home", "", () => null],
      ["incident", `#/incidents/${ID}`, () => null],
      ["resolved", `#/incidents/${ID}`, (views: StandIn) => views.say.views.splice(0, 1, approvedView(ID))],
      ["changes", "#/changes?minutes=10080", () => null],
    ])("the page %s is legible and does not overhang", async (name, path, prepare) => {
      prepare(server);
      const page = await visit(path, options);
      await page.waitForTimeout(600);
      for (const details of await page.locator("main details").all())
        await details.evaluate((each) => each.setAttribute("open", ""));
      const found = await texts(page);
      expect(found.texts).toBeGreaterThan(10);
      expect(found.pale).toEqual([]);
      expect(found.squeezed).toEqual([]);
      expect(await overhang(page)).toBe(0);
      await picture(page, `${name}-${device}-${theme}`);
    });

    test("the dialog is legible and fits", async () => {
      const page = await visit(`#/incidents/${ID}`, options);
      await card(page).getByRole("button", { name: "Reject" }).click();
      await page.getByRole("dialog").waitFor();
      expect((await texts(page)).pale).toEqual([]);
      expect(await overhang(page)).toBe(0);
      await page.screenshot({ path: `test/.screens/dialog-${device}-${theme}.png` });
    });
  });

  test("on a phone, a decision that waits is one tap away", async () => {
    const page = await visit(`#/incidents/${ID}`, phone);
    await page.screenshot({ path: "test/.screens/phone-first-look-dark.png" });
    await page.getByRole("button", { name: "Look at It" }).click();
    await page.getByRole("button", { name: "Look at It" }).waitFor({ state: "detached" });
    expect(await card(page).evaluate((each) => each.matches(":focus"))).toBe(true);
    const box = await card(page).getByRole("button", { name: "Approve" }).boundingBox();
    expect(box?.height).toBeGreaterThanOrEqual(44);
    await page.screenshot({ path: "test/.screens/phone-card-dark.png" });
  });

  test("headings go down by one, and every control has a name", async () => {
    const page = await visit();
    const levels = await page
      .locator("h1, h2, h3")
      .evaluateAll((list) => list.map(({ tagName }) => Number(tagName[1])));
    expect(levels.filter((level) => level === 1)).toHaveLength(1);
    const nameless = await page.locator("button, a, input, select, textarea, img").evaluateAll(
      (list) =>
        list.filter((each) => {
          const name = each.getAttribute("aria-label") ?? each.getAttribute("alt") ?? each.textContent;
          return (name ?? "").trim() === "";
        }).length,
    );
    expect(nameless).toBe(0);
    expect(ONSET).toBeLessThan(Date.now());
  });

  test("files come with an ETag and the policy, and are not sent twice", async () => {
    const { request } = await visit();
    for (const path of ["/", "/console/app.js", "/console/vendor/preact.js", "/console/style.css"]) {
      const first = await request.get(`${server.url}${path}`);
      expect(first.status(), path).toBe(200);
      const headers = first.headers();
      expect(headers["content-security-policy"]).toContain("default-src 'none'");
      expect(headers["content-security-policy"]).toContain("frame-ancestors 'none'");
      expect(headers["content-security-policy"]).not.toMatch(/unsafe|\*/);
      expect(headers["x-content-type-options"]).toBe("nosniff");
      expect(headers["referrer-policy"]).toBe("no-referrer");
      const again = await request.get(`${server.url}${path}`, { headers: { "if-none-match": headers["etag"] ?? "" } });
      expect(again.status(), path).toBe(304);
    }
    const none = ["/console/../console.ts", "/console/%2e%2e/console.ts", "/console/vendor/package.json", "/console/"];
    for (const path of none) expect((await fetch(`${server.url}${path}`)).status, path).toBe(404);
  });
});
