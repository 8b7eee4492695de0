import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { decide } from "../../src/flows/decide.ts";
import type { FlowDeps } from "../../src/flows/deps.ts";
import { publish } from "../../src/flows/publish.ts";
import { record } from "../../src/flows/record.ts";
import { Fault } from "../../src/lib/fault.ts";
import { silentLog } from "../../src/lib/log.ts";
import { Secret } from "../../src/lib/secret.ts";
import { createClients } from "../../src/slack/clients.ts";
import { createPublisher } from "../../src/slack/publisher.ts";
import { contractFaults, contractsAreThere } from "../fakes/slack/contracts.ts";
import { type FakeSlack, startFakeSlack } from "../fakes/slack/fake-slack.ts";
import { createHarness, type Harness } from "./harness.ts";

let harness: Harness;
let slack: FakeSlack;
let deps: FlowDeps;

beforeEach(async () => {
  harness = await createHarness();
  slack = await startFakeSlack({ now: harness.deps.clock.now });
  deps = freshProcess();
});

afterEach(async () => {
  expect(slack.breaches).toEqual([]);
  await slack.close();
  await harness.close();
});

/** The publisher as it is after a restart: it remembers nothing that is not in the store. */
function freshProcess(): FlowDeps {
  const clients = createClients(new Secret(slack.workspace.botToken), slack.apiUrl, silentLog);
  return { ...harness.deps, chat: createPublisher(clients, "C0INCIDENTS", silentLog) };
}

const posts = () => slack.workspace.messages.length;
const call = (method: string) => slack.journal.filter((entry) => entry.method === method).length;

/** When the next publishing is asked for; takes every job that waits. */
async function nextPublishAt(): Promise<number | null> {
  const far = deps.clock.now() + 3_600_000;
  const jobs = await deps.store.jobs.claim(far, 1, 100);
  for (const job of jobs) await deps.store.jobs.finish(job);
  return jobs.find(({ kind }) => kind === "publish")?.runAt ?? null;
}

describe("publishing", () => {
  it("posts the root in the channel and everything else in its thread, with metadata and nothing unfurled", async () => {
    const incidentId = await harness.incident();
    const { id } = await harness.proposal(incidentId);
    for (let round = 0; round < 3; round += 1) {
      await publish(incidentId, deps);
      harness.advance(2_000);
    }
    const [root, card] = slack.workspace.messages;
    expect(root).toMatchObject({
      threadTs: null,
      metadata: { event_type: "faultline_message", event_payload: { incident_id: incidentId, key: "root" } },
    });
    expect(card).toMatchObject({ threadTs: root?.ts, metadata: { event_payload: { key: `proposal:${id}`, rev: 1 } } });
    expect(posts()).toBe(2);
    const first = slack.journal.find(({ method }) => method === "chat.postMessage");
    expect(first?.args).toMatchObject({
      unfurl_links: "false",
      unfurl_media: "false",
      parse: "none",
      link_names: "false",
    });
  });

  it("does not post again what is posted, and edits in place what has changed", async () => {
    const incidentId = await harness.incident();
    await publish(incidentId, deps);
    await publish(incidentId, deps);
    expect([posts(), call("chat.update")]).toEqual([1, 0]);
    await harness.proposal(incidentId);
    harness.advance(5_000);
    await publish(incidentId, deps);
    expect(slack.workspace.byKey("root").text).toContain("Awaiting approval");
    expect([posts(), call("chat.update")]).toEqual([2, 1]);
  });

  it("edits one message at most every three seconds, and the last content wins", async () => {
    const incidentId = await harness.incident();
    await publish(incidentId, deps);
    for (let change = 0; change < 40; change += 1) {
      await retitle(incidentId, change);
      harness.advance(250);
      await publish(incidentId, deps);
    }
    expect(call("chat.update")).toBeLessThanOrEqual(4);
    expect(await nextPublishAt()).not.toBeNull();
    harness.advance(3_000);
    await publish(incidentId, deps);
    const [root] = await deps.store.messages(incidentId);
    expect(root?.text).toContain("38 more services");
    expect(slack.workspace.byKey("root").text).toBe(root?.text);
  });

  it("posts at most one message a second in the channel, across incidents, and loses none", async () => {
    const incidents = [await harness.incident()];
    for (let index = 0; index < 5; index += 1) {
      harness.advance(700_000);
      incidents.push(await harness.incident());
    }
    expect(new Set(incidents).size).toBe(6);
    for (const incident of incidents) await publish(incident, deps);
    expect(posts()).toBe(1);
    for (let round = 0; round < 10; round += 1) {
      harness.advance(1_200);
      for (const incident of incidents) await publish(incident, deps);
      expect(posts()).toBeLessThanOrEqual(round + 2);
    }
    expect(slack.workspace.roots()).toHaveLength(6);
  });

  it("posts once when two jobs for the same incident run at the same time", async () => {
    const incidentId = await harness.incident();
    slack.plan.next("chat.postMessage", { mode: "slow", ms: 100 });
    await Promise.all([publish(incidentId, deps), publish(incidentId, deps), publish(incidentId, deps)]);
    expect(posts()).toBe(1);
  });

  it("posts anew what was deleted from the channel", async () => {
    const incidentId = await harness.incident();
    await publish(incidentId, deps);
    slack.workspace.messages.length = 0;
    await retitle(incidentId, 1);
    harness.advance(5_000);
    await publish(incidentId, deps);
    expect(slack.workspace.byKey("root").text).toContain("title 1");
  });
});

