import { WebAPIHTTPError, WebAPIPlatformError, WebAPIRateLimitedError, WebAPIRequestError } from "@slack/web-api";
import { describe, expect, it } from "vitest";
import { Fault } from "../lib/fault.ts";
import { faultOf, slackCode } from "./faults.ts";

const platform = (error: string, more: object = {}) => new WebAPIPlatformError({ ok: false, error, ...more });

describe("a failed call of the Web API", () => {
  it.each([
    [platform("ratelimited"), "rate_limited"],
    [platform("message_limit_exceeded"), "rate_limited"],
    [platform("internal_error"), "unavailable"],
    [platform("token_revoked"), "unauthenticated"],
    [platform("missing_scope"), "forbidden"],
    [platform("is_archived"), "forbidden"],
    [platform("message_not_found"), "not_found"],
    [platform("edit_window_closed"), "not_found"],
    [platform("msg_blocks_too_long"), "too_large"],
    [platform("a_code_of_tomorrow"), "invalid"],
    [platform("constructor"), "invalid"],
    [new WebAPIHTTPError(502, "Bad Gateway", {}), "unavailable"],
    [new WebAPIHTTPError(429, "Too Many Requests", {}), "rate_limited"],
    [new WebAPIHTTPError(404, "Not Found", {}), "invalid"],
    [new WebAPIRequestError(new Error("fetch failed")), "unavailable"],
    [new WebAPIRequestError(new Error("The operation was aborted due to timeout")), "timeout"],
    [new SyntaxError("Unexpected token <"), "unavailable"],
  ])("%s is a fault of kind %s", (error, kind) => {
    expect(faultOf(error, "post").kind).toBe(kind);
  });

  it("says how long to wait, and waits minutes when the whole workspace is too loud", () => {
    expect(faultOf(new WebAPIRateLimitedError(7), "post").retryAfterMs).toBe(7_000);
    expect(faultOf(platform("message_limit_exceeded"), "post").retryAfterMs).toBeGreaterThanOrEqual(60_000);
  });

  it("names what was tried, the code, the missing scope, and what Slack says of the arguments", () => {
    expect(faultOf(platform("missing_scope", { needed: "usergroups:read" }), "list members").message).toBe(
      "Slack did not list members: missing_scope (usergroups:read)",
    );
    const said = { response_metadata: { messages: ["[ERROR] must be less than 3001 characters"] } };
    expect(faultOf(platform("invalid_blocks", said), "post").message).toContain("must be less than 3001");
  });

  it("leaves a fault of ours as it is, and keeps Slack's code", () => {
    const ours = new Fault("conflict", "x");
    expect(faultOf(ours, "post")).toBe(ours);
    expect(slackCode(faultOf(platform("is_archived"), "post"))).toBe("is_archived");
    expect(slackCode(ours)).toBeNull();
  });
});
