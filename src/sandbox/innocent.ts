import type { ChangeKind } from "../domain/change.ts";
import type { ChangeDraft } from "./change.ts";
import type { Chance } from "./random.ts";

interface Everyday {
  readonly kind: ChangeKind;
  readonly target: string;
  readonly service: string | null;
  readonly titles: readonly [string, ...string[]];
  readonly summary: string;
  readonly files?: readonly string[];
}

/** What teams do all day without breaking anything. The same kinds, services and tone as the changes that break. */
const everyday: readonly [Everyday, ...Everyday[]] = [
  {
    kind: "prompt",
    target: "ticket-summary/system",
    service: "ticket-summary",
    titles: ["Shorter summaries", "Mention the ticket number", "Friendlier tone"],
    summary: "two sentences reworded",
  },
  {
    kind: "prompt",
    target: "lead-writer/system",
    service: "lead-writer",
    titles: ["Name the product line", "Trim the closing"],
    summary: "one sentence",
  },
  {
    kind: "code",
    target: "support-chat",
    service: "support-chat",
    titles: ["Add a trace id to the access log", "Rename an internal helper", "Update copy of the footer"],
    summary: "12 lines, no behaviour",
    files: ["src/log/access.ts"],
  },
  {
    kind: "code",
    target: "retrieval",
    service: "retrieval",
    titles: ["Bump the HTTP client", "Log slow queries"],
    summary: "dependencies",
    files: ["package.json"],
  },
  {
    kind: "code",
    target: "billing",
    service: "billing",
    titles: ["Retry invoice export", "Round amounts half to even"],
    summary: "38 lines in billing/export",
    files: ["billing/export.ts"],
  },
  {
    kind: "flag",
    target: "beta-badge",
    service: "support-chat",
    titles: ["Show the beta badge to more users", "Beta badge at 50 %"],
    summary: "text only",
  },
  {
    kind: "infra",
    target: "node-exporter",
    service: null,
    titles: ["Bump the node exporter", "Rotate the ingress certificate"],
    summary: "daemon set, rolling",
  },
  {
    kind: "config",
    target: "analytics/config",
    service: "analytics",
    titles: ["Lower the log level", "Keep dashboards for 90 days"],
    summary: "info to warn",
  },
  {
    kind: "data",
    target: "revenue-rollup",
    service: "analytics",
    titles: ["Nightly revenue roll-up finished", "Backfill of last week finished"],
    summary: "run ok",
  },
  {
    kind: "model",
    target: "summary-llm",
    service: "ticket-summary",
    titles: ["Refresh of the summary model's card", "New owner of the summary model"],
    summary: "metadata only",
  },
];
const people = [
  "m.okafor",
  "j.silva",
  "k.novak",
  "t.mbeki",
  "s.lind",
  "d.costa",
  "a.haddad",
  "l.berg",
  "renovate",
] as const;

export function person(chance: Chance): string {
  return chance.pick(people);
}

/** One innocent change at that time. Only services with an exact `before` and `after` say them, as in life. */
export function innocentChange(chance: Chance, at: number): ChangeDraft {
  const what = chance.pick(everyday);
  const version = 10 + chance.whole(60);
  return {
    at,
    kind: what.kind,
    target: what.target,
    service: what.service,
    title: chance.pick(what.titles),
    author: person(chance),
    before: chance.hit(0.6) ? `${version}` : null,
    after: chance.hit(0.6) ? `${version + 1}` : null,
    summary: what.summary,
    ...(what.files === undefined ? {} : { files: what.files }),
  };
}