describe("the fake workspace", () => {
  // Slack's published descriptions are no part of the project; where they are not at hand this is skipped.
  it.skipIf(!contractsAreThere)("knows Slack's published arguments, and every call above was held against them", () => {
    expect(contractFaults("chat.update", { channel: "C", ts: "1", text: "x", blocks: [] })).toEqual([]);
    expect(contractFaults("chat.update", { channel: "C", unfurl: true })).toEqual([
      "chat.update: ts is missing",
      "chat.update: unfurl is not an argument",
    ]);
    expect(contractFaults("chat.shout", {})).toEqual(["chat.shout: there is no such method"]);
  });
});

describe("a whole incident", () => {
  it("with fifty alerts, one approval and a recovery is a thread of a few messages, and ends without a live button", async () => {
    const incidentId = await harness.incident();
    const step = async (ms = 700) => {
      harness.advance(ms);
      await publish(incidentId, deps);
    };
    await step();
    for (let index = 0; index < 50; index += 1) {
      await retitle(incidentId, index);
      await step();
    }
    const { id: proposalId, digest } = await harness.proposal(incidentId);
    await step();
    await decide({ proposalId, digest, verdict: "approved", by: "ann", via: "console", reason: null }, deps);
    await step();
    const [execution] = await deps.store.executions({ incidentId });
    await harness.runExecution(execution?.id ?? "");
    await step();
    await record(incidentId, deps, ({ executions }) => ({
      executions: executions.map((run) => ({
        next: {
          ...run,
          epoch: run.epoch + 1,
          state: "recovered" as const,
          endedAt: deps.clock.now(),
          outcome: "Recovered: error_ratio 0.01.",
        },
        expectEpoch: run.epoch,
      })),
    }));
    await step();
    await record(incidentId, deps, ({ alerts }) => ({
      alerts: alerts.map((alert) => ({
        incidentId,
        alert: { ...alert, status: "resolved" as const, endsAt: deps.clock.now() },
      })),
    }));
    for (let round = 0; round < 8; round += 1) await step();
    expect(slack.workspace.roots()).toHaveLength(1);
    expect(slack.workspace.messages.map(({ metadata }) => metadata?.event_payload["key"])).toEqual([
      "root",
      `proposal:${proposalId}`,
      "resolved",
    ]);
    const edits = slack.workspace.messages.map((message) => message.edits);
    expect(Math.max(...edits)).toBeLessThanOrEqual(1 + (66 * 700) / 3_000);
    expect(JSON.stringify(slack.workspace.messages)).not.toContain('"actions"');
    expect(slack.workspace.byKey("root").text).toMatch(/^Resolved: /);
    expect(JSON.stringify(slack.workspace.byKey(`proposal:${proposalId}`).blocks)).toContain(
      "Recovered: error_ratio 0.01.",
    );
  });
});

