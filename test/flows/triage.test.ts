import { afterEach, beforeEach, expect, test } from "vitest";
import { triage } from "../../src/flows/triage.ts";
import { createHarness, deliver, firing, type Harness } from "./harness.ts";

let world: Harness;
beforeEach(async () => {
  world = await createHarness();
});
afterEach(() => world.close());

const incidents = () => world.deps.store.incidents({ limit: 100 });

test("alerts of one service that fire together are one incident, with one job to look at it", async () => {
  await deliver(world.deps, [firing(world.deps, "a"), firing(world.deps, "b", { title: "Slow" })]);
  await deliver(world.deps, [firing(world.deps, "c")]);
  const [incident, ...others] = await incidents();
  expect(others).toEqual([]);
  expect(await world.deps.store.alerts(incident?.id ?? "")).toHaveLength(3);
  const jobs = await world.deps.store.jobs.counts(world.deps.clock.now());
  expect(jobs.find(({ kind }) => kind === "investigate")).toMatchObject({ waiting: 1 });
});

test("handling a delivery again, and every repeat of an alert, changes nothing", async () => {
  const alert = firing(world.deps, "a");
  const delivery = await deliver(world.deps, [alert]);
  const [before] = await incidents();
  await triage(delivery, world.deps);
  await deliver(world.deps, [alert]);
  expect(await incidents()).toEqual([before]);
});

test("an incident is resolved when the last of its alerts is, and says so once", async () => {
  const [a, b] = [firing(world.deps, "a"), firing(world.deps, "b")];
  await deliver(world.deps, [a, b]);
  world.advance(60_000);
  const ended = { status: "resolved" as const, endsAt: world.deps.clock.now() };
  await deliver(world.deps, [{ ...a, ...ended }]);
  expect((await incidents())[0]?.status).not.toBe("resolved");
  await deliver(world.deps, [{ ...b, ...ended }]);
  const [incident] = await incidents();
  expect(incident).toMatchObject({ status: "resolved", resolvedAt: world.deps.clock.now() });
  const timeline = await world.deps.store.timeline(incident?.id ?? "");
  expect(timeline.filter(({ kind }) => kind === "resolved")).toHaveLength(1);
});

test("a resolved that overtakes its firing leaves nothing open", async () => {
  const alert = firing(world.deps, "a");
  await deliver(world.deps, [{ ...alert, status: "resolved", endsAt: world.deps.clock.now() + 1_000 }]);
  await deliver(world.deps, [alert]);
  expect(await incidents()).toEqual([]);
});

test("a beginning and its end that are handled at the same time leave nothing open", async () => {
  for (let i = 0; i < 10; i += 1) {
    const alert = firing(world.deps, `r${i}`, { startsAt: world.deps.clock.now() + i });
    await Promise.all([
      deliver(world.deps, [alert]),
      deliver(world.deps, [{ ...alert, status: "resolved", endsAt: world.deps.clock.now() + 60_000 }]),
    ]);
  }
  expect((await incidents()).filter(({ status }) => status !== "resolved")).toEqual([]);
});

test("a late repeat of firing does not reopen what is over", async () => {
  const alert = firing(world.deps, "a");
  await deliver(world.deps, [alert]);
  await deliver(world.deps, [{ ...alert, status: "resolved", endsAt: world.deps.clock.now() }]);
  await deliver(world.deps, [alert]);
  expect((await incidents()).map(({ status }) => status)).toEqual(["resolved"]);
});

test("a new episode after the end is a new incident", async () => {
  const alert = firing(world.deps, "a");
  await deliver(world.deps, [alert]);
  await deliver(world.deps, [{ ...alert, status: "resolved", endsAt: world.deps.clock.now() }]);
  world.advance(60_000);
  await deliver(world.deps, [firing(world.deps, "a")]);
  expect((await incidents()).map(({ status }) => status).toSorted()).toEqual(["firing", "resolved"]);
});

test("a delivery of two thousand alerts becomes one incident, and the process goes on breathing meanwhile", async () => {
  let longest = 0;
  let last = performance.now();
  const beat = setInterval(() => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  }, 20);
  const services = ["chat", "billing", "search", "mail"];
  await deliver(
    world.deps,
    Array.from({ length: 2_000 }, (_, i) =>
      firing(world.deps, `s${i}`, { service: services[i % 4] ?? null, labels: {} }),
    ),
  );
  clearInterval(beat);
  const all = await incidents();
  expect(all).toHaveLength(4);
  expect((await Promise.all(all.map(({ id }) => world.deps.store.alerts(id)))).flat()).toHaveLength(2_000);
  // Minutes before; the bound is wide, since the machine is shared.
  expect(longest).toBeLessThan(10_000);
});

test("the root message is there as soon as the alert is handled", async () => {
  await deliver(world.deps, [firing(world.deps, "a")]);
  const [incident] = await incidents();
  const messages = await world.deps.store.messages(incident?.id ?? "");
  expect(messages[0]).toMatchObject({ key: "root" });
  expect(messages[0]?.text).toContain("chat");
});

test("thirty deliveries at once still make one incident of one service", async () => {
  await Promise.all(Array.from({ length: 30 }, (_, i) => deliver(world.deps, [firing(world.deps, `a${i}`)])));
  const all = await incidents();
  const alerts = await Promise.all(all.map(({ id }) => world.deps.store.alerts(id)));
  expect(alerts.flat()).toHaveLength(30);
  expect(all).toHaveLength(1);
});

test("changes of a delivery are put on record, and one that is told again keeps what is known", async () => {
  const change = {
    id: "langfuse:chat@18",
    at: world.deps.clock.now() - 1_000,
    kind: "prompt" as const,
    system: "langfuse",
    service: "chat",
    target: "chat",
    title: "Warmer",
    author: "d.costa",
    before: "17",
    after: "18",
    url: null,
    scope: {},
    rollout: null,
    summary: null,
    commit: null,
    files: [],
    diff: null,
  };
  const id = world.deps.newId("dlv");
  const delivery = {
    id,
    connector: "langfuse",
    dedupeKey: id,
    receivedAt: world.deps.clock.now(),
    headers: {},
    body: "{}",
    state: "stored" as const,
    fault: null,
  };
  await world.deps.store.accept(delivery, { alerts: [], changes: [change] }, []);
  await triage(id, world.deps);
  await world.deps.store.commit({ changes: [{ ...change, author: null, before: null, title: "Warmer greeting" }] });
  expect(await world.deps.store.changesIn({ from: 0, to: world.deps.clock.now() }, 10)).toMatchObject([
    { author: "d.costa", before: "17", title: "Warmer greeting" },
  ]);
});
