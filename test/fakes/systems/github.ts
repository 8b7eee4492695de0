import { type Answer, type FakeServer, type Received, startFake } from "../server.ts";

interface GithubCommit {
  readonly sha: string;
  readonly message: string;
  readonly date: string;
  readonly parents: readonly string[];
  readonly files: readonly string[];
  readonly login?: string;
}

interface GithubPull {
  number: number;
  title: string;
  body: string;
  state: "open" | "closed";
  mergedAt: string | null;
  mergeSha: string | null;
  head: string;
  readonly base: string;
  readonly files: readonly string[];
}

interface GithubDeployment {
  readonly id: number;
  readonly sha: string;
  readonly environment: string;
  readonly createdAt: string;
  readonly states: readonly { state: string; at: string }[];
}

/** One repository on GitHub, as far as the documented REST and GraphQL calls that we make go. */
export interface GithubState {
  readonly repo: string;
  /** Newest first, as the list of a branch is. */
  commits: GithubCommit[];
  pulls: GithubPull[];
  deployments: GithubDeployment[];
  runs: { title: string; inputs: Record<string, string>; ref: string }[];
  /** Text of the workflow file. */
  workflow: string;
}

export interface FakeGithub extends FakeServer {
  readonly state: GithubState;
}

export async function startGithub(token: string, state: GithubState): Promise<FakeGithub> {
  const server = await startFake((request) => {
    const { authorization = "" } = request.headers;
    if (![`token ${token}`, `Bearer ${token}`].includes(authorization))
      return { status: 401, json: { message: "Bad credentials" } };
    if (request.path === "/graphql") return graphql(request, state);
    const base = `/repos/${state.repo}`;
    if (request.path !== base && !request.path.startsWith(`${base}/`)) return null;
    return rest(request, decodeURIComponent(request.path.slice(base.length)), state);
  });
  return Object.assign(server, { state });
}

type Route = readonly [
  method: string,
  path: RegExp,
  answer: (match: RegExpExecArray, request: Received, state: GithubState) => Answer | null,
];

const page = (state: GithubState, path: string) => `https://github.com/${state.repo}${path}`;

const routes: readonly Route[] = [
  [
    "GET",
    /^$/,
    (_, __, state) => ({
      json: { default_branch: "main", html_url: page(state, ""), permissions: { pull: true, push: true } },
    }),
  ],
  [
    "GET",
    /^\/commits$/,
    (_, { query }, state) => ({
      json: paged(
        state.commits.filter((commit) => within(commit.date, query)),
        query,
      ).map((one) => commitOf(one, state)),
    }),
  ],
  [
    "GET",
    /^\/commits\/(.+)$/,
    ([, sha], _, state) => {
      const found = state.commits.find((one) => one.sha === sha);
      return found === undefined
        ? null
        : { json: { ...commitOf(found, state), files: found.files.map((filename) => ({ filename })) } };
    },
  ],
  [
    "GET",
    /^\/pulls$/,
    (_, { query }, state) => ({ json: paged(listed(state, query), query).map((one) => pullOf(one, state)) }),
  ],
  [
    "GET",
    /^\/pulls\/(\d+)$/,
    ([, number], _, state) => found(state, number, (pull) => ({ json: pullOf(pull, state) })),
  ],
  [
    "GET",
    /^\/pulls\/(\d+)\/files$/,
    ([, number], _, state) => found(state, number, ({ files }) => ({ json: files.map((filename) => ({ filename })) })),
  ],
  [
    "PATCH",
    /^\/pulls\/(\d+)$/,
    ([, number], { text }, state) =>
      found(state, number, (pull) => {
        pull.state = (JSON.parse(text) as { state: "closed" }).state;
        return { json: pullOf(pull, state) };
      }),
  ],
  [
    "GET",
    /^\/deployments$/,
    (_, { query }, state) => ({
      json: state.deployments.filter(({ environment }) => environment === query.get("environment")).map(deploymentOf),
    }),
  ],
  [
    "GET",
    /^\/deployments\/(\d+)\/statuses$/,
    ([, id], { query }, state) => {
      const states = state.deployments.find((one) => one.id === Number(id))?.states.toReversed() ?? [];
      return {
        json: states
          .slice(0, Number(query.get("per_page")))
          .map(({ state: name, at }) => ({ state: name, created_at: at })),
      };
    },
  ],
  [
    "GET",
    /^\/compare\/(.+)\.\.\.(.+)$/,
    ([, , head], _, state) => {
      const files = state.commits.find((one) => one.sha === head)?.files;
      return files === undefined
        ? null
        : {
            json: {
              status: "ahead",
              files: files.map((filename) => ({ filename, status: "modified", patch: "@@ -1 +1 @@\n-old\n+new" })),
            },
          };
    },
  ],
  [
    "GET",
    /^\/actions\/workflows\/([^/]+)$/,
    ([, name]) =>
      name === "roll-back.yml"
        ? { json: { id: 1, name: "Roll back", path: ".github/workflows/roll-back.yml", state: "active" } }
        : null,
  ],
  [
    "GET",
    /^\/contents\/(.+)$/,
    (_, __, state) => ({ json: { encoding: "base64", content: Buffer.from(state.workflow).toString("base64") } }),
  ],
  [
    "GET",
    /^\/actions\/workflows\/[^/]+\/runs$/,
    (_, __, state) => ({
      json: {
        total_count: state.runs.length,
        workflow_runs: state.runs.map((run, index) => ({
          id: index,
          display_title: run.title,
          html_url: page(state, `/actions/runs/${index}`),
        })),
      },
    }),
  ],
  [
    "POST",
    /^\/actions\/workflows\/[^/]+\/dispatches$/,
    (_, { text }, state) => {
      const { ref, inputs, return_run_details } = JSON.parse(text) as {
        ref: string;
        inputs: Record<string, string>;
        return_run_details?: boolean;
      };
      if (ref !== "main") return { status: 422, json: { message: `No ref found for: ${ref}` } };
      state.runs.push({ title: `Roll back ${inputs["incident_action_id"] ?? ""}`, inputs, ref });
      return return_run_details
        ? { json: { workflow_run_id: 1, html_url: page(state, "/actions/runs/1") } }
        : { status: 204 };
    },
  ],
];

