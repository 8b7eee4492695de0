import { z } from "zod";
import { MINUTE, SECOND } from "../../domain/time.ts";
import type { Clock } from "../../lib/clock.ts";
import { Fault } from "../../lib/fault.ts";
import type { Action } from "../../ports.ts";
import { defineAction } from "../connector.ts";
import { applied } from "../kit/action.ts";
import { type GithubClient, PER_PAGE, parts } from "./client.ts";
import type { Settings } from "./settings.ts";

/** The input that carries our key; the workflow shows it in its `run-name`, and only there can it be found again. */
const KEY_INPUT = "incident_action_id";

const Params = z.strictObject({
  repo: z.string().min(1),
  workflow: z
    .union([z.string().regex(/^[A-Za-z0-9_.-]+$/, "expected a file name or an id"), z.number().int()])
    .transform(String),
  ref: z.string().min(1).max(250),
  inputs: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]).transform(String)).default({}),
});

const EFFECT_WITHIN_MS = 15 * MINUTE;

/** A run shows up some seconds after its dispatch: it is looked for this often before the answer is "cannot tell". */
const LOOKS = 3;
const LOOK_AGAIN_MS = 4 * SECOND;

const Workflow = z.object({ name: z.string(), path: z.string(), state: z.string() });
const Content = z.object({ content: z.string(), encoding: z.literal("base64") });
const Runs = z.object({ workflow_runs: z.array(z.object({ display_title: z.string(), html_url: z.string() })) });

interface Where {
  readonly client: GithubClient;
  readonly repo: string;
  readonly workflow: string;
  readonly signal: AbortSignal;
}

export function dispatchWorkflow({ repos }: Settings, client: GithubClient, clock: Clock): Action {
  const at = (repo: string, workflow: string, signal: AbortSignal): Where => {
    if (!repos.includes(repo)) throw new Fault("forbidden", `${repo} is not in connectors.github.repos`);
    return { client, repo, workflow, signal };
  };
  return defineAction({
    name: "github.dispatch_workflow",
    repeat: "detectable",
    params: Params,
    read: async ({ repo, workflow }, { signal }) => {
      const { path, state } = await workflowOf(at(repo, workflow, signal));
      return { workflow: path, state, run: null };
    },
    preview: async ({ repo, workflow, ref, inputs }, before, { signal }) => {
      const where = at(repo, workflow, signal);
      const { name, path, state } = await workflowOf(where);
      const given = Object.entries(inputs).map(([key, value]) => `${key}=${value}`);
      return {
        target: `github:${repo}:${path}`,
        summary: `Run the workflow "${name.slice(0, 100)}" of ${repo} on ${ref}${given.length > 0 ? ` with ${given.join(", ")}` : ""}`,
        before,
        after: { workflow: path, state, run: { ref, inputs } },
        reach: "whatever the workflow does",
        reachShare: null,
        sideEffect: "a workflow run starts; it can be cancelled by hand, what it did stays done",
        reversible: false,
        effectWithinMs: EFFECT_WITHIN_MS,
        refuse: state === "active" ? await cannotBeFound(where, path, ref) : `the workflow ${path} is ${state}`,
      };
    },
    apply: ({ repo, workflow, ref, inputs }, { idempotencyKey, signal }) =>
      applied(async () => {
        const where = at(repo, workflow, signal);
        const started = await runWith(where, idempotencyKey);
        return started === null
          ? dispatch(where, ref, { ...inputs, [KEY_INPUT]: idempotencyKey })
          : `${started} was started before`;
      }),
    // "No" would allow a repeat, and a run may show up late: what is not there is not known to be absent.
    confirm: async ({ repo, workflow }, { idempotencyKey, signal }) => {
      const where = at(repo, workflow, signal);
      for (let look = 1; look <= LOOKS; look += 1) {
        if ((await runWith(where, idempotencyKey)) !== null) return "yes";
        if (look < LOOKS) await clock.sleep(LOOK_AGAIN_MS, signal);
      }
      return "unknown";
    },
    undo: null,
  });
}

function workflowOf({ client, repo, workflow, signal }: Where) {
  return client.ask(Workflow, (octokit) =>
    octokit.rest.actions.getWorkflow({ ...parts(repo), workflow_id: workflow, request: { signal } }),
  );
}

/** Why a run could not be recognised afterwards, or null. */
async function cannotBeFound({ client, repo, signal }: Where, path: string, ref: string): Promise<string | null> {
  const { content } = await client.ask(Content, (octokit) =>
    octokit.rest.repos.getContent({ ...parts(repo), path, ref, request: { signal } }),
  );
  const text = Buffer.from(content, "base64").toString("utf8");
  const shown = text.split("\n").some((line) => line.startsWith("run-name:") && line.includes(KEY_INPUT));
  return shown
    ? null
    : `the workflow ${path} does not show the input ${KEY_INPUT} in its run-name: whether it ran could not be told`;
}

async function runWith({ client, repo, workflow, signal }: Where, key: string): Promise<string | null> {
  const { workflow_runs: runs } = await client.ask(Runs, (octokit) =>
    octokit.rest.actions.listWorkflowRuns({
      ...parts(repo),
      workflow_id: workflow,
      event: "workflow_dispatch",
      per_page: PER_PAGE,
      request: { signal },
    }),
  );
  return runs.find(({ display_title }) => display_title.includes(key))?.html_url ?? null;
}

/** Newer servers name the run in their answer, older ones answer 204 with nothing. */
async function dispatch(
  { client, repo, workflow, signal }: Where,
  ref: string,
  inputs: Record<string, string>,
): Promise<string> {
  const Answer = z.object({ html_url: z.string() }).nullable().catch(null);
  const answer = await client.ask(Answer, (octokit) =>
    octokit.request("POST /repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches", {
      ...parts(repo),
      workflow_id: workflow,
      ref,
      inputs,
      return_run_details: true,
      request: { signal },
    }),
  );
  return answer === null ? "the run was asked for" : `started ${answer.html_url}`;
}
