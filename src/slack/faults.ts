import { WebAPIHTTPError, WebAPIPlatformError, WebAPIRateLimitedError, WebAPIRequestError } from "@slack/web-api";
import { Fault, type FaultKind } from "../lib/fault.ts";

/** Waited where Slack says that it is too much but not for how long, in milliseconds. */
const PAUSE_MS = 30_000;
/** The whole workspace posts too much (`message_limit_exceeded`): minutes, not seconds. */
const FLOOD_PAUSE_MS = 120_000;

// Slack's error codes by what can be done about them (docs.slack.dev, "chat.postMessage", "chat.update", errors).
const codes: Readonly<Record<string, FaultKind>> = {
  ratelimited: "rate_limited",
  rate_limited: "rate_limited",
  message_limit_exceeded: "rate_limited",
  internal_error: "unavailable",
  fatal_error: "unavailable",
  service_unavailable: "unavailable",
  team_added_to_org: "unavailable",
  request_timeout: "timeout",
  invalid_auth: "unauthenticated",
  not_authed: "unauthenticated",
  token_revoked: "unauthenticated",
  token_expired: "unauthenticated",
  account_inactive: "unauthenticated",
  user_removed_from_team: "unauthenticated",
  team_disabled: "unauthenticated",
  not_allowed_token_type: "unauthenticated",
  missing_scope: "forbidden",
  no_permission: "forbidden",
  not_in_channel: "forbidden",
  channel_not_found: "forbidden",
  is_archived: "forbidden",
  restricted_action: "forbidden",
  restricted_action_read_only_channel: "forbidden",
  restricted_action_thread_only_channel: "forbidden",
  no_such_subteam: "forbidden",
  plan_upgrade_required: "forbidden",
  message_not_found: "not_found",
  thread_not_found: "not_found",
  cant_update_message: "not_found",
  edit_window_closed: "not_found",
  is_inactive: "not_found",
  msg_too_long: "too_large",
  msg_blocks_too_long: "too_large",
  metadata_too_large: "too_large",
  hash_conflict: "conflict",
};

/**
 * What a failed call of the Web API was, in our own kinds. A message that can no longer be edited is "not_found", a
 * channel that cannot be written to is "forbidden".
 *
 * @param doing what was tried, for the message
 */
export function faultOf(error: unknown, doing: string): Fault {
  if (error instanceof Fault) return error;
  const because = (kind: FaultKind, said: string, retryAfterMs?: number) =>
    new Fault(kind, `Slack did not ${doing}: ${said}`, { cause: error, retryAfterMs });
  if (error instanceof WebAPIRateLimitedError)
    return because("rate_limited", "too many requests", error.retryAfter * 1000 || PAUSE_MS);
  if (error instanceof WebAPIPlatformError) return platformFault(error, because);
  if (error instanceof WebAPIHTTPError) {
    if (error.statusCode === 429) return because("rate_limited", "too many requests", PAUSE_MS);
    return because(error.statusCode >= 500 ? "unavailable" : "invalid", `it answered ${error.statusCode}`);
  }
  if (error instanceof WebAPIRequestError) {
    const late = /abort|time/i.test(error.original.message);
    return because(late ? "timeout" : "unavailable", late ? "no answer in time" : "it could not be reached");
  }
  return because("unavailable", error instanceof Error ? error.message : "no answer");
}

function platformFault(
  error: WebAPIPlatformError,
  because: (kind: FaultKind, said: string, retryAfterMs?: number) => Fault,
): Fault {
  const code = error.data.error;
  const kind = Object.hasOwn(codes, code) ? codes[code] : undefined;
  if (kind === "rate_limited")
    return because(kind, code, code === "message_limit_exceeded" ? FLOOD_PAUSE_MS : PAUSE_MS);
  const { needed } = error.data as { readonly needed?: unknown };
  const scope = code === "missing_scope" && typeof needed === "string" ? ` (${needed.slice(0, 80)})` : "";
  const details = error.data.response_metadata?.messages?.slice(0, 3).join("; ").slice(0, 300);
  return because(kind ?? "invalid", `${code}${scope}${details ? `: ${details}` : ""}`);
}

/** Slack's own code of the failure behind a fault, or null. */
export function slackCode({ cause }: Fault): string | null {
  return cause instanceof WebAPIPlatformError ? cause.data.error : null;
}
