import { afterEach, describe, expect, test } from "vitest";
import type { Connector, ConnectorDeps } from "../../src/connectors/connector.ts";
import { github } from "../../src/connectors/github/index.ts";
import { langfuse } from "../../src/connectors/langfuse/index.ts";
import { prometheus } from "../../src/connectors/prometheus/index.ts";
import { statuspage } from "../../src/connectors/statuspage.ts";
import type { Change } from "../../src/domain/change.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { Fault } from "../../src/lib/fault.ts";
import { createHttp } from "../../src/lib/http.ts";
import type { Log } from "../../src/lib/log.ts";
import type { Connected } from "../../src/ports.ts";
import { loadContract } from "../fakes/openapi.ts";
import { type GithubState, startGithub } from "../fakes/systems/github.ts";
import { startLangfuse } from "../fakes/systems/langfuse.ts";
import { type FakeMetrics, startPrometheus } from "../fakes/systems/prometheus.ts";
import { startStatuspage } from "../fakes/systems/statuspage.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const NOW = Date.UTC(2026, 10, 20, 3);
const window = { from: NOW - HOUR, to: NOW };
const ago = (minutes: number) => new Date(NOW - minutes * MINUTE).toISOString();

const open: { close(): Promise<void> }[] = [];
const lines: string[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((fake) => fake.close()));
  lines.length = 0;
});

function kept<T extends { close(): Promise<void> }>(fake: T): T {
  open.push(fake);
  return fake;
}

const log: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: (message, fields) => void lines.push(`${message} ${JSON.stringify(fields)}`),
  error: () => undefined,
  child: () => log,
};
const deps: ConnectorDeps = {
  http: (options) => createHttp({ ...options, attempts: 1 }),
  clock: { ...systemClock, now: () => NOW },
  log,
};
const connect = (connector: Connector, settings: unknown): Connected => connector.connect(settings, deps);
const soon = () => AbortSignal.timeout(20_000);

function delivered(connected: Connected, body: unknown, headers: Record<string, string> = {}): readonly Change[] {
  const request = { headers, body: new TextEncoder().encode(JSON.stringify(body)) };
  return connected.webhook?.parse(request, NOW).changes ?? [];
}

