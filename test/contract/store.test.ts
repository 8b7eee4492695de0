import fc from "fast-check";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { verifyChain } from "../../src/lib/audit-chain.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { kindOf } from "../../src/lib/fault.ts";
import { silentLog } from "../../src/lib/log.ts";
import { Secret } from "../../src/lib/secret.ts";
import { openStore, type StoreOptions } from "../../src/store/open.ts";
import type { Commit, Job, Store } from "../../src/store-port.ts";
import { type Backend, backends } from "./store-backends.ts";
import * as a from "./store-samples.ts";

const nothing = { alerts: [], changes: [] };
const deps = { clock: systemClock, log: silentLog };

describe.each(backends)("the store on %s", (name, makeBackend) => {
  let backend: Backend;
  const opened: Store[] = [];

  beforeAll(async () => {
    backend = await makeBackend();
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((store) => store.close()));
  });
  afterAll(() => backend.close());

  /** A store on an empty database. */
  async function fresh(): Promise<Store> {
    return open(await backend.empty());
  }
  async function open(options: StoreOptions): Promise<Store> {
    const store = await openStore(options, deps);
    opened.push(store);
    return store;
  }
  /** Jobs due now; asks until there are some, since a lease or a retry is due a moment later on PostgreSQL. */
  async function claim(store: Store, limit = 10, leaseMs = 60_000): Promise<Job[]> {
    return store.jobs.claim(Date.now(), leaseMs, limit);
  }
  async function eventually<T>(ask: () => Promise<T>, good: (answer: T) => boolean): Promise<T> {
    const until = Date.now() + 20_000;
    for (;;) {
      const answer = await ask();
      if (good(answer) || Date.now() > until) return answer;
      await systemClock.sleep(100);
    }
  }
  const opening: Commit = { incidents: [{ next: a.incident("inc_1"), expectRev: null }] };
  const waiting = async (store: Store) =>
    Object.fromEntries((await store.jobs.counts(Date.now())).map((count) => [count.kind, count.waiting]));

  describe("deliveries", () => {
    it("keeps a delivery with what it said, and its job", async () => {
      const store = await fresh();
      const sent = a.delivery("dlv_1", { body: "half a surrogate \ud800 and a NUL \0", headers: { "x-odd": "\0" } });
      const parsed = { alerts: [a.alert("f1")], changes: [a.change("c1")] };

      expect(await store.accept(sent, parsed, [a.job("dlv_1")])).toBe("stored");

      expect(await store.delivery("dlv_1")).toEqual({ delivery: sent, parsed });
      expect(await claim(store)).toMatchObject([
        { kind: "triage", key: "dlv_1", payload: { delivery: "dlv_1" }, attempt: 1 },
      ]);
      expect(await store.delivery("dlv_2")).toBeNull();
    });

    it("tells a repeat apart, also within one group, and writes nothing for it", async () => {
      const store = await fresh();
      const same = { connector: "github", dedupeKey: "k" };

      const together = await Promise.all([
        store.accept(a.delivery("dlv_1", same), nothing, [a.job("dlv_1")]),
        store.accept(a.delivery("dlv_2", same), nothing, [a.job("dlv_2")]),
        store.accept(a.delivery("dlv_3", { connector: "grafana", dedupeKey: "k" }), nothing, [a.job("dlv_3")]),
      ]);
      const later = await store.accept(a.delivery("dlv_4", same), nothing, [a.job("dlv_4")]);

      expect(together).toEqual(["stored", "duplicate", "stored"]);
      expect(later).toBe("duplicate");
      expect(await store.delivery("dlv_2")).toBeNull();
      expect((await claim(store)).map((job) => job.key).sort()).toEqual(["dlv_1", "dlv_3"]);
    });

    it("stores exactly one of each key, whatever comes in whichever groups", async () => {
      const store = await fresh();
      let id = 0;
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 6 }), { maxLength: 4 }),
          async (groups) => {
            const run = `run-${id++}`;
            let stored = 0;
            for (const group of groups) {
              const results = await Promise.all(
                group.map((key) =>
                  store.accept(a.delivery(`dlv-${id++}`, { dedupeKey: `${run}-${key}` }), nothing, []),
                ),
              );
              stored += results.filter((result) => result === "stored").length;
            }
            expect(stored).toBe(new Set(groups.flat()).size);
          },
        ),
        { numRuns: 25 },
      );
    });

    it("commits deliveries that arrive together in few transactions, and keeps them all", async () => {
      const options = await backend.empty();
      const store = await open(options);
      const before = await backend.transactions(options);

      const results = await Promise.all(
        Array.from({ length: 200 }, (_, n) => store.accept(a.delivery(`dlv_${n}`), nothing, [a.job(`dlv_${n}`)])),
      );

      const took = (await backend.transactions(options)) - before;
      expect(results).toEqual(Array.from({ length: 200 }, () => "stored"));
      expect(took).toBeGreaterThan(0);
      expect(took).toBeLessThan(60);
      await store.close();
      const again = await open(options);
      expect(await again.delivery("dlv_199")).not.toBeNull();
      expect((await waiting(again))["triage"]).toBe(200);
    });

    it("lets one that cannot be stored fail alone", async () => {
      const store = await fresh();
      await store.accept(a.delivery("dlv_1"), nothing, []);

      const [sameId, neighbour] = await Promise.allSettled([
        store.accept(a.delivery("dlv_1", { dedupeKey: "another" }), nothing, [a.job("x")]),
        store.accept(a.delivery("dlv_2"), nothing, [a.job("dlv_2")]),
      ]);

      expect(sameId.status).toBe("rejected");
      expect(neighbour).toEqual({ status: "fulfilled", value: "stored" });
      expect((await claim(store)).map((job) => job.key)).toEqual(["dlv_2"]);
    });

    it("takes keys of any length and content for what they are", async () => {
      const store = await fresh();
      const long = "k".repeat(50_000);
      const keys = [long, `${long}!`, "\0", "\ufffd", "\ud800"];

      const first = [];
      for (const key of keys)
        first.push(await store.accept(a.delivery(`dlv_${first.length}`, { dedupeKey: key }), nothing, []));
      const again = await store.accept(a.delivery("dlv_again", { dedupeKey: long }), nothing, []);

      expect(first).toEqual(keys.map(() => "stored"));
      expect(again).toBe("duplicate");
    });

    it("shows the unreadable ones, newest first", async () => {
      const store = await fresh();
      await store.accept(a.delivery("dlv_1", { state: "unreadable", fault: "alerts: expected array" }), nothing, []);
      await store.accept(a.delivery("dlv_2", { receivedAt: a.T0 + 1 }), nothing, []);
      await store.commit({ delivery: { id: "dlv_2", state: "unreadable", fault: "body: not JSON" } });
      await store.accept(a.delivery("dlv_3"), nothing, []);
      await store.commit({ delivery: { id: "dlv_3", state: "handled", fault: null } });

      expect((await store.unreadable(10)).map(({ id, fault }) => [id, fault])).toEqual([
        ["dlv_2", "body: not JSON"],
        ["dlv_1", "alerts: expected array"],
      ]);
      expect(await store.unreadable(1)).toHaveLength(1);
      expect((await store.delivery("dlv_3"))?.delivery.state).toBe("handled");
    });
  });

  describe("a commit", () => {
    it("makes everything true together, and gives it back", async () => {
      const store = await fresh();
      const first = a.alert("f1");
      const plan = a.proposal("prop_1", "inc_1", { state: "approved" });

      const result = await store.commit({
        ...opening,
        alerts: [{ incidentId: "inc_1", alert: first }],
        changes: [a.change("c1"), a.change("c2", { at: a.T0 + 5 })],
        diagnosis: { incidentId: "inc_1", diagnosis: a.diagnosis() },
        proposals: [plan],
        decisions: [a.decision("apr_1", "prop_1")],
        executions: [{ next: a.execution("exe_1", "prop_1", "inc_1"), expectEpoch: null }],
        locks: [{ target: "langfuse:answer", executionId: "exe_1" }],
        timeline: [{ incidentId: "inc_1", at: a.T0, kind: "opened", actor: "faultline", text: "opened" }],
        audit: [a.auditEntry("proposal.approved")],
        messages: [
          { incidentId: "inc_1", message: { key: "root", text: "firing", blocks: [{ type: "divider" }] }, at: a.T0 },
        ],
        jobs: [a.job("inc_1", { kind: "investigate" })],
      });

      expect(result).toBe("committed");
      expect(await store.incident("inc_1")).toEqual(a.incident("inc_1"));
      expect(await store.incidentOfAlert("f1", first.startsAt)).toEqual(a.incident("inc_1"));
      expect(await store.incidentOfAlert("f1", first.startsAt + 1)).toBeNull();
      expect(await store.alerts("inc_1")).toEqual([first]);
      expect(await store.changesIn({ from: a.T0, to: a.T0 + 5 }, 10)).toEqual([a.change("c1")]);
      expect(await store.diagnoses("inc_1")).toEqual([a.diagnosis()]);
      expect(await store.proposal("prop_1")).toEqual(plan);
      expect(await store.decisions("prop_1")).toEqual([a.decision("apr_1", "prop_1")]);
      expect(await store.execution("exe_1")).toEqual(a.execution("exe_1", "prop_1", "inc_1"));
      expect(await store.executions({ active: true })).toHaveLength(1);
      expect(await store.timeline("inc_1")).toMatchObject([{ kind: "opened", text: "opened" }]);
      expect(await store.audit(0, 10)).toMatchObject([{ seq: 1, action: "proposal.approved" }]);
      expect(await store.messages("inc_1")).toMatchObject([{ key: "root", seq: 1, rev: 1, publishedRev: 0 }]);
      expect((await claim(store)).map((job) => job.kind)).toEqual(["investigate"]);
    });

    const prepared: Commit = {
      ...opening,
      proposals: [a.proposal("prop_1", "inc_1"), a.proposal("prop_2", "inc_1")],
      decisions: [a.decision("apr_1", "prop_1")],
      executions: [
        { next: a.execution("exe_1", "prop_1", "inc_1"), expectEpoch: null },
        { next: a.execution("exe_2", "prop_2", "inc_1"), expectEpoch: null },
      ],
      locks: [{ target: "langfuse:answer", executionId: "exe_1" }],
    };
    const conflicts: [string, Commit][] = [
      ["the incident is there already", opening],
      ["the incident has another rev", { incidents: [{ next: a.incident("inc_1", { rev: 3 }), expectRev: 2 }] }],
      ["the incident is not there", { incidents: [{ next: a.incident("inc_9", { rev: 2 }), expectRev: 1 }] }],
      ["the proposal is there already", { proposals: [a.proposal("prop_1", "inc_1")] }],
      [
        "the proposal is in another state",
        { proposalMoves: [{ id: "prop_1", from: "approved", to: "expired", because: "late" }] },
      ],
      ["the same person approved the same digest before", { decisions: [a.decision("apr_2", "prop_1")] }],
      [
        "the execution is there already",
        { executions: [{ next: a.execution("exe_1", "prop_1", "inc_1"), expectEpoch: null }] },
      ],
      [
        "the execution was taken over",
        { executions: [{ next: a.execution("exe_1", "prop_1", "inc_1", { epoch: 3 }), expectEpoch: 2 }] },
      ],
      ["another execution holds the target", { locks: [{ target: "langfuse:answer", executionId: "exe_2" }] }],
    ];
    it.each(conflicts)("writes nothing when %s", async (_case, commit) => {
      const store = await fresh();
      expect(await store.commit(prepared)).toBe("committed");
      await store.accept(a.delivery("dlv_1"), nothing, []);

      const result = await store.commit({
        ...commit,
        delivery: { id: "dlv_1", state: "handled", fault: null },
        alerts: [{ incidentId: "inc_1", alert: a.alert("f1") }],
        changes: [a.change("c1")],
        timeline: [{ incidentId: "inc_1", at: a.T0, kind: "note", actor: "faultline", text: "lost" }],
        audit: [a.auditEntry("lost")],
        messages: [{ incidentId: "inc_1", message: { key: "root", text: "lost", blocks: [] }, at: a.T0 }],
        jobs: [a.job("inc_1", { kind: "verify" })],
      });

      expect(result).toBe("conflict");
      expect((await store.delivery("dlv_1"))?.delivery.state).toBe("stored");
      expect(await store.alerts("inc_1")).toEqual([]);
      expect(await store.changesIn({ from: 0, to: a.T0 * 2 }, 10)).toEqual([]);
      expect(await store.timeline("inc_1")).toEqual([]);
      expect(await store.audit(0, 10)).toEqual([]);
      expect(await store.messages("inc_1")).toEqual([]);
      expect((await waiting(store))["verify"]).toBe(0);
      expect(await claim(store)).toEqual([]);
    });

    it("lets one of two that read the same rev win", async () => {
      const store = await fresh();
      await store.commit(opening);
      const next = (owner: string) => ({ next: a.incident("inc_1", { rev: 2, owner }), expectRev: 1 });

      const results = await Promise.all(
        ["ada", "bob", "eve"].map((owner) => store.commit({ incidents: [next(owner)], audit: [a.auditEntry(owner)] })),
      );

      expect(results.sort()).toEqual(["committed", "conflict", "conflict"]);
      const [line, ...more] = await store.audit(0, 10);
      expect(more).toEqual([]);
      expect((await store.incident("inc_1"))?.owner).toBe(line?.action);
    });

    it("lets one of two clicks decide", async () => {
      const store = await fresh();
      await store.commit({ ...opening, proposals: [a.proposal("prop_1", "inc_1")] });
      const click = (by: string, to: "approved" | "rejected") =>
        store.commit({
          decisions: [a.decision(`apr_${by}`, "prop_1", { by, verdict: to })],
          proposalMoves: [{ id: "prop_1", from: "pending", to, because: `${to} by ${by}` }],
          audit: [a.auditEntry(`proposal.${to}`)],
        });

      const results = await Promise.all([click("ada", "approved"), click("bob", "rejected")]);

      expect(results.sort()).toEqual(["committed", "conflict"]);
      expect(await store.decisions("prop_1")).toHaveLength(1);
      const decided = await store.proposal("prop_1");
      expect(decided?.endedBecause).toBe(`${decided?.state} by ${decided?.state === "approved" ? "ada" : "bob"}`);
    });

    it("counts the approvals of different persons, and of a new digest anew", async () => {
      const store = await fresh();
      await store.commit({
        ...opening,
        proposals: [a.proposal("prop_1", "inc_1")],
        decisions: [a.decision("apr_1", "prop_1")],
      });

      expect(await store.commit({ decisions: [a.decision("apr_2", "prop_1", { by: "bob" })] })).toBe("committed");
      expect(await store.commit({ decisions: [a.decision("apr_3", "prop_1", { digest: "next" })] })).toBe("committed");
      expect(await store.commit({ decisions: [a.decision("apr_4", "prop_1", { verdict: "rejected" })] })).toBe(
        "committed",
      );
      expect(await store.decisions("prop_1")).toHaveLength(4);
    });

    it("frees a target when its execution is named, for another to take in the same commit", async () => {
      const store = await fresh();
      await store.commit(prepared);

      expect(await store.commit({ locks: [{ target: "langfuse:answer", executionId: "exe_1" }] })).toBe("committed");
      expect(
        await store.commit({ unlock: "exe_1", locks: [{ target: "langfuse:answer", executionId: "exe_2" }] }),
      ).toBe("committed");
      expect(await store.commit({ locks: [{ target: "langfuse:answer", executionId: "exe_1" }] })).toBe("conflict");
    });

    it("follows an execution through its epochs to its end", async () => {
      const store = await fresh();
      await store.commit(prepared);
      const taken = a.execution("exe_1", "prop_1", "inc_1", { epoch: 2 });

      expect(await store.commit({ executions: [{ next: taken, expectEpoch: 1 }] })).toBe("committed");
      expect(
        await store.commit({ executions: [{ next: { ...taken, outcome: "lost", epoch: 1 }, expectEpoch: 1 }] }),
      ).toBe("conflict");
      expect(
        await store.commit({ executions: [{ next: { ...taken, state: "recovered", endedAt: a.T0 }, expectEpoch: 2 }] }),
      ).toBe("committed");
      expect((await store.executions({ active: true })).map(({ id }) => id)).toEqual(["exe_2"]);
      expect((await store.executions({ incidentId: "inc_1", active: false })).map(({ id }) => id)).toEqual(["exe_1"]);
    });

    it("is refused as a defect when a rev does not follow, or when it names an incident that is not there", async () => {
      const store = await fresh();
      await store.commit(opening);

      await expect(
        store.commit({ incidents: [{ next: a.incident("inc_1", { rev: 5 }), expectRev: 1 }] }),
      ).rejects.toThrow("rev 5 does not follow 1");
      await expect(store.commit({ proposals: [a.proposal("prop_1", "inc_9")] })).rejects.toThrow(/foreign key/i);
      expect((await store.incident("inc_1"))?.rev).toBe(1);
    });
  });

  describe("reading", () => {
    it("gives the incidents newest first, open or not, and no more than asked", async () => {
      const store = await fresh();
      const resolved = a.incident("inc_1", { status: "resolved", openedAt: a.T0 + 3, resolvedAt: a.T0 + 9 });
      const open = [a.incident("inc_2", { openedAt: a.T0 + 1 }), a.incident("inc_3", { openedAt: a.T0 + 2 })];
      await store.commit({ incidents: [resolved, ...open].map((next) => ({ next, expectRev: null })) });
      const ids = async (filter: Parameters<Store["incidents"]>[0]) =>
        (await store.incidents(filter)).map(({ id }) => id);

      expect(await ids({ limit: 10 })).toEqual(["inc_1", "inc_3", "inc_2"]);
      expect(await ids({ open: true, limit: 10 })).toEqual(["inc_3", "inc_2"]);
      expect(await ids({ open: false, limit: 10 })).toEqual(["inc_1"]);
      expect(await ids({ limit: 1 })).toEqual(["inc_1"]);
      expect(await store.incident("inc_9")).toBeNull();
    });

    it("keeps an alert with the incident it joined first, in its latest state", async () => {
      const store = await fresh();
      await store.commit({
        incidents: [a.incident("inc_1"), a.incident("inc_2")].map((next) => ({ next, expectRev: null })),
        alerts: [
          { incidentId: "inc_1", alert: a.alert("f1", { startsAt: a.T0 + 1 }) },
          { incidentId: "inc_1", alert: a.alert("f0") },
        ],
      });
      const resolved = a.alert("f0", { status: "resolved", endsAt: a.T0 + 60_000 });

      await store.commit({ alerts: [{ incidentId: "inc_2", alert: resolved }] });

      expect((await store.alerts("inc_1")).map(({ fingerprint, status }) => [fingerprint, status])).toEqual([
        ["f0", "resolved"],
        ["f1", "firing"],
      ]);
      expect(await store.alerts("inc_2")).toEqual([]);
    });

    it("gives changes from inside the window in order of time, and of too many the newest", async () => {
      const store = await fresh();
      await store.commit({ changes: [3, 1, 2, 4].map((n) => a.change(`c${n}`, { at: n })) });
      await store.commit({ changes: [a.change("c2", { at: 2, title: "described" })] });

      expect((await store.changesIn({ from: 1, to: 4 }, 10)).map(({ id }) => id)).toEqual(["c1", "c2", "c3"]);
      expect((await store.changesIn({ from: 1, to: 4 }, 2)).map(({ id, title }) => [id, title])).toEqual([
        ["c2", "described"],
        ["c3", "Shorter answers"],
      ]);
    });

    it("gives the latest diagnosis, or some of its versions, newest last", async () => {
      const store = await fresh();
      await store.commit(opening);
      for (const asOf of [1, 2, 3])
        await store.commit({ diagnosis: { incidentId: "inc_1", diagnosis: a.diagnosis({ asOf }) } });

      expect((await store.diagnoses("inc_1")).map(({ asOf }) => asOf)).toEqual([3]);
      expect((await store.diagnoses("inc_1", 2)).map(({ asOf }) => asOf)).toEqual([2, 3]);
      expect(await store.diagnoses("inc_2", 2)).toEqual([]);
    });

    it("finds proposals by incident and by state", async () => {
      const store = await fresh();
      await store.commit({
        incidents: [a.incident("inc_1"), a.incident("inc_2")].map((next) => ({ next, expectRev: null })),
        proposals: [a.proposal("prop_1", "inc_1"), a.proposal("prop_2", "inc_2"), a.proposal("prop_3", "inc_1")],
      });
      await store.commit({ proposalMoves: [{ id: "prop_1", from: "pending", to: "expired", because: "too late" }] });
      const ids = async (filter: Parameters<Store["proposals"]>[0]) =>
        (await store.proposals(filter)).map(({ id }) => id);

      expect(await ids({ incidentId: "inc_1" })).toEqual(["prop_1", "prop_3"]);
      expect(await ids({ state: "pending" })).toEqual(["prop_2", "prop_3"]);
      expect(await ids({ incidentId: "inc_1", state: "pending" })).toEqual(["prop_3"]);
      expect(await store.proposal("prop_1")).toMatchObject({ state: "expired", endedBecause: "too late" });
    });

    it("keeps the timeline in the order in which things became known", async () => {
      const store = await fresh();
      await store.commit(opening);
      const line = (text: string, at: number) => ({
        incidentId: "inc_1",
        at,
        kind: "note" as const,
        actor: "ada",
        text,
      });
      await store.commit({ timeline: [line("one", 5), line("two", 4)] });
      await Promise.all(["three", "four"].map((text) => store.commit({ timeline: [line(text, 1)] })));

      const texts = (await store.timeline("inc_1")).map(({ text }) => text);
      expect(texts.slice(0, 2)).toEqual(["one", "two"]);
      expect(texts.slice(2).sort()).toEqual(["four", "three"]);
    });

    it("remembers notes by name", async () => {
      const store = await fresh();
      expect(await store.note("kill-switch")).toBeNull();
      await store.setNote("kill-switch", { on: true });
      await store.setNote("kill-switch", { on: false });
      await store.setNote("cursor", "abc");
      expect(await store.note("kill-switch")).toEqual({ on: false });
      expect(await store.note("cursor")).toBe("abc");
    });
  });

  describe("messages", () => {
    const put = (store: Store, key: string, text: string, at: number) =>
      store.commit({ messages: [{ incidentId: "inc_1", message: { key, text, blocks: [{ text }] }, at }] });

    it("writes a message again only when its content differs", async () => {
      const store = await fresh();
      await store.commit(opening);
      await put(store, "root", "firing", 1);
      await put(store, "diagnosis", "the prompt", 2);
      await put(store, "root", "firing", 3);
      await put(store, "diagnosis", "the model, cut in a \ud83d", 4);
      await put(store, "diagnosis", "the model, cut in a \ud83d", 5);

      expect(await store.messages("inc_1")).toMatchObject([
        { key: "root", text: "firing", seq: 1, rev: 1, updatedAt: 1 },
        { key: "diagnosis", text: "the model, cut in a \ud83d", seq: 2, rev: 2, updatedAt: 4 },
      ]);
    });

    it("remembers what the chat shows, and a post whose answer is not known", async () => {
      const store = await fresh();
      await store.commit(opening);
      await put(store, "root", "one", 1);
      expect(await store.messageSending({ incidentId: "inc_1", key: "root", at: 7, expected: null })).toBe(true);
      expect(await store.messageSending({ incidentId: "inc_1", key: "root", at: 8, expected: null })).toBe(false);
      expect(await store.messages("inc_1")).toMatchObject([{ sendingSince: 7, ts: null, publishedRev: 0 }]);

      await put(store, "root", "two", 2);
      await store.messagePublished("inc_1", "root", { rev: 2, channel: "C1", ts: "1.2" });
      await store.messagePublished("inc_1", "root", { rev: 1, channel: "C1", ts: "1.2" });

      expect(await store.messages("inc_1")).toMatchObject([
        { sendingSince: null, channel: "C1", ts: "1.2", rev: 2, publishedRev: 2 },
      ]);
    });
  });

  describe("jobs", () => {
    it("adds at most one waiting job of a kind and key; a running one does not count", async () => {
      const store = await fresh();
      await store.commit({ jobs: [a.job("k"), a.job("k", { payload: "second" }), a.job("k", { kind: "poll" })] });
      await store.commit({ jobs: [a.job("k")] });
      expect(await waiting(store)).toMatchObject({ triage: 1, poll: 1 });

      const running = await claim(store);
      expect(running.map(({ kind, payload }) => [kind, payload]).sort()).toEqual([
        ["poll", { delivery: "k" }],
        ["triage", { delivery: "k" }],
      ]);
      await store.commit({ jobs: [a.job("k")] });
      expect(await waiting(store)).toMatchObject({ triage: 1, poll: 0 });
    });

    it("gives each job to one of four claimers", async () => {
      const store = await fresh();
      const jobs = Array.from({ length: 40 }, (_, n) => a.job(`k${n}`));
      await store.commit({ jobs });

      const taken: string[] = [];
      const claimer = async () => {
        for (let got = await claim(store, 3); got.length > 0; got = await claim(store, 3)) {
          taken.push(...got.map(({ key }) => key));
        }
      };
      await Promise.all([claimer(), claimer(), claimer(), claimer()]);

      expect(taken.sort()).toEqual(jobs.map(({ key }) => key).sort());
    });

    it("does not give a job before its time, nor more than asked", async () => {
      const store = await fresh();
      const soon = Date.now() + 3_600_000;
      await store.commit({ jobs: [a.job("later", { runAt: soon }), a.job("one"), a.job("two")] });

      expect(await claim(store, 1)).toHaveLength(1);
      expect(await claim(store, 10)).toHaveLength(1);
      expect(await claim(store, 10)).toEqual([]);
      expect(await waiting(store)).toMatchObject({ triage: 1 });
    });

    it("gives a job again when its lease ends, and then not to be finished by the late one", async () => {
      const store = await fresh();
      await store.commit({ jobs: [a.job("k")] });
      const [late] = await claim(store, 1, 1_000);
      expect(await claim(store)).toEqual([]);

      const [again] = await eventually(
        () => claim(store),
        (jobs) => jobs.length > 0,
      );
      expect(again).toMatchObject({ key: "k", attempt: 2 });
      if (late === undefined || again === undefined) throw new Error("no job");
      await store.jobs.finish(late);
      const running = async () => (await store.jobs.counts(Date.now())).find(({ kind }) => kind === "triage")?.running;
      expect(await running()).toBe(1);
      await store.jobs.finish(again);
      expect(await running()).toBe(0);
    });

    it("retries at the time asked, and not beside a waiting job of the same key", async () => {
      const store = await fresh();
      await store.commit({ jobs: [a.job("k")] });
      const [first] = await claim(store);
      if (first === undefined) throw new Error("no job");
      await store.jobs.retry(first, Date.now() + 3_600_000, "unavailable");
      expect(await claim(store)).toEqual([]);
      await store.commit({ jobs: [a.job("k")] });
      expect(await waiting(store)).toMatchObject({ triage: 1 });

      await store.commit({ jobs: [a.job("m")] });
      const [second] = await claim(store);
      await store.commit({ jobs: [a.job("m")] });
      if (second === undefined) throw new Error("no job");
      await store.jobs.retry(second, Date.now(), "unavailable");
      expect(await waiting(store)).toMatchObject({ triage: 2 });
      expect(await claim(store)).toHaveLength(1);
    });

    it("buries a job after its eighth failed attempt, and keeps it visible", async () => {
      const store = await fresh();
      await store.commit({ jobs: [a.job("k")] });
      for (let attempt = 1; attempt <= 8; attempt += 1) {
        const [job] = await eventually(
          () => claim(store),
          (jobs) => jobs.length > 0,
        );
        expect(job?.attempt).toBe(attempt);
        if (job === undefined) return;
        await store.jobs.retry(job, Date.now(), `failure ${attempt}`);
      }

      expect(await claim(store)).toEqual([]);
      expect(await store.jobs.dead(10)).toMatchObject([
        { kind: "triage", key: "k", payload: { delivery: "k" }, attempt: 8, because: "failure 8" },
      ]);
      expect((await store.jobs.counts(Date.now())).find(({ kind }) => kind === "triage")).toMatchObject({
        waiting: 0,
        running: 0,
        dead: 1,
      });
      await store.commit({ jobs: [a.job("k")] });
      expect(await claim(store)).toMatchObject([{ key: "k", attempt: 1 }]);
    });

    it("buries a hopeless job at once", async () => {
      const store = await fresh();
      await store.commit({ jobs: [a.job("k"), a.job("m", { kind: "poll" })] });
      for (const job of await claim(store)) await store.jobs.bury(job, `${job.kind} is hopeless \0`);

      const dead = await store.jobs.dead(10);
      expect(dead.map(({ kind }) => kind).sort()).toEqual(["poll", "triage"]);
      expect(dead[0]?.because).toContain("is hopeless");
      expect(await store.jobs.dead(1)).toHaveLength(1);
    });

    it("says how long the oldest due job waits", async () => {
      const store = await fresh();
      const now = Date.now();
      await store.commit({ jobs: [a.job("k", { runAt: now - 5_000 }), a.job("later", { runAt: now + 3_600_000 })] });
      const count = (await store.jobs.counts(now)).find(({ kind }) => kind === "triage");
      expect(count?.lagMs).toBe(5_000);
      expect((await store.jobs.counts(now)).find(({ kind }) => kind === "sweep")).toMatchObject({
        waiting: 0,
        lagMs: 0,
      });
    });
  });

  describe("the audit", () => {
    it("is one chain, also when many write at once", async () => {
      const store = await fresh();
      await Promise.all(
        Array.from({ length: 20 }, (_, n) =>
          store.commit({ audit: [a.auditEntry(`act.${n}`, { detail: { n, odd: "\0\ud800" } }), a.auditEntry("more")] }),
        ),
      );

      const lines = await store.audit(0, 100);
      expect(lines.map(({ seq }) => seq)).toEqual(Array.from({ length: 40 }, (_, n) => n + 1));
      expect(verifyChain(lines)).toMatchObject({ ok: true, head: { seq: 40 } });
      const first = verifyChain(await store.audit(0, 15));
      if (!first.ok) throw new Error("broken");
      expect(verifyChain(await store.audit(15, 100), first.head)).toMatchObject({ ok: true, head: { seq: 40 } });
    });

    it("cannot be changed or shortened through the database, and shows it when it was", async () => {
      const options = await backend.empty();
      const store = await open(options);
      await store.commit({ audit: [1, 2, 3, 4].map((n) => a.auditEntry(`act.${n}`)) });

      for (const statement of [
        "update audit set actor = 'eve' where seq = 2",
        "delete from audit where seq = 2",
        "delete from audit",
      ]) {
        await expect(backend.run(options, statement)).rejects.toThrow("append-only");
      }
      expect(verifyChain(await store.audit(0, 10)).ok).toBe(true);

      await backend.forceAudit(options, "update audit set actor = 'eve' where seq = 2");
      expect(verifyChain(await store.audit(0, 10))).toMatchObject({ ok: false, seq: 2 });
      await backend.forceAudit(options, "delete from audit where seq = 2");
      expect(verifyChain(await store.audit(0, 10))).toMatchObject({ ok: false, seq: 2 });
    });
  });

  describe("several at once", () => {
    const replicas = name === "PostgreSQL" ? 8 : 1;
    const openAll = async (options: StoreOptions) => Promise.all(Array.from({ length: replicas }, () => open(options)));

    it("start together on one empty database", async () => {
      const stores = await openAll(await backend.bare());

      await Promise.all(stores.map((store, n) => store.accept(a.delivery(`dlv_${n}`), nothing, [a.job(`k${n}`)])));
      const claimed = (await Promise.all(stores.map((store) => claim(store, 3)))).flat();
      expect(claimed.map(({ key }) => key).sort()).toEqual(stores.map((_store, n) => `k${n}`));
    });

    it("store one delivery once, number one chain, and let one commit win", async () => {
      const stores = await openAll(await backend.empty());
      const [first] = stores;
      if (first === undefined) throw new Error("no store");
      await first.commit(opening);

      const accepted = await Promise.all(
        stores.map((store, n) => store.accept(a.delivery(`dlv_${n}`, { dedupeKey: "same" }), nothing, [a.job("same")])),
      );
      const moved = await Promise.all(
        stores.map((store, n) =>
          store.commit({
            incidents: [{ next: a.incident("inc_1", { rev: 2, owner: `p${n}` }), expectRev: 1 }],
            audit: [a.auditEntry("taken", { actor: `p${n}` })],
          }),
        ),
      );
      await Promise.all(stores.map((store) => store.commit({ audit: [a.auditEntry("more"), a.auditEntry("more")] })));

      expect(accepted.filter((result) => result === "stored")).toHaveLength(1);
      expect(moved.filter((result) => result === "committed")).toHaveLength(1);
      const lines = await first.audit(0, 100);
      expect(lines).toHaveLength(1 + 2 * replicas);
      expect(verifyChain(lines).ok).toBe(true);
      expect((await first.incident("inc_1"))?.owner).toBe(lines[0]?.actor);
      expect(await waiting(first)).toMatchObject({ triage: 1 });
    });

    it("work through one queue, each job once", async () => {
      const stores = await openAll(await backend.empty());
      const keys = Array.from({ length: 80 }, (_, n) => `k${n}`);
      await stores[0]?.commit({ jobs: keys.map((key) => a.job(key)) });

      const done: string[] = [];
      const worker = async (store: Store) => {
        for (let jobs = await claim(store, 4); jobs.length > 0; jobs = await claim(store, 4)) {
          await Promise.all(jobs.map((job) => store.jobs.finish(job)));
          done.push(...jobs.map(({ key }) => key));
        }
      };
      await Promise.all(stores.map(worker));

      expect(done.sort()).toEqual(keys.sort());
      const counts = await stores[0]?.jobs.counts(Date.now());
      expect(counts?.find(({ kind }) => kind === "triage")).toMatchObject({ waiting: 0, running: 0, dead: 0 });
    });
  });

  describe("its life", () => {
    it("keeps everything when it is closed and opened again", async () => {
      const options = await backend.empty();
      const store = await open(options);
      await store.commit({ ...opening, audit: [a.auditEntry("one")], jobs: [a.job("k")] });
      await store.close();

      const again = await open(options);
      expect(await again.incident("inc_1")).toEqual(a.incident("inc_1"));
      await again.commit({ audit: [a.auditEntry("two")] });
      expect(verifyChain(await again.audit(0, 10))).toMatchObject({ ok: true, head: { seq: 2 } });
      expect(await claim(again)).toMatchObject([{ key: "k" }]);
    });

    it("answers what was handed in before it closes, and nothing afterwards", async () => {
      const options = await backend.empty();
      const store = await open(options);
      const accepting = store.accept(a.delivery("dlv_1"), nothing, []);
      await store.close();

      expect(await accepting).toBe("stored");
      await expect(store.accept(a.delivery("dlv_2"), nothing, [])).rejects.toMatchObject({ kind: "unavailable" });
      await expect(store.ping()).rejects.toMatchObject({ kind: "unavailable" });
      await expect(store.commit(opening)).rejects.toMatchObject({ kind: "unavailable" });
    });

    it("answers a ping", async () => {
      const store = await fresh();
      await expect(store.ping()).resolves.toBeUndefined();
    });

    it("does not start on a database that is newer than the program", async () => {
      const options = await backend.empty();
      await (await open(options)).close();
      await backend.run(options, "insert into migration (number, name, applied_at) values (9999, 'future', 1)");

      await expect(open(options)).rejects.toMatchObject({
        kind: "config",
        message: expect.stringMatching(/newer than this program \(migration 9999/),
      });
    });

    it("says so when a row is not what the program writes", async () => {
      const options = await backend.empty();
      const store = await open(options);
      await store.commit(opening);
      await backend.run(options, `update incident set doc = '{"id":"inc_1"}'`);
      await expect(store.incident("inc_1")).rejects.toThrow(
        /incident inc_1 in the database is not what this program writes/,
      );
    });
  });

  if (name !== "PostgreSQL") return;
  describe("on a server", () => {
    const at = (options: StoreOptions, change: (url: URL) => void): StoreOptions => {
      if (options.kind !== "postgres") throw new Error("not PostgreSQL");
      const url = new URL(options.url.reveal());
      change(url);
      return { ...options, url: new Secret(url.href) };
    };

    it.each<[string, (url: URL) => void, object]>([
      [
        "nobody listens",
        (url) => {
          url.port = "1";
        },
        { kind: "unavailable", message: expect.stringMatching(/cannot be reached \(ECONNREFUSED\): start it/) },
      ],
      [
        "the password is wrong",
        (url) => {
          url.password = "wrong-one";
        },
        { kind: "config", message: expect.stringMatching(/refused the login/) },
      ],
      [
        "the database is missing",
        (url) => {
          url.pathname = "/nowhere";
        },
        { kind: "config", message: expect.stringMatching(/no such database/) },
      ],
    ])("says what to do when %s, without the login", async (_case, change, fault) => {
      const refused = await open(at(await backend.empty(), change)).catch((error: unknown) => error);
      expect(refused).toMatchObject(fault);
      expect(String(refused)).not.toMatch(/wrong-one|faultline:/);
    });

    it("says so when the user may not create tables", async () => {
      const options = await backend.bare();
      await backend.run(options, "create role guest login password 'guest'; revoke all on schema public from public");
      const guest = at(options, (url) => {
        url.username = "guest";
        url.password = "guest";
      });
      await expect(open(guest)).rejects.toMatchObject({
        kind: "config",
        message: expect.stringContaining("grant it CREATE"),
      });
    });

    it("goes on after its connections were cut", async () => {
      const options = await backend.empty();
      const store = await open(options);
      await store.commit(opening);
      await backend.run(
        options,
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()",
      );

      const answer = await eventually(
        () => store.incident("inc_1").catch((error: unknown) => kindOf(error)),
        (found) => typeof found === "object",
      );
      expect(answer).toEqual(a.incident("inc_1"));
      expect(await store.accept(a.delivery("dlv_1"), nothing, [])).toBe("stored");
    });

    it("buries a job whose worker went away in the eighth attempt", async () => {
      const options = await backend.empty();
      const store = await open(options);
      await store.commit({ jobs: [a.job("poison")] });
      await claim(store, 1, 1_000);
      await backend.run(options, "update faultline_queue.job set retry_count = 7 where name = 'faultline'");

      const dead = await eventually(
        () => store.jobs.dead(10),
        (jobs) => jobs.length > 0,
      );
      expect(dead).toMatchObject([
        { kind: "triage", key: "poison", attempt: 8, because: expect.stringContaining("did not finish") },
      ]);
      expect(await claim(store)).toEqual([]);
    });
  });
});
