import type { Cause, Remedy } from "../domain/cause.ts";
import type { ChangeKind } from "../domain/change.ts";
import type { ChangeDraft } from "./change.ts";
import { person } from "./innocent.ts";
import type { Chance } from "./random.ts";
import { plain, type Traits, tenants, type World } from "./world.ts";

/** What a break does: the world after it, and the change that is on record for it, if any. */
export interface Break {
  readonly world: World;
  readonly culprit: ChangeDraft | null;
}

/** One way to break the sandbox. */
export interface SandboxFault {
  readonly name: string;
  /** One line for people. */
  readonly about: string;
  /** What is true, for the score of a drill; no connector can read it. */
  readonly cause: Cause;
  readonly remedies: readonly Remedy[];
  readonly apply: (world: World, chance: Chance, at: number) => Break;
}

interface Release {
  readonly part: string;
  readonly kind: ChangeKind;
  readonly service: string | null;
  readonly titles: readonly [string, ...string[]];
  readonly summary: string;
  readonly traits: (before: Traits, chance: Chance) => Partial<Traits>;
  readonly files?: readonly string[];
}

/** A new version of a part goes live; its title sounds as harmless as the others. */
function goLive(what: Release, world: World, chance: Chance, at: number): Break {
  const part = world.parts[what.part];
  if (part === undefined) throw new Error(`the sandbox has no part ${what.part}`);
  const before = part.versions[part.live] ?? plain;
  const after = nextVersion(part.live);
  const versions = { ...part.versions, [after]: { ...before, ...what.traits(before, chance) } };
  const culprit: ChangeDraft = {
    at,
    kind: what.kind,
    target: what.part,
    service: what.service,
    title: chance.pick(what.titles),
    author: person(chance),
    before: part.live,
    after,
    summary: what.summary,
    ...(what.files === undefined ? {} : { files: what.files }),
  };
  return { world: { ...world, parts: { ...world.parts, [what.part]: { ...part, live: after, versions } } }, culprit };
}

/** A fault that is a release of a part; the release is the culprit. */
function release(fault: Omit<SandboxFault, "apply">, what: Release): SandboxFault {
  return { ...fault, apply: (world, chance, at) => goLive(what, world, chance, at) };
}

/** `17` → `18`, `v3` → `v4`, `4.12.0` → `4.13.0`. */
function nextVersion(version: string): string {
  const parts = version.split(".");
  const at = parts.length > 1 ? 1 : 0;
  return parts
    .map((text, index) => (index === at ? text.replace(/\d+/, (digits) => String(Number(digits) + 1)) : text))
    .join(".");
}

function withProvider(world: World, name: string, more: Partial<World["providers"][string]>): World {
  const provider = world.providers[name];
  return provider === undefined
    ? world
    : { ...world, providers: { ...world.providers, [name]: { ...provider, ...more } } };
}

