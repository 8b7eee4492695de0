import { type App, sectionIssues, startApp } from "../app.ts";
import { readConfig, readEnvironment } from "../config.ts";
import { createLog } from "../lib/log.ts";
import { shippedRunbooks } from "../runbooks.ts";

const DEFAULT_PORT = 8787;
const DEADLINE_MS = 9_500;

/** Runs the bot until SIGINT or SIGTERM; then finishes what is in hand and ends with status 0. */
export async function serve(): Promise<void> {
  const environment = readEnvironment();
  const config = environment.file === null ? null : readConfig(environment.file, sectionIssues);
  const log = createLog(config?.log_level ?? environment.logLevel);
  const port = environment.port ?? config?.listen.port ?? DEFAULT_PORT;
  const app = await startApp({ dataDir: environment.dataDir, port, config, runbooks: shippedRunbooks, log });
  process.stdout.write(greeting(app, environment.dataDir, config === null));
  await stopped();
  process.stdout.write("Stopping: finishing what is in hand.\n");
  setTimeout(() => process.exit(0), DEADLINE_MS).unref();
  await app.close();
  process.exit(0);
}

function greeting({ url }: App, dataDir: string, local: boolean): string {
  if (!local) return `Faultline is ready at ${url}\n`;
  return [
    `Faultline is ready: ${url}`,
    "",
    "This is local mode: this machine alone, a sandbox to break on purpose, no accounts and no keys.",
    "It takes unsigned deliveries from this machine, and whoever gives a name may approve.",
    "",
    "Try:",
    `  open ${url} and break something, or`,
    "  npm run -s faultline -- drill bad-json-prompt",
    `  point an Alertmanager at ${url}/webhooks/alertmanager`,
    "",
    `Data is kept in ${dataDir}. Ctrl-C stops.`,
    "",
  ].join("\n");
}

function stopped(): Promise<void> {
  return new Promise((resolve) => {
    process.once("SIGINT", () => resolve());
    process.once("SIGTERM", () => resolve());
  });
}
