import { z } from "zod";
import type { Check } from "../../ports.ts";
import { defineConnector } from "../connector.ts";
import { checked } from "../kit/outbound.ts";
import { hmacSha256 } from "../kit/signature.ts";
import { createPieces } from "./changes.ts";
import { createClient, type GithubClient, parts } from "./client.ts";
import { dispatchWorkflow } from "./dispatch-workflow.ts";
import { examples } from "./examples.ts";
import { changesOf } from "./poll.ts";
import { revertPullRequest } from "./revert-pull-request.ts";
import { Settings } from "./settings.ts";
import { webhookOf } from "./webhook.ts";

export const github = defineConnector({
  id: "github",
  about: "Sees commits, merged pull requests and deployments on GitHub, opens reverts and runs workflows.",
  settings: Settings,
  sample: {
    url: "https://api.github.com",
    token: "github-example-token",
    webhook_secret: "github-example-secret",
    repos: ["acme/support"],
    services: { "acme/support": "support-chat" },
    paths: [{ pattern: "router/**", kind: "model", service: "model-router" }],
  },
  sign: (body, { webhook_secret }): Record<string, string> =>
    webhook_secret === undefined ? {} : { "x-hub-signature-256": `sha256=${hmacSha256(webhook_secret, body)}` },
  examples,
  connect: (settings, deps) => {
    const client = createClient(settings, deps);
    const pieces = createPieces();
    return {
      // Without a secret nothing tells a delivery from a forgery: changes are then polled alone.
      ...(settings.webhook_secret === undefined
        ? {}
        : { webhook: webhookOf(settings.webhook_secret, settings, pieces) }),
      changes: changesOf(settings, client, pieces, deps),
      actions: [revertPullRequest(settings, client), dispatchWorkflow(settings, client, deps.clock)],
      check: (signal) => check(settings, client, signal),
    };
  },
});

const Repo = z.object({
  default_branch: z.string(),
  permissions: z.object({ pull: z.boolean().optional(), push: z.boolean().optional() }).optional(),
});

async function check({ repos, webhook_secret }: Settings, client: GithubClient, signal: AbortSignal): Promise<Check[]> {
  const signed = webhook_secret !== undefined;
  const deliveries = {
    name: "deliveries",
    ok: signed,
    detail: signed ? "deliveries must be signed" : "changes are only polled",
    remedy: signed ? "" : "add a webhook to the repositories and set connectors.github.webhook_secret",
  };
  const lines = repos.map((repo) =>
    checked(repo, RIGHTS, async () => {
      const { default_branch, permissions } = await client.ask(Repo, (octokit) =>
        octokit.rest.repos.get({ ...parts(repo), request: { signal } }),
      );
      const writes =
        permissions?.push === true ? "may open reverts and run workflows" : "may read only: actions will be refused";
      return `branch ${default_branch}, ${writes}`;
    }),
  );
  return [deliveries, ...(await Promise.all(lines))];
}

const RIGHTS = {
  unauthenticated: "the token was not accepted: it is wrong, expired or revoked",
  not_found: "the token does not see this repository: add it to the App's installation, or check the name",
};
