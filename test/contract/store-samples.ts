import type { Alert } from "../../src/domain/alert.ts";
import type { Change } from "../../src/domain/change.ts";
import type { Delivery } from "../../src/domain/delivery.ts";
import type { Diagnosis } from "../../src/domain/diagnosis/diagnosis.ts";
import type { Execution } from "../../src/domain/execution.ts";
import type { Incident } from "../../src/domain/incident.ts";
import type { Decision, Proposal } from "../../src/domain/proposal.ts";
import type { AuditEntry, NewJob } from "../../src/store-port.ts";

/** Valid domain objects to store; each test overrides what it is about. */
export const T0 = Date.UTC(2026, 0, 5, 9, 0, 0);

export function delivery(id: string, over: Partial<Delivery> = {}): Delivery {
  return {
    id,
    connector: "alertmanager",
    dedupeKey: id,
    receivedAt: T0,
    headers: { "content-type": "application/json" },
    body: '{"alerts":[]}',
    state: "stored",
    fault: null,
    ...over,
  };
}

export function job(key: string, over: Partial<NewJob> = {}): NewJob {
  return { kind: "triage", key, payload: { delivery: key }, runAt: T0, ...over };
}

export function alert(fingerprint: string, over: Partial<Alert> = {}): Alert {
  return {
    source: "alertmanager",
    fingerprint,
    status: "firing",
    title: "Errors are high",
    summary: "5 % of answers are errors",
    severity: "critical",
    service: "support",
    signal: "error_rate",
    labels: { service: "support" },
    annotations: {},
    startsAt: T0,
    endsAt: null,
    url: null,
    ...over,
  };
}

export function change(id: string, over: Partial<Change> = {}): Change {
  return {
    id,
    at: T0,
    kind: "prompt",
    system: "langfuse",
    service: "support",
    target: "answer",
    title: "Shorter answers",
    author: "ada",
    before: "v1",
    after: "v2",
    url: null,
    scope: {},
    rollout: null,
    summary: null,
    commit: null,
    files: [],
    diff: null,
    ...over,
  };
}

export function incident(id: string, over: Partial<Incident> = {}): Incident {
  return {
    id,
    rev: 1,
    status: "firing",
    severity: "critical",
    title: "Errors are high",
    service: "support",
    owner: null,
    openedAt: T0,
    updatedAt: T0,
    resolvedAt: null,
    ...over,
  };
}

export function diagnosis(over: Partial<Diagnosis> = {}): Diagnosis {
  return {
    asOf: T0,
    cause: "prompt",
    confidence: 0.8,
    causes: {
      prompt: 0.8,
      model: 0.2,
      data: 0,
      gpu_infra: 0,
      upstream_provider: 0,
      application: 0,
      demand: 0,
      measurement: 0,
      unknown: 0,
    },
    suspects: [],
    evidence: [],
    gaps: [],
    onset: null,
    reach: { services: ["support"], hit: [], spared: [] },
    moved: [],
    ...over,
  };
}

export function proposal(id: string, incidentId: string, over: Partial<Proposal> = {}): Proposal {
  return {
    id,
    incidentId,
    digest: `digest-of-${id}`,
    runbook: "prompt-rollback",
    remedy: "rollback_prompt",
    title: "Put the prompt back",
    why: "It changed just before",
    considered: [],
    suspectId: "change:1",
    steps: [],
    verification: { watch: [], samples: 3, good: 2 },
    onFailure: "undo",
    risk: "low",
    approvalsNeeded: 1,
    proposedBy: "faultline",
    state: "pending",
    createdAt: T0,
    expiresAt: T0 + 60_000,
    endedBecause: null,
    ...over,
  };
}

export function decision(id: string, proposalId: string, over: Partial<Decision> = {}): Decision {
  return {
    id,
    proposalId,
    digest: `digest-of-${proposalId}`,
    verdict: "approved",
    by: "ada",
    via: "console",
    reason: null,
    at: T0,
    ...over,
  };
}

export function execution(
  id: string,
  proposalId: string,
  incidentId: string,
  over: Partial<Execution> = {},
): Execution {
  return {
    id,
    proposalId,
    incidentId,
    digest: `digest-of-${proposalId}`,
    state: "running",
    epoch: 1,
    steps: [],
    startedAt: T0,
    appliedAt: null,
    endedAt: null,
    outcome: "",
    ...over,
  };
}

export function auditEntry(action: string, over: Partial<AuditEntry> = {}): AuditEntry {
  return {
    at: T0,
    actor: "ada",
    action,
    incidentId: null,
    proposalId: null,
    digest: null,
    detail: { via: "console" },
    ...over,
  };
}
