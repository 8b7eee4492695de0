import { type Cause, causes, type Remedy } from "./cause.ts";
import type { Expectation } from "./scenario.ts";
import { brierScore, calibrationError } from "./stats/calibration.ts";
import { quantile } from "./stats/robust.ts";

/** One diagnosed scenario beside what turned out to be true. */
export interface Answered {
  readonly id: string;
  readonly expect: Expectation;
  readonly causes: Readonly<Record<Cause, number>>;
  /** Ranked suspects: the change's id, or null for an ambient one. */
  readonly suspects: readonly { readonly change: string | null; readonly probability: number }[];
  readonly remedy: Remedy | null;
  readonly elapsedMs: number;
}

/** The scores of FORMAT.md; a share over nothing is null. */
export interface Scores {
  readonly scenarios: number;
  readonly causeTop1: number | null;
  readonly causeTop2: number | null;
  readonly culpritTop1: number | null;
  readonly culpritTop3: number | null;
  readonly falseAccusation: number | null;
  readonly calibrationError: number | null;
  readonly brier: number | null;
  readonly remedyHit: number | null;
  readonly msP50: number | null;
  readonly msP95: number | null;
}

export function scoresOf(answers: readonly Answered[]): Scores {
  const guilty = answers.filter(({ expect }) => expect.culprit !== null);
  const innocent = answers.filter(({ expect }) => expect.culprit === null);
  const withRemedy = answers.filter(({ expect }) => expect.remedy.length > 0);
  const times = answers.map(({ elapsedMs }) => elapsedMs);
  return {
    scenarios: answers.length,
    causeTop1: share(answers, (answer) => causeWithin(answer, 1)),
    causeTop2: share(answers, (answer) => causeWithin(answer, 2)),
    culpritTop1: share(guilty, (answer) => culpritWithin(answer, 1)),
    culpritTop3: share(guilty, (answer) => culpritWithin(answer, 3)),
    falseAccusation: share(innocent, ({ suspects }) =>
      suspects.some(({ change, probability }) => change !== null && probability >= 0.5),
    ),
    calibrationError:
      answers.length === 0
        ? null
        : calibrationError(
            answers.map((answer) => ({ confidence: ranked(answer)[0]?.[1] ?? 0, right: causeWithin(answer, 1) })),
          ),
    brier:
      answers.length === 0
        ? null
        : brierScore(answers.map((answer) => ({ probabilities: answer.causes, truth: truthOf(answer) }))),
    remedyHit: share(withRemedy, ({ remedy, expect }) => remedy !== null && expect.remedy.includes(remedy)),
    msP50: times.length === 0 ? null : quantile(times, 0.5),
    msP95: times.length === 0 ? null : quantile(times, 0.95),
  };
}

/** How often each expected cause was called what: `[expected][answered]`. */
export function confusionOf(answers: readonly Answered[]): Partial<Record<Cause, Partial<Record<Cause, number>>>> {
  const table: Partial<Record<Cause, Partial<Record<Cause, number>>>> = {};
  for (const answer of answers) {
    const said = causeWithin(answer, 1) ? answer.expect.cause : (ranked(answer)[0]?.[0] ?? "unknown");
    const row = table[answer.expect.cause] ?? {};
    table[answer.expect.cause] = { ...row, [said]: (row[said] ?? 0) + 1 };
  }
  return table;
}

export function byCause(answers: readonly Answered[]): Partial<Record<Cause, Scores>> {
  const groups = causes.map((cause) => [cause, answers.filter(({ expect }) => expect.cause === cause)] as const);
  return Object.fromEntries(
    groups.filter(([, group]) => group.length > 0).map(([cause, group]) => [cause, scoresOf(group)]),
  );
}

function share<T>(of: readonly T[], holds: (one: T) => boolean): number | null {
  return of.length === 0 ? null : of.filter(holds).length / of.length;
}

/** Causes, most probable first; of equals the earlier in the list of causes. */
function ranked({ causes: probabilities }: Pick<Answered, "causes">): [Cause, number][] {
  return causes.map((cause): [Cause, number] => [cause, probabilities[cause]]).toSorted((a, b) => b[1] - a[1]);
}

function causeWithin(answer: Answered, places: number): boolean {
  const right = [answer.expect.cause, ...answer.expect.causes_ok];
  return ranked(answer)
    .slice(0, places)
    .some(([cause]) => right.includes(cause));
}

function culpritWithin({ suspects, expect }: Answered, places: number): boolean {
  const right = [...(expect.culprit === null ? [] : [expect.culprit]), ...expect.culprits_ok];
  const changes = suspects.filter(({ change }) => change !== null);
  return changes.slice(0, places).some(({ change }) => change !== null && right.includes(change));
}

/** The expected cause; of several acceptable ones that which was thought likeliest. */
function truthOf({ expect, causes: probabilities }: Answered): Cause {
  return expect.causes_ok.reduce(
    (best, cause) => (probabilities[cause] > probabilities[best] ? cause : best),
    expect.cause,
  );
}
