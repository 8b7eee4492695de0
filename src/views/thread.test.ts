import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { brokenRules } from "../../test/fakes/slack/block-rules.ts";
import {
  alert,
  approval,
  change,
  diagnosis,
  execution,
  incident,
  ONSET,
  proposal,
  sampleView,
} from "../../test/fakes/slack/sample-incident.ts";
import { type ExecutionState, executionStates } from "../domain/execution.ts";
import { incidentStatuses } from "../domain/incident.ts";
import type { Message } from "../domain/message.ts";
import { proposalStates } from "../domain/proposal.ts";
import { type ThreadView, thread } from "./thread.ts";

const MIN = 60_000;

function found(view: ThreadView, key: string): Message {
  const message = thread(view).find((candidate) => candidate.key === key);
  if (message === undefined) throw new Error(`no message ${key}`);
  return message;
}

const shown = (message: Message) => JSON.stringify(message);
const cardOf = (parts: Partial<ThreadView>) => shown(found(sampleView(parts), `proposal:${proposal.id}`));

describe("the messages of a thread", () => {
  it("are the root alone at first, then diagnosis and cards, and a summary at the end", () => {
    const keys = (view: ThreadView) => thread(view).map(({ key }) => key);
    expect(keys(sampleView({ diagnosis: null, proposals: [] }))).toEqual(["root"]);
    expect(keys(sampleView())).toEqual(["root", "diagnosis", `proposal:${proposal.id}`]);
    const resolved = { ...incident, status: "resolved" as const, resolvedAt: ONSET + 31 * MIN };
    expect(keys(sampleView({ incident: resolved }))).toEqual([
      "root",
      "diagnosis",
      `proposal:${proposal.id}`,
      "resolved",
    ]);
  });

  it("are the same for the same view", () => {
    expect(thread(sampleView())).toEqual(thread(sampleView()));
  });

  it("draw times in the reader's zone, with UTC where that is not possible", () => {
    const text = shown(found(sampleView(), "root"));
    expect(text).toContain("<!date^1795338720^{time}|09:12 UTC>");
    expect(text.replace(/<!date[^>]*>/g, "")).not.toMatch(/\d\d:\d\d/);
  });
});

describe("the root message", () => {
  it("says how sure the culprit is where it is less sure than its cause", () => {
    const suspects = diagnosis.suspects.map((suspect, i) => (i === 0 ? { ...suspect, probability: 0.5 } : suspect));
    const cause = suspects[0]?.cause ?? "unknown";
    const text = shown(found(sampleView({ diagnosis: { ...diagnosis, cause, confidence: 0.9, suspects } }), "root"));
    expect(text).toContain("90 %");
    expect(text).toContain("most likely of these (50 %)");
  });

  it("says in its text alone what is wrong, for whom, since when, why, who has it and what to do", () => {
    const { text } = found(sampleView(), "root");
    for (const part of [
      "Awaiting approval: Slow answers on chat-api.",
      "chat-api (prompt",
      "since <!date^",
      "a prompt change (very likely, 82 %): prompt chat-main 40 → 41.",
      "Owner: team-chat",
      "approve or reject in the thread before",
    ])
      expect(text).toContain(part);
  });

  it("says that it cannot tell, and what is closest, where nothing decides", () => {
    const { text } = found(sampleView({ diagnosis: { ...diagnosis, cause: "unknown", confidence: 0.4 } }), "root");
    expect(text).toContain("I can't tell yet. Closest: prompt chat-main 40 → 41 (82 %).");
  });

  it.each(incidentStatuses)("has a state in words and a next step when the incident is %s", (status) => {
    const view = sampleView({
      incident: { ...incident, status, resolvedAt: status === "resolved" ? ONSET + MIN : null },
    });
    const text = shown(found(view, "root"));
    expect(text).toMatch(/\*State\*\\n[A-Z][a-z]+/);
    expect(text).toMatch(/\*Next:\* \S+/);
  });

  it("does not change when only the clock of the record moved", () => {
    const later = sampleView({ incident: { ...incident, rev: 9, updatedAt: incident.updatedAt + MIN } });
    expect(found(later, "root")).toEqual(found(sampleView(), "root"));
  });

  it("asks for a person where the last action did not help and nothing else is proposed", () => {
    const failed = { ...execution, state: "undone" as const, outcome: "Did not help: latency_p95 9.1." };
    const view = sampleView({
      incident: { ...incident, status: "investigating" },
      proposals: [{ ...proposal, state: "approved" }],
      executions: [failed],
    });
    expect(found(view, "root").text).toContain("a person must look: Did not help: latency_p95 9.1.");
  });
});

