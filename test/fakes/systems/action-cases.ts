import { loadContract } from "../openapi.ts";
import type { Loss } from "../server.ts";
import { startGithub } from "./github.ts";
import { startHaproxy } from "./haproxy.ts";
import { startLangfuse } from "./langfuse.ts";
import { startLitellm } from "./litellm.ts";
import { startWorkers } from "./workers.ts";

/** What the contract test needs to see an action through against its fake. */
export interface ActionCase {
  readonly action: string;
  readonly params: Record<string, unknown>;
  /** A place where the action must change something. */
  start(): Promise<Stage>;
}

export interface Stage {
  readonly settings: unknown;
  /** The part of the fake's state that the action is about. */
  state(): unknown;
  /** That part once the action is done. */
  readonly wanted: unknown;
  /** That part once it is undone, where this is not what it was. */
  readonly undone?: unknown;
  writes(): number;
  lose(what: Loss): void;
  close(): Promise<void>;
  /** What was sent or answered otherwise than the published description says. */
  readonly faults?: readonly string[];
}

const SECRET = "action-case-secret";

async function langfuseStage(): Promise<Stage> {
  const contract = loadContract("langfuse.openapi.yml");
  const fake = await startLangfuse({ publicKey: "pk-case", secretKey: SECRET, contract });
  for (const text of ["one", "two", "three"]) fake.create("folder/greet", text, ["production"], 0);
  return {
    settings: { url: fake.url, public_key: "pk-case", secret_key: SECRET },
    state: () => fake.labels()["folder/greet"],
    wanted: { production: 2, latest: 3 },
    writes: fake.writes,
    lose: fake.lose,
    close: fake.close,
    faults: fake.faults,
  };
}

async function litellmStage(
  wanted: Record<string, number>,
  undone: Record<string, number>,
  old = false,
): Promise<Stage> {
  const models = [
    { id: "chat-a", group: "chat", model: "azure/gpt-5" },
    { id: "chat-b", group: "chat", model: "openai/gpt-5" },
    { id: "embed-a", group: "embed", model: "azure/embed", weight: 3 },
  ];
  const fake = await startLitellm({ adminKey: SECRET, models, old });
  return {
    settings: { url: fake.url, admin_key: SECRET, providers: { "azure-openai": "azure" } },
    state: fake.weights,
    wanted,
    undone,
    writes: fake.writes,
    lose: fake.lose,
    close: fake.close,
  };
}

async function haproxyStage(wanted: unknown): Promise<Stage> {
  const fake = await startHaproxy([
    { backend: "gpu", server: "gpu-1" },
    { backend: "gpu", server: "gpu-2" },
    { backend: "batch", server: "gpu-1" },
    { backend: "batch", server: "gpu-3" },
    { backend: "other", server: "gpu-1" },
  ]);
  return {
    settings: { address: fake.address, backends: ["gpu", "batch"], timeout_s: 0.3 },
    state: () => fake.servers.map(({ backend, server, weight, admin }) => `${backend}/${server} ${weight} ${admin}`),
    wanted,
    writes: fake.writes,
    lose: fake.lose,
    close: fake.close,
  };
}

async function workersStage(wanted: unknown): Promise<Stage> {
  const fake = await startWorkers(SECRET);
  const url = `${fake.url}/workers`;
  const call = { method: "PUT", url, secret_headers: { "x-api-key": SECRET }, idempotency_header: "idempotency-key" };
  const scale = {
    ...call,
    name: "scale",
    about: "Set the number of workers",
    params: { count: "number" },
    body: { count: { param: "count" } },
    read: { url, field: "count", expect: { param: "count" } },
    undo: "scale_back",
  };
  const back = { ...call, name: "scale_back", about: "Put it back", body: { count: { before: true } } };
  const page = { name: "page", about: "Page the vendor", method: "POST", url: `${fake.url}/pages` };
  return {
    settings: { hosts: [new URL(fake.url).host], calls: [scale, back, page] },
    state: () => ({ ...fake.state }),
    wanted,
    writes: fake.writes,
    lose: fake.lose,
    close: fake.close,
  };
}

async function githubStage(
  see: (state: Awaited<ReturnType<typeof startGithub>>["state"]) => unknown,
  wanted: unknown,
  undone?: unknown,
): Promise<Stage> {
  const fake = await startGithub(SECRET, {
    repo: "acme/support",
    commits: [],
    pulls: [
      {
        number: 12,
        title: "Route by cost",
        body: "",
        state: "closed",
        mergedAt: "2026-11-20T01:57:00Z",
        mergeSha: "b".repeat(40),
        head: "cost",
        base: "main",
        files: [],
      },
    ],
    deployments: [],
    runs: [],
    workflow: `name: Roll back\nrun-name: Roll back \${{ inputs.incident_action_id }}\non: workflow_dispatch\n`,
  });
  return {
    settings: { url: fake.url, token: SECRET, repos: ["acme/support"] },
    state: () => see(fake.state),
    wanted,
    undone,
    writes: fake.writes,
    lose: fake.lose,
    close: fake.close,
  };
}

const servers = (gpu1: string, batch1: string) => [
  `gpu/gpu-1 ${gpu1}`,
  "gpu/gpu-2 100 0",
  `batch/gpu-1 ${batch1}`,
  "batch/gpu-3 100 0",
  "other/gpu-1 100 0",
];

/** One case for each action of each connector; the contract test fails for an action that has none. */
export const actionCases: readonly ActionCase[] = [
  { action: "langfuse.set_prompt_label", params: { prompt: "folder/greet", version: "2" }, start: langfuseStage },
  {
    action: "litellm.set_weight",
    params: { deployment: "chat-a", weight: 4 },
    // The router ignores weights that only a part of the group has, so the sibling gets its own.
    start: () => litellmStage({ "chat-a": 4, "chat-b": 1, "embed-a": 3 }, { "chat-a": 1, "chat-b": 1, "embed-a": 3 }),
  },
  {
    action: "litellm.drain_provider",
    params: { provider: "azure-openai" },
    // No other provider answers for "embed": it stays.
    start: () =>
      litellmStage({ "chat-a": 0, "chat-b": 1, "embed-a": 3 }, { "chat-a": 1, "chat-b": 1, "embed-a": 3 }, true),
  },
  {
    action: "haproxy.set_weight",
    params: { backend: "gpu", server: "gpu-1", weight: 20 },
    start: () => haproxyStage(servers("20 0", "100 0")),
  },
  { action: "haproxy.drain_server", params: { node: "gpu-1" }, start: () => haproxyStage(servers("100 8", "100 8")) },
  { action: "http.scale", params: { count: 5 }, start: () => workersStage({ count: 5, pages: 0 }) },
  { action: "http.page", params: {}, start: () => workersStage({ count: 2, pages: 1 }) },
  {
    action: "github.revert_pull_request",
    params: { pull_request: "https://github.com/acme/support/pull/12" },
    start: () =>
      githubStage(
        ({ pulls }) => pulls.map(({ title, state }) => `${title}: ${state}`),
        ['Revert "Route by cost": open', "Route by cost: closed"],
        ['Revert "Route by cost": closed', "Route by cost: closed"],
      ),
  },
  {
    action: "github.dispatch_workflow",
    params: { repo: "acme/support", workflow: "roll-back.yml", ref: "main", inputs: { target: "v7" } },
    start: () => githubStage(({ runs }) => runs.map(({ ref, inputs }) => `${ref} ${inputs["target"]}`), ["main v7"]),
  },
];
