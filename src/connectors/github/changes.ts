import type { Change } from "../../domain/change.ts";
import type { EpochMs } from "../../domain/time.ts";
import { linkOf } from "../kit/inbound.ts";
import { classify } from "./classify.ts";
import type { Settings } from "./settings.ts";

const REMEMBERED = 1_000;

export interface Commit {
  readonly sha: string;
  readonly message: string;
  readonly at: EpochMs;
  readonly author: string | null;
  readonly url: string | null;
  readonly before: string | null;
  readonly files: readonly string[];
}

export interface MergedPull {
  readonly number: number;
  readonly title: string;
  readonly mergedAt: EpochMs;
  readonly author: string | null;
  readonly url: string | null;
  readonly base: string | null;
  readonly mergeSha: string | null;
  readonly body: string | null;
  readonly files: readonly string[];
}

export interface Deployment {
  readonly id: number;
  readonly sha: string;
  readonly ref: string;
  readonly environment: string;
  readonly at: EpochMs;
  readonly author: string | null;
  readonly before: string | null;
  /** Its latest state, and since when. */
  readonly state: string | null;
  readonly stateAt: EpochMs | null;
}

const MERGE = /^Merge pull request #(\d+) /;
const SQUASH = /\(#(\d+)\)$/;

/** The number of the pull request that a commit on the branch stands for, by GitHub's own wording. */
export function pullOf(message: string): number | null {
  const [title = ""] = message.split("\n");
  const [, number] = MERGE.exec(title) ?? SQUASH.exec(title.trim()) ?? [];
  return number === undefined ? null : Number(number);
}

/** A commit as a change: of its own, or of the pull request that it merged. */
export function fromCommit(repo: string, commit: Commit, settings: Settings): Change {
  const { sha, message, at, author, url, before, files } = commit;
  const [title = "", ...rest] = message.split("\n");
  const number = pullOf(message);
  const named = number !== null && MERGE.test(title) ? (rest.find((line) => line.trim() !== "") ?? title) : title;
  return {
    ...blank(repo, files, settings),
    id: number === null ? `github:${repo}@${sha}` : `github:${repo}#${number}`,
    at,
    title: cut(named.replace(SQUASH, "").trim() || sha),
    author,
    before,
    after: sha,
    url: linkOf(number === null ? url : pullUrl(url, number)),
    summary: cut(rest.join("\n").trim()) || null,
    commit: sha,
  };
}

/** The page of a pull request, from that of a commit in the same repository. */
function pullUrl(commitUrl: string | null, number: number): string | null {
  return commitUrl?.replace(/\/commit\/[0-9a-f]+$/, `/pull/${number}`) ?? null;
}

export function fromPull(repo: string, pull: MergedPull, settings: Settings): Change {
  const { number, title, mergedAt, author, url, base, mergeSha, body, files } = pull;
  return {
    ...blank(repo, files, settings),
    id: `github:${repo}#${number}`,
    at: mergedAt,
    title: cut(title),
    author,
    before: base,
    after: mergeSha,
    url: linkOf(url),
    summary: cut(body ?? "") || null,
    commit: mergeSha,
  };
}

const FAILED = ["error", "failure", "inactive"];

export function fromDeployment(repo: string, deployment: Deployment, settings: Settings, page: string | null): Change {
  const { id, sha, ref, environment, at, author, before, state, stateAt } = deployment;
  const done = state === "success" ? stateAt : null;
  const failed = state !== null && FAILED.includes(state) ? ` (${state})` : "";
  return {
    ...blank(repo, [], settings),
    id: `github:${repo}:deployment:${id}`,
    at,
    target: `${repo} ${environment}`,
    title: `Deployment of ${cut(ref)} to ${environment}${failed}`,
    author,
    before,
    after: sha,
    url: linkOf(page),
    rollout: { strategy: "all", percent: 100, completedAt: done },
    commit: sha,
  };
}

function blank(repo: string, files: readonly string[], settings: Settings): Omit<Change, "id" | "at" | "title"> {
  return {
    ...classify(repo, files, settings),
    system: "github",
    target: repo,
    author: null,
    before: null,
    after: null,
    url: null,
    scope: {},
    rollout: null,
    summary: null,
    commit: null,
    files: [...files],
    diff: null,
  };
}

/** Titles and bodies are foreign text of any length. */
function cut(text: string): string {
  return text.length > 500 ? `${text.slice(0, 499)}…` : text;
}

/** What is told of one change in pieces: a merge by its push (with files) and by its pull request (with words). */
export interface Pieces {
  /** The change with what an earlier piece of it said and this one does not. */
  complete(change: Change): Change;
}

export function createPieces(): Pieces {
  const seen = new Map<string, Change>();
  return {
    complete: (change) => {
      const before = seen.get(change.id);
      const whole = before === undefined ? change : completed(change, before);
      seen.delete(change.id);
      seen.set(change.id, whole);
      const [oldest] = seen.keys();
      if (seen.size > REMEMBERED && oldest !== undefined) seen.delete(oldest);
      return whole;
    },
  };
}

/** Files bring the kind and the service with them, since these follow from the paths. */
function completed(change: Change, other: Change): Change {
  const filed = change.files.length > 0 ? change : other.files.length > 0 ? other : change;
  return {
    ...change,
    kind: filed.kind,
    service: filed.service ?? change.service,
    files: filed.files,
    author: change.author ?? other.author,
    before: change.before ?? other.before,
    after: change.after ?? other.after,
    url: change.url ?? other.url,
    summary: change.summary ?? other.summary,
    commit: change.commit ?? other.commit,
    diff: change.diff ?? other.diff,
    rollout: change.rollout?.completedAt == null && other.rollout !== null ? other.rollout : change.rollout,
  };
}
