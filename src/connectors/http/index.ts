import type { Secret } from "../../lib/secret.ts";
import type { Check } from "../../ports.ts";
import { defineConnector } from "../connector.ts";
import { checked, scrubbed } from "../kit/outbound.ts";
import { actionOf, stateOf } from "./call.ts";
import { type Call, Settings } from "./settings.ts";

export const http = defineConnector({
  id: "http",
  about: "Makes HTTP calls that the configuration names, on hosts that it allows.",
  settings: Settings,
  sample: {
    hosts: ["127.0.0.1:8099"],
    calls: [
      {
        name: "scale",
        about: "Set the number of workers",
        method: "PUT",
        url: "http://127.0.0.1:8099/workers",
        secret_headers: { "x-api-key": "http-example-secret" },
        params: { count: "number" },
        body: { count: { param: "count" }, reason: { value: "incident" } },
        idempotency_header: "idempotency-key",
        read: { url: "http://127.0.0.1:8099/workers", field: "count", expect: { param: "count" } },
        undo: "scale_back",
      },
      {
        name: "scale_back",
        about: "Set the number of workers as it was",
        method: "PUT",
        url: "http://127.0.0.1:8099/workers",
        secret_headers: { "x-api-key": "http-example-secret" },
        body: { count: { before: true } },
        idempotency_header: "idempotency-key",
      },
      { name: "page", about: "Page the vendor", method: "POST", url: "http://127.0.0.1:8099/pages" },
    ],
  },
  examples: [],
  connect: ({ calls }, deps) => {
    const clientOf = (call: Call) => scrubbed(deps.http({ name: `http call ${call.name}` }), secretsOf(call));
    return {
      actions: calls
        .filter((call) => !isWayBack(call, calls))
        .map((call) =>
          actionOf(
            call,
            calls.find(({ name }) => name === call.undo),
            clientOf(call),
          ),
        ),
      check: (signal): Promise<Check[]> =>
        Promise.all(
          calls
            .filter(({ read }) => read !== undefined)
            .map((call) =>
              checked(
                call.name,
                {},
                async () => `state is ${JSON.stringify(await stateOf(call, clientOf(call), signal)).slice(0, 80)}`,
              ),
            ),
        ),
    };
  },
});

/** A call that needs the state before another call can only be the undo of that one. */
function isWayBack({ name, body, read }: Call, calls: readonly Call[]): boolean {
  const needsBefore = Object.values(body).some((source) => "before" in source);
  return needsBefore && read === undefined && calls.some(({ undo }) => undo === name);
}

function secretsOf({ secret_headers }: Call): Secret[] {
  return Object.values(secret_headers);
}