describe("the diagnosis", () => {
  it("has number, baseline and time of a finding, what is ruled out, and what could not be checked", () => {
    const text = shown(found(sampleView(), "diagnosis"));
    for (const part of [
      "What is going on",
      "Evidence for it",
      "input tokens per request 4180 tokens, normal 2050 tokens",
      "|prometheus.example.com>",
      "Evidence against",
      "41 %, normal 42 %",
      "deploy of chat-api 1.8.2: it was made after the onset",
      "status page of openai: it did not answer; next time: allow the host in the proxy",
      "What would change my mind",
      "by ann",
    ])
      expect(text).toContain(part);
  });

  it("shows what moved since the diagnosis before", () => {
    const [first] = diagnosis.suspects;
    const moved = [{ suspect: first?.id ?? "", move: "strengthened" as const, from: 0.5, to: 0.82 }];
    expect(shown(found(sampleView({ diagnosis: { ...diagnosis, moved } }), "diagnosis"))).toContain(
      "Strengthened: prompt chat-main 40 → 41 (50 % to 82 %)",
    );
  });

  it("leaves no empty section where there is nothing to say", () => {
    const bare = { ...diagnosis, suspects: [], evidence: [], gaps: [], onset: null, cause: "unknown" as const };
    const message = found(sampleView({ diagnosis: bare, alerts: [], changes: [] }), "diagnosis");
    expect(brokenRules(message)).toEqual([]);
    expect(shown(message)).not.toContain("Evidence for");
    expect(shown(message)).toContain("could not be told");
  });
});

describe("the card of a proposal", () => {
  it("holds everything that is needed to decide, and one primary button", () => {
    const text = cardOf({});
    for (const part of [
      "*Move label production of prompt chat-main from 41 back to 40 for chat-api?*",
      "- production: 41",
      "+ production: 40",
      "every request of chat-api",
      "the longer examples are gone",
      "Yes; undone by itself if it does not help",
      "0 of 1",
      "provider-failover: promises less",
      proposal.digest.slice(0, 12),
      `${proposal.id}:${proposal.digest}`,
      "then nothing runs",
    ])
      expect(text).toContain(part);
    expect(text.split('"style":"primary"')).toHaveLength(2);
  });

  it("asks twice before something that cannot be taken back", () => {
    const steps = proposal.steps.map((step) => ({ ...step, preview: { ...step.preview, reversible: false } }));
    expect(cardOf({})).not.toContain('"confirm"');
    expect(cardOf({ proposals: [{ ...proposal, steps }] })).toContain("It cannot be taken back.");
  });

  it("says who was first where two are needed", () => {
    const text = cardOf({ proposals: [{ ...proposal, approvalsNeeded: 2 }], decisions: [approval] });
    expect(text).toContain("1 of 2, by <@U0ANN>");
    expect(text).toContain('"actions"');
  });

  it("does not make a live name of a person whom Slack did not vouch for", () => {
    const text = cardOf({
      proposals: [{ ...proposal, approvalsNeeded: 2 }],
      decisions: [{ ...approval, via: "console" }],
    });
    expect(text).not.toContain("<@");
  });

  it.each(proposalStates.filter((state) => state !== "pending"))(
    "has no button and a record when it is %s",
    (state) => {
      const text = cardOf({ proposals: [{ ...proposal, state, endedBecause: "because of the test" }] });
      expect(text).not.toContain('"actions"');
      expect(text).toMatch(/\*(Approved|Rejected|Expired|Superseded|Cancelled)/);
      if (state !== "approved") expect(text.toLowerCase()).toContain("nothing ran");
    },
  );

  it("has no button once the incident is over, though nobody decided", () => {
    const text = cardOf({ incident: { ...incident, status: "resolved", resolvedAt: ONSET + MIN } });
    expect(text).not.toContain('"actions"');
    expect(text).toContain("Not needed any more");
  });

  it.each(executionStates)("says how the run stands when it is %s", (state) => {
    const ended: readonly ExecutionState[] = ["running", "verifying", "undoing"];
    const run = {
      ...execution,
      state,
      endedAt: ended.includes(state) ? null : ONSET + 11 * MIN,
      outcome: "latency_p95 2.9 (was 9.4).",
    };
    const text = cardOf({ proposals: [{ ...proposal, state: "approved" }], decisions: [approval], executions: [run] });
    expect(text).toContain("*Approved* by <@U0ANN>");
    expect(text).not.toContain('"actions"');
    if (run.endedAt !== null) expect(text).toContain("latency_p95 2.9 (was 9.4).");
  });

  it("shows the verified numbers and how long it took", () => {
    const run = {
      ...execution,
      state: "recovered" as const,
      endedAt: ONSET + 11 * MIN,
      outcome: "Recovered: p95 2.9 (was 9.4).",
    };
    const text = cardOf({ proposals: [{ ...proposal, state: "approved" }], decisions: [approval], executions: [run] });
    expect(text).toMatch(/\*Verified\* at <!date[^>]*>, 6 min after the start: Recovered: p95 2.9/);
  });

  it("keeps the verification in sight however long the plan is", () => {
    const [step] = proposal.steps;
    if (step === undefined) throw new Error("no step");
    const wide = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`key ${index}`, "x".repeat(300)]));
    const steps = Array.from({ length: 40 }, () => ({
      ...step,
      preview: { ...step.preview, before: {}, after: wide },
    }));
    const text = cardOf({ proposals: [{ ...proposal, steps }] });
    expect(text).toContain("more lines of the plan");
    expect(text).toContain("verify  latency_p95 of chat-api");
  });
});

