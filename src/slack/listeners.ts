import type { AllMiddlewareArgs, AnyMiddlewareArgs, App, RespondFn } from "@slack/bolt";
import type { KnownBlock, WebClient } from "@slack/web-api";
import { APPROVE, REJECT } from "../views/proposal.ts";
import { md } from "../views/text.ts";
import { ButtonClick, type ClickDeps, handleClick } from "./clicks.ts";
import { answerCommand } from "./command.ts";
import { faultOf } from "./faults.ts";
import type { InHand } from "./in-hand.ts";
import { Seen } from "./seen.ts";

export interface ListenerDeps extends Omit<ClickDeps, "seen"> {
  readonly inHand: InHand;
  readonly posting: WebClient;
}

/** The slash command, as `manifest.yml` registers it. */
const COMMAND = "/faultline";
const OLD_BUTTON = "This button does nothing any more. Look at the newest messages of the incident's thread.";
const NO_ANSWER = "I could not look that up just now. Try again in a moment.";

/** Hangs what people can do on the app. Each is acknowledged at once and worked on after. */
export function hangListeners(app: App, deps: ListenerDeps): void {
  const seen = new Seen();
  app.use((args) => unknownButton(args, deps));
  for (const action of [APPROVE, REJECT]) {
    app.action({ type: "block_actions", action_id: action }, async ({ ack, body }) => {
      await ack();
      await deps.inHand.run(() => click(body, { ...deps, seen }));
    });
  }
  app.command(COMMAND, async ({ ack, command, respond }) => {
    await ack();
    if (seen.first(`command:${command.trigger_id}`)) await deps.inHand.run(() => say(command.text, respond, deps));
  });
  app.error((error) => {
    deps.log.error("a slack listener failed", { fault: error.message });
    return Promise.resolve();
  });
}

async function click(body: unknown, deps: ListenerDeps & ClickDeps): Promise<void> {
  const parsed = ButtonClick.safeParse(body);
  if (!parsed.success) {
    deps.log.warn("a click could not be read", { fault: parsed.error.message });
    return;
  }
  const answer = await handleClick(parsed.data, deps);
  if (answer !== null) await whisper(parsed.data, answer, deps);
}

/** Tells one person, in the thread where the click was made. */
async function whisper({ user, container }: ButtonClick, text: string, { posting, log }: ListenerDeps): Promise<void> {
  const { channel_id: channel, thread_ts: thread } = container;
  if (channel === undefined) return;
  const where = thread === undefined ? { channel } : { channel, thread_ts: thread };
  try {
    await posting.chat.postEphemeral({ ...where, user: user.id, text: md`${text}`.mrkdwn, parse: "none" });
  } catch (error) {
    log.warn("a person could not be answered", { fault: faultOf(error, "show an answer").message });
  }
}

async function say(text: string, respond: RespondFn, deps: ListenerDeps): Promise<void> {
  try {
    const answer = await answerCommand(text, deps);
    // Views build the blocks as data for both doors; the types of the library describe the same.
    const blocks = [...answer.blocks] as unknown as KnownBlock[];
    await respond({ response_type: "ephemeral", text: answer.text, blocks });
  } catch (error) {
    deps.log.error("a command could not be answered", { fault: String(error) });
    await respond({ response_type: "ephemeral", text: NO_ANSWER });
  }
}

/** A button of an older version: nobody listens, and Slack would show an error sign after three seconds. */
async function unknownButton(args: AnyMiddlewareArgs & AllMiddlewareArgs, deps: ListenerDeps): Promise<void> {
  const parsed = ButtonClick.safeParse(args.body);
  const id = parsed.success ? parsed.data.actions[0]?.action_id : undefined;
  if (id === undefined || id === APPROVE || id === REJECT) return args.next();
  if ("ack" in args && args.ack !== undefined) await (args.ack as () => Promise<void>)();
  if (parsed.success) await deps.inHand.run(() => whisper(parsed.data, OLD_BUTTON, deps));
}
