import { z } from "zod";
import { causes } from "../cause.ts";
import { Evidence, Gap } from "../evidence.ts";
import { Labels } from "../json.ts";

/** What can have happened without a recorded change of ours. */
export const ambientKinds = [
  "provider_outage",
  "provider_throttling",
  "provider_silent_change",
  "gpu_fault",
  "serving_exhaustion",
  "organic_drift",
  "stale_data",
  "surge",
  "runaway_client",
  "broken_measurement",
  "application_fault",
  "unrecorded",
] as const;
export type AmbientKind = (typeof ambientKinds)[number];

/** The share of one piece of evidence in the weight of one suspect. */
export const Weight = z.object({
  evidence: z.string(),
  /** Added to the suspect's log-odds (natural logarithm); above zero it speaks for, below against. */
  logOdds: z.number(),
});

/** A hypothesis: one change, or one ambient cause. */
export const Suspect = z.object({
  /** `change:<id>` or `ambient:<kind>:<subject>`. */
  id: z.string(),
  cause: z.enum(causes),
  changeId: z.string().nullable(),
  ambient: z.enum(ambientKinds).nullable(),
  /** What it is about, by dimension: service, provider, node, gpu_pool, tenant, model_version, client … */
  subject: Labels,
  title: z.string(),
  /** Log-weight before any evidence. */
  prior: z.number(),
  probability: z.number().min(0).max(1),
  weights: z.array(Weight),
  /** Why it cannot have been this one, or null while it can. */
  ruledOut: z.string().nullable(),
});
export type Suspect = z.output<typeof Suspect>;

export const Onset = z.object({ at: z.number(), from: z.number(), to: z.number() });
export type Onset = z.output<typeof Onset>;

export const moves = ["new", "strengthened", "weakened", "ruled_out"] as const;

/** Suspects with probabilities that sum to one, and everything that speaks for and against them. */
export const Diagnosis = z.object({
  asOf: z.number(),
  /** The most probable cause; `unknown` where nothing decides. */
  cause: z.enum(causes),
  /** Probability of that cause. */
  confidence: z.number(),
  causes: z.record(z.enum(causes), z.number()),
  /** Most probable first. */
  suspects: z.array(Suspect),
  evidence: z.array(Evidence),
  gaps: z.array(Gap),
  onset: Onset.nullable(),
  /** What is hit and what is not, in words. */
  reach: z.object({ services: z.array(z.string()), hit: z.array(z.string()), spared: z.array(z.string()) }),
  /** What moved since the diagnosis before; empty in the first. */
  moved: z.array(z.object({ suspect: z.string(), move: z.enum(moves), from: z.number(), to: z.number() })),
});
export type Diagnosis = z.output<typeof Diagnosis>;
