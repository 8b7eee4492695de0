import { z } from "zod";
import { type Alert, severityOf } from "../../domain/alert.ts";
import { type Change, changeKinds, Rollout } from "../../domain/change.ts";
import { digestOf } from "../../lib/digest.ts";
import { instantOf, linkOf, unixToMs } from "../kit/inbound.ts";

const text = z.string().min(1).max(2_000);
const longText = z.string().max(20_000);

const TIME = "expected a time such as 2026-11-20T02:03:11Z, or a Unix time as a number";

const Time = z
  .union([z.string(), z.number().positive()], { error: TIME })
  .transform((value, context) => {
    const at = typeof value === "number" ? unixToMs(value) : instantOf(value);
    if (at !== null) return at;
    context.addIssue({ code: "custom", message: TIME });
    return z.NEVER;
  })
  .meta({
    description: "RFC 3339, or a Unix time in seconds, milliseconds, microseconds or nanoseconds.",
    examples: ["2026-11-20T02:03:11Z", 1_795_140_191],
  });

const LooseLabels = z
  .record(
    z.string(),
    z
      .union([z.string(), z.number(), z.boolean()], { error: "expected a text, a number or a boolean" })
      .transform(String),
  )
  .meta({ description: "Names and values; numbers and booleans become text." });

/** One entry of `alerts`. */
export const GenericAlert = z.object({
  title: text,
  status: z.enum(["firing", "resolved"]).default("firing"),
  fingerprint: text.optional().meta({
    description: "The same for every repeat. Without it, made of title, service and labels; never of the time.",
  }),
  summary: longText.default(""),
  severity: z
    .string()
    .default("unknown")
    .meta({ examples: ["critical", "warning", "info"] }),
  service: text.optional().meta({ description: "Its name in the catalogue." }),
  signal: text.optional().meta({ description: "The signal that fired, by its name in the vocabulary." }),
  labels: LooseLabels.default({}),
  annotations: LooseLabels.default({}),
  startsAt: Time.optional().meta({ description: "When it began; when it arrived, if absent." }),
  endsAt: Time.nullish().meta({ description: "When it ended; only for a resolved one." }),
  url: z.string().optional().meta({ description: "Where a person can look at it (http or https)." }),
});

/** One entry of `changes`. */
export const GenericChange = z.object({
  kind: z.enum(changeKinds),
  target: text.meta({ description: "The resource that was changed." }),
  title: text,
  id: text.optional().meta({
    description: "The same for the same change, whenever it is sent. Without it, made of what the change says.",
  }),
  system: z
    .string()
    .regex(/^[a-z0-9_-]{1,40}$/, "expected a short name of a-z, 0-9, _ and -")
    .default("generic")
    .meta({ description: "Where the change was made; a connector's name lets that connector turn it back." }),
  at: Time.optional().meta({ description: "When it was made; when it arrived, if absent." }),
  service: text.optional().meta({ description: "Its name in the catalogue." }),
  author: text.optional(),
  before: longText.nullish().meta({ description: "The version or value before." }),
  after: longText.nullish().meta({ description: "The version or value after." }),
  url: z.string().optional(),
  scope: LooseLabels.default({}).meta({ description: "The labels that it touches; none means all." }),
  rollout: Rollout.extend({ completedAt: Time.nullish() }).nullish(),
  summary: longText.nullish(),
  commit: text.nullish(),
  files: z.array(text).max(3_000).default([]),
  diff: z.string().max(200_000).nullish(),
});

/** What `POST /webhooks/generic` takes; its input form is published as `docs/openapi.yaml`. */
export const GenericBody = z
  .object({
    alerts: z.array(GenericAlert).max(1_000).default([]),
    changes: z.array(GenericChange).max(1_000).default([]),
  })
  .refine(({ alerts, changes }) => alerts.length + changes.length > 0, {
    message: "expected at least one entry in alerts or in changes",
  })
  .meta({ description: "Alerts, changes, or both; at least one entry." });

export function alertOf(alert: z.output<typeof GenericAlert>, now: number): Alert {
  const { title, status, summary, severity, labels, annotations } = alert;
  const service = alert.service ?? null;
  return {
    source: "generic",
    fingerprint: alert.fingerprint ?? digestOf([title, service, labels]).slice(0, 16),
    status,
    title,
    summary,
    severity: severityOf(severity),
    service,
    signal: alert.signal ?? null,
    labels: service === null ? labels : { service, ...labels },
    annotations,
    startsAt: alert.startsAt ?? now,
    endsAt: status === "resolved" ? (alert.endsAt ?? now) : null,
    url: linkOf(alert.url),
  };
}

export function changeOf(change: z.output<typeof GenericChange>, now: number): Change {
  const { kind, target, title, system, scope, files } = change;
  const said = [system, kind, target, title, change.at ?? null, change.before ?? null, change.after ?? null];
  return {
    id: `generic:${change.id ?? digestOf(said).slice(0, 16)}`,
    at: change.at ?? now,
    kind,
    system,
    service: change.service ?? null,
    target,
    title,
    author: change.author ?? null,
    before: change.before ?? null,
    after: change.after ?? null,
    url: linkOf(change.url),
    scope,
    rollout: change.rollout ? { ...change.rollout, completedAt: change.rollout.completedAt ?? null } : null,
    summary: change.summary ?? null,
    commit: change.commit ?? null,
    files,
    diff: change.diff ?? null,
  };
}
