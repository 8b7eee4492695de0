import { z } from "zod";
import { causes, remedies } from "./cause.ts";
import { changeKinds } from "./change.ts";
import { ambientKinds } from "./diagnosis/diagnosis.ts";
import { Json } from "./json.ts";

/** Where a parameter's value comes from. A whole value each: there are no templates. */
export const parameterSources = [
  "change.target",
  "change.before",
  "change.after",
  "change.id",
  "change.service",
  "change.commit",
  "change.url",
  "incident.service",
  "subject.provider",
  "subject.node",
  "subject.gpu_pool",
  "subject.tenant",
  "subject.service",
  "subject.model_version",
  "subject.region",
  "subject.source",
  "subject.peer_pool",
  "subject.prompt",
  "subject.prompt_version",
  "subject.model",
  "subject.good_version",
] as const;
export type ParameterSource = (typeof parameterSources)[number];

const Parameter = z.strictObject({
  about: z.string().min(1),
  from: z.enum(parameterSources).optional(),
  value: Json.optional(),
});

const Step = z.strictObject({
  id: z.string().regex(/^[a-z0-9-]+$/),
  /** The same step on different systems: the first that is connected and made the change (where a change is meant) is taken. */
  actions: z.array(z.string().regex(/^[a-z0-9_-]+\.[a-z0-9_]+$/)).min(1),
  /** Action parameter → name of a parameter above. */
  with: z.record(z.string(), z.string()).default({}),
});

/** A named, parameterised procedure of actions, as `runbooks/*.yaml` holds it. */
export const Runbook = z.strictObject({
  version: z.literal(1),
  name: z.string().regex(/^[a-z0-9-]+$/),
  title: z.string().min(1),
  remedy: z.enum(remedies),
  /** Which suspects it answers. */
  fits: z.strictObject({
    causes: z.array(z.enum(causes)).min(1),
    change_kinds: z.array(z.enum(changeKinds)).default([]),
    ambient: z.array(z.enum(ambientKinds)).default([]),
  }),
  parameters: z.record(z.string(), Parameter).default({}),
  steps: z.array(Step).min(1),
  verify: z
    .strictObject({ samples: z.number().int().min(3).default(8), good: z.number().int().min(2).default(6) })
    .prefault({}),
  on_failure: z.enum(["undo", "ask"]).default("undo"),
  risk: z.enum(["low", "medium", "high"]),
  approvals: z.number().int().min(1).max(5).default(1),
  expires_min: z.number().positive().max(1440).default(30),
  /** What it costs and risks, in words. */
  cost: z.string().min(1),
});
export type Runbook = z.output<typeof Runbook>;
