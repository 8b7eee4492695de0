import { describe, expect, test } from "vitest";
import type { CaseFile } from "./case-file.ts";
import { causes } from "./cause.ts";
import type { Change } from "./change.ts";
import { chooseRunbooks } from "./choose-runbook.ts";
import type { Diagnosis, Suspect } from "./diagnosis/diagnosis.ts";
import { Runbook } from "./runbook.ts";

const asOf = Date.parse("2026-03-01T10:00:00Z");

function runbook(part: {
  readonly name: string;
  readonly remedy: string;
  readonly fits: unknown;
  readonly from?: string;
  readonly risk?: string;
}): Runbook {
  return Runbook.parse({
    version: 1,
    name: part.name,
    title: part.name,
    remedy: part.remedy,
    fits: part.fits,
    parameters: part.from === undefined ? {} : { what: { about: "what", from: part.from } },
    steps: [{ id: "do", actions: ["sandbox.do"], with: part.from === undefined ? {} : { what: "what" } }],
    risk: part.risk ?? "low",
    cost: "nothing",
  });
}

function suspect(part: Partial<Suspect>): Suspect {
  return {
    id: "s",
    cause: "prompt",
    changeId: null,
    ambient: null,
    subject: {},
    title: "t",
    prior: 0,
    probability: 0.5,
    weights: [],
    ruledOut: null,
    ...part,
  };
}

function diagnosis(suspects: readonly Suspect[]): Diagnosis {
  const sums = Object.fromEntries(causes.map((cause) => [cause, 0])) as Diagnosis["causes"];
  return {
    asOf,
    cause: "unknown",
    confidence: 0,
    causes: sums,
    suspects: [...suspects],
    evidence: [],
    gaps: [],
    onset: null,
    reach: { services: [], hit: [], spared: [] },
    moved: [],
  };
}

const change: Change = {
  id: "c1",
  at: asOf,
  kind: "prompt",
  system: "langfuse",
  service: "chat",
  target: "chat/system",
  title: "t",
  author: null,
  before: "1",
  after: "2",
  url: null,
  scope: {},
  rollout: null,
  summary: null,
  commit: null,
  files: [],
  diff: null,
};

function caseFile(changes: readonly Change[]): CaseFile {
  return {
    asOf,
    catalog: { services: [] },
    alerts: [],
    changes,
    series: [],
    pagesAsked: null,
    providerStatus: [],
    samples: [],
    logs: [],
    traces: [],
    history: [],
    gaps: [],
  };
}

const rollback = runbook({
  name: "rollback-prompt",
  remedy: "rollback_prompt",
  fits: { causes: ["prompt"], change_kinds: ["prompt"] },
  from: "change.before",
});
const failover = runbook({
  name: "failover-provider",
  remedy: "failover_provider",
  fits: { causes: ["upstream_provider"], ambient: ["provider_outage", "provider_throttling"] },
  from: "subject.provider",
  risk: "medium",
});

describe("choosing runbooks", () => {
  test("offers the one that fits the suspect's cause, kind and parameters", () => {
    const choices = chooseRunbooks(diagnosis([suspect({ id: "change:c1", changeId: "c1" })]), caseFile([change]), [
      rollback,
      failover,
    ]);
    expect(choices.map(({ runbook: { name } }) => name)).toEqual(["rollback-prompt"]);
    expect(choices[0]).toMatchObject({ suspectId: "change:c1" });
    expect(choices[0]?.because).toContain("50 %");
  });

  test("does not offer to go back to a version that nobody knows", () => {
    const unknown = { ...change, before: null };
    expect(chooseRunbooks(diagnosis([suspect({ changeId: "c1" })]), caseFile([unknown]), [rollback])).toEqual([]);
  });

  test("counts what helps under several suspects together", () => {
    const down = suspect({
      id: "a",
      cause: "upstream_provider",
      ambient: "provider_outage",
      subject: { provider: "openai" },
      probability: 0.3,
    });
    const limited = suspect({
      id: "b",
      cause: "upstream_provider",
      ambient: "provider_throttling",
      subject: { provider: "openai" },
      probability: 0.3,
    });
    const guilty = suspect({ id: "change:c1", changeId: "c1", probability: 0.4 });
    const [first] = chooseRunbooks(diagnosis([guilty, down, limited]), caseFile([change]), [rollback, failover]);
    expect(first?.runbook.name).toBe("failover-provider");
    expect(first?.because).toContain("1 other suspect");
  });

  test("keeps away from suspects that are ruled out or hardly likely", () => {
    const out = suspect({ changeId: "c1", ruledOut: "it came after" });
    const faint = suspect({ changeId: "c1", probability: 0.01 });
    expect(chooseRunbooks(diagnosis([out, faint]), caseFile([change]), [rollback])).toEqual([]);
  });

  test("prefers to move off the one region that fails over leaving the whole provider", () => {
    const shift = runbook({
      name: "shift-region",
      remedy: "shift_traffic",
      fits: { causes: ["upstream_provider"], ambient: ["provider_outage"] },
      from: "subject.region",
      risk: "medium",
    });
    const regional = suspect({
      cause: "upstream_provider",
      ambient: "provider_outage",
      subject: { provider: "p", region: "eu" },
    });
    expect(chooseRunbooks(diagnosis([regional]), caseFile([]), [failover, shift])[0]?.runbook.name).toBe(
      "shift-region",
    );
  });
});
