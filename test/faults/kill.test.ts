import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pLimit from "p-limit";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { type Bot, faultline, type Incident, startBot } from "../process/bot.ts";
import { until } from "../process/child.ts";

/** Further kills at random moments of a drill; FAULTLINE_KILL_SEED repeats a run. */
const MORE_KILLS = Number(process.env["FAULTLINE_KILLS"] ?? 0);
const SEED = Number(process.env["FAULTLINE_KILL_SEED"] ?? Date.now() % 1_000_000);
/** A drill takes about this long from the break to the end. */
const DRILL_MS = 30_000;
/** From the approval to the verification. */
const ACTING_MS = 200;
const PHASE_MS = 90_000;
const TEST_MS = 600_000;
// Bots, each with a sandbox, that two cores carry side by side.
const atOnce = pLimit(3);

interface Drill {
  readonly fault: string;
  readonly seed: number;
}

/** Waits for its moment in the life of the drill, approving where it must, and returns: then the bot is killed. */
type Moment = (bot: Bot) => Promise<void>;

async function incidentOf(bot: Bot): Promise<Incident | null> {
  const [first] = await bot.incidents();
  return first === undefined ? null : bot.incident(first.id);
}

function phase(bot: Bot, what: string, holds: (incident: Incident) => boolean): Promise<Incident> {
  const ask = async () => {
    const incident = await incidentOf(bot);
    return incident !== null && holds(incident) ? incident : null;
  };
  return until(what, ask, { withinMs: PHASE_MS, everyMs: 20, log: () => bot.child.output() });
}

const pendingOf = ({ proposals }: Incident) => proposals.find(({ state }) => state === "pending");

async function proposed(bot: Bot) {
  const incident = await phase(bot, "a proposal", (seen) => pendingOf(seen) !== undefined);
  const pending = pendingOf(incident);
  if (pending === undefined) throw new Error("the proposal is gone");
  return pending;
}

async function approve(bot: Bot): Promise<void> {
  // A later diagnosis may replace the proposal between the look and the click; the next look sees the new one.
  await until("an approval", async () => (await bot.approve(await proposed(bot), "kim")) === 200, {
    withinMs: PHASE_MS,
    everyMs: 20,
  });
}

const moments: Readonly<Record<string, Moment>> = {
  "before the alert": async () => sleep(300),
  "while it diagnoses": async (bot) => {
    await phase(bot, "an incident", () => true);
  },
  "while an approval is on its way": async (bot) => {
    const pending = await proposed(bot);
    void bot.approve(pending, "kim").catch(() => undefined);
    await sleep(4);
  },
  "just after the approval": approve,
  "while it acts": async (bot) => {
    await approve(bot);
    await sleep(25);
  },
  "while it verifies": async (bot) => {
    await approve(bot);
    await phase(bot, "the verification", ({ executions }) => executions.some(({ state }) => state === "verifying"));
  },
};

/** Breaks the sandbox, kills the bot at every moment given, starts it again each time, and follows to the end. */
async function drillWithKills({ fault, seed }: Drill, kills: readonly Moment[]) {
  const dataDir = mkdtempSync(join(tmpdir(), "faultline-kill-"));
  let bot = await startBot({ dataDir });
  try {
    const broken = await bot.request("/api/sandbox/drills", { fault, seed });
    expect(broken.status).toBe(201);
    for (const moment of kills) {
      await moment(bot);
      await bot.child.kill("SIGKILL");
      bot = await startBot({ dataDir });
    }
    const end = await followToEnd(bot);
    const journal = await journalOf(bot);
    const incidents = await bot.incidents();
    expect(await bot.stop()).toEqual({ code: 0, signal: null });
    const audit = await faultline(["audit", "verify"], { dataDir });
    return { end, journal, incidents, audit };
  } finally {
    await bot.child.kill("SIGKILL");
    rmSync(dataDir, { recursive: true, force: true });
  }
}

const ended = [
  "recovered",
  "not_recovered",
  "inconclusive",
  "undone",
  "failed",
  "needs_person",
  "cancelled",
  "superseded",
];

