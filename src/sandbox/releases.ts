import type { ChangeDraft } from "./change.ts";
import type { Chance } from "./random.ts";
import { plain, type Traits, type World, withPart } from "./world.ts";

/** How a new version of a part is announced: the same words whether it breaks something or not. */
interface Words {
  readonly titles: readonly [string, ...string[]];
  readonly summaries: readonly [string, ...string[]];
  readonly files?: readonly string[];
}

const PROMPT: Words = {
  titles: [
    "Warmer greeting",
    "Clarify the tone of answers",
    "Shorten the introduction",
    "Name the product line",
    "Rework the preamble",
  ],
  summaries: ["four sentences reworded", "two sentences reworded", "one paragraph moved", "three lines changed"],
};
const MODEL: Words = {
  titles: ["Promote the monthly fine-tune", "New build of the model", "Refresh with last month's conversations"],
  summaries: ["evaluated offline", "trained on four weeks of data", "same base, new data"],
};
const CODE: Words = {
  titles: [
    "Release of the week",
    "Tidy up the request handlers",
    "Bump dependencies",
    "Smaller pages for long threads",
  ],
  summaries: ["210 lines in 9 files", "84 lines in 5 files", "31 lines in 3 files"],
};
const INDEX: Words = {
  titles: ["Switch to the nightly build of the index", "Index build finished"],
  summaries: ["alias moved", "alias moved to the new build"],
};
const JUDGE: Words = {
  titles: ["Update the judge", "Rework the rubric", "New wording of the scoring guide"],
  summaries: ["rubric reworded", "two criteria reworded"],
  files: ["evaluation/judge.yaml"],
};

/** Every part that is released now and then. */
const words: Readonly<Record<string, Words>> = {
  "support-chat/system": PROMPT,
  "ticket-summary/system": PROMPT,
  "lead-writer/system": PROMPT,
  "support-llm": MODEL,
  "summary-llm": MODEL,
  "support-adapter": {
    titles: ["Refresh the adapter", "Adapter for the new help centre"],
    summaries: ["rank 16", "same base, rank 16"],
  },
  "support-chat": { ...CODE, files: ["src/routes/chat.ts", "src/routes/attachments.ts"] },
  retrieval: { ...CODE, files: ["src/search/query.ts"] },
  "ticket-summary": { ...CODE, files: ["src/summary/run.ts"] },
  "lead-writer": { ...CODE, files: ["src/draft/run.ts"] },
  "llm-pool/serving": {
    titles: ["Tune the serving engine", "Raise the batch limits of the pool", "New arguments of the serving engine"],
    summaries: ["serving arguments", "max_num_seqs and memory arguments"],
    files: ["deploy/llm-pool/values.yaml"],
  },
  "help-centre": INDEX,
  "product-sheets": INDEX,
  "support-judge": JUDGE,
  "summary-judge": JUDGE,
};

const releasedParts = Object.keys(words);

const people = ["m.okafor", "j.silva", "k.novak", "t.mbeki", "s.lind", "d.costa", "a.haddad", "l.berg"] as const;

export interface Release {
  readonly part: string;
  readonly at: number;
  /** What the new version does differently; nothing in an innocent one. */
  readonly traits?: ((before: Traits) => Partial<Traits>) | undefined;
}

/** A new version of a part goes live, and is on record. */
export function release(
  world: World,
  chance: Chance,
  { part: name, at, traits }: Release,
): { world: World; draft: ChangeDraft } {
  const part = world.parts[name];
  const said = words[name];
  if (part === undefined || said === undefined) throw new Error(`the sandbox never releases ${name}`);
  const before = part.versions[part.live] ?? plain;
  const after = nextVersion(Object.keys(part.versions), part.live);
  const versions = { ...part.versions, [after]: { ...before, ...traits?.(before) } };
  const draft: ChangeDraft = {
    at,
    kind: part.told,
    target: name,
    service: part.service,
    title: chance.pick(said.titles),
    author: chance.pick(people),
    before: part.live,
    after,
    summary: chance.pick(said.summaries),
    ...(said.files === undefined ? {} : { files: said.files }),
  };
  const good = traits === undefined ? after : part.good;
  return { world: withPart(world, name, { live: after, good, versions }), draft };
}