describe("a post whose answer is lost", () => {
  it.each(["drop_after", "500_after"] as const)("is found and not made twice (%s)", async (mode) => {
    const incidentId = await harness.incident();
    slack.plan.next("chat.postMessage", { mode });
    await publish(incidentId, deps);
    expect((await deps.store.messages(incidentId))[0]).toMatchObject({ ts: null, publishedRev: 0 });
    expect(await nextPublishAt()).toBe(deps.clock.now() + 2_000);
    harness.advance(2_000);
    await publish(incidentId, deps);
    expect(posts()).toBe(1);
    expect((await deps.store.messages(incidentId))[0]?.ts).toBe(slack.workspace.byKey("root").ts);
  });

  it.each(["drop_before", "500_before"] as const)("is made again when it is certainly not there (%s)", async (mode) => {
    const incidentId = await harness.incident();
    slack.plan.next("chat.postMessage", { mode });
    await publish(incidentId, deps);
    harness.advance(2_000);
    await publish(incidentId, deps);
    expect(posts()).toBe(1);
  });

  it("is found in the thread after a crash, once the call must be over", async () => {
    const incidentId = await harness.incident();
    await publish(incidentId, deps);
    await harness.proposal(incidentId);
    harness.advance(2_000);
    slack.plan.next("chat.postMessage", { mode: "drop_after" });
    await publish(incidentId, deps);
    const afterCrash = freshProcess();
    harness.advance(5_000);
    await publish(incidentId, afterCrash);
    expect(call("conversations.replies")).toBe(0);
    harness.advance(15_000);
    await publish(incidentId, afterCrash);
    expect(call("conversations.replies")).toBe(1);
    expect(posts()).toBe(2);
    const messages = await deps.store.messages(incidentId);
    expect(messages.every(({ rev, publishedRev }) => rev === publishedRev)).toBe(true);
  });

  it("stays unknown while the channel cannot be read", async () => {
    const incidentId = await harness.incident();
    slack.plan.next("chat.postMessage", { mode: "drop_after" });
    slack.plan.next("conversations.history", { mode: "500_before" }, 2);
    await publish(incidentId, deps);
    for (const wait of [2_000, 4_000]) {
      harness.advance(wait);
      await publish(incidentId, deps);
    }
    expect(posts()).toBe(1);
    harness.advance(60_000);
    await publish(incidentId, deps);
    expect(posts()).toBe(1);
    expect((await deps.store.messages(incidentId))[0]?.publishedRev).toBe(1);
  });

  it("is posted again where the history scopes are missing", async () => {
    const incidentId = await harness.incident();
    slack.plan.next("chat.postMessage", { mode: "drop_before" });
    slack.plan.next("conversations.history", { mode: "error", code: "missing_scope", needed: "channels:history" });
    await publish(incidentId, deps);
    harness.advance(2_000);
    await publish(incidentId, deps);
    expect(posts()).toBe(1);
  });
});

describe("a Slack that does not take a message", () => {
  it("is asked again after the time that it names", async () => {
    const incidentId = await harness.incident();
    slack.plan.next("chat.postMessage", { mode: "429", retryAfterS: 17 });
    await publish(incidentId, deps);
    expect(await nextPublishAt()).toBe(deps.clock.now() + 17_000);
    harness.advance(17_000);
    await publish(incidentId, deps);
    expect(posts()).toBe(1);
  });

  it("is left alone longer and longer while it is down, and gets everything when it is back", async () => {
    const incidentId = await harness.incident();
    slack.plan.next("chat.postMessage", { mode: "drop_before" }, 30);
    const waits: number[] = [];
    for (let round = 0; round < 8; round += 1) {
      await publish(incidentId, deps);
      const at = (await nextPublishAt()) ?? 0;
      waits.push(at - deps.clock.now());
      harness.advance(at - deps.clock.now());
    }
    expect(waits.toSorted((a, b) => a - b)).toEqual(waits);
    expect(waits.at(-1)).toBe(60_000);
    slack.plan.clear();
    await publish(incidentId, deps);
    expect(posts()).toBe(1);
  });

  it.each([
    ["invalid_auth", "unauthenticated"],
    ["not_in_channel", "forbidden"],
    ["is_archived", "forbidden"],
  ])("for good (%s) ends the job with what is wrong", async (code, kind) => {
    const incidentId = await harness.incident();
    slack.plan.next("chat.postMessage", { mode: "error", code });
    const failure = await publish(incidentId, deps).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(Fault);
    expect(failure).toMatchObject({ kind, message: expect.stringContaining(code) });
  });

  it("because of its blocks gets the text alone", async () => {
    const incidentId = await harness.incident();
    slack.plan.next("chat.postMessage", { mode: "error", code: "invalid_blocks" });
    await publish(incidentId, deps);
    const { blocks, text } = slack.workspace.byKey("root");
    expect(blocks).toHaveLength(1);
    expect(JSON.stringify(blocks)).toContain(text.slice(0, 40));
  });
});

async function retitle(incidentId: string, number: number): Promise<void> {
  // A second alert changes what the root says without opening anything new.
  await record(incidentId, deps, ({ alerts, incident }) => {
    const [first] = alerts;
    if (first === undefined) return null;
    const alert = {
      ...first,
      fingerprint: `more-${number}`,
      startsAt: incident.openedAt + number,
      service: `title ${number}`,
    };
    return { alerts: [{ incidentId, alert }] };
  });
}
