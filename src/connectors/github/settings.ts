import { z } from "zod";
import { changeKinds } from "../../domain/change.ts";
import { SecretText } from "../connector.ts";
import { BaseUrl } from "../kit/outbound.ts";

const Repo = z.string().regex(/^[A-Za-z0-9_.-]+\/[A-Za-z0-9_.-]+$/, "expected owner/name");

export const Settings = z.strictObject({
  /** REST base address: https://api.github.com, or https://HOST/api/v3 for an Enterprise Server. */
  url: BaseUrl.default("https://api.github.com"),
  /** Of a GitHub App installation, or a fine-grained personal token. */
  token: SecretText,
  /** Of the webhook; without it, changes are only polled. */
  webhook_secret: SecretText.optional(),
  /** Repositories that are polled, and the only ones that actions may touch. */
  repos: z.array(Repo).min(1),
  /** Branches whose commits count; the default branch of each repository, if none is named. */
  branches: z.array(z.string().min(1)).default([]),
  /** Environments whose deployments count. */
  environments: z.array(z.string().min(1)).default(["production"]),
  /** Repository → service, where a path rule names none. */
  services: z.record(Repo, z.string().min(1)).default({}),
  /** What a change of a path is; the first rule that fits counts, before those built in. */
  paths: z
    .array(
      z.strictObject({ pattern: z.string().min(1), kind: z.enum(changeKinds), service: z.string().min(1).optional() }),
    )
    .default([]),
});
export type Settings = z.output<typeof Settings>;
