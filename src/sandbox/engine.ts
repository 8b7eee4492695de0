import type { Change } from "../domain/change.ts";
import type { Clock } from "../lib/clock.ts";
import { type ChangeDraft, toChange } from "./change.ts";
import { faults, type SandboxFault } from "./faults.ts";
import { innocentChange } from "./innocent.ts";
import type { DrillRecord, JournalEntry, Memory } from "./memory.ts";
import { measure, WINDOW_S } from "./meter.ts";
import { evaluate, type MonitorState } from "./monitors.ts";
import { Chance } from "./random.ts";
import { liveOneSecond, type Tick } from "./tick.ts";
import { freshWorld, type World } from "./world.ts";

const SECOND_MS = 1_000;
/** What is lived through at the first start, so that there is a baseline. */
const HISTORY_S = 10 * 60;
/** After a pause of the process the sandbox went on: at most this much is made up for. */
const CATCH_UP_S = 5 * 60;
const PAST_CHANGES = 9;
const CHUNK_S = 20;

/** The sandbox as a running thing: lives second by second, remembers, and can be changed. */
export class Engine {
  readonly #memory: Memory;
  readonly #clock: Clock;
  #world: World;
  #monitors: MonitorState = {};
  #ticks: Tick[] = [];
  #at: number;
  #planned: { at: number; chance: number }[] = [];

  constructor(memory: Memory, clock: Clock, seed: number) {
    this.#memory = memory;
    this.#clock = clock;
    const kept = memory.load();
    this.#world = kept?.world ?? freshWorld(seed);
    this.#monitors = kept?.monitors ?? {};
    const now = second(clock.now());
    this.#at = kept === null ? now - HISTORY_S * SECOND_MS : Math.max(kept.at, now - CATCH_UP_S * SECOND_MS);
    if (kept === null) this.#past(now);
    this.#warmUp();
  }

  /** Lives through what lies behind, in pieces, so that everything else of the process goes on meanwhile. */
  async begin(): Promise<void> {
    while (second(this.#clock.now()) - this.#at > CHUNK_S * SECOND_MS) {
      this.#memory.inOne(() => this.#liveUntil(this.#at + CHUNK_S * SECOND_MS));
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.catchUp();
  }

  get world(): World {
    return this.#world;
  }

  /** Lives through every second that has begun since the last call. */
  catchUp(): void {
    const now = second(this.#clock.now());
    this.#liveUntil(now);
    this.#innocents(now);
  }

  #liveUntil(until: number): void {
    const now = second(this.#clock.now());
    const live = now - this.#at < 2 * WINDOW_S * SECOND_MS;
    for (let at = this.#at + SECOND_MS; at <= until; at += SECOND_MS)
      this.#liveSecond(at, live || now - at < WINDOW_S * SECOND_MS);
  }

  #liveSecond(at: number, monitored: boolean): void {
    const { world, tick } = liveOneSecond(this.#world);
    this.#world = world;
    this.#at = at;
    this.#ticks = [...this.#ticks.slice(1 - WINDOW_S), tick];
    const values = measure(this.#ticks, world);
    const judged = monitored ? evaluate(this.#monitors, values, at) : { state: this.#monitors, bodies: [] };
    this.#monitors = judged.state;
    const deliveries = judged.bodies.map((body) => ({ path: "/webhooks/alertmanager", body: JSON.stringify(body) }));
    this.#memory.saveSecond({ world, monitors: judged.state, at, values, deliveries });
  }

  /** A restart has lost the last seconds' requests; the window is filled again without moving the world. */
  #warmUp(): void {
    let world = this.#world;
    for (let i = 0; i < WINDOW_S; i += 1) {
      const lived = liveOneSecond(world);
      world = lived.world;
      this.#ticks.push(lived.tick);
    }
  }

  /** Innocent changes of the minutes before the first start: every incident has a past. */
  #past(now: number): void {
    const chance = new Chance(this.#world.chance ^ 0x5eed);
    const times = Array.from(
      { length: PAST_CHANGES },
      () => now - Math.round(chance.between(40, HISTORY_S)) * SECOND_MS,
    ).toSorted((a, b) => a - b);
    this.#publish(times.map((at) => innocentChange(chance, at)));
  }

  /** Changes a part of the world by one operation, tells of it, and writes it into the journal, all at once. */
  operate(world: World, told: Omit<ChangeDraft, "at">, journal: Omit<JournalEntry, "at">): Change {
    const at = this.#clock.now();
    const change = toChange({ ...told, at }, this.#memory.countChanges() + 1);
    this.#world = world;
    this.#memory.saveDeed({
      world,
      at: this.#at,
      changes: [change],
      deliveries: [delivery([change])],
      journal: { ...journal, at },
    });
    return change;
  }

  /** Breaks it. Innocent changes are made shortly before and after, so that the latest change proves nothing. */
  drill(fault: SandboxFault, seed: number): DrillRecord {
    const at = this.#clock.now();
    const chance = new Chance(seed * 7_919 + this.#memory.drills().length * 104_729 + 13);
    const { world, culprit } = fault.apply(this.#world, chance, at);
    const before = Array.from({ length: 1 + chance.whole(2) }, () =>
      innocentChange(chance, at - Math.round(chance.between(4, 45)) * SECOND_MS),
    );
    const drafts = [...before, ...(culprit === null ? [] : [culprit])];
    const first = this.#memory.countChanges() + 1;
    const changes = drafts.map((draft, index) => toChange(draft, first + index));
    const record: DrillRecord = {
      id: `drill-${this.#memory.drills().length + 1}`,
      fault: fault.name,
      cause: fault.cause,
      remedies: [...fault.remedies],
      culprit: culprit === null ? null : (changes.at(-1)?.id ?? null),
      startedAt: at,
    };
    this.#world = world;
    this.#planned = Array.from({ length: 1 + chance.whole(2) }, () => ({
      at: at + Math.round(chance.between(1, 7)) * SECOND_MS,
      chance: chance.whole(1e9),
    }));
    this.#memory.saveDeed({
      world,
      at: this.#at,
      changes,
      deliveries: changes.map((change) => delivery([change])),
      drill: record,
    });
    return record;
  }

  /** Heals everything; versions and changes stay on record. */
  reset(): void {
    const fresh = freshWorld(this.#world.seed);
    this.#world = { ...fresh, chance: this.#world.chance };
    this.#memory.saveDeed({ world: this.#world, at: this.#at, changes: [], deliveries: [] });
  }

  #innocents(now: number): void {
    const due = this.#planned.filter(({ at }) => at <= now);
    this.#planned = this.#planned.filter(({ at }) => at > now);
    this.#publish(due.map(({ at, chance }) => innocentChange(new Chance(chance), at)));
  }

  #publish(drafts: readonly ChangeDraft[]): void {
    if (drafts.length === 0) return;
    const first = this.#memory.countChanges() + 1;
    const changes = drafts.map((draft, index) => toChange(draft, first + index));
    this.#memory.saveDeed({ world: this.#world, at: this.#at, changes, deliveries: [delivery(changes)] });
  }
}

function delivery(changes: readonly Change[]): { path: string; body: string } {
  return { path: "/webhooks/sandbox", body: JSON.stringify({ id: `d-${changes[0]?.id ?? ""}`, changes }) };
}

function second(at: number): number {
  return Math.floor(at / SECOND_MS) * SECOND_MS;
}

/** The fault of that name, or null. */
export function faultNamed(name: string): SandboxFault | null {
  return faults.find((fault) => fault.name === name) ?? null;
}
