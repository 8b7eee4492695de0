import { z } from "zod";
import { MINUTE } from "../../domain/time.ts";
import { Fault } from "../../lib/fault.ts";
import type { Action } from "../../ports.ts";
import { defineAction } from "../connector.ts";
import { applied } from "../kit/action.ts";
import { type GithubClient, PER_PAGE, parts } from "./client.ts";
import type { Settings } from "./settings.ts";

const PULL = /^https?:\/\/[^/]+\/(?<repo>[A-Za-z0-9_.-]+\/[A-Za-z0-9_.-]+)\/pull\/(?<number>\d+)\/?$/;

const Params = z.strictObject({
  pull_request: z
    .string()
    .regex(PULL, "expected the address of a pull request, such as https://github.com/owner/name/pull/12"),
});

/** A revert runs nothing by itself: it waits for its merge and the usual deployment. */
const EFFECT_WITHIN_MS = 30 * MINUTE;

const Pull = z.object({ node_id: z.string(), number: z.number(), title: z.string(), merged: z.boolean() });

const Listed = z.object({
  number: z.number().int(),
  state: z.enum(["open", "closed"]),
  merged_at: z.string().nullish(),
  body: z.string().nullish(),
  html_url: z.string(),
  head: z.object({ ref: z.string() }),
});
type Listed = z.output<typeof Listed>;

const Reverted = z.object({
  revertPullRequest: z.object({ revertPullRequest: z.object({ number: z.number(), url: z.string() }) }),
});

const MUTATION = `mutation Revert($input: RevertPullRequestInput!) {
  revertPullRequest(input: $input) { revertPullRequest { number url } }
}`;

interface Target {
  readonly repo: string;
  readonly number: number;
}

export function revertPullRequest({ repos }: Settings, client: GithubClient): Action {
  const targetOf = (address: string): Target => {
    const { repo = "", number = "" } = PULL.exec(address)?.groups ?? {};
    const listed = repos.find((name) => name.toLowerCase() === repo.toLowerCase());
    if (listed === undefined) throw new Fault("forbidden", `${repo} is not in connectors.github.repos`);
    return { repo: listed, number: Number(number) };
  };
  return defineAction({
    name: "github.revert_pull_request",
    repeat: "detectable",
    params: Params,
    read: async ({ pull_request }, { signal }) => {
      const target = targetOf(pull_request);
      const open = (await revertsOf(client, target, signal)).find(({ state }) => state === "open");
      return { revert: open?.number ?? null };
    },
    preview: async ({ pull_request }, before, { signal }) => {
      const target = targetOf(pull_request);
      const { title, merged } = await pullOf(client, target, signal);
      const { revert } = z.object({ revert: z.number().nullable() }).parse(before);
      const name = `${target.repo}#${target.number}`;
      return {
        target: `github:${name}`,
        summary: `Open a pull request that reverts ${name} "${title.slice(0, 100)}"`,
        before,
        after: revert === null ? { revert: "a new pull request" } : { revert },
        reach: "nothing runs until it is merged and deployed by the usual way",
        reachShare: 0,
        sideEffect: "a pull request is opened, its checks run, and its reviewers are told",
        reversible: true,
        effectWithinMs: EFFECT_WITHIN_MS,
        refuse: merged ? null : `${name} is not merged: there is nothing to revert`,
      };
    },
    apply: ({ pull_request }, { idempotencyKey, signal }) =>
      applied(async () => {
        const target = targetOf(pull_request);
        const done = (await revertsOf(client, target, signal)).find((pull) => isOurs(pull, idempotencyKey));
        return done === undefined ? open(client, target, idempotencyKey, signal) : `${done.html_url} was opened before`;
      }),
    confirm: async ({ pull_request }, { idempotencyKey, signal }) => {
      const reverts = await revertsOf(client, targetOf(pull_request), signal);
      return reverts.some((pull) => isOurs(pull, idempotencyKey)) ? "yes" : "no";
    },
    undo: ({ pull_request }, { signal }) => applied(() => close(client, targetOf(pull_request), signal)),
  });
}

const MARK = "faultline step";

function isOurs({ body }: Listed, key: string): boolean {
  return body?.includes(`${MARK} ${key}`) === true;
}

function pullOf(client: GithubClient, { repo, number }: Target, signal: AbortSignal) {
  return client.ask(Pull, (octokit) =>
    octokit.rest.pulls.get({ ...parts(repo), pull_number: number, request: { signal } }),
  );
}

/** Pull requests that revert it, newest first; GitHub names their branches `revert-<number>-<branch>`. */
async function revertsOf(client: GithubClient, { repo, number }: Target, signal: AbortSignal): Promise<Listed[]> {
  const newest = await client.ask(z.array(Listed), (octokit) =>
    octokit.rest.pulls.list({
      ...parts(repo),
      state: "all",
      sort: "created",
      direction: "desc",
      per_page: PER_PAGE,
      request: { signal },
    }),
  );
  return newest.filter(({ head }) => head.ref.startsWith(`revert-${number}-`));
}

async function open(client: GithubClient, target: Target, key: string, signal: AbortSignal): Promise<string> {
  const { node_id, title } = await pullOf(client, target, signal);
  const input = {
    pullRequestId: node_id,
    title: `Revert "${title}"`,
    body: `Reverts #${target.number}, approved during an incident.\n\n<!-- ${MARK} ${key} -->`,
  };
  const { revertPullRequest: made } = await client.ask(Reverted, async (octokit) => ({
    data: await octokit.graphql<unknown>(MUTATION, { input, request: { signal } }),
  }));
  return `opened ${made.revertPullRequest.url}`;
}

async function close(client: GithubClient, target: Target, signal: AbortSignal): Promise<string> {
  const mine = (await revertsOf(client, target, signal)).filter(({ body }) => body?.includes(MARK) === true);
  const merged = mine.find(({ merged_at }) => merged_at != null);
  if (merged !== undefined) throw new Fault("conflict", `${merged.html_url} is merged already: revert it in turn`);
  const open = mine.filter(({ state }) => state === "open");
  for (const { number } of open) {
    await client.ask(z.object({ state: z.literal("closed") }), (octokit) =>
      octokit.rest.pulls.update({ ...parts(target.repo), pull_number: number, state: "closed", request: { signal } }),
    );
  }
  return open.length === 0
    ? "no open revert of ours is left"
    : `closed ${open.map(({ html_url }) => html_url).join(", ")}`;
}
