import { z } from "zod";
import type { Click, Decided } from "../flows/decide.ts";
import type { Clock } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import type { Store } from "../store-port.ts";
import { APPROVE } from "../views/proposal.ts";
import type { WhoAmI } from "./identity.ts";
import type { Seen } from "./seen.ts";

/** The part of a `block_actions` payload that we use (docs.slack.dev, "block_actions payload"). */
export const ButtonClick = z.object({
  team: z.object({ id: z.string() }).nullish(),
  user: z.object({ id: z.string(), team_id: z.string().optional() }),
  container: z.object({
    message_ts: z.string().optional(),
    channel_id: z.string().optional(),
    thread_ts: z.string().optional(),
  }),
  actions: z
    .array(z.object({ action_id: z.string(), value: z.string().optional(), action_ts: z.string().optional() }))
    .min(1),
});
export type ButtonClick = z.output<typeof ButtonClick>;

export interface ClickDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly me: WhoAmI;
  readonly seen: Seen;
  readonly decide: (click: Click) => Promise<Decided>;
}

const NOT_THE_CARD = "This is not the card that counts (any more). Look at the newest one in the incident's thread.";
const FOREIGN = "Only members of the workspace that this bot belongs to may decide.";
const FAILED = "Your click could not be recorded just now. Look at the card: if it still has buttons, click again.";

/**
 * Decides by a click on a card: from our workspace, delivered for the first time, on the very message that is on
 * record for the proposal.
 *
 * @returns what the person is told in private, or null for a click that was handled before
 */
export async function handleClick(click: ButtonClick, deps: ClickDeps): Promise<string | null> {
  const { log, seen, decide } = deps;
  const { team, user, container, actions } = click;
  const [action] = actions;
  if (action === undefined) return null;
  const delivery = [team?.id, container.message_ts, action.action_id, user.id, action.action_ts].join(":");
  if (!seen.first(delivery)) return null;
  const [, proposalId = "", digest = ""] = /^([^:]{1,80}):([^:]{1,128})$/.exec(action.value ?? "") ?? [];
  const verdict = action.action_id === APPROVE ? "approved" : "rejected";
  try {
    const obstacle = await obstacleTo(click, proposalId, deps);
    if (obstacle !== null) {
      await noteRefusal({ proposalId, by: user.id, verdict, because: obstacle.because }, deps);
      return obstacle.text;
    }
    const { text } = await decide({ proposalId, digest, verdict, by: user.id, via: "slack", reason: null });
    return text;
  } catch (error) {
    log.error("a click could not be handled", { proposal: proposalId, fault: String(error) });
    return FAILED;
  }
}

interface Obstacle {
  readonly because: string;
  readonly text: string;
}

async function obstacleTo(
  { team, user, container }: ButtonClick,
  proposalId: string,
  { store, me }: ClickDeps,
): Promise<Obstacle | null> {
  const { teamId } = await me.ask();
  if (team?.id !== teamId || (user.team_id !== undefined && user.team_id !== teamId))
    return { because: "foreign_workspace", text: FOREIGN };
  const proposal = await store.proposal(proposalId);
  if (proposal === null) return null;
  const messages = await store.messages(proposal.incidentId);
  const card = messages.find(({ key }) => key === `proposal:${proposalId}`);
  const isCard = card?.ts === container.message_ts && card?.channel === container.channel_id;
  return isCard && container.message_ts !== undefined ? null : { because: "not_the_card", text: NOT_THE_CARD };
}

/** A refused click changes nothing but the audit. */
async function noteRefusal(
  { proposalId, by, verdict, because }: Record<"proposalId" | "by" | "verdict" | "because", string>,
  { store, clock }: ClickDeps,
): Promise<void> {
  const proposal = await store.proposal(proposalId);
  await store.commit({
    audit: [
      {
        at: clock.now(),
        actor: by,
        action: "click.refused",
        incidentId: proposal?.incidentId ?? null,
        proposalId: proposal?.id ?? null,
        digest: proposal?.digest ?? null,
        detail: { because, via: "slack", verdict },
      },
    ],
  });
}
