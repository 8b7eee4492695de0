import type { CaseContext } from "./case-context.ts";
import { tokensOf } from "./change-words.ts";
import { type Finding, type Hypothesis, observed } from "./hypothesis.ts";
import { freshLogs } from "./log-freshness.ts";
import { WEIGHTS } from "./weights.ts";

export interface SharedWords {
  /** Words of what is wrong, with how much they count: an error's words most, an alert's least. */
  readonly told: ReadonlyMap<string, number>;
  /** Names of services, and words that many of the changes use: they single nobody out. */
  readonly common: ReadonlySet<string>;
}

export function sharedWords(context: CaseContext, all: readonly Hypothesis[]): SharedWords {
  return { told: symptomWords(context), common: commonWords(context, all) };
}

/** Words that the change shares with the errors, the hit slices and the alert, and that few other changes use. */
export function wordsFinding(
  context: CaseContext,
  { id, change, reading }: Hypothesis,
  { told, common }: SharedWords,
): Finding | null {
  if (change === null || reading === null) return null;
  const shared = [...reading.tokens].filter((token) => told.has(token) && !common.has(token));
  if (shared.length === 0) return null;
  const weight = Math.min(
    WEIGHTS.words.most,
    shared.reduce((sum, token) => sum + WEIGHTS.words.each * (told.get(token) ?? 0), 0),
  );
  const evidence = observed(context, "change_fit", {
    id: `words:${change.id}`,
    statement: `“${change.title}” speaks of what is hit: ${shared.slice(0, 5).join(", ")}`,
    source: change.system,
    at: change.at,
    url: change.url,
  });
  return { evidence, weights: new Map([[id, weight]]) };
}

function symptomWords(context: CaseContext): Map<string, number> {
  const words = new Map<string, number>();
  const add = (text: string, count: number) => {
    for (const token of tokensOf(text)) words.set(token, Math.max(words.get(token) ?? 0, count));
  };
  for (const { summary, title } of context.alerts) add(`${title} ${summary}`, 0.5);
  for (const { slice, harmful, strength } of context.coherent) {
    if (harmful !== false && strength >= 0.3) add(Object.values(slice).join(" "), 1);
  }
  for (const { template } of freshLogs(context)) add(template, 1.4);
  for (const { error, status, name } of context.file.traces) if (status === "ERROR") add(`${error ?? ""} ${name}`, 0.8);
  return words;
}

function commonWords(context: CaseContext, all: readonly Hypothesis[]): Set<string> {
  const counts = new Map<string, number>();
  const changes = all.flatMap(({ reading }) => reading ?? []);
  for (const { tokens } of changes) for (const token of tokens) counts.set(token, (counts.get(token) ?? 0) + 1);
  const many = Math.max(2, changes.length * 0.34);
  const names = tokensOf([...context.topology.services.keys(), ...context.topology.focal].join(" "));
  const common = new Set([...names, ...[...counts].filter(([, count]) => count > many).map(([token]) => token)]);
  return common;
}
