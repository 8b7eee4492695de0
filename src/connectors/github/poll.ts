import pLimit from "p-limit";
import { z } from "zod";
import type { Change } from "../../domain/change.ts";
import { iso, type Window } from "../../domain/time.ts";
import type { ChangeSource } from "../../ports.ts";
import type { ConnectorDeps } from "../connector.ts";
import { Instant } from "../kit/inbound.ts";
import {
  type Deployment,
  fromCommit,
  fromDeployment,
  fromPull,
  type MergedPull,
  type Pieces,
  pullOf,
} from "./changes.ts";
import { classify } from "./classify.ts";
import { type GithubClient, PER_PAGE, parts } from "./client.ts";
import type { Settings } from "./settings.ts";

/** Requests at once, for each look. GitHub allows 100 for all of an account together. */
const AT_ONCE = 4;
const MAX_PAGES = 5;
/** Commits and pull requests whose paths are fetched in one look, newest first; the rest are taken for code. */
const MAX_FILES_ASKED = 30;
const MAX_DIFF = 100_000;

const Login = z.object({ login: z.string() }).nullish();
const Repo = z.object({ default_branch: z.string(), html_url: z.string() });
const Files = z.array(z.object({ filename: z.string() }));

const Commit = z.object({
  sha: z.string(),
  html_url: z.string(),
  author: Login,
  commit: z.object({
    message: z.string(),
    author: z.object({ name: z.string().nullish() }).nullish(),
    committer: z.object({ date: Instant }),
  }),
  parents: z.array(z.object({ sha: z.string() })),
});
type Commit = z.output<typeof Commit>;

const Pull = z.object({
  number: z.number().int(),
  title: z.string(),
  merged_at: Instant.nullish(),
  updated_at: Instant,
  merge_commit_sha: z.string().nullish(),
  html_url: z.string(),
  body: z.string().nullish(),
  user: Login,
  base: z.object({ sha: z.string(), ref: z.string() }),
});
type Pull = z.output<typeof Pull>;

const Deployed = z.object({
  id: z.number().int(),
  sha: z.string(),
  ref: z.string(),
  environment: z.string(),
  created_at: Instant,
  creator: Login,
});

const Status = z.object({ state: z.string(), created_at: Instant });

const Compared = z.object({
  files: z.array(z.object({ filename: z.string(), patch: z.string().optional() })).default([]),
});

interface Look {
  readonly repo: string;
  readonly window: Window;
  readonly signal: AbortSignal;
  readonly settings: Settings;
  readonly client: GithubClient;
}

export function changesOf(settings: Settings, client: GithubClient, pieces: Pieces, deps: ConnectorDeps): ChangeSource {
  return {
    changesIn: async (window, signal) => {
      const found: Change[] = [];
      for (const repo of settings.repos) found.push(...(await look({ repo, window, signal, settings, client }, deps)));
      return found.filter(({ at }) => at >= window.from && at < window.to).map((change) => pieces.complete(change));
    },
    describe: (change, signal) => described(change, { settings, client, signal }),
  };
}

async function look(at: Look, { log }: ConnectorDeps): Promise<Change[]> {
  const { repo, client, signal, settings } = at;
  const { default_branch, html_url } = await client.ask(Repo, (octokit) =>
    octokit.rest.repos.get({ ...parts(repo), request: { signal } }),
  );
  const branches = settings.branches.length > 0 ? settings.branches : [default_branch];
  const pulls = await mergedPulls(at, branches);
  const commits = (await Promise.all(branches.map((branch) => commitsOf(at, branch)))).flat();
  const known = new Set(pulls.flatMap(({ merge_commit_sha: sha }) => sha ?? []));
  const numbers = new Set(pulls.map(({ number }) => number));
  const own = commits.filter(({ sha, commit }) => !known.has(sha) && !numbers.has(pullOf(commit.message) ?? -1));
  if (own.length + pulls.length > MAX_FILES_ASKED)
    log.warn("more changes than can be looked into", { repo, changes: own.length + pulls.length });
  const limit = pLimit(AT_ONCE);
  const askFiles = [...own, ...pulls].slice(0, MAX_FILES_ASKED);
  const files = new Map(
    await Promise.all(askFiles.map((one) => limit(async () => [one, await filesOf(at, one)] as const))),
  );
  return [
    ...pulls.map((pull) => fromPull(repo, pullFrom(pull, files.get(pull) ?? []), settings)),
    ...own.map((commit) => fromCommit(repo, commitFrom(commit, files.get(commit) ?? []), settings)),
    ...(await deploymentsOf(at, `${html_url}/deployments`)),
  ];
}

/** Merged in the window, newest first. A list by last update: nothing merged in the window was updated before it. */
async function mergedPulls({ repo, client, signal, window }: Look, branches: readonly string[]): Promise<Pull[]> {
  const pulls = await client.list(
    Pull,
    (octokit, page) =>
      octokit.rest.pulls.list({
        ...parts(repo),
        state: "closed",
        sort: "updated",
        direction: "desc",
        per_page: PER_PAGE,
        page,
        request: { signal },
      }),
    { maxPages: MAX_PAGES, until: (page) => page.some(({ updated_at }) => updated_at < window.from) },
  );
  return pulls.filter(
    ({ merged_at: at, base }) => at != null && at >= window.from && at < window.to && branches.includes(base.ref),
  );
}

