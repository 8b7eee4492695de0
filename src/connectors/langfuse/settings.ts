import { z } from "zod";
import { SecretText } from "../connector.ts";
import { BaseUrl } from "../kit/outbound.ts";

const label = z.string().regex(/^[a-z0-9_.-]{1,36}$/, "expected a label: 1 to 36 of a-z 0-9 _ - .");

export const Settings = z.strictObject({
  url: BaseUrl.default("https://cloud.langfuse.com"),
  public_key: z.string().min(1),
  secret_key: SecretText,
  /** Of the automation that sends prompt changes here; without it, changes are only polled. */
  webhook_secret: SecretText.optional(),
  /** Labels that applications fetch; the first is moved where an action names none. */
  labels: z.array(label).min(1).default(["production"]),
  /** Prompt → service, where the catalogue does not say which service a prompt belongs to. */
  services: z.record(z.string(), z.string()).default({}),
});
export type Settings = z.output<typeof Settings>;

/** The reserved label that the server moves by itself. */
export const LATEST = "latest";
