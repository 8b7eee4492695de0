import type { Diagnosis, Suspect } from "../domain/diagnosis/diagnosis.ts";
import type { Evidence } from "../domain/evidence.ts";
import type { Message } from "../domain/message.ts";
import { MINUTE } from "../domain/time.ts";
import { type Block, context, header, message, section } from "./blocks.ts";
import { likelyCause } from "./root.ts";
import { joined, link, type Mrkdwn, md, prose } from "./text.ts";
import type { ThreadView } from "./thread-view.ts";
import { figure, isTold, percent, signalWords, when } from "./words.ts";

/** Below this log-odds a piece of evidence says next to nothing (it moves the odds by a tenth). */
const TELLING = 0.1;
/** From this log-odds it is called strong: it moves the odds more than sevenfold. */
const STRONG = 2;

/** The diagnosis: what is going on, why, what speaks for and against it, what could not be looked at. */
export function diagnosisMessage(view: ThreadView, diagnosis: Diagnosis): Message {
  const leading = diagnosis.suspects.find(({ ruledOut }) => ruledOut === null) ?? null;
  const weighed = weigh(diagnosis, leading);
  return message(
    "diagnosis",
    [
      md`Diagnosis: ${likelyCause(view)}`,
      md`Findings: ${weighed.for.length} for, ${weighed.against.length} against; not checked: ${diagnosis.gaps.length}.`,
    ],
    [
      header(isTold(diagnosis) ? "Diagnosis" : "Diagnosis: not decided"),
      section([md`*What is going on*`, ...goingOn(view, diagnosis)], 1_300),
      section([md`*Likely cause*`, likelyCause(view), changeLine(view, leading), ...others(diagnosis)], 1_700),
      section([mindChange(diagnosis, leading, weighed.for)], 900),
      listed(
        `Evidence for ${isTold(diagnosis) ? "it" : "the closest"}`,
        weighed.for.slice(0, 5).map(evidenceLine),
        2_600,
      ),
      listed("Evidence against", weighed.against.slice(0, 3).map(evidenceLine), 1_000),
      listed("Ruled out", ruledOut(diagnosis), 900),
      listed("Could not check", gaps(diagnosis), 1_000),
      listed("What moved", moved(diagnosis), 700),
      context([
        md`as of ${when(diagnosis.asOf)}`,
        md`${diagnosis.suspects.length} suspects weighed`,
        md`${diagnosis.evidence.length} findings`,
      ]),
    ],
  );
}

function listed(title: string, lines: readonly Mrkdwn[], limit: number): Block | null {
  return lines.length === 0 ? null : section([{ mrkdwn: `*${title}*` }, ...lines], limit);
}

function goingOn({ alerts }: ThreadView, { onset, reach }: Diagnosis): Mrkdwn[] {
  const firing = alerts.filter(({ status }) => status === "firing");
  const shown = (firing.length > 0 ? firing : alerts).slice(0, 3).map(({ summary, title, startsAt }) => {
    return md`• ${prose(summary || title, 160)} (fired ${when(startsAt)})`;
  });
  // Where it is known to within minutes, the minutes alone would all look the same.
  const moment = (at: number) =>
    when(at, onset !== null && onset.to - onset.from < 5 * MINUTE ? "{time_secs}" : "{time}");
  const began =
    onset === null
      ? md`When it began could not be told from the signals.`
      : md`It began at ${moment(onset.at)} (between ${moment(onset.from)} and ${moment(onset.to)}).`;
  const names = (list: readonly string[]) =>
    joined(
      list.slice(0, 4).map((name) => prose(name, 60)),
      ", ",
    );
  const hit = [...reach.services, ...reach.hit];
  return [
    ...shown,
    began,
    ...(hit.length === 0 ? [] : [md`Hit: ${names(hit)}`]),
    ...(reach.spared.length === 0 ? [] : [md`Not hit: ${names(reach.spared)}`]),
  ];
}

function changeLine({ changes }: ThreadView, leading: Suspect | null): Mrkdwn | null {
  const change = changes.find(({ id }) => id === leading?.changeId);
  if (change === undefined) return null;
  return joined([
    md`made ${when(change.at)}`,
    change.author === null ? null : md`by ${prose(change.author, 80)}`,
    md`in ${prose(change.system, 60)}`,
    link(change.url),
  ]);
}

