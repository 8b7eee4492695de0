import { type FakeServer, startFake } from "../server.ts";

/** A page of Atlassian Statuspage v2 with entity tags. */
export interface FakeStatuspage extends FakeServer {
  incidents: unknown[];
  /** Null where the page has no such list, as look-alikes have none. */
  maintenances: unknown[] | null;
  down: boolean;
  /** Answers of 304 so far. */
  unchanged(): number;
}

export async function startStatuspage(): Promise<FakeStatuspage> {
  let unchanged = 0;
  const state = { incidents: [] as unknown[], maintenances: [] as unknown[] | null, down: false };
  const server = await startFake(({ path, headers }) => {
    if (fake.down) return { status: 503 };
    const lists: Record<string, unknown> = {
      "/api/v2/incidents.json": { page: { id: "p" }, incidents: fake.incidents },
      ...(fake.maintenances === null
        ? {}
        : { "/api/v2/scheduled-maintenances.json": { scheduled_maintenances: fake.maintenances } }),
    };
    const json = lists[path];
    if (json === undefined) return null;
    const etag = `W/"${JSON.stringify(json).length}"`;
    if (headers["if-none-match"] !== etag) return { headers: { etag }, json };
    unchanged += 1;
    return { status: 304, headers: { etag } };
  });
  const fake: FakeStatuspage = Object.assign(server, state, { unchanged: () => unchanged });
  return fake;
}
