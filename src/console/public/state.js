import { useEffect, useState } from "preact/hooks";
import { ApiError, get } from "./api.js";

const EAGER_MS = 1_500;
const HIDDEN_MS = 15_000;
const WORST_MS = 10_000;

/**
 * All that the page shows: what the server last said, and how the connection stands. `lost` is the sentence for a
 * connection that fails, null while it works; `refused` is set where credentials are needed.
 */
let state = {
  route: readRoute(),
  server: null,
  incidents: null,
  incident: null,
  changes: null,
  lost: null,
  refused: false,
  news: "",
  notice: null,
  waiting: null,
};
const listeners = new Set();

export function update(patch) {
  state = { ...state, ...patch };
  for (const listener of listeners) listener(state);
}

export function current() {
  return state;
}

export function useApp() {
  const [seen, setSeen] = useState(state);
  useEffect(() => {
    listeners.add(setSeen);
    setSeen(state);
    return () => listeners.delete(setSeen);
  }, []);
  return seen;
}

/** Tells a person who may not look: read out by screen readers, once. */
export function announce(news) {
  update({ news });
}

const NOTICE_MS = 12_000;

/** Tells a person who looks; it goes by itself, since what it says also stands on the record. */
export function notify(text, tone = "good") {
  const notice = { text, tone };
  update({ notice, news: text });
  setTimeout(() => {
    if (state.notice === notice) update({ notice: null });
  }, NOTICE_MS);
}

function readRoute() {
  const [path, query = ""] = location.hash.replace(/^#\/?/, "").split("?");
  const [page = "", id = ""] = path.split("/");
  if (page === "incidents" && id !== "") return { page: "incident", id: decoded(id) };
  if (page === "changes") return { page: "changes", minutes: Number(new URLSearchParams(query).get("minutes")) || 120 };
  return { page: "home" };
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export function go(hash) {
  location.hash = hash;
}

export function incidentHash(id) {
  return `#/incidents/${encodeURIComponent(id)}`;
}

addEventListener("hashchange", () => {
  const route = readRoute();
  const same = state.route.page === route.page && state.route.id === route.id;
  update({ route, ...(same ? {} : { incident: null }), changes: null });
  void refresh();
});

// ------------------------------------------------------------------------------------------------ polling

let timer = null;
let failures = 0;
let running = Promise.resolve();

/** Asks now; when a round is under way, asks again right after it. */
export function refresh() {
  clearTimeout(timer);
  running = running
    .catch(() => undefined)
    .then(round)
    .finally(schedule);
  return running;
}

function schedule() {
  clearTimeout(timer);
  if (state.refused) return;
  const pause = failures > 0 ? Math.min(WORST_MS, EAGER_MS * 2 ** (failures - 1)) : EAGER_MS;
  timer = setTimeout(refresh, document.hidden ? HIDDEN_MS : pause);
}

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) void refresh();
});

async function round() {
  const { route } = state;
  try {
    const [server, list, detail] = await Promise.all([get("/api/state"), get("/api/incidents"), detailOf(route)]);
    failures = 0;
    if (route !== state.route) return;
    const before = state;
    update({ server, incidents: list.incidents, ...detail, lost: null, refused: false });
    compare(before, state);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    failures += 1;
    if (error.status === 401) update({ refused: true });
    else update({ lost: error.message });
  }
}

async function detailOf(route) {
  if (route.page === "changes") return { changes: (await get(`/api/changes?minutes=${route.minutes}`)).changes };
  if (route.page !== "incident") return {};
  try {
    return { incident: await get(`/api/incidents/${encodeURIComponent(route.id)}`) };
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return { incident: "missing" };
    throw error;
  }
}

const watchers = new Set();

/** Calls with what was and what is, after each round that brought an answer. */
export function onRound(watcher) {
  watchers.add(watcher);
}

function compare(before, now) {
  for (const watcher of watchers) watcher(before, now);
}

export function start() {
  void refresh();
}
