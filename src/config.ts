import { existsSync, readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { z } from "zod";
import { type FileFault, located, parseYaml, readText, say } from "./config-file.ts";
import { Catalog } from "./domain/catalog.ts";
import { Fault } from "./lib/fault.ts";
import { logLevels } from "./lib/log.ts";
import { Secret } from "./lib/secret.ts";

const SecretText = z
  .string()
  .min(8, "a secret has at least 8 characters")
  .transform((value) => new Secret(value));

const seconds = (value: number) =>
  z
    .number()
    .positive()
    .max(7 * 86_400)
    .default(value);

const Slack = z.strictObject({
  mode: z.enum(["socket", "http"]).default("socket"),
  bot_token: SecretText,
  /** Socket Mode only. */
  app_token: SecretText.optional(),
  /** HTTP mode only. */
  signing_secret: SecretText.optional(),
  channel: z.string().min(1, "the channel's id, such as C0123456789"),
  /** Another Web API than slack.com's, ending in a slash. */
  api_url: z.url().optional(),
});

const Approvals = z.strictObject({
  /** Slack user ids, or names of `console.people`. */
  people: z.array(z.string()).default([]),
  /** Slack user group ids; membership is looked up at the click. */
  groups: z.array(z.string()).default([]),
  requester_may_approve: z.boolean().default(false),
});

/** The one configuration file. Keys as people write them. */
export const ConfigFile = z.strictObject({
  version: z.literal(1),
  listen: z
    .strictObject({ host: z.string().default("0.0.0.0"), port: z.number().int().min(0).max(65_535).optional() })
    .prefault({}),
  database: z.strictObject({ postgres: SecretText.optional(), path: z.string().optional() }).prefault({}),
  log_level: z.enum(logLevels).default("info"),
  catalog: Catalog.prefault({}),
  connectors: z.record(z.string(), z.unknown()).default({}),
  slack: Slack.optional(),
  console: z
    .strictObject({ url: z.url().optional(), people: z.record(z.string(), SecretText).default({}) })
    .prefault({}),
  approvals: Approvals.prefault({}),
  /** A folder, relative to this file; the shipped ones by default. */
  runbooks: z.string().optional(),
  timing: z
    .strictObject({
      lookback_s: seconds(8 * 3600),
      source_timeout_s: seconds(10),
      rediagnose_after_s: z.array(z.number().positive()).min(1).default([15, 45, 120, 300]),
      group_within_s: seconds(1800),
      verify_within_s: seconds(1800),
      propose_from: z.number().min(0).max(1).default(0.5),
    })
    .prefault({}),
});
export type ConfigFile = z.output<typeof ConfigFile>;

/** What the environment says. Everything else is in the file. */
export interface Environment {
  readonly port: number | null;
  readonly dataDir: string;
  readonly file: string | null;
  readonly logLevel: (typeof logLevels)[number];
}

const Variables = z.object({
  PORT: z.coerce.number({ error: "PORT is a number from 0 to 65535" }).int().min(0).max(65_535).optional(),
  FAULTLINE_DATA: z.string().min(1).default("./data"),
  FAULTLINE_CONFIG: z.string().min(1).optional(),
  FAULTLINE_LOG: z.enum(logLevels).default("warn"),
});

/**
 * Reads the environment: PORT, FAULTLINE_DATA, FAULTLINE_CONFIG (else `faultline.yaml` here, if it is there) and
 * FAULTLINE_LOG.
 *
 * @throws Fault "config" that names every variable that is wrong
 */
export function readEnvironment(env: Readonly<Record<string, string | undefined>> = process.env): Environment {
  const parsed = Variables.safeParse(env);
  if (!parsed.success)
    throw new Fault(
      "config",
      parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("\n"),
    );
  const { PORT, FAULTLINE_DATA, FAULTLINE_CONFIG, FAULTLINE_LOG } = parsed.data;
  const file = FAULTLINE_CONFIG ?? (existsSync("faultline.yaml") ? "faultline.yaml" : null);
  return { port: PORT ?? null, dataDir: resolve(FAULTLINE_DATA), file, logLevel: FAULTLINE_LOG };
}

/**
 * Reads and checks the configuration file; references to secrets are resolved first.
 *
 * @throws Fault "config" with one line for every fault: file, line, key and what was expected
 */
export function readConfig(
  file: string,
  sectionIssues: SectionIssues = () => [],
  env: Readonly<Record<string, string | undefined>> = process.env,
): ConfigFile {
  const parsed = parseYaml(file, readText(file));
  if (!parsed.ok) throw new Fault("config", parsed.faults.map(say).join("\n"));
  const { data, locate } = parsed.value;
  const faults: FileFault[] = [];
  const missing = (path: readonly PropertyKey[], message: string) =>
    faults.push(located(file, { path, message }, locate));
  const resolved = resolveReferences(data, { env, base: dirname(resolve(file)), missing, path: [] });
  const checked = ConfigFile.safeParse(resolved ?? {});
  const issues = checked.success ? [] : checked.error.issues.map((issue) => located(file, issue, locate));
  const unseen = issues.filter((issue) => !faults.some(({ key }) => key === issue.key));
  faults.push(...unseen);
  if (checked.success) {
    const deeper = [...sectionsOf(checked.data, sectionIssues), ...contradictions(checked.data)];
    const found = deeper.map((issue) => located(file, issue, locate));
    faults.push(...found.filter((fault) => !faults.some(({ key }) => key === fault.key)));
  }
  if (faults.length > 0 || !checked.success)
    throw new Fault(
      "config",
      faults
        .toSorted((a, b) => a.line - b.line)
        .map(say)
        .join("\n"),
    );
  return placed(checked.data, dirname(resolve(file)));
}

interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** What a connector has against its section of the file; the configuration knows no connector itself. */
export type SectionIssues = (id: string, settings: unknown) => readonly Issue[];

function sectionsOf({ connectors }: ConfigFile, issuesOf: SectionIssues): Issue[] {
  return Object.entries(connectors).flatMap(([id, settings]) =>
    issuesOf(id, settings ?? {}).map(({ path, message }) => ({ path: ["connectors", id, ...path], message })),
  );
}

/** Paths in the file are relative to the file. */
function placed(config: ConfigFile, base: string): ConfigFile {
  const { database, runbooks } = config;
  return {
    ...config,
    database: database.path === undefined ? database : { ...database, path: resolve(base, database.path) },
    ...(runbooks === undefined ? {} : { runbooks: resolve(base, runbooks) }),
  };
}

interface Resolving {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly base: string;
  readonly missing: (path: readonly PropertyKey[], message: string) => void;
  readonly path: readonly PropertyKey[];
}

/** Replaces `${env:NAME}` and `${file:path}`, whole values only: half a secret in a string is not supported. */
function resolveReferences(value: unknown, at: Resolving): unknown {
  if (typeof value === "string") return resolveText(value, at);
  if (Array.isArray(value))
    return value.map((item: unknown, index) => resolveReferences(item, { ...at, path: [...at.path, index] }));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, resolveReferences(item, { ...at, path: [...at.path, key] })]),
  );
}

