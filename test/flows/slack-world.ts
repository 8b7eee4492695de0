import { expect } from "vitest";
import { configuredApprovers } from "../../src/approvers.ts";
import { decide } from "../../src/flows/decide.ts";
import type { FlowDeps } from "../../src/flows/deps.ts";
import { publish } from "../../src/flows/publish.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { Secret } from "../../src/lib/secret.ts";
import { type SlackDoor, type SlackSettings, startSlack } from "../../src/slack/app.ts";
import { type FakeSlack, startFakeSlack } from "../fakes/slack/fake-slack.ts";
import type { ShownMessage } from "../fakes/slack/workspace.ts";
import { createHarness, type Harness } from "./harness.ts";

const APPROVERS = "S0ONCALL";

/** Real flows, a real store, the real Bolt app, and a Slack of our own. */
export interface SlackWorld {
  readonly slack: FakeSlack;
  readonly harness: Harness;
  readonly deps: FlowDeps;
  readonly door: SlackDoor;
  readonly publish: (incidentId: string) => Promise<void>;
  /** An incident whose thread is shown, with a pending proposal. */
  readonly card: () => Promise<{
    readonly incidentId: string;
    readonly proposalId: string;
    readonly shown: ShownMessage;
  }>;
  /** Resolves when the person was told something; @returns the newest. */
  readonly told: (user: string, count?: number) => Promise<string>;
  readonly close: () => Promise<void>;
}

export function slackSettings(slack: FakeSlack, mode: SlackSettings["mode"]): SlackSettings {
  return {
    mode,
    bot_token: new Secret(slack.workspace.botToken),
    app_token: new Secret(slack.workspace.appToken),
    signing_secret: new Secret(slack.signingSecret),
    channel: "C0INCIDENTS",
    api_url: slack.apiUrl,
  };
}

/** @param hang hangs the door's routes on a server, and says its address (HTTP mode) */
export async function createSlackWorld(
  mode: SlackSettings["mode"],
  hang: (door: SlackDoor) => Promise<{ readonly url: string; readonly close: () => Promise<unknown> } | null>,
): Promise<SlackWorld> {
  const harness = await createHarness();
  const slack = await startFakeSlack({ now: harness.deps.clock.now });
  slack.workspace.groups.set(APPROVERS, ["U0ANN", "U0BEN"]);
  const door: SlackDoor = await startSlack(slackSettings(slack, mode), {
    ...harness.deps,
    clock: systemClock,
    decide: (click) => decide(click, deps),
  });
  const approvals = { people: [], groups: [APPROVERS], requester_may_approve: false };
  const approvers = configuredApprovers({ approvals } as never, door.groupMembers);
  const deps: FlowDeps = { ...harness.deps, chat: door.chat, approvers };
  const server = await hang(door);
  if (server !== null) slack.deliverTo(server.url);
  const world: SlackWorld = {
    slack,
    harness,
    deps,
    door,
    publish: (incidentId) => bringAll(incidentId, deps, harness),
    card: async () => {
      // Later than alerts are grouped: an incident of its own.
      harness.advance(700_000);
      const incidentId = await harness.incident();
      const { id: proposalId } = await harness.proposal(incidentId);
      await bringAll(incidentId, deps, harness);
      return { incidentId, proposalId, shown: slack.workspace.byKey(`proposal:${proposalId}`) };
    },
    told: async (user, count = 1) => {
      const whispers = () => slack.workspace.whispers.filter((whisper) => whisper.user === user);
      await expect.poll(() => whispers().length, { timeout: 5_000 }).toBeGreaterThanOrEqual(count);
      return whispers().at(-1)?.text ?? "";
    },
    close: async () => {
      await door.close();
      await server?.close();
      await slack.close();
      await harness.close();
    },
  };
  return world;
}

/** Publishes as the worker would: again when it was asked for, with the clock moved on. */
async function bringAll(incidentId: string, deps: FlowDeps, { advance }: Harness): Promise<void> {
  for (let round = 0; round < 12; round += 1) {
    await publish(incidentId, deps);
    const messages = await deps.store.messages(incidentId);
    if (messages.every(({ rev, publishedRev }) => publishedRev >= rev)) return;
    advance(4_000);
  }
  throw new Error("the thread was not brought up to date");
}