describe("GitHub", () => {
  const sha = (letter: string) => letter.repeat(40);
  const commit = (letter: string, parents: string[], rest: Partial<GithubState["commits"][number]> = {}) => ({
    sha: sha(letter),
    message: `Commit ${letter}`,
    date: ago(30),
    parents: parents.map(sha),
    files: [`src/${letter}.ts`],
    ...rest,
  });
  const pull = (number: number, minutes: number, mergeSha: string): GithubState["pulls"][number] => ({
    number,
    title: `Pull ${number}`,
    body: "Why",
    state: "closed",
    mergedAt: ago(minutes),
    mergeSha,
    head: "topic",
    base: "main",
    files: ["prompts/answer.txt"],
  });

  async function start(state: Partial<GithubState>) {
    const fake = kept(
      await startGithub("github-token", {
        repo: "acme/support",
        commits: [],
        pulls: [],
        deployments: [],
        runs: [],
        workflow: "",
        ...state,
      }),
    );
    const settings = {
      url: fake.url,
      token: "github-token",
      repos: ["acme/support"],
      webhook_secret: "webhook-secret",
    };
    return { fake, connected: connect(github, settings) };
  }

  test("a merge is one change, whether its push, its pull request or a poll tells it", async () => {
    const merge = commit("m", ["a", "t"], { message: "Merge pull request #12 from acme/topic\n\nPull 12", files: [] });
    const { connected } = await start({
      commits: [merge, commit("t", ["a"]), commit("a", [])],
      pulls: [pull(12, 20, sha("m"))],
    });
    const repository = {
      full_name: "acme/support",
      default_branch: "main",
      html_url: "https://github.com/acme/support",
    };
    const pushed = delivered(
      connected,
      {
        ref: "refs/heads/main",
        before: sha("a"),
        repository,
        head_commit: { id: sha("m") },
        commits: [merge, commit("t", ["a"], { files: ["prompts/answer.txt"] })].map((one) => ({
          id: one.sha,
          message: one.message,
          timestamp: ago(20),
          url: `${repository.html_url}/commit/${one.sha}`,
          author: { username: "jo" },
          modified: one.files,
        })),
      },
      { "x-github-event": "push" },
    );
    const polled = (await connected.changes?.changesIn(window, soon())) ?? [];
    expect(pushed.map(({ id }) => id)).toEqual(["github:acme/support#12"]);
    // The commit that the merge brought along is a part of it; the one on the branch is a change of its own.
    expect(polled.map(({ id }) => id).toSorted()).toEqual([
      "github:acme/support#12",
      `github:acme/support@${sha("a")}`,
    ]);
    expect(polled.find(({ id }) => id.endsWith("#12"))).toMatchObject({
      kind: "prompt",
      at: NOW - 20 * MINUTE,
      author: "jo",
      url: "https://github.com/acme/support/pull/12",
    });
  });

  test("a commit has one id from a push and from a poll", async () => {
    const { connected } = await start({ commits: [commit("b", ["a"], { login: "jo", files: ["infra/main.tf"] })] });
    const [polled] = (await connected.changes?.changesIn(window, soon())) ?? [];
    expect(polled).toMatchObject({
      id: `github:acme/support@${sha("b")}`,
      kind: "infra",
      author: "jo",
      before: sha("a"),
      after: sha("b"),
      at: NOW - 30 * MINUTE,
    });
  });

  test("only what landed in the window is told, however long the lists are", async () => {
    const commits = Array.from({ length: 130 }, (_, index) => ({
      ...commit("x", []),
      sha: index.toString(16).padStart(40, "0"),
      parents: [(index + 1).toString(16).padStart(40, "0")],
      date: ago(index),
    }));
    const { connected } = await start({ commits, pulls: [pull(1, 59, sha("p")), pull(2, 61, sha("q"))] });
    const polled = (await connected.changes?.changesIn({ from: NOW - 2 * HOUR, to: NOW }, soon())) ?? [];
    // 119 commits from one minute ago to 119; the one of this very moment is outside, as is the one from two hours ago.
    expect(polled.filter(({ id }) => id.includes("@"))).toHaveLength(120);
    expect(polled.filter(({ id }) => id.includes("#"))).toHaveLength(2);
    expect(
      (await connected.changes?.changesIn(window, soon()))?.filter(({ id }) => id.includes("#")).map(({ id }) => id),
    ).toEqual(["github:acme/support#1"]);
    expect(lines.some((line) => line.startsWith("more changes than can be looked into"))).toBe(true);
  });

  test("a deployment names what ran before it, and what failed does not count as having run", async () => {
    const deployment = (id: number, minutes: number, state: string) => ({
      id,
      sha: sha(String(id)),
      environment: "production",
      createdAt: ago(minutes),
      states: [
        { state: "in_progress", at: ago(minutes) },
        { state, at: ago(minutes - 2) },
      ],
    });
    const { connected } = await start({
      deployments: [deployment(3, 10, "success"), deployment(2, 300, "failure"), deployment(1, 600, "inactive")],
    });
    const changes = (await connected.changes?.changesIn(window, soon())) ?? [];
    expect(changes).toHaveLength(1);
    expect(changes[0]).toMatchObject({
      id: "github:acme/support:deployment:3",
      before: sha("1"),
      after: sha("3"),
      rollout: { completedAt: NOW - 8 * MINUTE },
    });
  });

  test("a change is described with its paths and its patch", async () => {
    const { connected } = await start({ commits: [commit("b", ["a"], { files: ["prompts/x.txt"] })] });
    const [change] = (await connected.changes?.changesIn(window, soon())) ?? [];
    if (change === undefined) throw new Error("no change");
    const described = await connected.changes?.describe?.({ ...change, files: [], kind: "code" }, soon());
    expect(described).toMatchObject({ kind: "prompt", files: ["prompts/x.txt"] });
    expect(described?.diff).toContain("--- a/prompts/x.txt\n+++ b/prompts/x.txt\n@@ -1 +1 @@");
  });

  test("actions stay within the repositories of the settings, and refuse what could not be told afterwards", async () => {
    const { connected, fake } = await start({
      workflow: "name: Deploy\non: workflow_dispatch\n",
      pulls: [{ ...pull(3, 10, sha("z")), mergedAt: null, state: "open" }],
    });
    const [revert, dispatch] = connected.actions ?? [];
    const context = { signal: soon() };
    const elsewhere = { pull_request: "https://github.com/other/repo/pull/1" };
    await expect(revert?.read(elsewhere, context)).rejects.toMatchObject({ kind: "forbidden" });
    const unmerged = { pull_request: "https://github.com/acme/support/pull/3" };
    expect(await revert?.preview(unmerged, { revert: null }, context)).toMatchObject({
      refuse: expect.stringContaining("not merged") as string,
    });
    const run = { repo: "acme/support", workflow: "roll-back.yml", ref: "main" };
    const before = (await dispatch?.read(run, context)) ?? null;
    expect(await dispatch?.preview(run, before, context)).toMatchObject({
      refuse: expect.stringContaining("incident_action_id") as string,
    });
    await expect(dispatch?.read({ ...run, workflow: "../../secrets" }, context)).rejects.toMatchObject({
      kind: "invalid",
    });
    expect(fake.writes()).toBe(0);
  });
});