function resolveText(text: string, { env, base, missing, path }: Resolving): string {
  const reference = /^\$\{(env|file):([^}]+)\}$/.exec(text);
  const [, kind, name = ""] = reference ?? [];
  if (kind === "env") {
    const found = env[name];
    if (found === undefined || found === "") missing(path, `the environment variable ${name} is not set`);
    return found ?? "";
  }
  if (kind === undefined && /\$\{(env|file):/.test(text))
    missing(path, "a reference must be the whole value of its key");
  if (kind !== "file") return text;
  try {
    return readFileSync(resolve(base, name), "utf8").trim();
  } catch {
    missing(path, `the file ${name} cannot be read`);
    return "";
  }
}

/** What zod cannot see: keys that need each other. */
function contradictions(config: ConfigFile): { path: PropertyKey[]; message: string }[] {
  const found: { path: PropertyKey[]; message: string }[] = [];
  const { slack, approvals, console: door } = config;
  if (slack?.mode === "socket" && slack.app_token === undefined)
    found.push({ path: ["slack", "app_token"], message: "Socket Mode needs an app-level token (xapp-…)" });
  if (slack?.mode === "http" && slack.signing_secret === undefined)
    found.push({ path: ["slack", "signing_secret"], message: "HTTP mode needs the signing secret" });
  if (slack === undefined && Object.keys(door.people).length === 0)
    found.push({ path: ["slack"], message: "nobody could see an incident: set up slack, or console.people" });
  if (approvals.people.length === 0 && approvals.groups.length === 0)
    found.push({ path: ["approvals"], message: "nobody may approve: name approvals.people or approvals.groups" });
  return found;
}
