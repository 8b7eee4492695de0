import { createEmulator, type Emulator } from "emulate";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { publish } from "../../src/flows/publish.ts";
import { silentLog } from "../../src/lib/log.ts";
import { Secret } from "../../src/lib/secret.ts";
import { createClients } from "../../src/slack/clients.ts";
import { createPublisher } from "../../src/slack/publisher.ts";
import { createHarness, type Harness } from "./harness.ts";

const TOKEN = "xoxb-emulated";

/** A second opinion on the Web API, by people who do not know this bot. */
describe("the publisher against another emulator of Slack", () => {
  let emulator: Emulator;
  let harness: Harness;
  let channel: string;
  const clients = () => createClients(new Secret(TOKEN), `${emulator.url}/api/`, silentLog);

  beforeAll(async () => {
    emulator = await createEmulator({
      service: "slack",
      port: 0,
      seed: {
        tokens: { [TOKEN]: { login: "faultline", scopes: [] } },
        slack: { channels: [{ name: "incidents" }], bots: [{ name: "faultline" }] },
      },
    });
    harness = await createHarness();
    const { channels } = await clients().looking.conversations.list({});
    channel = channels?.find(({ name }) => name === "incidents")?.id ?? "";
    expect(channel).not.toBe("");
  });

  afterAll(async () => {
    await emulator.close();
    await harness.close();
  });

  it("posts a thread, edits it, and finds a message by its metadata", async () => {
    const chat = createPublisher(clients(), channel, silentLog);
    const deps = { ...harness.deps, chat };
    const incidentId = await harness.incident();
    const { id } = await harness.proposal(incidentId);
    for (let round = 0; round < 4; round += 1) {
      await publish(incidentId, deps);
      harness.advance(4_000);
    }
    const [root, card] = await deps.store.messages(incidentId);
    if (root?.ts == null || card?.ts == null) throw new Error("the thread was not posted");
    const { messages } = await clients().looking.conversations.replies({ channel, ts: root.ts });
    expect(messages?.map(({ text }) => text)).toEqual([root.text, card.text]);
    expect(JSON.stringify(messages?.[1]?.blocks)).toContain(`${id}:`);
    const long = { ...card, sendingSince: 0, updatedAt: 0 };
    expect(await chat.find(long, root.ts)).toEqual({ channel, ts: card.ts });
    expect(await chat.find({ ...root, sendingSince: 0 }, null)).toEqual({ channel, ts: root.ts });
    expect(await chat.find({ ...long, key: "proposal:other" }, root.ts)).toBeNull();
  });
});
