import type { Alert } from "../../../src/domain/alert.ts";
import type { Change } from "../../../src/domain/change.ts";
import type { Diagnosis } from "../../../src/domain/diagnosis/diagnosis.ts";
import type { Execution } from "../../../src/domain/execution.ts";
import type { Incident } from "../../../src/domain/incident.ts";
import { type Decision, digested, type Proposal } from "../../../src/domain/proposal.ts";
import { digestOf } from "../../../src/lib/digest.ts";
import type { ThreadView } from "../../../src/views/thread.ts";

/** 2026-11-22 09:12 UTC. */
export const ONSET = Date.UTC(2026, 10, 22, 9, 12);
const MIN = 60_000;

/** One incident, as a prompt that doubled the tokens makes it; every part can be replaced. */
export const incident: Incident = {
  id: "inc_01KAN0000000000000000000",
  rev: 1,
  status: "awaiting_approval",
  severity: "critical",
  title: "Slow answers on chat-api",
  service: "chat-api",
  owner: "team-chat",
  openedAt: ONSET + 2 * MIN,
  updatedAt: ONSET + 3 * MIN,
  resolvedAt: null,
};

export const alert: Alert = {
  source: "alertmanager",
  fingerprint: "f1",
  status: "firing",
  title: "LatencyHigh",
  summary: "p95 latency is 9.4 s",
  severity: "critical",
  service: "chat-api",
  signal: "latency_p95",
  labels: { service: "chat-api" },
  annotations: {},
  startsAt: ONSET + 2 * MIN,
  endsAt: null,
  url: "https://prometheus.example.com/graph?g0.expr=latency",
};

export const change: Change = {
  id: "langfuse:chat-main:41",
  at: ONSET - MIN,
  kind: "prompt",
  system: "langfuse",
  service: "chat-api",
  target: "chat-main",
  title: "chat-main: longer examples",
  author: "ann",
  before: "40",
  after: "41",
  url: "https://langfuse.example.com/prompts/chat-main",
  scope: {},
  rollout: null,
  summary: null,
  commit: null,
  files: [],
  diff: null,
};

const finding = {
  kind: "signature" as const,
  source: "prometheus",
  signal: "input_tokens_per_request",
  labels: { service: "chat-api" },
  unit: "tokens",
  url: null,
};

export const diagnosis: Diagnosis = {
  asOf: ONSET + 3 * MIN,
  cause: "prompt",
  confidence: 0.82,
  causes: {
    prompt: 0.82,
    model: 0.02,
    data: 0.02,
    gpu_infra: 0.02,
    upstream_provider: 0.08,
    application: 0.01,
    demand: 0.01,
    measurement: 0.01,
    unknown: 0.01,
  },
  suspects: [
    {
      id: `change:${change.id}`,
      cause: "prompt",
      changeId: change.id,
      ambient: null,
      subject: { service: "chat-api" },
      title: "prompt chat-main 40 → 41",
      prior: -2,
      probability: 0.82,
      weights: [
        { evidence: "ev1", logOdds: 2.4 },
        { evidence: "ev2", logOdds: -0.6 },
      ],
      ruledOut: null,
    },
    {
      id: "ambient:provider_outage:openai",
      cause: "upstream_provider",
      changeId: null,
      ambient: "provider_outage",
      subject: { provider: "openai" },
      title: "an outage of openai",
      prior: -3,
      probability: 0.08,
      weights: [],
      ruledOut: null,
    },
    {
      id: "change:deploy",
      cause: "application",
      changeId: "deploy",
      ambient: null,
      subject: { service: "chat-api" },
      title: "deploy of chat-api 1.8.2",
      prior: -3,
      probability: 0,
      weights: [],
      ruledOut: "it was made after the onset",
    },
  ],
  evidence: [
    {
      ...finding,
      id: "ev1",
      statement: "Input tokens per request doubled within a minute of the change",
      value: 4180,
      baseline: 2050,
      at: ONSET + MIN,
      url: "https://prometheus.example.com/graph?g0.expr=tokens",
    },
    {
      ...finding,
      id: "ev2",
      statement: "The cache hit ratio did not move",
      value: 0.41,
      baseline: 0.42,
      unit: "ratio",
      at: ONSET,
    },
  ],
  gaps: [{ what: "status page of openai", why: "it did not answer", remedy: "allow the host in the proxy" }],
  onset: { at: ONSET, from: ONSET - 30_000, to: ONSET + 30_000 },
  reach: { services: ["chat-api"], hit: ["prompt_version=41"], spared: ["search-api"] },
  moved: [],
};

const undigested = {
  id: "prop_01KAN0000000000000000001",
  incidentId: incident.id,
  runbook: "prompt-rollback",
  remedy: "rollback_prompt" as const,
  title: "Move label production of prompt chat-main from 41 back to 40",
  why: "It undoes the leading suspect.",
  considered: [{ runbook: "provider-failover", because: "promises less: 8 % of the probability" }],
  suspectId: `change:${change.id}`,
  steps: [
    {
      id: "move-label",
      action: "langfuse.set_prompt_label",
      connector: "langfuse",
      params: { name: "chat-main", label: "production", version: "40" },
      preview: {
        target: "prompt:chat-main",
        summary: "Move label production of prompt chat-main from 41 back to 40",
        before: { production: 41 },
        after: { production: 40 },
        reach: "every request of chat-api",
        reachShare: 1,
        sideEffect: "the longer examples are gone",
        reversible: true,
        effectWithinMs: MIN,
        refuse: null,
      },
    },
  ],
  verification: { watch: [{ signal: "latency_p95", labels: { service: "chat-api" } }], samples: 8, good: 6 },
  onFailure: "undo" as const,
  risk: "low" as const,
  approvalsNeeded: 1,
  proposedBy: "faultline",
  createdAt: ONSET + 3 * MIN,
  expiresAt: ONSET + 33 * MIN,
};

export const proposal: Proposal = {
  ...undigested,
  digest: digestOf(digested(undigested)),
  state: "pending",
  endedBecause: null,
};

export const approval: Decision = {
  id: "apr_1",
  proposalId: proposal.id,
  digest: proposal.digest,
  verdict: "approved",
  by: "U0ANN",
  via: "slack",
  reason: null,
  at: ONSET + 5 * MIN,
};

export const execution: Execution = {
  id: "exe_1",
  proposalId: proposal.id,
  incidentId: incident.id,
  digest: proposal.digest,
  state: "running",
  epoch: 0,
  steps: [
    {
      index: 0,
      direction: "forward",
      action: "langfuse.set_prompt_label",
      state: "pending",
      idempotencyKey: "exe_1:0",
      before: { production: 41 },
      startedAt: null,
      endedAt: null,
      detail: "",
      tries: 0,
    },
  ],
  startedAt: ONSET + 5 * MIN,
  appliedAt: null,
  endedAt: null,
  outcome: "",
};

export function sampleView(parts: Partial<ThreadView> = {}): ThreadView {
  return {
    incident,
    alerts: [alert],
    diagnosis,
    changes: [change],
    proposals: [proposal],
    decisions: [],
    executions: [],
    catalog: { services: [] },
    consoleUrl: "https://faultline.example.com",
    ...parts,
  };
}