describe("Langfuse", () => {
  const keys = { public_key: "pk-lf", secret_key: "sk-lf-secret" };
  async function start() {
    const fake = kept(
      await startLangfuse({
        publicKey: "pk-lf",
        secretKey: "sk-lf-secret",
        contract: loadContract("langfuse.openapi.yml"),
      }),
    );
    for (let version = 1; version <= 7; version += 1)
      fake.create("greet", `text ${version}`, ["production"], NOW - 100 * HOUR + version);
    const settings = { url: fake.url, ...keys, webhook_secret: "lf-whsec-secret" };
    return { fake, settings, connected: connect(langfuse, settings) };
  }
  const event = (version: number, labels: string[], at: number, action = "updated") => ({
    id: `evt-${version}-${at}`,
    type: "prompt-version",
    action,
    prompt: {
      name: "greet",
      version,
      labels,
      createdAt: new Date(at - HOUR).toISOString(),
      updatedAt: new Date(at).toISOString(),
    },
  });

  test("a move between two polls names both versions", async () => {
    const { fake, connected } = await start();
    expect(await connected.changes?.changesIn(window, soon())).toEqual([]);
    fake.create("greet", "text 8", [], NOW - 20 * MINUTE);
    expect(await connected.changes?.changesIn(window, soon())).toEqual([]);
    fake.move("greet", 8, "production", NOW - 10 * MINUTE);
    const polled = await connected.changes?.changesIn(window, soon());
    expect(polled).toMatchObject([{ target: "greet", before: "7", after: "8", at: NOW - 10 * MINUTE }]);
    expect(await connected.changes?.changesIn(window, soon())).toEqual(polled);
    expect(await connected.changes?.changesIn({ from: NOW - 5 * MINUTE, to: NOW }, soon())).toEqual([]);
    expect(fake.faults).toEqual([]);
  });

  test("a move before the first poll is found by what was touched together", async () => {
    const { fake, connected } = await start();
    fake.create("greet", "text 8", ["production"], NOW - 10 * MINUTE);
    expect(await connected.changes?.changesIn(window, soon())).toMatchObject([{ before: "7", after: "8" }]);
    expect(fake.faults).toEqual([]);
  });

  test("a version that only lost the server's own label did not become live", async () => {
    const { fake, connected } = await start();
    fake.create("greet", "text 8", [], NOW - 10 * MINUTE);
    expect(await connected.changes?.changesIn(window, soon())).toEqual([]);
  });

  test("the deliveries of a move and a poll tell the same change", async () => {
    const { fake, settings, connected } = await start();
    await connected.changes?.changesIn(window, soon());
    const at = NOW - 10 * MINUTE;
    const gained = delivered(connected, event(5, ["production"], at));
    fake.move("greet", 5, "production", at);
    expect(gained).toMatchObject([{ before: "7", after: "5" }]);
    expect(delivered(connected, event(7, ["latest"], at))).toEqual([]);
    expect(await connected.changes?.changesIn(window, soon())).toEqual(gained);
    const restarted = connect(langfuse, settings);
    const twice = [
      ...delivered(restarted, event(5, ["production"], at)),
      ...delivered(restarted, event(7, ["latest"], at - 30)),
    ];
    expect(twice.map(({ id, before }) => [id, before])).toEqual([
      [gained[0]?.id, null],
      [gained[0]?.id, "7"],
    ]);
  });

  test("what differs between the two texts is shown", async () => {
    const { fake, connected } = await start();
    fake.create("greet", "text 8", ["production"], NOW - 10 * MINUTE);
    const [change] = (await connected.changes?.changesIn(window, soon())) ?? [];
    if (change === undefined) throw new Error("no change");
    expect((await connected.changes?.describe?.(change, soon()))?.diff).toContain("-text 7\n+text 8");
  });

  test("a version that is not there, and a label that the server moves itself, are refused", async () => {
    const { connected } = await start();
    const [action] = connected.actions ?? [];
    const context = { signal: soon() };
    await expect(
      action?.preview({ prompt: "greet", version: 99 }, { label: "production", version: 7 }, context),
    ).rejects.toMatchObject({ kind: "not_found" });
    await expect(action?.read({ prompt: "greet", version: 1, label: "latest" }, context)).rejects.toMatchObject({
      kind: "invalid",
    });
    const unlabelled = await action?.read({ prompt: "greet", version: 1, label: "staging" }, context);
    expect(
      await action?.preview({ prompt: "greet", version: 1, label: "staging" }, unlabelled ?? null, context),
    ).toMatchObject({ reversible: false });
  });
});

