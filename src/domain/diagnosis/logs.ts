import type { LogTemplate } from "../case-file.ts";
import type { CaseContext } from "./case-context.ts";
import { type Finding, type Hypothesis, type Judge, observed, weigh } from "./hypothesis.ts";
import { freshLogs } from "./log-freshness.ts";
import { LOG_SIGNATURES, type LogSignature } from "./log-signatures.ts";
import { touches } from "./log-touching.ts";
import { readWeights } from "./mechanism-weights.ts";
import { canReach, relationOf } from "./topology.ts";
import { namesVersion } from "./versions.ts";
import { clock } from "./wording.ts";
import { xidIn } from "./xid.ts";

/** Templates read at most: beyond these the loudest have spoken. */
const MOST = 12;

/** Templates that are new or surging, and what is known of such texts. */
export const judgeLogs: Judge = (context, hypotheses) => {
  const seen = new Map<string, number>();
  return freshLogs(context)
    .filter(({ template }) => xidIn(template) === null)
    .filter(
      ({ service }) => relationOf(context.topology, service) !== "stranger" || context.topology.services.size === 0,
    )
    .toSorted((a, b) => b.count - a.count || (a.template < b.template ? -1 : 1))
    .slice(0, MOST)
    .map((log, place) => {
      const known = LOG_SIGNATURES.find(({ pattern }) => pattern.test(log.template.toLowerCase())) ?? null;
      const name = known?.name ?? "";
      seen.set(name, (seen.get(name) ?? 0) + 1);
      // The same family again adds little.
      return finding({ context, log, known, place, share: 1 / (seen.get(name) ?? 1) ** 2 }, hypotheses);
    });
};

interface Heard {
  readonly context: CaseContext;
  readonly log: LogTemplate;
  readonly known: LogSignature | null;
  readonly place: number;
  readonly share: number;
}

function finding({ context, log, known, place, share }: Heard, hypotheses: readonly Hypothesis[]): Finding {
  const where =
    Object.values(log.labels).length === 0 ? log.service : `${log.service} (${Object.values(log.labels).join(", ")})`;
  const fresh =
    log.baselinePerHour <= 0 ? `new since ${clock(log.firstSeen)}` : `usually ${log.baselinePerHour} an hour`;
  const statement = `${log.count} × “${log.template}” from ${where}, ${fresh}${known === null ? "" : `: speaks of ${known.means}`}`;
  const evidence = observed(context, "log", {
    id: `log:${place}:${known?.name ?? "unknown"}`,
    source: "logs",
    statement,
    labels: { service: log.service, ...log.labels },
    value: log.count,
    baseline: log.baselinePerHour,
    at: Math.min(log.lastSeen, context.asOf),
  });
  const weightOf = (hypothesis: Hypothesis) =>
    knownWeight(known, hypothesis, { context, log }) + named(hypothesis, log, context) + touched(hypothesis, known);
  return weigh(evidence, hypotheses, (hypothesis) => weightOf(hypothesis) * share);
}

/** A change that speaks of the very thing that the errors speak of. */
const TOUCHED = 1;

function touched({ change }: Hypothesis, known: LogSignature | null): number {
  return change !== null && known !== null && touches(change, known.name) ? TOUCHED : 0;
}

/** Inputs that are too long although they have not grown: then the limit has shrunk, and that is the model's. */
const SHRUNK = readWeights("model 1.6, infra 1, prov 1, silent 1, app 0.2, prompt -0.4, client -0.6");

/** Whatever fails in a service that only feeds others, it is the feed that is broken. */
const OF_A_FEED = readWeights("stale 1.6, data 1, fault -1.2, app -0.4");

function knownWeight(
  known: LogSignature | null,
  { mechanism }: Hypothesis,
  { context: { coherent, topology }, log }: { context: CaseContext; log: LogTemplate },
): number {
  const feeds = topology.services.get(log.service)?.kind === "pipeline" && !topology.focal.has(log.service);
  if (feeds) return Math.max(OF_A_FEED[mechanism] ?? 0, (known?.weights[mechanism] ?? 0) * 0.4);
  if (known === null) return 0;
  const grown = coherent.some(({ signal, state }) => signal === "input_tokens_per_request" && state === "up");
  const weights = known.name === "context" && !grown ? SHRUNK : known.weights;
  return weights[mechanism] ?? 0;
}

/** The text names the version or the place of a suspect, or came from a service that its change cannot reach. */
function named(
  { change, subject }: Hypothesis,
  { template, service, labels }: LogTemplate,
  { topology }: CaseContext,
): number {
  const versions = [change?.after ?? null, subject["model_version"] ?? null, subject["prompt_version"] ?? null].filter(
    (version): version is string => version !== null && version.length >= 3,
  );
  const told = versions.some((version) => namesVersion([template], version)) ? 1.5 : 0;
  const node = change?.scope["node"] ?? subject["node"];
  const place = node !== undefined && labels["node"] !== undefined ? (labels["node"] === node ? 1 : -1.5) : 0;
  const beyond =
    change?.service != null && topology.services.has(change.service) && !canReach(topology, change.service, service)
      ? -0.8
      : 0;
  return told + place + beyond;
}