async function followToEnd(bot: Bot): Promise<Incident> {
  return until(
    "the end of the drill",
    async () => {
      const incident = await incidentOf(bot);
      if (incident === null) return null;
      const pending = pendingOf(incident);
      if (pending !== undefined && incident.executions.length === 0) await bot.approve(pending, "kim");
      return incident.executions.some(({ state }) => ended.includes(state)) ? incident : null;
    },
    { withinMs: 3 * PHASE_MS, everyMs: 200, log: () => bot.child.output() },
  );
}

const State = z.object({ sandbox: z.object({ truth: z.url() }) });
const Journal = z.object({ journal: z.array(z.object({ operation: z.string(), key: z.string().nullable() })) });

/** What was really done to the sandbox, by its own book. */
async function journalOf(bot: Bot) {
  const { sandbox } = State.parse(await (await bot.request("/api/state")).json());
  return Journal.parse(await (await fetch(new URL("/api/journal", sandbox.truth))).json()).journal;
}

function expectDoneOnce({ end, journal, incidents, audit }: Awaited<ReturnType<typeof drillWithKills>>): void {
  expect(end.executions.map(({ state, outcome }) => ({ state, outcome }))).toEqual([
    { state: "recovered", outcome: expect.any(String) },
  ]);
  const steps = end.executions.flatMap(({ steps }) => steps);
  expect(steps.every(({ state }) => state === "succeeded")).toBe(true);
  // As many operations as steps, and no key of a step twice: nothing was done again.
  expect(journal).toHaveLength(steps.length);
  expect(new Set(journal.map(({ key }) => key)).size).toBe(steps.length);
  expect(incidents).toHaveLength(1);
  expect(audit.stdout).toMatch(/^ok: /);
  expect(audit.code).toBe(0);
}

describe.concurrent("a bot killed with SIGKILL in the middle of a drill, and started again", () => {
  const drill: Drill = { fault: "bad-json-prompt", seed: 7 };

  test.each(Object.entries(moments))(
    "%s: the drill ends the same and nothing is done twice",
    (_name, moment) => atOnce(async () => expectDoneOnce(await drillWithKills(drill, [moment]))),
    TEST_MS,
  );

  test(
    "at every moment, one after the other: the drill ends the same and nothing is done twice",
    () =>
      atOnce(async () => {
        const order = ["before the alert", "while it diagnoses", "just after the approval"].flatMap(
          (name) => moments[name] ?? [],
        );
        const verifying: Moment = async (bot) => {
          await phase(bot, "the end of acting", ({ executions }) =>
            executions.some(({ state }) => state !== "running"),
          );
        };
        expectDoneOnce(await drillWithKills(drill, [...order, verifying]));
      }),
    TEST_MS,
  );

  test.each(randomMoments(MORE_KILLS))(
    "$ms ms after $after (seed $seed): the drill ends the same and nothing is done twice",
    ({ ms, seed, after }) =>
      atOnce(async () => {
        const moment: Moment = async (bot) => {
          if (after === "the approval") {
            await approve(bot);
            await sleep(ms);
          } else await approvingFor(bot, ms);
        };
        expectDoneOnce(await drillWithKills({ ...drill, seed }, [moment]));
      }),
    TEST_MS,
  );
});

/** Lets the drill run for this long and approves what is proposed meanwhile. */
async function approvingFor(bot: Bot, ms: number): Promise<void> {
  const end = Date.now() + ms;
  while (Date.now() < end) {
    const incident = await incidentOf(bot);
    const pending = incident === null ? undefined : pendingOf(incident);
    if (pending !== undefined) await bot.approve(pending, "kim");
    await sleep(Math.min(50, Math.max(0, end - Date.now())));
  }
}

interface RandomMoment {
  readonly after: "the break" | "the approval";
  readonly ms: number;
  readonly seed: number;
}

/**
 * Half of them anywhere in the drill, half in the short time in which it acts. A linear congruential generator is random
 * enough to choose by, and repeats.
 */
function randomMoments(count: number): RandomMoment[] {
  let state = SEED;
  const next = () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
  return Array.from({ length: count }, (_, index) => {
    const after = index % 2 === 0 ? "the break" : "the approval";
    return { after, ms: Math.round(next() * (index % 2 === 0 ? DRILL_MS : ACTING_MS)), seed: SEED + index };
  });
}