/** `17` → `18`, `v3` → `v4`, `4.12.0` → `4.13.0`; on from the highest that there is. */
function nextVersion(known: readonly string[], live: string): string {
  const numberIn = (version: string) => Number(/^\d+\.(\d+)/.exec(version)?.[1] ?? /\d+/.exec(version)?.[0] ?? 0);
  const next = String(Math.max(...known.map(numberIn)) + 1);
  return /^\d+\.\d+/.test(live) ? live.replace(/^(\d+)\.\d+/, `$1.${next}`) : live.replace(/\d+/, next);
}

/** Teams next door, of whom one hears, and flags and settings without effect. */
const elsewhere: readonly [Elsewhere, ...Elsewhere[]] = [
  {
    kind: "code",
    target: "billing",
    service: "billing",
    titles: ["Release of the week", "Retry invoice export"],
    summary: "38 lines in 4 files",
  },
  {
    kind: "infra",
    target: "node-exporter",
    service: "platform",
    titles: ["Bump the node exporter", "Rotate the ingress certificate"],
    summary: "rolling, no interruption",
  },
  {
    kind: "config",
    target: "analytics/config",
    service: "analytics",
    titles: ["Keep dashboards for 90 days", "New log shipping endpoint"],
    summary: "two values",
  },
  {
    kind: "data",
    target: "revenue-rollup",
    service: "analytics",
    titles: ["Backfill of last week finished", "Nightly roll-up finished"],
    summary: "run ok",
  },
  {
    kind: "flag",
    target: "beta-badge",
    service: "support-chat",
    titles: ["Beta badge for more users", "Beta badge at 50 %"],
    summary: "one more segment",
  },
  {
    kind: "flag",
    target: "typing-indicator",
    service: "support-chat",
    titles: ["Typing indicator for everybody"],
    summary: "100 %",
  },
];

interface Elsewhere {
  readonly kind: ChangeDraft["kind"];
  readonly target: string;
  readonly service: string;
  readonly titles: readonly [string, ...string[]];
  readonly summary: string;
}

const ELSEWHERE_SHARE = 0.3;
/** Of the releases, those of what the support assistant itself stands on; a team has more neighbours than parts. */
const OWN_SHARE = 0.3;
const OWN: readonly string[] = ["support-chat", "llm-pool", "retrieval"];

/** The parts of what the support assistant stands on: its people release none of them while they are paged. */
export function ownParts({ parts }: World): string[] {
  return releasedParts.filter((name) => OWN.includes(parts[name]?.service ?? ""));
}

/**
 * An innocent change: a release like those that break things, under the same names and words, that changes nothing; or
 * something that happens next door. Nobody releases a part that burns.
 *
 * @param when its time, and the parts that it leaves alone
 */
export function innocent(
  world: World,
  chance: Chance,
  { at, spare }: { readonly at: number; readonly spare: readonly string[] },
): { world: World; draft: ChangeDraft } {
  const own = ownParts(world);
  const candidates = chance.hit(OWN_SHARE) ? own : releasedParts.filter((name) => !own.includes(name));
  const sound = (name: string) => world.parts[name]?.live === world.parts[name]?.good;
  const [first, ...others] = candidates.filter((name) => !spare.includes(name) && sound(name));
  if (first !== undefined && !chance.hit(ELSEWHERE_SHARE))
    return release(world, chance, { part: chance.pick([first, ...others]), at });
  const { kind, target, service, titles, summary } = chance.pick(elsewhere);
  const version = 10 + chance.whole(60);
  const draft = { at, kind, target, service, title: chance.pick(titles), author: chance.pick(people), summary };
  return { world, draft: { ...draft, before: `${version}`, after: `${version + 1}` } };
}
