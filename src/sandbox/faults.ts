import type { Cause, Remedy } from "../domain/cause.ts";
import { MINUTE } from "../domain/time.ts";
import type { ChangeDraft } from "./change.ts";
import type { Chance } from "./random.ts";
import { type Release, release } from "./releases.ts";
import { type Provider, plain, tenants, type World, withNode, withProvider } from "./world.ts";

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
  /** The part whose new version does it, where one does. */
  readonly part: string | null;
  readonly apply: (world: World, chance: Chance, at: number) => Break;
}

function released(part: string, traits: (chance: Chance) => Release["traits"]): Pick<SandboxFault, "part" | "apply"> {
  const apply: SandboxFault["apply"] = (world, chance, at) => {
    const { world: after, draft } = release(world, chance, { part, at, traits: traits(chance) });
    return { world: after, culprit: draft };
  };
  return { part, apply };
}

/** Something that happens without a change of ours. */
function unrecorded(happen: (world: World, chance: Chance, at: number) => World): Pick<SandboxFault, "part" | "apply"> {
  return { part: null, apply: (world, chance, at) => ({ world: happen(world, chance, at), culprit: null }) };
}

/** A provider that carries traffic: one out of the rotation could fail without anybody noticing. */
function inRotation(world: World, chance: Chance): [string, Provider] | null {
  const all = Object.entries(world.providers).filter(([, { weight }]) => weight > 0.2);
  const [first, ...others] = all;
  return first === undefined ? null : chance.pick([first, ...others]);
}

/** A status page follows only when the worst is over (reference/signals.md C: the first quarter of an hour is silent). */
const POSTED_AFTER_MS = 6 * MINUTE;

const TRACES = [
  "TypeError: Cannot read properties of undefined (reading 'parts') at <*>",
  "TypeError: upload.stream is not a function at <*>",
  "RangeError: Invalid array length at readAttachment <*>",
] as const;

/** Every way to break it; together they cover every cause. */
export const faults: readonly SandboxFault[] = [
  {
    name: "bad-json-prompt",
    about: "a prompt version makes the answers miss their JSON format",
    cause: "prompt",
    remedies: ["rollback_prompt"],
    ...released("support-chat/system", (chance) => () => ({ format: chance.between(0.45, 0.68) })),
  },
  {
    name: "cache-busting-prompt",
    about: "a prompt version begins with the time of day, so nothing is cached any more",
    cause: "prompt",
    remedies: ["rollback_prompt"],
    ...released("support-chat/system", (chance) => ({ tokens }) => ({
      stablePrefix: 0.01,
      tokens: tokens + 20 + chance.whole(30),
    })),
  },
  {
    name: "worse-model",
    about: "a new version of the self-hosted model answers worse",
    cause: "model",
    remedies: ["rollback_model"],
    ...released("support-llm", (chance) => ({ quality, hallucination }) => ({
      quality: quality - chance.between(0.22, 0.32),
      hallucination: hallucination + chance.between(0.18, 0.28),
    })),
  },
  {
    name: "wrong-adapter",
    about: "the wrong adapter is loaded onto the model",
    cause: "model",
    remedies: ["rollback_model"],
    ...released("support-adapter", (chance) => () => ({
      refusal: chance.between(0.24, 0.36),
      quality: -chance.between(0.12, 0.2),
      format: 0.9,
    })),
  },
  {
    name: "stale-index",
    about: "the retrieval index is switched to an old, partial build",
    cause: "data",
    remedies: ["revert_data", "rebuild_index"],
    ...released("help-centre", (chance) => () => ({
      retrieval: chance.between(0.42, 0.6),
      ageS: chance.between(9, 20) * 86_400,
    })),
  },
  {
    name: "drifted-input",
    about: "users of a new market arrive, in a language that the hosted model copes with badly",
    cause: "data",
    remedies: ["shift_traffic"],
    ...unrecorded((world, chance) => ({
      ...world,
      languages: { ...world.languages, [chance.pick(["ja", "pt"])]: chance.between(1, 1.5) },
    })),
  },
  {
    name: "gpu-off-the-bus",
    about: "one GPU falls off the bus",
    cause: "gpu_infra",
    remedies: ["drain_node"],
    ...unrecorded((world, chance) => {
      const [first, ...others] = Object.keys(world.nodes).filter((name) => world.nodes[name]?.drained === false);
      return first === undefined ? world : withNode(world, chance.pick([first, ...others]), { broken: true });
    }),
  },
  {
    name: "kv-cache-exhaustion",
    about: "a serving setting admits more sequences than the key-value cache can hold",
    cause: "gpu_infra",
    remedies: ["rollback_deploy"],
    // More sequences take memory for their activations: what is left for the cache holds far fewer tokens.
    ...released("llm-pool/serving", (chance) => ({ kvTokens }) => ({
      sequences: 256,
      kvTokens: Math.round(kvTokens * chance.between(0.07, 0.1)),
    })),
  },
  {
    name: "provider-outage",
    about: "one provider answers 529 while its status page stays green",
    cause: "upstream_provider",
    remedies: ["failover_provider", "shift_traffic"],
    ...unrecorded((world, chance, at) => {
      const [name] = inRotation(world, chance) ?? ["northwind"];
      const posted = { id: `incident-${world.posted.length + 1}`, provider: name, startedAt: at };
      return {
        ...withProvider(world, name, { overload: chance.between(0.45, 0.75) }),
        posted: [...world.posted, { ...posted, postedAt: at + POSTED_AFTER_MS, resolvedAt: null }],
      };
    }),
  },
  {
    name: "silent-provider-update",
    about: "one provider changes the model behind the name and tells nobody",
    cause: "upstream_provider",
    remedies: ["failover_provider", "shift_traffic"],
    ...unrecorded((world, chance) => {
      const [name, { traits, responseModel }] = inRotation(world, chance) ?? [
        "northwind",
        { traits: plain, responseModel: "" },
      ];
      const changed = { ...traits, format: chance.between(0.2, 0.4), refusal: chance.between(0.1, 0.2), length: 1.4 };
      const build = `-${1_000 + chance.whole(9_000)}`;
      return withProvider(world, name, { traits: changed, responseModel: responseModel.replace(/(-\d{4})?$/, build) });
    }),
  },
  {
    name: "bad-deploy",
    about: "a new version of the application fails on one route",
    cause: "application",
    remedies: ["rollback_deploy"],
    ...released("support-chat", (chance) => () => ({ crash: chance.between(0.6, 0.95), trace: chance.pick(TRACES) })),
  },
  {
    name: "runaway-client",
    about: "one client loops and sends many times its usual load",
    cause: "demand",
    remedies: ["rate_limit"],
    ...unrecorded((world, chance) => ({
      ...world,
      surge: { ...world.surge, [chance.pick(tenants)]: chance.between(11, 15) },
    })),
  },
  {
    name: "broken-judge",
    about: "a new version of the judge scores everything lower; users feel nothing",
    cause: "measurement",
    remedies: ["fix_measurement"],
    ...released("support-judge", (chance) => () => ({ bias: -chance.between(0.2, 0.3) })),
  },
];

/** The fault of that name, or null. */
export function faultNamed(name: string): SandboxFault | null {
  return faults.find((fault) => fault.name === name) ?? null;
}
