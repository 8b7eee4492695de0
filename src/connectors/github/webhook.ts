import { z } from "zod";
import type { Change } from "../../domain/change.ts";
import { Fault } from "../../lib/fault.ts";
import { type Secret, sameSecret } from "../../lib/secret.ts";
import type { InboundRequest, Webhook } from "../../ports.ts";
import { Instant, readBody } from "../kit/inbound.ts";
import { hmacSha256 } from "../kit/signature.ts";
import { fromCommit, fromDeployment, fromPull, type Pieces, pullOf } from "./changes.ts";
import type { Settings } from "./settings.ts";

const SIGNATURE = "x-hub-signature-256";

const Repository = z.object({ full_name: z.string().min(1), default_branch: z.string().min(1), html_url: z.string() });
const Login = z.object({ login: z.string() }).nullish();

const Push = z.object({
  ref: z.string(),
  before: z.string(),
  deleted: z.boolean().default(false),
  repository: Repository,
  head_commit: z.object({ id: z.string() }).nullish(),
  commits: z.array(
    z.object({
      id: z.string(),
      message: z.string(),
      timestamp: Instant,
      url: z.string(),
      distinct: z.boolean().default(true),
      author: z.object({ username: z.string().optional(), name: z.string().optional() }),
      added: z.array(z.string()).default([]),
      modified: z.array(z.string()).default([]),
      removed: z.array(z.string()).default([]),
    }),
  ),
});

const PullRequest = z.object({
  action: z.string(),
  repository: Repository,
  pull_request: z.object({
    number: z.number().int(),
    title: z.string(),
    merged: z.boolean().default(false),
    merged_at: Instant.nullish(),
    merge_commit_sha: z.string().nullish(),
    html_url: z.string(),
    body: z.string().nullish(),
    user: Login,
    base: z.object({ sha: z.string(), ref: z.string() }),
  }),
});

const Deployment = z.object({
  id: z.number().int(),
  sha: z.string(),
  ref: z.string(),
  environment: z.string(),
  production_environment: z.boolean().nullish(),
  created_at: Instant,
  creator: Login,
});

const DeploymentEvent = z.object({
  repository: Repository,
  deployment: Deployment,
  deployment_status: z.object({ state: z.string(), created_at: Instant }).nullish(),
});

type Reader = (request: InboundRequest, settings: Settings) => Change[];

const READERS: ReadonlyMap<string, Reader> = new Map([
  ["push", (request, settings) => pushed(readBody(request, Push, "a GitHub push"), settings)],
  [
    "pull_request",
    (request, settings) => merged(readBody(request, PullRequest, "a GitHub pull_request event"), settings),
  ],
  ["deployment", deployed],
  ["deployment_status", deployed],
]);

export function webhookOf(secret: Secret, settings: Settings, pieces: Pieces): Webhook {
  return {
    signed: true,
    verify: ({ headers, body }) => {
      const sent = headers[SIGNATURE];
      if (sent === undefined) throw new Fault("unauthenticated", "the header X-Hub-Signature-256 is missing");
      if (!sameSecret(sent, `sha256=${hmacSha256(secret, body)}`))
        throw new Fault("unauthenticated", "the signature in X-Hub-Signature-256 does not fit the body");
    },
    deliveryId: ({ headers }) => headers["x-github-delivery"] ?? null,
    parse: (request) => {
      const event = request.headers["x-github-event"];
      if (event === undefined) throw new Fault("invalid", "not a GitHub webhook: the header X-GitHub-Event is missing");
      const read = READERS.get(event);
      if (read === undefined) readBody(request, z.looseObject({}), `a GitHub ${event.slice(0, 40)} event`);
      const changes = read?.(request, settings) ?? [];
      return { alerts: [], changes: changes.map((change) => pieces.complete(change)) };
    },
  };
}

function isWatched(branch: string, repository: z.output<typeof Repository>, { branches }: Settings): boolean {
  return branches.length === 0 ? branch === repository.default_branch : branches.includes(branch);
}

/** One change for each commit; for a push that merged a pull request, the one of that. */
function pushed(
  { ref, before, deleted, repository, commits, head_commit }: z.output<typeof Push>,
  settings: Settings,
): Change[] {
  if (deleted || !ref.startsWith("refs/heads/") || !isWatched(ref.slice("refs/heads/".length), repository, settings))
    return [];
  const repo = repository.full_name;
  const own = commits.map((commit, index) => ({
    sha: commit.id,
    message: commit.message,
    at: commit.timestamp,
    author: commit.author.username ?? commit.author.name ?? null,
    url: commit.url,
    before: commits[index - 1]?.id ?? before,
    files: [...new Set([...commit.added, ...commit.modified, ...commit.removed])],
    distinct: commit.distinct,
  }));
  const head = own.find(({ sha }) => sha === head_commit?.id);
  if (head !== undefined && pullOf(head.message) !== null && own.length > 1) {
    // A merge commit lists no paths of its own; the commits that it brought do.
    const files = [...new Set(own.flatMap((commit) => commit.files))];
    return [fromCommit(repo, { ...head, before, files }, settings)];
  }
  return own.filter(({ distinct }) => distinct).map((commit) => fromCommit(repo, commit, settings));
}

function merged(
  { action, repository, pull_request: pull }: z.output<typeof PullRequest>,
  settings: Settings,
): Change[] {
  const mergedAt = pull.merged_at ?? null;
  if (action !== "closed" || !pull.merged || mergedAt === null || !isWatched(pull.base.ref, repository, settings))
    return [];
  const change = fromPull(
    repository.full_name,
    {
      number: pull.number,
      title: pull.title,
      mergedAt,
      author: pull.user?.login ?? null,
      url: pull.html_url,
      base: pull.base.sha,
      mergeSha: pull.merge_commit_sha ?? null,
      body: pull.body ?? null,
      files: [],
    },
    settings,
  );
  return [change];
}

function deployed(request: InboundRequest, settings: Settings): Change[] {
  const event = readBody(request, DeploymentEvent, "a GitHub deployment event");
  const { repository, deployment, deployment_status: status } = event;
  const { id, sha, ref, environment, production_environment, created_at: at, creator } = deployment;
  if (production_environment !== true && !settings.environments.includes(environment)) return [];
  const told = { id, sha, ref, environment, at, author: creator?.login ?? null, before: null };
  const state = { state: status?.state ?? null, stateAt: status?.created_at ?? null };
  return [fromDeployment(repository.full_name, { ...told, ...state }, settings, `${repository.html_url}/deployments`)];
}
