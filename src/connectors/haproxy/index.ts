import { z } from "zod";
import { SECOND } from "../../domain/time.ts";
import { Fault } from "../../lib/fault.ts";
import type { Check } from "../../ports.ts";
import { defineConnector } from "../connector.ts";
import { checked } from "../kit/outbound.ts";
import { drainServer, setWeight } from "./actions.ts";
import { ask, serversOf } from "./runtime.ts";

const Settings = z.strictObject({
  /** The stats socket, with level admin: `tcp://host:port` or `unix:/path`. */
  address: z.string().regex(/^(unix:\/.+|tcp:\/\/[^\s/]+:\d{1,5})$/, "expected tcp://host:port or unix:/path/of.sock"),
  /** Backends that may be touched; all, if none is named. */
  backends: z.array(z.string().min(1)).default([]),
  timeout_s: z.number().min(0.1).max(30).default(5),
});

export const haproxy = defineConnector({
  id: "haproxy",
  about: "Shifts traffic and drains servers through HAProxy's Runtime API.",
  settings: Settings,
  sample: { address: "tcp://127.0.0.1:9999", backends: ["gpu"], timeout_s: 2 },
  examples: [],
  connect: ({ address: text, backends, timeout_s }) => {
    const address = { text, timeoutMs: timeout_s * SECOND };
    const target = { address, backends };
    return {
      actions: [setWeight(target), drainServer(target)],
      check: async (signal): Promise<Check[]> => {
        const servers = await checked("servers", {}, async () => {
          const found = await serversOf(backends, address, signal);
          if (found.length === 0)
            throw new Fault("not_found", "none of the backends named in the settings has servers");
          return `${found.length} servers in ${new Set(found.map(({ backend }) => backend)).size} backends`;
        });
        if (!servers.ok) return [servers];
        const rights = await checked("rights", {}, async () => {
          const level = (await ask("show cli level", address, signal)).trim();
          if (level !== "admin") throw new Fault("forbidden", `the socket has level ${level.slice(0, 40)}, not admin`);
          return "level admin";
        });
        return [servers, { ...rights, remedy: rights.ok ? "" : "add `level admin` to the `stats socket` line" }];
      },
    };
  },
});
