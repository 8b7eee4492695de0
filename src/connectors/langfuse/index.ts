import { defineConnector } from "../connector.ts";
import { below, checked } from "../kit/outbound.ts";
import { hmacSha256 } from "../kit/signature.ts";
import { createApi } from "./api.ts";
import { createMoves } from "./moves.ts";
import { changesOf } from "./poll.ts";
import { setPromptLabel } from "./set-prompt-label.ts";
import { Settings } from "./settings.ts";
import { webhookOf } from "./webhook.ts";

const event = {
  id: "evt_01",
  timestamp: "2026-11-20T02:00:30.000Z",
  type: "prompt-version",
  apiVersion: "v1",
};

const prompt = {
  id: "clx-v8",
  name: "support-answer",
  version: 8,
  projectId: "prj_1",
  labels: ["production", "latest"],
  prompt: "Answer in JSON.",
  type: "text",
  config: {},
  commitMessage: "Shorter answers",
  tags: [],
  createdAt: "2026-11-20T01:30:00.000Z",
  updatedAt: "2026-11-20T02:00:29.120Z",
};

const headers = { "content-type": "application/json", "user-agent": "Langfuse/1.0" };

export const langfuse = defineConnector({
  id: "langfuse",
  about: "Sees prompt versions and label moves in Langfuse, and moves labels back.",
  settings: Settings,
  sample: {
    url: "http://127.0.0.1:3100",
    public_key: "pk-lf-example",
    secret_key: "sk-lf-example-secret",
    webhook_secret: "lf-whsec_example",
    services: { "support-answer": "support-chat" },
  },
  sign: (body, { webhook_secret }, now): Record<string, string> => {
    if (webhook_secret === undefined) return {};
    const seconds = Math.floor(now / 1000);
    return { "x-langfuse-signature": `t=${seconds},v1=${hmacSha256(webhook_secret, `${seconds}.`, body)}` };
  },
  examples: [
    {
      name: "a version got the label that applications fetch",
      headers,
      body: { ...event, action: "updated", prompt, user: { id: "u1", name: "Mira", email: "mira@example.org" } },
      parsed: {
        changes: [
          {
            at: Date.UTC(2026, 10, 20, 2, 0, 29, 120),
            kind: "prompt",
            system: "langfuse",
            service: "support-chat",
            target: "support-answer",
            after: "8",
            author: "Mira",
            summary: "Shorter answers",
          },
        ],
      },
    },
    {
      name: "a version was saved without such a label, which changes nothing yet",
      headers,
      body: { ...event, id: "evt_02", action: "created", prompt: { ...prompt, version: 9, labels: ["latest"] } },
      parsed: { changes: [] },
    },
  ],
  connect: (settings, deps) => {
    const api = createApi(settings, deps);
    const moves = createMoves(settings.services, () => below(settings.url, "/"));
    return {
      // Without a secret nothing tells a delivery from a forgery: moves are then polled alone.
      ...(settings.webhook_secret === undefined
        ? {}
        : { webhook: webhookOf(settings.webhook_secret, settings, moves, deps) }),
      changes: changesOf(settings, api, moves),
      actions: [setPromptLabel(settings, api)],
      check: async (signal) => {
        const reach = await checked("reachable", KEYS, async () => `project ${await api.project(signal)}`);
        const hears = settings.webhook_secret !== undefined;
        return [
          reach,
          {
            name: "deliveries",
            ok: hears,
            detail: hears ? "deliveries must be signed" : "prompt changes are only polled",
            remedy: hears ? "" : "add an automation on prompts in Langfuse and set connectors.langfuse.webhook_secret",
          },
        ];
      },
    };
  },
});

const KEYS = {
  unauthenticated:
    "the keys were not accepted: make a pair in the project's settings, and check that url is the right region",
};