describe("the summary", () => {
  it("tells cause, deeds with their author and numbers, and the times", () => {
    const run = {
      ...execution,
      state: "recovered" as const,
      appliedAt: ONSET + 6 * MIN,
      endedAt: ONSET + 11 * MIN,
      outcome: "Recovered: p95 2.9.",
    };
    const text = shown(
      found(
        sampleView({
          incident: { ...incident, status: "resolved", resolvedAt: ONSET + 31 * MIN },
          proposals: [{ ...proposal, state: "approved" }],
          decisions: [approval],
          executions: [run],
        }),
        "resolved",
      ),
    );
    for (const part of [
      "Resolved after 31 min",
      "approved by <@U0ANN>",
      "Recovered: p95 2.9.",
      "*Fix applied after*\\n6 min",
      "a prompt change",
    ])
      expect(text).toContain(part);
  });
});

/** Text fields of a view, each replaced by something hostile; ids, states and addresses of our own stay. */
function poisoned(view: ThreadView, poison: () => string): ThreadView {
  const ours = new Set([
    "id",
    "incidentId",
    "proposalId",
    "digest",
    "status",
    "state",
    "severity",
    "cause",
    "causes",
    "kind",
    "remedy",
  ]);
  for (const key of [
    "changeId",
    "evidence",
    "suspect",
    "move",
    "direction",
    "risk",
    "onFailure",
    "ambient",
    "via",
    "verdict",
    "ruledOut",
  ])
    ours.add(key);
  const walk = (value: unknown, key: string): unknown => {
    if (typeof value === "string") return ours.has(key) ? value : poison();
    if (Array.isArray(value)) return value.map((item) => walk(item, key === "evidence" ? "" : key));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => [name, key === "causes" ? item : walk(item, name)]),
    );
  };
  return { ...(walk(view, "") as ThreadView), consoleUrl: view.consoleUrl };
}

