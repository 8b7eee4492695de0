import { type Logger, pino } from "pino";

/** A constant message in lower case; everything that varies goes into the fields. */
export interface Log {
  debug(message: string, fields?: Record<string, unknown>): void;
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
  error(message: string, fields?: Record<string, unknown>): void;
  /** A logger that adds these fields to each of its lines. */
  child(fields: Record<string, unknown>): Log;
}

export const logLevels = ["debug", "info", "warn", "error", "silent"] as const;
export type LogLevel = (typeof logLevels)[number];

const redacted = [
  "authorization",
  "token",
  "secret",
  "password",
  "*.authorization",
  "*.token",
  "*.secret",
  "*.password",
];

/** JSON lines to standard error, so that standard output stays free for what a command prints as data. */
export function createLog(level: LogLevel): Log {
  const options = {
    level,
    base: null,
    timestamp: () => `,"at":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: redacted, censor: "***" },
  };
  return wrap(pino(options, pino.destination({ fd: 2, sync: true })));
}

/** A log that says nothing, for commands that print data and for tests. */
export const silentLog: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silentLog,
};

function wrap(logger: Logger): Log {
  return {
    debug: (message, fields = {}) => logger.debug(fields, message),
    info: (message, fields = {}) => logger.info(fields, message),
    warn: (message, fields = {}) => logger.warn(fields, message),
    error: (message, fields = {}) => logger.error(fields, message),
    child: (fields) => wrap(logger.child(fields)),
  };
}