describe("Prometheus", () => {
  const scope = { services: ["chat", "a.b"], providers: ["openai"], gpuPools: ["a100"] };
  const rows = (...labels: Record<string, string>[]) => labels.map((one) => ({ labels: one, value: "0.5" }));
  const vllm: FakeMetrics = {
    "vllm:num_requests_waiting": rows({ service: "chat", model_name: "v1" }, { service: "chat", model_name: "v2" }),
    "vllm:kv_cache_usage_perc": [{ labels: { service: "chat", model_name: "v1" }, value: "NaN" }],
  };

  async function start(metrics: FakeMetrics, rest: Record<string, unknown> = {}) {
    const fake = kept(await startPrometheus(metrics));
    const connected = connect(prometheus, { url: fake.url, token: "prometheus-token", org_id: "ml", ...rest });
    return {
      fake,
      ask: (wanted = scope, span = window) => connected.signals?.query(wanted, span, soon()) ?? Promise.resolve([]),
      connected,
    };
  }

  test("asks for what exists, as whom the settings say, and answers with aggregate and slices on one grid", async () => {
    const { fake, ask } = await start(vllm);
    const series = await ask();
    expect(series.map(({ signal, labels }) => [signal, labels])).toEqual([
      ["queue_depth", { service: "chat" }],
      ["queue_depth", { service: "chat", model_version: "v1" }],
      ["queue_depth", { service: "chat", model_version: "v2" }],
    ]);
    expect(new Set(series.map(({ start, stepMs, values }) => `${start} ${stepMs} ${values.length}`)).size).toBe(1);
    expect(series[0]).toMatchObject({ start: window.from, stepMs: 30_000 });
    expect(series[0]?.values).toHaveLength(120);
    expect(
      fake.received.every(
        ({ headers }) => headers["authorization"] === "Bearer prometheus-token" && headers["x-scope-orgid"] === "ml",
      ),
    ).toBe(true);
  });

  test("a signal that cannot be asked is logged, and the others are answered", async () => {
    const { fake, ask } = await start({ ...vllm, "vllm:kv_cache_usage_perc": rows({ service: "chat" }) });
    fake.broken.push("num_requests_waiting");
    fake.warnings.push("partial answer");
    expect((await ask()).map(({ signal }) => signal)).toEqual(["kv_cache_usage"]);
    expect(lines.filter((line) => line.startsWith("a signal could not be asked"))).toHaveLength(2);
    expect(lines.some((line) => line.includes("partial answer"))).toBe(true);
    fake.broken.push("kv_cache_usage_perc");
    await expect(ask()).rejects.toMatchObject({ kind: "invalid" });
  });

  test("a long look keeps under the limit of points, and a long list of services goes into a form", async () => {
    const { fake, ask } = await start(vllm, { step_s: 1 });
    const services = ["chat", ...Array.from({ length: 300 }, (_, index) => `service-${index}`)];
    const series = await ask({ ...scope, services }, { from: NOW - 30 * 24 * HOUR, to: NOW });
    expect(series).toHaveLength(3);
    expect(fake.received.some(({ method, path }) => method === "POST" && path === "/api/v1/query_range")).toBe(true);
    for (const { start, end, step } of fake.asked) expect((end - start) / step).toBeLessThanOrEqual(11_000);
  });

  test("a query of the settings replaces the built-in one, and false switches a signal off", async () => {
    const queries = {
      queue_depth: { expr: "max by ($by) (my_queue{$scope})", labels: { service: "app_name", node: "host" } },
      kv_cache_usage: false,
    };
    const { ask } = await start({ ...vllm, my_queue: rows({ app_name: "chat", host: "n1" }) }, { queries });
    expect((await ask()).map(({ signal, labels }) => [signal, labels])).toEqual([
      ["queue_depth", { service: "chat" }],
      ["queue_depth", { service: "chat", node: "n1" }],
    ]);
  });

  test("a scope that asks for nobody sends no query, and check says what exists", async () => {
    const { fake, ask, connected } = await start(vllm);
    expect(await ask({ services: [], providers: [], gpuPools: [] })).toEqual([]);
    expect(fake.asked).toEqual([]);
    const checks = await connected.check?.(soon());
    expect(checks?.map(({ ok }) => ok)).toEqual([true, true]);
    expect(checks?.[1]?.detail).toContain("queue_depth");
    expect(
      (await connect(prometheus, { url: kept(await startPrometheus({})).url }).check?.(soon()))?.[1],
    ).toMatchObject({ ok: false });
  });
});