function rest(request: Received, path: string, state: GithubState): Answer | null {
  for (const [method, pattern, answer] of routes) {
    const match = request.method === method ? pattern.exec(path) : null;
    if (match !== null) return answer(match, request, state);
  }
  return null;
}

function graphql({ text }: Received, state: GithubState): Answer {
  const { query, variables } = JSON.parse(text) as {
    query: string;
    variables: { input: { pullRequestId: string; title: string; body: string } };
  };
  if (!query.includes("revertPullRequest(input: $input)")) return { json: { errors: [{ message: "unknown field" }] } };
  const { pullRequestId, title, body } = variables.input;
  const pull = state.pulls.find(({ number }) => `PR_${number}` === pullRequestId);
  if (pull === undefined)
    return { json: { data: null, errors: [{ type: "NOT_FOUND", message: "Could not resolve to a node" }] } };
  if (pull.mergedAt === null)
    return { json: { data: null, errors: [{ type: "UNPROCESSABLE", message: "Pull request is not merged" }] } };
  const number = Math.max(...state.pulls.map((one) => one.number)) + 1;
  state.pulls.unshift({
    number,
    title,
    body,
    state: "open",
    mergedAt: null,
    mergeSha: null,
    head: `revert-${pull.number}-${pull.head}`,
    base: "main",
    files: pull.files,
  });
  return {
    json: { data: { revertPullRequest: { revertPullRequest: { number, url: page(state, `/pull/${number}`) } } } },
  };
}

function found(state: GithubState, number: string | undefined, answer: (pull: GithubPull) => Answer): Answer | null {
  const pull = state.pulls.find((one) => one.number === Number(number));
  return pull === undefined ? null : answer(pull);
}

function listed({ pulls }: GithubState, query: URLSearchParams): GithubPull[] {
  const wanted = query.get("state") ?? "open";
  return pulls.filter(({ state }) => wanted === "all" || state === wanted);
}

function within(date: string, query: URLSearchParams): boolean {
  const at = Date.parse(date);
  return at >= Date.parse(query.get("since") ?? date) && at <= Date.parse(query.get("until") ?? date);
}

function paged<T>(all: readonly T[], query: URLSearchParams): T[] {
  const size = Number(query.get("per_page") ?? 30);
  const start = (Number(query.get("page") ?? 1) - 1) * size;
  return all.slice(start, start + size);
}

function commitOf({ sha, message, date, parents, login }: GithubCommit, state: GithubState) {
  return {
    sha,
    html_url: page(state, `/commit/${sha}`),
    author: login === undefined ? null : { login },
    commit: { message, author: { name: "Somebody", date }, committer: { name: "GitHub", date } },
    parents: parents.map((parent) => ({ sha: parent })),
  };
}

function pullOf(pull: GithubPull, state: GithubState) {
  const { number, title, body, mergedAt, mergeSha, head, base } = pull;
  return {
    node_id: `PR_${number}`,
    number,
    title,
    body,
    state: pull.state,
    merged: mergedAt !== null,
    merged_at: mergedAt,
    updated_at: mergedAt ?? new Date().toISOString(),
    merge_commit_sha: mergeSha,
    html_url: page(state, `/pull/${number}`),
    user: { login: "jo" },
    head: { ref: head },
    base: { sha: "0000000000000000000000000000000000000001", ref: base },
  };
}

function deploymentOf({ id, sha, environment, createdAt }: GithubDeployment) {
  return { id, sha, ref: "main", environment, created_at: createdAt, creator: { login: "deploy-bot" } };
}
