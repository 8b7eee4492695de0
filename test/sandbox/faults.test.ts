import { afterEach, describe, expect, test } from "vitest";
import { causes } from "../../src/domain/cause.ts";
import type { Labels } from "../../src/domain/json.ts";
import { faults } from "../../src/sandbox/faults.ts";
import { Chance } from "../../src/sandbox/random.ts";
import { innocent } from "../../src/sandbox/releases.ts";
import { liveVersion } from "../../src/sandbox/world.ts";
import { type OfflineSandbox, offlineSandbox } from "./offline.ts";

let box: OfflineSandbox | null = null;
afterEach(() => {
  box?.close();
  box = null;
});

function offline(seed: number): OfflineSandbox {
  box = offlineSandbox(seed);
  return box;
}

const chat: Labels = { service: "support-chat" };
const pool: Labels = { service: "llm-pool" };

/** The provider, node or tenant that the drill chose; only the world knows it. */
const hitProvider = ({ engine }: OfflineSandbox) =>
  Object.entries(engine.world.providers).find(([, { overload, traits }]) => overload > 0 || traits.format < 0.9)?.[0] ??
  "";
const hitNode = ({ engine }: OfflineSandbox) =>
  Object.entries(engine.world.nodes).find(([, { broken }]) => broken)?.[0] ?? "";
const hitTenant = ({ engine }: OfflineSandbox) => Object.keys(engine.world.surge)[0] ?? "";
const hitLanguage = ({ engine }: OfflineSandbox) =>
  Object.entries(engine.world.languages).find(([, weight]) => weight >= 1)?.[0] ?? "";

interface Story {
  /** A signal that it moves, by how much at least, whose it is, and one that it cannot touch. */
  readonly moves: readonly [string, number, (box: OfflineSandbox) => Labels];
  readonly leaves: readonly string[];
  readonly right: (box: OfflineSandbox, before: string) => void;
  readonly wrong: (box: OfflineSandbox) => void;
}

const ofChat = () => chat;
const restart = (one: OfflineSandbox) => one.act("restart_pool", "gpu-a");
const failover = (one: OfflineSandbox) => one.set("providers", "northwind", { weight: 0 });

const stories: Readonly<Record<string, Story>> = {
  "bad-json-prompt": {
    moves: ["format_valid_ratio", -0.25, ofChat],
    leaves: ["error_ratio", "retrieval_hit_ratio", "cache_hit_ratio", "ttft_p95"],
    right: (one, before) => one.set("prompts", "support-chat/system", { version: before }),
    wrong: failover,
  },
  "cache-busting-prompt": {
    moves: ["cache_hit_ratio", -0.4, ofChat],
    leaves: ["error_ratio", "format_valid_ratio", "quality_score", "retrieval_hit_ratio"],
    right: (one, before) => one.set("prompts", "support-chat/system", { version: before }),
    wrong: (one) => one.act("purge_cache", "support-chat"),
  },
  "worse-model": {
    moves: ["quality_score", -0.1, ofChat],
    leaves: ["error_ratio", "format_valid_ratio", "retrieval_hit_ratio", "cache_hit_ratio"],
    right: (one, before) => one.set("models", "support-llm", { version: before }),
    wrong: restart,
  },
  "wrong-adapter": {
    moves: ["refusal_ratio", 0.08, ofChat],
    leaves: ["error_ratio", "retrieval_hit_ratio", "cache_hit_ratio"],
    right: (one, before) => one.set("models", "support-adapter", { version: before }),
    wrong: failover,
  },
  "stale-index": {
    moves: ["retrieval_hit_ratio", -0.25, ofChat],
    leaves: ["error_ratio", "format_valid_ratio", "refusal_ratio"],
    right: (one, before) => one.set("indexes", "help-centre", { version: before }),
    wrong: (one) => one.act("purge_cache", "support-chat"),
  },
  "drifted-input": {
    moves: ["quality_score", -0.05, ofChat],
    leaves: ["error_ratio", "format_valid_ratio", "refusal_ratio"],
    right: (one) => one.set("router", "drift-route", { languages: [hitLanguage(one)] }),
    wrong: (one) => one.act("rebuild_index", "help-centre"),
  },
  "gpu-off-the-bus": {
    moves: ["error_ratio", 0.06, (one) => ({ ...chat, node: hitNode(one) })],
    leaves: ["format_valid_ratio", "retrieval_hit_ratio", "quality_score"],
    right: (one) => one.set("nodes", hitNode(one), { state: "drained" }),
    wrong: restart,
  },
  "kv-cache-exhaustion": {
    moves: ["kv_cache_usage", 0.5, () => pool],
    leaves: ["format_valid_ratio", "retrieval_hit_ratio", "quality_score"],
    right: (one, before) => one.set("deployments", "llm-pool/serving", { version: before }),
    wrong: failover,
  },
  "provider-outage": {
    moves: ["provider_overloaded_ratio", 0.25, (one) => ({ provider: hitProvider(one) })],
    leaves: ["format_valid_ratio", "retrieval_hit_ratio", "quality_score"],
    right: (one) => one.set("providers", hitProvider(one), { weight: 0 }),
    wrong: restart,
  },
  "silent-provider-update": {
    moves: ["format_valid_ratio", -0.3, (one) => ({ ...chat, provider: hitProvider(one) })],
    leaves: ["error_ratio", "retrieval_hit_ratio", "cache_hit_ratio"],
    right: (one) => one.set("providers", hitProvider(one), { weight: 0 }),
    wrong: restart,
  },
  "bad-deploy": {
    moves: ["error_ratio", 0.07, ofChat],
    leaves: ["format_valid_ratio", "retrieval_hit_ratio", "quality_score"],
    right: (one, before) => one.set("deployments", "support-chat", { version: before }),
    wrong: failover,
  },
  "runaway-client": {
    moves: ["request_rate", 60, ofChat],
    leaves: ["format_valid_ratio", "retrieval_hit_ratio", "quality_score"],
    right: (one) => {
      const usual = Math.round(one.engine.world.requestsPerSecond * 10);
      one.set("limits", hitTenant(one), { per_minute: usual });
    },
    wrong: restart,
  },
  "broken-judge": {
    moves: ["quality_score", -0.12, ofChat],
    leaves: ["error_ratio", "format_valid_ratio", "hallucination_ratio", "negative_feedback_ratio", "refusal_ratio"],
    right: (one, before) => one.set("judges", "support-judge", { version: before }),
    wrong: restart,
  },
};