test.each([
  ["github", github],
  ["langfuse", langfuse],
])("%s takes no deliveries without a secret to know them by", (_id, connector) => {
  const { webhook_secret: _, ...settings } = connector.sample as Record<string, unknown>;
  const connected = connect(connector, settings);
  expect(connected.webhook).toBeUndefined();
  expect(connected.changes).toBeDefined();
});

describe("a status page", () => {
  const incident = (minutes: number, rest: Record<string, unknown> = {}) => ({
    name: "Elevated errors",
    impact: "major",
    status: "investigating",
    created_at: ago(minutes),
    started_at: ago(minutes + 30),
    resolved_at: null,
    shortlink: "https://stspg.io/x",
    components: [{ name: "API" }],
    incident_updates: [{ created_at: ago(minutes), affected_components: [{ name: "API" }, { name: "Console" }] }],
    ...rest,
  });

  test("tells what was posted, when, and of which components; what is unchanged is not sent again", async () => {
    const page = kept(await startStatuspage());
    page.incidents = [
      incident(10),
      incident(20 * 60, { name: "Old", resolved_at: ago(19 * 60) }),
      incident(5, { name: "Odd", impact: "apocalyptic", components: null, incident_updates: null, started_at: null }),
    ];
    page.maintenances = [
      { name: "Move", status: "scheduled", created_at: ago(900), scheduled_for: ago(-900), scheduled_until: ago(-960) },
      {
        name: "Now",
        impact: "minor",
        status: "in_progress",
        created_at: ago(900),
        scheduled_for: ago(15),
        scheduled_until: ago(-30),
      },
    ];
    const { status } = connect(statuspage, { pages: [{ provider: "acme", url: page.url }] });
    const first = await status?.incidentsIn(window, soon());
    expect(first).toEqual([
      {
        provider: "acme",
        title: "Elevated errors",
        impact: "major",
        startedAt: NOW - 40 * MINUTE,
        postedAt: NOW - 10 * MINUTE,
        resolvedAt: null,
        components: ["API", "Console"],
        url: "https://stspg.io/x",
      },
      {
        provider: "acme",
        title: "Odd",
        impact: "minor",
        startedAt: NOW - 5 * MINUTE,
        postedAt: NOW - 5 * MINUTE,
        resolvedAt: null,
        components: [],
        url: "https://stspg.io/x",
      },
      {
        provider: "acme",
        title: "Now",
        impact: "maintenance",
        startedAt: NOW - 15 * MINUTE,
        postedAt: NOW - 900 * MINUTE,
        resolvedAt: null,
        components: [],
        url: null,
      },
    ]);
    expect(await status?.incidentsIn(window, soon())).toEqual(first);
    expect(page.unchanged()).toBe(2);
    page.incidents = [];
    expect(await status?.incidentsIn(window, soon())).toHaveLength(1);
  });

  test("that does not answer is unknown, not green; the others are read all the same", async () => {
    const [good, bad] = [kept(await startStatuspage()), kept(await startStatuspage())];
    good.incidents = [incident(10)];
    good.maintenances = null;
    bad.down = true;
    const { status } = connect(statuspage, {
      pages: [
        { provider: "good", url: good.url },
        { provider: "bad", url: bad.url },
      ],
    });
    expect(await status?.incidentsIn(window, soon())).toHaveLength(1);
    expect(status?.providers).toEqual(["good"]);
    bad.down = false;
    await status?.incidentsIn(window, soon());
    expect(status?.providers).toEqual(["good", "bad"]);
    good.down = true;
    bad.down = true;
    await expect(status?.incidentsIn(window, soon())).rejects.toBeInstanceOf(Fault);
    expect(status?.providers).toEqual([]);
  });
});
