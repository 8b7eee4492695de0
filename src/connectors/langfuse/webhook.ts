import { z } from "zod";
import type { Change } from "../../domain/change.ts";
import type { Parsed } from "../../domain/delivery.ts";
import type { Secret } from "../../lib/secret.ts";
import type { InboundRequest, Webhook } from "../../ports.ts";
import type { ConnectorDeps } from "../connector.ts";
import { Instant, readBody } from "../kit/inbound.ts";
import { requireTimedHmac } from "../kit/signature.ts";
import type { Moves } from "./moves.ts";
import type { Settings } from "./settings.ts";

const SIGNATURE = "x-langfuse-signature";

const Envelope = z.object({ id: z.string().min(1), type: z.string() });

/** langfuse/langfuse packages/shared/src/domain/webhooks.ts */
const PromptEvent = z.object({
  action: z.enum(["created", "updated", "deleted"]),
  prompt: z.object({
    name: z.string().min(1),
    version: z.number().int(),
    labels: z.array(z.string()),
    commitMessage: z.string().nullish(),
    createdAt: Instant,
    updatedAt: Instant,
  }),
  user: z.object({ name: z.string().nullish(), email: z.string().nullish() }).nullish(),
});
type PromptEvent = z.output<typeof PromptEvent>;

export function webhookOf(secret: Secret, settings: Settings, moves: Moves, { log }: ConnectorDeps): Webhook {
  return {
    signed: true,
    verify: (request, now) => requireTimedHmac(request, SIGNATURE, secret, now),
    deliveryId: (request) => idOf(request),
    parse: (request): Parsed => {
      const { type } = readBody(request, Envelope, "a Langfuse webhook");
      if (type !== "prompt-version") {
        log.info("a langfuse delivery of another type was ignored", { type: type.slice(0, 40) });
        return { alerts: [], changes: [] };
      }
      const event = readBody(request, PromptEvent, "a Langfuse prompt event");
      return { alerts: [], changes: settings.labels.flatMap((label) => changesIn(event, label, moves)) };
    },
  };
}

/** The event's own id, which a repeat carries again. */
function idOf(request: InboundRequest): string | null {
  try {
    return readBody(request, Envelope, "a Langfuse webhook").id;
  } catch {
    return null;
  }
}

/** A version that was saved without a label that applications fetch changes nothing for them. */
function changesIn({ action, prompt, user }: PromptEvent, label: string, moves: Moves): Change[] {
  const { name, version, labels, commitMessage, updatedAt } = prompt;
  if (action === "created" && !labels.includes(label)) return [];
  if (action === "deleted" || !labels.includes(label)) {
    const completed = moves.lost(name, label, version, updatedAt);
    return completed === null ? [] : [completed];
  }
  const author = user?.name ?? user?.email ?? null;
  const move = moves.gained({ prompt: name, label, version, at: updatedAt, author, summary: commitMessage ?? null });
  return move === null ? [] : [move];
}
