import { type FakeServer, startFake } from "../server.ts";

/** Some house's own API: a number of workers that can be set, and a pager that cannot be unrung. */
export interface FakeWorkers extends FakeServer {
  state: { count: number; pages: number };
}

export async function startWorkers(apiKey: string): Promise<FakeWorkers> {
  const state = { count: 2, pages: 0 };
  const seen = new Set<string>();
  const server = await startFake(({ method, path, headers, text }) => {
    if (method === "POST" && path === "/pages") {
      state.pages += 1;
      return { status: 202 };
    }
    if (path !== "/workers") return null;
    if (headers["x-api-key"] !== apiKey) return { status: 403, json: { message: "wrong key" } };
    if (method === "GET") return { json: { count: state.count, limit: 10 } };
    if (method !== "PUT") return { status: 405 };
    const { count } = JSON.parse(text) as { count?: unknown };
    if (typeof count !== "number" || count > 10)
      return { status: 422, json: { message: "count must be a number up to 10" } };
    const key = headers["idempotency-key"] ?? "";
    if (!seen.has(key)) state.count = count;
    seen.add(key);
    return { json: { count: state.count } };
  });
  return Object.assign(server, { state });
}
