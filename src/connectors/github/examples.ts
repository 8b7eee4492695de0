import type { Example } from "../connector.ts";

const headersOf = (event: string) => ({
  "content-type": "application/json",
  "x-github-event": event,
  "x-github-delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958",
});

const repository = {
  id: 1,
  full_name: "acme/support",
  default_branch: "main",
  html_url: "https://github.com/acme/support",
};

const commit = {
  id: "0d1a26e67d8f5eaf1f6ba5c57fc3c7d91ac0fd1c",
  message: "Allow longer answers",
  timestamp: "2026-11-20T02:55:00+01:00",
  url: "https://github.com/acme/support/commit/0d1a26e67d8f5eaf1f6ba5c57fc3c7d91ac0fd1c",
  distinct: true,
  author: { name: "Mira", email: "mira@example.org", username: "mira" },
  added: [],
  modified: ["prompts/answer.txt", "README.md"],
  removed: [],
};

const push = {
  ref: "refs/heads/main",
  before: "6113728f27ae82c7b1a177c8d03f9e96e0adf246",
  after: commit.id,
  created: false,
  deleted: false,
  forced: false,
  repository,
  pusher: { name: "mira" },
  head_commit: commit,
  commits: [commit],
};

const mergeSha = "9049f1265b7d61be4a8904a9a27120d2064dab3b";

const deployment = {
  id: 4711,
  sha: mergeSha,
  ref: "main",
  task: "deploy",
  environment: "production",
  production_environment: true,
  created_at: "2026-11-20T01:58:00Z",
  creator: { login: "deploy-bot" },
};

/** Recorded deliveries, cut to the documented fields that are read. */
export const examples: readonly Example[] = [
  {
    name: "a commit that was pushed to the default branch",
    headers: headersOf("push"),
    body: push,
    parsed: {
      changes: [
        {
          id: `github:acme/support@${commit.id}`,
          at: Date.UTC(2026, 10, 20, 1, 55),
          kind: "prompt",
          system: "github",
          service: "support-chat",
          author: "mira",
          before: "6113728f27ae82c7b1a177c8d03f9e96e0adf246",
          after: commit.id,
          files: ["prompts/answer.txt", "README.md"],
        },
      ],
    },
  },
  {
    name: "a push to another branch, which changes nothing that runs",
    headers: headersOf("push"),
    body: { ...push, ref: "refs/heads/idea" },
    parsed: { changes: [] },
  },
  {
    name: "a push that merged a pull request",
    headers: headersOf("push"),
    body: {
      ...push,
      head_commit: { id: mergeSha },
      commits: [
        { ...commit, message: "Route by cost", modified: ["router/weights.yaml"] },
        {
          ...commit,
          id: mergeSha,
          message: "Merge pull request #12 from acme/cost\n\nRoute by cost",
          modified: [],
          url: `https://github.com/acme/support/commit/${mergeSha}`,
        },
      ],
    },
    parsed: {
      changes: [
        {
          id: "github:acme/support#12",
          kind: "model",
          service: "model-router",
          title: "Route by cost",
          url: "https://github.com/acme/support/pull/12",
          commit: mergeSha,
          files: ["router/weights.yaml"],
        },
      ],
    },
  },
  {
    name: "the pull request of that merge, which keeps the paths that the push told",
    headers: headersOf("pull_request"),
    body: {
      action: "closed",
      repository,
      pull_request: {
        number: 12,
        title: "Route requests by cost",
        merged: true,
        merged_at: "2026-11-20T01:57:00Z",
        merge_commit_sha: mergeSha,
        html_url: "https://github.com/acme/support/pull/12",
        body: "Cheaper models first.",
        user: { login: "jo" },
        base: { sha: push.before, ref: "main" },
      },
    },
    parsed: {
      changes: [
        {
          id: "github:acme/support#12",
          at: Date.UTC(2026, 10, 20, 1, 57),
          title: "Route requests by cost",
          author: "jo",
          after: mergeSha,
          summary: "Cheaper models first.",
        },
      ],
    },
  },
  {
    name: "a deployment to production that succeeded",
    headers: headersOf("deployment_status"),
    body: {
      action: "created",
      repository,
      deployment,
      deployment_status: { state: "success", created_at: "2026-11-20T01:59:30Z", creator: { login: "deploy-bot" } },
    },
    parsed: {
      changes: [
        {
          id: "github:acme/support:deployment:4711",
          at: Date.UTC(2026, 10, 20, 1, 58),
          kind: "code",
          target: "acme/support production",
          after: mergeSha,
          rollout: { strategy: "all", percent: 100, completedAt: Date.UTC(2026, 10, 20, 1, 59, 30) },
        },
      ],
    },
  },
  {
    name: "an event of another kind",
    headers: headersOf("ping"),
    body: { zen: "Design for failure." },
    parsed: { changes: [] },
  },
];