/** What landed on the branch itself: the first parents from its newest commit on, without what merges brought along. */
async function commitsOf({ repo, client, signal, window }: Look, branch: string): Promise<Commit[]> {
  const all = await client.list(
    Commit,
    (octokit, page) =>
      octokit.rest.repos.listCommits({
        ...parts(repo),
        sha: branch,
        since: iso(window.from),
        until: iso(window.to),
        per_page: PER_PAGE,
        page,
        request: { signal },
      }),
    { maxPages: MAX_PAGES },
  );
  const bySha = new Map(all.map((commit) => [commit.sha, commit]));
  const chain: Commit[] = [];
  for (let next = all[0]; next !== undefined && !chain.includes(next); next = bySha.get(next.parents[0]?.sha ?? ""))
    chain.push(next);
  return chain;
}

async function filesOf({ repo, client, signal }: Look, one: Commit | Pull): Promise<string[]> {
  if ("number" in one) {
    const files = await client.ask(Files, (octokit) =>
      octokit.rest.pulls.listFiles({
        ...parts(repo),
        pull_number: one.number,
        per_page: PER_PAGE,
        request: { signal },
      }),
    );
    return files.map(({ filename }) => filename);
  }
  const { files } = await client.ask(z.object({ files: Files.default([]) }), (octokit) =>
    octokit.rest.repos.getCommit({ ...parts(repo), ref: one.sha, request: { signal } }),
  );
  return files.map(({ filename }) => filename);
}

function pullFrom(pull: Pull, files: readonly string[]): MergedPull {
  const { number, title, merged_at, html_url, base, merge_commit_sha, body, user } = pull;
  const mergedAt = merged_at ?? 0;
  return {
    number,
    title,
    mergedAt,
    author: user?.login ?? null,
    url: html_url,
    base: base.sha,
    mergeSha: merge_commit_sha ?? null,
    body: body ?? null,
    files,
  };
}

function commitFrom({ sha, html_url, author, commit, parents }: Commit, files: readonly string[]) {
  const name = author?.login ?? commit.author?.name ?? null;
  return {
    sha,
    message: commit.message,
    at: commit.committer.date,
    author: name,
    url: html_url,
    before: parents[0]?.sha ?? null,
    files,
  };
}

/** Deployments of the window, each with its latest state and the one that ran before it. */
async function deploymentsOf(at: Look, page: string): Promise<Change[]> {
  const { repo, client, signal, window, settings } = at;
  const found: Change[] = [];
  for (const environment of settings.environments) {
    const all = await client.ask(z.array(Deployed), (octokit) =>
      octokit.rest.repos.listDeployments({ ...parts(repo), environment, per_page: PER_PAGE, request: { signal } }),
    );
    for (const [index, one] of all.entries()) {
      if (one.created_at < window.from || one.created_at >= window.to) continue;
      const status = await latestStatus(at, one.id);
      const before = await lastGood(at, all.slice(index + 1));
      const deployment: Deployment = {
        id: one.id,
        sha: one.sha,
        ref: one.ref,
        environment,
        at: one.created_at,
        author: one.creator?.login ?? null,
        before,
        state: status?.state ?? null,
        stateAt: status?.created_at ?? null,
      };
      found.push(fromDeployment(repo, deployment, settings, page));
    }
  }
  return found;
}

/** The newest of these that ever ran; the nearest few are looked at. */
async function lastGood(at: Look, earlier: readonly z.output<typeof Deployed>[]): Promise<string | null> {
  for (const { id, sha } of earlier.slice(0, 3)) {
    const status = await latestStatus(at, id);
    // A deployment that was replaced is "inactive": it did run.
    if (status !== null && ["success", "inactive"].includes(status.state)) return sha;
  }
  return null;
}

async function latestStatus({ repo, client, signal }: Look, id: number): Promise<z.output<typeof Status> | null> {
  const statuses = await client.ask(z.array(Status), (octokit) =>
    octokit.rest.repos.listDeploymentStatuses({ ...parts(repo), deployment_id: id, per_page: 1, request: { signal } }),
  );
  return statuses[0] ?? null;
}

const ID = /^github:(?<repo>[^@#:]+)(@|#|:deployment:)/;

interface Describing {
  readonly settings: Settings;
  readonly client: GithubClient;
  readonly signal: AbortSignal;
}

/** With the paths and the patch between before and after. What is at a deployment's name stays what it was. */
async function described(change: Change, { settings, client, signal }: Describing): Promise<Change> {
  const repo = ID.exec(change.id)?.groups?.["repo"];
  const { before, after } = change;
  if (repo === undefined || before === null || after === null || /^0+$/.test(before)) return change;
  const basehead = `${before}...${after}`;
  const { files } = await client.ask(Compared, (octokit) =>
    octokit.rest.repos.compareCommitsWithBasehead({ ...parts(repo), basehead, request: { signal } }),
  );
  const names = files.map(({ filename }) => filename);
  const patches = files.map(({ filename, patch }) => `--- a/${filename}\n+++ b/${filename}\n${patch ?? "(not shown)"}`);
  const classified = change.files.length > 0 ? {} : classify(repo, names, settings);
  return { ...change, ...classified, files: names, diff: patches.join("\n").slice(0, MAX_DIFF) };
}