test("the faults cover every cause that has an owner, and each has its story here", () => {
  expect(new Set(faults.map(({ cause }) => cause))).toEqual(new Set(causes.filter((cause) => cause !== "unknown")));
  expect(Object.keys(stories).toSorted()).toEqual(faults.map(({ name }) => name).toSorted());
});

/** What a signal may stray without a fault: a tenth of itself, or three points of a ratio. */
function stray(level: number): number {
  return Math.max(0.03, Math.abs(level) * 0.1);
}

describe.each(Object.entries(stories))("%s", (name, { moves, leaves, right, wrong }) => {
  test("moves its signals and no others, pages, is not mended by something else, and is mended by its remedy", () => {
    const one = offline(7);
    expect(one.alerts()).toEqual([]);
    const [signal, least, whose] = moves;
    const calm = new Map(leaves.map((other) => [other, one.level(other, chat, 300)]));
    const { culprit } = one.drill(name, 5);
    const labels = whose(one);
    const before = one.level(signal, labels, 60);
    let seconds = 0;
    while (one.alerts().length === 0 && seconds < 30) {
      one.pass(1);
      seconds += 1;
    }
    expect(seconds, "seconds until somebody is paged").toBeLessThan(15);
    one.pass(12);
    const moved = one.level(signal, labels, 4) - before;
    expect(moved / least, `${signal} moved by ${moved}`).toBeGreaterThan(1);
    for (const [other, level] of calm)
      expect(Math.abs(one.level(other, chat, 15) - level), other).toBeLessThan(stray(level));

    wrong(one);
    one.pass(20);
    expect(one.alerts().length, "still paged after the wrong remedy").toBeGreaterThan(0);

    const change = one.memory.changes(0, one.now() + 1).find(({ id }) => id === culprit);
    right(one, change?.before ?? "");
    one.pass(25);
    expect(one.alerts(), "mended").toEqual([]);
  });
});

test("innocent changes stand before and after the culprit, of the same kinds and in the same words", () => {
  const one = offline(9);
  const { culprit } = one.drill("bad-deploy", 9);
  one.pass(10);
  const changes = one.memory.changes(0, one.now() + 1);
  const place = changes.findIndex(({ id }) => id === culprit);
  expect(place).toBeGreaterThan(2);
  expect(changes.length - 1).toBeGreaterThan(place);
  expect(new Set(changes.map(({ kind }) => kind)).size).toBeGreaterThan(3);
  const chance = new Chance(1);
  const harmless = Array.from({ length: 500 }, () => innocent(one.engine.world, chance, { at: 0, spare: [] }).draft);
  for (const key of ["kind", "title", "summary", "author"] as const)
    expect(
      harmless.map((draft) => draft[key]),
      key,
    ).toContain(changes[place]?.[key]);
});

test("people put the leftovers of a mended drill away after a while, and that is on record", () => {
  const one = offline(3);
  one.drill("gpu-off-the-bus", 5);
  const node = hitNode(one);
  one.pass(10);
  one.set("nodes", node, { state: "drained" });
  one.pass(150);
  expect(one.engine.world.nodes[node]).toMatchObject({ drained: false, broken: false });
  expect(one.memory.changes(one.now() - 150_000, one.now())).toContainEqual(
    expect.objectContaining({ target: "sandbox", author: "operator" }),
  );
});

test("a reset heals whatever is broken, and every part is on a version that is in order", () => {
  const one = offline(3);
  for (const name of ["worse-model", "provider-outage", "runaway-client"]) one.drill(name, 5);
  one.pass(10);
  expect(one.alerts().length).toBeGreaterThan(0);
  one.engine.reset();
  one.pass(30);
  expect(one.alerts()).toEqual([]);
  for (const [part, { good }] of Object.entries(one.engine.world.parts))
    expect(liveVersion(one.engine.world, part)).toBe(good);
});

test("the seed fixes what happens; another seed is another story", () => {
  const story = (seed: number) => {
    const one = offlineSandbox(seed);
    one.drill("worse-model", seed);
    one.pass(5);
    const told = JSON.stringify([one.engine.world, one.memory.changes(0, one.now() + 1), one.engine.history.latest()]);
    one.close();
    return told;
  };
  expect(story(11)).toBe(story(11));
  expect(story(11)).not.toBe(story(12));
});
