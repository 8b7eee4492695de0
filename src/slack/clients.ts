import { type Logger, LogLevel } from "@slack/bolt";
import { WebClient, type WebClientOptions } from "@slack/web-api";
import type { Log } from "../lib/log.ts";
import type { Secret } from "../lib/secret.ts";

/** No call of the Web API takes longer, in milliseconds: the library's own default is never. */
const TIMEOUT_MS = 10_000;

export interface Clients {
  /** One for posting, one for edits, one for lookups, so that a 429 of one does not hold up the others. */
  readonly posting: WebClient;
  readonly updating: WebClient;
  readonly looking: WebClient;
}

export function createClients(botToken: Secret, apiUrl: string | undefined, log: Log): Clients {
  const client = () => new WebClient(botToken.reveal(), clientOptions(apiUrl, log));
  return { posting: client(), updating: client(), looking: client() };
}

/**
 * The library repeats nothing by itself: it would post a message twice when an answer is lost. A fresh object each
 * time, because the libraries write into it.
 */
export function clientOptions(apiUrl: string | undefined, log: Log): WebClientOptions {
  return {
    timeout: TIMEOUT_MS,
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    logger: slackLogger(log),
    ...(apiUrl === undefined ? {} : { slackApiUrl: apiUrl }),
  };
}

/** Slack's libraries log through ours; their debug lines, which hold whole bodies, are dropped. */
export function slackLogger(log: Log): Logger {
  const said = (parts: readonly unknown[]) => ({ said: parts.map(String).join(" ").slice(0, 500) });
  return {
    debug: () => undefined,
    info: (...parts) => log.debug("slack library", said(parts)),
    warn: (...parts) => log.warn("slack library", said(parts)),
    error: (...parts) => log.error("slack library", said(parts)),
    setLevel: () => undefined,
    getLevel: () => LogLevel.INFO,
    setName: () => undefined,
  };
}
