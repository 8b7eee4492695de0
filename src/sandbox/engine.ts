import type { Change } from "../domain/change.ts";
import { SECOND } from "../domain/time.ts";
import type { Clock } from "../lib/clock.ts";
import { type ChangeDraft, toChange } from "./change.ts";
import { faultNamed, type SandboxFault } from "./faults.ts";
import { freshWorld, healed } from "./fresh-world.ts";
import { History, KEPT_S } from "./history.ts";
import { Ledger } from "./ledger.ts";
import { logsOf } from "./logs.ts";
import type { Commit, DrillRecord, JournalEntry, Memory, NewDelivery, Planned, Standing } from "./memory.ts";
import { Meter } from "./meter.ts";
import { evaluate, isFiring } from "./monitors.ts";
import { Chance } from "./random.ts";
import { innocent, ownParts } from "./releases.ts";
import { type InputValues, inputValues } from "./samples.ts";
import { liveOneSecond } from "./tick.ts";
import type { World } from "./world.ts";

/** What is lived through at the first start, so that there is a past to compare with. */
const HISTORY_S = 10 * 60;
/** Seconds that are written in one transaction while many are made up for. */
const BATCH_S = 60;
/** The input of so many seconds is the reference that drift is measured against. */
const LAUNCH_S = 60;
/** Innocent changes come at random, about as many seconds apart. */
const INNOCENT_EVERY_S = 100;
/** After a drill that has been mended, people put away what is left of it once it has been calm for a while. */
const CALM_MS = 45 * SECOND;
const TIDY_AFTER_MS = 90 * SECOND;
const LOOK_EVERY_MS = 50;

/** The sandbox as a running thing: lives second by second, remembers, and can be changed. */
export class Engine {
  readonly #memory: Memory;
  readonly #clock: Clock;
  readonly #meter = new Meter();
  /** What a Prometheus scrapes; counts from the start of the process. */
  readonly ledger = new Ledger();
  readonly #history: History;
  #now: Standing;
  #changes: number;

  constructor(memory: Memory, clock: Clock, seed: number) {
    this.#memory = memory;
    this.#clock = clock;
    this.#changes = memory.countChanges();
    this.#history = new History(memory.names(), memory.seconds());
    for (const world of memory.worlds()) this.#meter.take(liveOneSecond(world).tick);
    this.#now = memory.standing() ?? launch(seed, second(clock.now()));
  }