function states(): ThreadView[] {
  const many = <T>(item: T, count: number): T[] => Array.from({ length: count }, () => item);
  const [leading] = diagnosis.suspects;
  const [evidence] = diagnosis.evidence;
  const [gap] = diagnosis.gaps;
  if (leading === undefined || evidence === undefined || gap === undefined) throw new Error("the sample is empty");
  const large = {
    ...diagnosis,
    suspects: [
      { ...leading, weights: many({ evidence: "ev1", logOdds: 3 }, 40) },
      ...many({ ...leading, id: "change:other", probability: 0.1 }, 20),
      ...many({ ...leading, ruledOut: "a reason" }, 60),
    ],
    evidence: many(evidence, 60),
    gaps: many(gap, 40),
    reach: { services: many("s", 40), hit: many("h", 40), spared: many("p", 40) },
    moved: many({ suspect: leading.id, move: "new" as const, from: 0, to: 0.4 }, 30),
  };
  const [step] = proposal.steps;
  if (step === undefined) throw new Error("the sample is empty");
  const long = { ...proposal, steps: many(step, 30), considered: many({ runbook: "r", because: "b" }, 30) };
  const run = {
    ...execution,
    steps: execution.steps.flatMap((one) => many({ ...one, detail: "d", startedAt: 1, endedAt: 5 }, 60)),
    endedAt: ONSET + MIN,
  };
  const base = { alerts: many(alert, 200), changes: many(change, 50), diagnosis: large };
  return [
    sampleView({ ...base, proposals: [long], decisions: many(approval, 9) }),
    ...executionStates.map((state) =>
      sampleView({
        ...base,
        proposals: [{ ...long, state: "approved" }],
        decisions: many(approval, 9),
        executions: [{ ...run, state }],
        incident: { ...incident, status: "resolved", resolvedAt: ONSET + MIN },
      }),
    ),
    ...proposalStates.map((state) => sampleView({ ...base, proposals: [{ ...long, state, endedBecause: "e" }] })),
  ];
}

const Text = z.object({ type: z.literal("mrkdwn"), text: z.string(), verbatim: z.literal(true) });

/** Every mrkdwn text of a message, its top-level text among them. */
function mrkdwnOf({ text, blocks }: Message): string[] {
  const texts = [text];
  const walk = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    if ("type" in value && value.type === "mrkdwn") texts.push(Text.parse(value).text);
    for (const item of Object.values(value)) walk(item);
  };
  walk(blocks);
  return texts;
}

/** The live tokens that our own code may make: times, people whom Slack vouched for, links that name their host. */
function isOurs(token: string): boolean {
  if (/^<!date\^\d+\^[{}a-z_ ]+\|[\d: -]+ UTC>$/.test(token) || token === "<@U0ANN>") return true;
  const [, url = "", label = ""] = /^<(https?:[^|>\s]+)\|([^<>|]+)>$/.exec(token) ?? [];
  if (url.startsWith("https://faultline.example.com/")) return label === "console";
  return URL.canParse(url) && new URL(url).host === label;
}

describe("hostile text", () => {
  const poisons = fc.array(
    fc.oneof(
      fc.constantFrom(
        "<!channel>",
        "<!here|here>",
        "<@U0EVIL>",
        "<!subteam^S1>",
        "<https://evil.example|console>",
        "@everyone",
        "*_~`>",
        "```",
        '"\\'.repeat(900),
        "&".repeat(2000),
        "🔥".repeat(1500),
        "\u202eمرحبا",
        "\ud83d",
        "\n\n> *x*\n",
        "https://evil.example/a|b",
        "https://ok.example/?q=<!here>|x",
        "x".repeat(9000),
        "",
        ":x:",
      ),
      fc.string({ unit: "binary", maxLength: 30 }),
    ),
    { minLength: 1, maxLength: 5 },
  );

  it("keeps every message within Slack's limits and makes no live token of it", () => {
    const views = states();
    fc.assert(
      fc.property(poisons, fc.nat(views.length - 1), (poison, index) => {
        let turn = 0;
        const view = poisoned(views[index] ?? sampleView(), () => poison[turn++ % poison.length] ?? "");
        for (const message of thread(view)) {
          expect(brokenRules(message)).toEqual([]);
          expect(JSON.stringify(message.blocks).length).toBeLessThanOrEqual(12_000);
          for (const text of mrkdwnOf(message)) {
            const tokens = text.match(/<[^>]*>?/g) ?? [];
            expect(tokens.filter((token) => !isOurs(token))).toEqual([]);
            expect(text.replace(/<[^>]*>/g, "")).not.toMatch(/[<>]|@\w|^&gt;/m);
            expect(text.isWellFormed()).toBe(true);
          }
        }
      }),
      { numRuns: 300 },
    );
  });
});
