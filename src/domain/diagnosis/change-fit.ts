import { DAY, type EpochMs } from "../time.ts";
import type { CaseContext } from "./case-context.ts";
import { sharedWords, wordsFinding } from "./change-overlap.ts";
import { judgeReach } from "./change-reach.ts";
import { shareFinding } from "./change-share.ts";
import { topicFinding } from "./change-topics.ts";
import { type Finding, type Hypothesis, type Judge, observed } from "./hypothesis.ts";
import { WEIGHTS } from "./weights.ts";
import { clock, duration } from "./wording.ts";

/** For each change: when it took effect against the onset, whom it can reach, what it says of itself, how much of the traffic it had. */
export const judgeChangeFit: Judge = (context, hypotheses) => {
  const words = sharedWords(context, hypotheses);
  return hypotheses
    .filter(({ change }) => change !== null)
    .flatMap((hypothesis) =>
      [
        timeFinding(context, hypothesis),
        judgeReach(context, hypothesis),
        natureFinding(context, hypothesis),
        shareFinding(context, hypothesis),
        wordsFinding(context, hypothesis, words),
        topicFinding(context, hypothesis),
      ].filter((finding) => finding !== null),
    );
};

/** Steps by which clocks and bins may disagree. */
const TOLERANCE_STEPS = 2;

function timeFinding(context: CaseContext, { id, change, reading, mechanism }: Hypothesis): Finding | null {
  const { onset, lead, stepMs } = context;
  if (change === null || reading === null || onset === null) return null;
  const start = change.at + reading.delayMs;
  const tolerance = TOLERANCE_STEPS * stepMs;
  const about = {
    id: `time:${change.id}`,
    labels: change.scope,
    at: change.at,
    source: change.system,
    url: change.url,
  };
  if (start > onset.to + tolerance && mechanism !== "measurement") {
    const statement = `“${change.title}” was made at ${clock(change.at)}, ${duration(start - onset.at)} after the onset`;
    return {
      evidence: observed(context, "change_fit", { ...about, statement }),
      weights: new Map([[id, -12]]),
      rulesOut: new Map([[id, `it came ${duration(start - onset.at)} after the onset`]]),
    };
  }
  const slow = change.kind === "data" || change.kind === "provider";
  const steady = reading.latent || mechanism === "measurement";
  const { weight, lag } = timingOf({
    start,
    end: endOf(change.rollout?.completedAt ?? null, start),
    onset: onset.at,
    stepMs,
    slow,
  });
  const afterLead = lead !== null && start > lead.to + 4 * tolerance ? -2 : 0;
  const total = Math.max(weight, steady ? WEIGHTS.time.latent : WEIGHTS.time.floor) + afterLead;
  const when = lag <= 0 ? "as it took effect" : `${duration(lag)} after it took effect`;
  const late = afterLead < 0 ? `; the first departure (${clock(lead?.at ?? 0)}) was before it` : "";
  const statement = `“${change.title}” went live at ${clock(start)}; the onset is ${when}${late}`;
  return {
    evidence: observed(context, "change_fit", { ...about, statement, value: lag / 1000, unit: "s" }),
    weights: new Map([[id, total]]),
  };
}

function endOf(completedAt: EpochMs | null, start: EpochMs): EpochMs {
  return completedAt === null || !Number.isFinite(completedAt)
    ? start
    : Math.min(Math.max(start, completedAt), start + 2 * DAY);
}

interface Timing {
  readonly start: EpochMs;
  /** When the roll-out was complete; the start where it is not known. */
  readonly end: EpochMs;
  readonly onset: EpochMs;
  readonly stepMs: number;
  readonly slow: boolean;
}

/** What a change loses that came after the likeliest onset, though still within its interval. */
const EARLY = 4;

/** Heavy-tailed in units of the series' own step, so that it serves seconds as well as hours. */
function timingOf({ start, end, onset, stepMs, slow }: Timing): { weight: number; lag: number } {
  const { scaleSteps, scaleMinMs, scaleMaxMs, slope, slopeSlow, during } = WEIGHTS.time;
  const scale = Math.min(scaleMaxMs, Math.max(scaleMinMs, scaleSteps * stepMs));
  const lag = onset >= start && onset <= end ? 0 : onset - (onset > end ? end : start);
  const width = Math.log(1 + (end - start) / (8 * scale)) * 0.5;
  const early = onset < start ? Math.min(EARLY, ((start - onset) / scale) * EARLY) : 0;
  if (lag <= 0) return { weight: during - width - early, lag: Math.max(0, onset - start) };
  return { weight: during - (slow ? slopeSlow : slope) * Math.log(1 + lag / scale) - width * 0.5, lag: onset - start };
}

function natureFinding(context: CaseContext, { id, change, reading, mechanism }: Hypothesis): Finding | null {
  if (change === null || reading === null) return null;
  const parts: string[] = [];
  const touches = mechanism === "measurement" ? 0 : reading.harmless;
  let weight = WEIGHTS.harmless * touches;
  if (touches > 0) parts.push("says of itself that it touches little that runs");
  if (reading.mitigation) {
    weight += WEIGHTS.mitigation;
    parts.push("reads like a repair in progress");
  }
  if (change.before === null && change.after === null && change.diff === null) {
    weight += WEIGHTS.unversioned;
    parts.push("names no version or value that moved");
  }
  if (parts.length === 0) return null;
  const evidence = observed(context, "change_fit", {
    id: `nature:${change.id}`,
    statement: `“${change.title}”${change.summary === null ? "" : ` (${change.summary})`} ${parts.join("; ")}`,
    source: change.system,
    at: change.at,
    url: change.url,
  });
  return { evidence, weights: new Map([[id, weight]]) };
}
