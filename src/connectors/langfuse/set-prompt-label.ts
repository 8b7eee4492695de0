import { z } from "zod";
import { MINUTE } from "../../domain/time.ts";
import type { Action } from "../../ports.ts";
import { defineAction } from "../connector.ts";
import { applied } from "../kit/action.ts";
import type { LangfuseApi } from "./api.ts";
import { LATEST, type Settings } from "./settings.ts";

const Params = z.strictObject({
  prompt: z.string().min(1),
  version: z
    .union([z.number().int().positive(), z.string().regex(/^[1-9]\d*$/)], { error: "expected the number of a version" })
    .transform(Number),
  label: z
    .string()
    .regex(/^[a-z0-9_.-]{1,36}$/)
    .refine((label) => label !== LATEST, "the server moves this label by itself")
    .optional(),
});

/** Applications keep a prompt for as long as their SDK caches it: 60 s by default. */
const EFFECT_WITHIN_MS = 2 * MINUTE;

const Before = z.object({ label: z.string(), version: z.number().nullable() });

export function setPromptLabel({ labels }: Settings, api: LangfuseApi): Action {
  const labelOf = (label: string | undefined) => label ?? labels[0] ?? "production";
  const put = async (prompt: string, label: string, version: number, signal: AbortSignal) => {
    const now = await api.byLabel(prompt, label, signal);
    if (now?.version === version) return `version ${version} of ${prompt} has the label ${label} already`;
    await api.setLabels(prompt, version, [label], signal);
    return `the label ${label} of ${prompt} is on version ${version}`;
  };
  return defineAction({
    name: "langfuse.set_prompt_label",
    repeat: "idempotent_set",
    params: Params,
    read: async ({ prompt, label }, { signal }) => {
      const wanted = labelOf(label);
      return { label: wanted, version: (await api.byLabel(prompt, wanted, signal))?.version ?? null };
    },
    preview: async ({ prompt, version, label }, before, { signal }) => {
      const wanted = labelOf(label);
      const now = Before.parse(before);
      await api.byVersion(prompt, version, signal);
      return {
        target: `langfuse:${prompt}:${wanted}`,
        summary: `Put the label ${wanted} of the prompt ${prompt} on version ${version}${now.version === null ? "" : `, now on ${now.version}`}`,
        before,
        after: { label: wanted, version },
        reach: `every application that fetches ${prompt} by the label ${wanted}`,
        reachShare: 1,
        sideEffect: "applications follow when their prompt cache expires, 60 s by default",
        reversible: now.version !== null,
        effectWithinMs: EFFECT_WITHIN_MS,
        refuse: null,
      };
    },
    apply: ({ prompt, version, label }, { signal }) => applied(() => put(prompt, labelOf(label), version, signal)),
    confirm: async ({ prompt, version, label }, { signal }) =>
      (await api.byLabel(prompt, labelOf(label), signal))?.version === version ? "yes" : "no",
    undo: async ({ prompt, label }, { before, signal }) => {
      const { version } = Before.parse(before);
      if (version === null)
        return { outcome: "failed", detail: "no version had the label before, and it cannot be taken away" };
      return applied(() => put(prompt, labelOf(label), version, signal));
    },
  });
}