function others({ suspects }: Diagnosis): Mrkdwn[] {
  const next = suspects.filter(({ ruledOut }) => ruledOut === null).slice(1, 3);
  return next
    .filter(({ probability }) => probability >= 0.03)
    .map(({ title, probability }) => md`Else: ${prose(title, 140)} (${percent(probability)})`);
}

/** The honest question to every diagnosis: which observation would overturn it? */
function mindChange(diagnosis: Diagnosis, leading: Suspect | null, pro: readonly Weighed[]): Mrkdwn {
  const [strongest] = pro;
  const rival = diagnosis.suspects.find((suspect) => suspect.ruledOut === null && suspect !== leading);
  const [gap] = diagnosis.gaps;
  const wrong =
    strongest === undefined ? null : md`seeing that this is not so: ${prose(strongest.evidence.statement, 160)}`;
  const fits = rival === undefined ? null : md`a finding that fits the next suspect better: ${prose(rival.title, 120)}`;
  const missing = gap === undefined ? null : md`what I could not look at: ${prose(gap.what, 120)}`;
  const reasons = joined([wrong, fits, missing], "; ");
  return md`*What would change my mind:* ${reasons.mrkdwn === "" ? md`any finding at all; I have none yet` : reasons}.`;
}

interface Weighed {
  readonly evidence: Evidence;
  readonly logOdds: number;
}

function weigh(diagnosis: Diagnosis, leading: Suspect | null): { for: Weighed[]; against: Weighed[] } {
  const found = (leading?.weights ?? []).flatMap(({ evidence: id, logOdds }) => {
    const evidence = diagnosis.evidence.find((candidate) => candidate.id === id);
    return evidence === undefined || evidence.kind === "gap" || evidence.kind === "prior"
      ? []
      : [{ evidence, logOdds }];
  });
  return {
    for: found.filter(({ logOdds }) => logOdds >= TELLING).toSorted((a, b) => b.logOdds - a.logOdds),
    against: found.filter(({ logOdds }) => logOdds <= -TELLING).toSorted((a, b) => a.logOdds - b.logOdds),
  };
}

/** One finding: the observation, its number against its baseline where the words lack them, the time, where to look. */
function evidenceLine({ evidence, logOdds }: Weighed): Mrkdwn {
  const { statement, signal, value, baseline, unit, at, source, url } = evidence;
  const missing = (number: number | null) => number !== null && !statement.includes(figure(number, unit));
  const numbers = joined(
    [
      value !== null && missing(value) ? md`${signalWords(signal ?? "value")} ${figure(value, unit)}` : null,
      baseline !== null && missing(baseline) ? md`normal ${figure(baseline, unit)}` : null,
    ],
    ", ",
  );
  const strength = Math.abs(logOdds) >= STRONG ? md`strong` : null;
  const about = joined([numbers, when(at), prose(source, 40), strength, link(url)]);
  return md`• ${prose(statement, 200)} (${about})`;
}

function ruledOut({ suspects }: Diagnosis): Mrkdwn[] {
  return suspects
    .filter((suspect) => suspect.ruledOut !== null)
    .map(({ title, ruledOut: because }) => md`• ${prose(title, 120)}: ${prose(because ?? "", 120)}`);
}

function gaps(diagnosis: Diagnosis): Mrkdwn[] {
  return diagnosis.gaps.map(({ what, why, remedy }) => {
    const next = remedy === "" ? md`` : md`; next time: ${prose(remedy, 100)}`;
    return md`• ${prose(what, 100)}: ${prose(why, 100)}${next}`;
  });
}

function moved({ moved: list, suspects }: Diagnosis): Mrkdwn[] {
  const words = { new: "New", strengthened: "Strengthened", weakened: "Weakened", ruled_out: "Ruled out" } as const;
  return list.slice(0, 4).map(({ suspect: id, move, from, to }) => {
    const title = suspects.find((suspect) => suspect.id === id)?.title ?? id;
    return md`• ${words[move]}: ${prose(title, 100)} (${percent(from)} to ${percent(to)})`;
  });
}