/** Every way to break it; together they cover every cause. */
export const faults: readonly SandboxFault[] = [
  release(
    {
      name: "bad-json-prompt",
      about: "a prompt version makes the answers miss their JSON format",
      cause: "prompt",
      remedies: ["rollback_prompt"],
    },
    {
      part: "support-chat/system",
      kind: "prompt",
      service: "support-chat",
      titles: ["Warmer greeting", "Clarify the tone of answers", "Shorten the introduction"],
      summary: "four sentences reworded",
      traits: (_before, chance) => ({ format: chance.between(0.45, 0.66) }),
    },
  ),
  release(
    {
      name: "cache-busting-prompt",
      about: "a prompt version starts with the time of day, so nothing is cached any more",
      cause: "prompt",
      remedies: ["rollback_prompt"],
    },
    {
      part: "support-chat/system",
      kind: "prompt",
      service: "support-chat",
      titles: ["Tell the assistant what day it is", "Add context to the preamble"],
      summary: "one line at the top",
      traits: (before, chance) => ({
        cacheable: 0.02,
        tokens: before.tokens + Math.round(chance.between(1_500, 2_400)),
      }),
    },
  ),
  release(
    {
      name: "worse-model",
      about: "a new version of the self-hosted model answers worse",
      cause: "model",
      remedies: ["rollback_model"],
    },
    {
      part: "support-llm",
      kind: "model",
      service: "support-chat",
      titles: ["Promote the monthly fine-tune", "New build of the support model"],
      summary: "evaluated offline",
      traits: (before, chance) => ({
        quality: before.quality - chance.between(0.24, 0.34),
        hallucination: before.hallucination + chance.between(0.18, 0.28),
      }),
    },
  ),
  release(
    {
      name: "wrong-adapter",
      about: "the wrong adapter is loaded onto the model",
      cause: "model",
      remedies: ["rollback_model"],
    },
    {
      part: "support-adapter",
      kind: "model",
      service: "support-chat",
      titles: ["Adapter for the new help centre", "Refresh the adapter"],
      summary: "rank 16",
      traits: (_before, chance) => ({
        refusal: chance.between(0.22, 0.34),
        quality: -chance.between(0.12, 0.2),
        format: 0.9,
      }),
    },
  ),
  release(
    {
      name: "stale-index",
      about: "the retrieval index is switched to an old, partial build",
      cause: "data",
      remedies: ["revert_data", "rebuild_index"],
    },
    {
      part: "help-centre",
      kind: "data",
      service: "retrieval",
      titles: ["Switch to the nightly build of the index", "Index build finished"],
      summary: "alias moved",
      traits: (_before, chance) => ({ retrieval: chance.between(0.42, 0.6), age: chance.between(9, 20) * 86_400 }),
    },
  ),
  {
    name: "drifted-input",
    about: "users of a new market arrive, in a language that the model copes with badly",
    cause: "data",
    remedies: ["shift_traffic"],
    apply: (world, chance) => {
      const language = chance.pick(["ja", "pt"] as const);
      return {
        world: { ...world, languages: { ...world.languages, [language]: chance.between(1.0, 1.5) } },
        culprit: null,
      };
    },
  },
  {
    name: "gpu-off-the-bus",
    about: "one GPU falls off the bus",
    cause: "gpu_infra",
    remedies: ["drain_node"],
    apply: (world, chance) => {
      const node = chance.pick(["gpu-a-1", "gpu-a-2", "gpu-a-3", "gpu-a-4"] as const);
      return {
        world: { ...world, nodes: { ...world.nodes, [node]: { drained: false, broken: true } } },
        culprit: null,
      };
    },
  },
  release(
    {
      name: "kv-cache-exhaustion",
      about: "a serving setting admits more sequences than the cache can hold",
      cause: "gpu_infra",
      remedies: ["rollback_deploy"],
    },
    {
      part: "llm-pool/serving",
      kind: "infra",
      service: "llm-pool",
      titles: ["Raise the batch limits of the pool", "Tune the serving engine"],
      summary: "max_num_seqs, serving arguments",
      files: ["deploy/llm-pool/values.yaml"],
      traits: (_before, chance) => ({ sequences: 64 * chance.between(3.9, 4.4) }),
    },
  ),
  {
    name: "provider-outage",
    about: "one provider answers 529 while its status page stays green",
    cause: "upstream_provider",
    remedies: ["failover_provider", "shift_traffic"],
    apply: (world, chance) => ({
      world: withProvider(world, "northwind", { overload: chance.between(0.4, 0.7) }),
      culprit: null,
    }),
  },
  {
    name: "silent-provider-update",
    about: "one provider changes the model behind the name and tells nobody",
    cause: "upstream_provider",
    remedies: ["failover_provider", "shift_traffic"],
    apply: (world, chance) => {
      const traits = world.providers["northwind"]?.traits ?? plain;
      const changed = { ...traits, format: chance.between(0.3, 0.5), refusal: chance.between(0.1, 0.2), length: 1.5 };
      return {
        world: withProvider(world, "northwind", { traits: changed, responseModel: "nw-large-2026-11" }),
        culprit: null,
      };
    },
  },
  release(
    {
      name: "bad-deploy",
      about: "a new version of the application fails on one route",
      cause: "application",
      remedies: ["rollback_deploy"],
    },
    {
      part: "support-chat",
      kind: "code",
      service: "support-chat",
      titles: ["Tidy up the upload handler", "Release of the week"],
      summary: "210 lines in 9 files",
      files: ["src/routes/attachments.ts", "src/routes/attachments.test.ts"],
      traits: (_before, chance) => ({ crash: chance.between(0.6, 0.95) }),
    },
  ),
  {
    name: "runaway-client",
    about: "one client loops and sends many times its usual load",
    cause: "demand",
    remedies: ["rate_limit"],
    apply: (world, chance) => ({
      world: { ...world, surge: { ...world.surge, [chance.pick(tenants)]: chance.between(11, 15) } },
      culprit: null,
    }),
  },
  release(
    {
      name: "broken-judge",
      about: "a new version of the judge scores everything lower; users feel nothing",
      cause: "measurement",
      remedies: ["fix_measurement"],
    },
    {
      part: "support-judge",
      kind: "config",
      service: null,
      titles: ["Judge: stricter rubric wording", "Evaluation: update the judge"],
      summary: "evaluation only",
      files: ["evaluation/judge.yaml"],
      traits: (_before, chance) => ({ bias: -chance.between(0.2, 0.3) }),
    },
  ),
];