  /** Lives through what lies behind, in pieces, so that everything else of the process goes on meanwhile. */
  async begin(): Promise<void> {
    while (second(this.#clock.now()) - this.#now.at > BATCH_S * SECOND) {
      this.#liveUntil(this.#now.at + BATCH_S * SECOND);
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.catchUp();
  }

  get world(): World {
    return this.#now.world;
  }

  get history(): History {
    return this.#history;
  }

  /** What the assistant was launched with, and what it gets now. */
  get input(): { reference: InputValues; current: InputValues } {
    return { reference: this.#now.reference, current: inputValues(this.#meter.fates()) };
  }

  /** Lives through every second that has begun since the last call: what happens does not wait for the process. */
  catchUp(): void {
    const now = second(this.#clock.now());
    if (now - this.#now.at > KEPT_S * SECOND) this.#now = { ...this.#now, at: now - KEPT_S * SECOND };
    while (this.#now.at < now) this.#liveUntil(Math.min(now, this.#now.at + BATCH_S * SECOND));
  }

  /** In one transaction. */
  #liveUntil(until: number): void {
    const batch = empty();
    for (let at = this.#now.at + SECOND; at <= until; at += SECOND) {
      this.#happen(at, batch);
      this.#liveSecond(at, batch);
    }
    this.#memory.commit({ standing: this.#now, ...batch });
  }

  #liveSecond(at: number, batch: Batch): void {
    const before = this.#now.world;
    const { world, tick } = liveOneSecond(before);
    const values = this.#meter.take(tick);
    const { second: kept, names } = this.#history.add(at, values, logsOf(world, tick));
    const { state, bodies } = evaluate(this.#now.monitors, { values, world, at });
    if (at > this.#now.launchedAt) {
      this.ledger.take(tick);
      batch.deliveries.push(...bodies.map((body) => delivery("/webhooks/alertmanager", body)));
    }
    batch.seconds.push({ second: kept, names, world: before });
    const calmSince = isFiring(state) ? null : (this.#now.calmSince ?? at);
    const reference = world.tick === LAUNCH_S ? inputValues(this.#meter.fates()) : this.#now.reference;
    this.#now = { ...this.#now, world, monitors: state, at, calmSince, reference };
  }

  /** What was planned for this second, and what comes by chance. */
  #happen(at: number, batch: Batch): void {
    const due = this.#now.planned.filter((planned) => planned.at <= at);
    if (due.length > 0) this.#now = { ...this.#now, planned: this.#now.planned.filter((planned) => planned.at > at) };
    for (const planned of due) {
      if (planned.fault === null) this.#innocent(new Chance(planned.chance), { at, spare: planned.spare }, batch);
      else this.#break(planned, planned.fault, batch);
    }
    const chance = new Chance(this.#now.world.chance ^ 0x1a2b3c);
    if (chance.hit(1 / INNOCENT_EVERY_S)) this.#innocent(chance, { at, spare: this.#watched() }, batch);
    if (this.#now.untidy) this.#tidy(at, batch);
  }

  /** The part that a drill is about to break; then all that burns with it, until things are back in order. */
  #watched(): readonly string[] {
    const { untidy, planned, world } = this.#now;
    if (untidy) return ownParts(world);
    return planned.flatMap(({ fault }) => (fault === null ? [] : (faultNamed(fault)?.part ?? [])));
  }

  #innocent(chance: Chance, when: { at: number; spare: readonly string[] }, batch: Batch): void {
    const { world, draft } = innocent(this.#now.world, chance, when);
    this.#now = { ...this.#now, world };
    this.#publish(draft, batch);
  }

  #break({ at, chance }: Planned, name: string, batch: Batch): void {
    const fault = faultNamed(name);
    const drill = this.#memory.drills().at(-1);
    if (fault === null || drill === undefined) return;
    const { world, culprit } = fault.apply(this.#now.world, new Chance(chance), at);
    this.#now = { ...this.#now, world, untidy: true };
    const change = culprit === null ? null : this.#publish(culprit, batch);
    batch.drills.push({ ...drill, culprit: change?.id ?? null });
  }

  /** People put the leftovers of a mended drill away: a drained node is replaced, a provider gets its traffic back. */
  #tidy(at: number, batch: Batch): void {
    const { calmSince } = this.#now;
    const since = this.#memory.drills().at(-1)?.startedAt ?? 0;
    if (calmSince === null || at - calmSince < CALM_MS || at - since < TIDY_AFTER_MS) return;
    this.#restore(at, batch);
  }

  #restore(at: number, batch: Batch): void {
    this.#heal(at);
    this.#publish({ ...RESTORED, at }, batch);
  }

  #heal(at: number): void {
    this.#now = { ...this.#now, world: healed(this.#now.world, at), untidy: false };
  }

  #publish(draft: ChangeDraft, batch: Pick<Batch, "changes" | "deliveries">): Change {
    this.#changes += 1;
    const change = toChange(draft, this.#changes);
    batch.changes.push(change);
    batch.deliveries.push(delivery("/webhooks/sandbox", { id: `d-${change.id}`, changes: [change] }));
    return change;
  }

  /** Changes the world by one operation, tells of it, and writes it into the journal, all at once. */
  operate(world: World, told: Omit<ChangeDraft, "at">, journal: Omit<JournalEntry, "at">): Change {
    const at = this.#clock.now();
    const batch = empty();
    this.#now = { ...this.#now, world };
    const change = this.#publish({ ...told, at }, batch);
    this.#memory.commit({ standing: this.#now, ...batch, journal: { ...journal, at } });
    return change;
  }

  /**
   * Plans a break in a moment. Innocent changes are made before and after it, so that neither the latest change nor
   * the one just before the break proves anything.
   */
  drill(fault: SandboxFault, seed: number): DrillRecord {
    this.catchUp();
    const at = this.#clock.now();
    const drills = this.#memory.drills().length;
    const chance = new Chance(seed * 7_919 + drills * 104_729 + 13);
    const batch = empty();
    if (this.#now.untidy) this.#restore(at, batch);
    const startedAt = second(at) + (2 + chance.whole(2)) * SECOND;
    const own = ownParts(this.#now.world);
    const later = (ms: number): Planned => {
      // Two releases of one part at once would be one too many; and who is paged releases nothing.
      const spare = ms > startedAt ? own : own.filter((part) => part === fault.part);
      return { at: ms, chance: chance.whole(1e9), fault: null, spare };
    };
    const before = [later(at), ...(chance.hit(0.5) ? [later(startedAt - SECOND)] : [])];
    const after = Array.from({ length: 1 + chance.whole(2) }, () => later(startedAt + (1 + chance.whole(6)) * SECOND));
    const planned = [...before, { ...later(startedAt), fault: fault.name }, ...after];
    const record: DrillRecord = {
      id: `drill-${drills + 1}`,
      fault: fault.name,
      cause: fault.cause,
      remedies: [...fault.remedies],
      culprit: null,
      startedAt,
    };
    this.#now = { ...this.#now, planned: [...this.#now.planned, ...planned] };
    this.#memory.commit({ standing: this.#now, ...batch, drills: [record] });
    return record;
  }

  /** Resolves once that time has been lived through. */
  async until(at: number): Promise<void> {
    while (this.#now.at < at) {
      await this.#clock.sleep(LOOK_EVERY_MS);
      this.catchUp();
    }
  }

  /** Heals everything at once, as no outside system ever does: nobody is told. */
  reset(): void {
    this.#now = { ...this.#now, planned: [] };
    this.#heal(this.#clock.now());
    this.#memory.commit({ standing: this.#now });
  }
}

interface Batch {
  readonly seconds: NonNullable<Commit["seconds"]>[number][];
  readonly changes: Change[];
  readonly deliveries: NewDelivery[];
  readonly drills: DrillRecord[];
}

function empty(): Batch {
  return { seconds: [], changes: [], deliveries: [], drills: [] };
}

const RESTORED: Omit<ChangeDraft, "at"> = {
  kind: "config",
  target: "sandbox",
  service: null,
  title: "Everything back to its usual settings",
  author: "operator",
  before: null,
  after: null,
  summary: "nodes, weights, limits and versions",
};

function launch(seed: number, launchedAt: number): Standing {
  return {
    world: freshWorld(seed),
    monitors: {},
    launchedAt,
    at: launchedAt - HISTORY_S * SECOND,
    planned: [],
    reference: { language: [], route: [], conversation_tokens: [] },
    calmSince: null,
    untidy: false,
  };
}

function delivery(path: string, body: unknown): NewDelivery {
  return { path, body: JSON.stringify(body) };
}

function second(at: number): number {
  return Math.floor(at / SECOND) * SECOND;
}
