import type { WebClient } from "@slack/web-api";
import { z } from "zod";
import { Fault } from "../lib/fault.ts";
import type { Log } from "../lib/log.ts";
import { faultOf } from "./faults.ts";

const AuthTest = z.object({ team_id: z.string(), user_id: z.string(), bot_id: z.string().optional() });

/** Who we are in which workspace. */
export interface Identity {
  readonly teamId: string;
  readonly botUserId: string;
  readonly botId: string | undefined;
}

/** Asks Slack who we are, once; a failed attempt is made again by the next who asks. */
export class WhoAmI {
  readonly #looking: WebClient;
  #known: Identity | null = null;

  constructor(looking: WebClient) {
    this.#looking = looking;
  }

  get known(): Identity | null {
    return this.#known;
  }

  /** @throws Fault when Slack does not say */
  async ask(): Promise<Identity> {
    if (this.#known !== null) return this.#known;
    try {
      const { team_id: teamId, user_id: botUserId, bot_id: botId } = AuthTest.parse(await this.#looking.auth.test());
      this.#known = { teamId, botUserId, botId };
      return this.#known;
    } catch (error) {
      throw faultOf(error, "say who this bot is");
    }
  }
}

/**
 * Checks the bot token at the start. Slack that cannot be reached does not stop the start: alerts are taken in and
 * incidents are worked on all the same, and the messages follow.
 *
 * @throws Fault "config" when Slack says that the token is not good
 */
export async function checkToken(me: WhoAmI, log: Log): Promise<void> {
  try {
    await me.ask();
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    if (error.kind === "unauthenticated" || error.kind === "invalid")
      throw new Fault(
        "config",
        `slack.bot_token is refused: ${error.message}; install the app again and copy its token`,
        {
          cause: error,
        },
      );
    log.warn("slack cannot be reached yet; messages follow when it can", { fault: error.message });
  }
}
