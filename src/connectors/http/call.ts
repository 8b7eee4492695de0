import { z } from "zod";
import type { Json } from "../../domain/json.ts";
import { SECOND } from "../../domain/time.ts";
import { canonicalJson } from "../../lib/digest.ts";
import { Fault } from "../../lib/fault.ts";
import type { HttpClient } from "../../lib/http.ts";
import type { Action } from "../../ports.ts";
import { defineAction } from "../connector.ts";
import { applied } from "../kit/action.ts";
import type { Call, Source } from "./settings.ts";

const EFFECT_WITHIN_MS = 30 * SECOND;

const TYPES = {
  string: z.string().min(1).max(1_000),
  number: z.union([z.number(), z.string().regex(/^-?\d+(\.\d+)?$/)]).transform(Number),
  boolean: z.union([z.boolean(), z.enum(["true", "false"]).transform((text) => text === "true")]),
} as const;

type Params = Readonly<Record<string, Json>>;

/** One configured call as an action of its own: `http.<name>`, with typed parameters. */
export function actionOf(call: Call, back: Call | undefined, client: HttpClient): Action {
  const shape = Object.fromEntries(Object.entries(call.params).map(([name, type]) => [name, TYPES[type]]));
  const read = (signal: AbortSignal) => stateOf(call, client, signal);
  const wanted = (params: Params) =>
    call.read?.expect === undefined ? undefined : resolved(call.read.expect, params, null);
  return defineAction({
    name: `http.${call.name}`,
    repeat: call.idempotency_header === undefined ? "at_most_once" : "keyed",
    params: z.strictObject(shape),
    read: (_params, { signal }) => read(signal),
    preview: (params, before) => {
      const { host } = new URL(call.url);
      const body = bodyOf(call, params as Params, before);
      return {
        target: `http:${call.method} ${call.url}`,
        summary: `${call.about} (${call.method} ${host})`,
        before,
        after: wanted(params as Params) ?? { sent: body },
        reach: "not known: the call is described by its settings alone",
        reachShare: null,
        sideEffect:
          back === undefined
            ? "whatever the called system does; there is no way back"
            : `can be taken back by ${back.about}`,
        reversible: back !== undefined,
        effectWithinMs: EFFECT_WITHIN_MS,
        refuse: null,
      };
    },
    apply: (params, { before, idempotencyKey, signal }) =>
      applied(() => send(call, client, { params: params as Params, before, key: idempotencyKey, signal })),
    confirm: async (params, { signal }) => {
      const expected = wanted(params as Params);
      if (expected === undefined) return "unknown";
      return canonicalJson(await read(signal)) === canonicalJson(expected) ? "yes" : "no";
    },
    undo:
      back === undefined
        ? null
        : (params, { before, idempotencyKey, signal }) => {
            const own = Object.fromEntries(
              Object.entries(params as Params).filter(([name]) => Object.hasOwn(back.params, name)),
            );
            return applied(() => send(back, client, { params: own, before, key: idempotencyKey, signal }));
          },
  });
}

interface Sending {
  readonly params: Params;
  readonly before: Json;
  readonly key: string;
  readonly signal: AbortSignal;
}

async function send(call: Call, client: HttpClient, { params, before, key, signal }: Sending): Promise<string> {
  const headers = headersOf(call);
  if (call.idempotency_header !== undefined) headers[call.idempotency_header] = key;
  const body = bodyOf(call, params, before);
  const json = Object.keys(body).length === 0 ? {} : { json: body };
  const { status } = await client.send(call.url, { method: call.method, headers, signal, ...json });
  return `${call.method} ${new URL(call.url).host} answered ${status}`;
}

export async function stateOf(call: Call, client: HttpClient, signal: AbortSignal): Promise<Json> {
  if (call.read === undefined) return null;
  const answer = await client.send(call.read.url, { headers: headersOf(call), signal });
  const whole = z.json().parse(answer.json());
  const path = call.read.field?.split(".") ?? [];
  return path.reduce((value: Json, key) => {
    const inner =
      typeof value === "object" && value !== null && !Array.isArray(value) && Object.hasOwn(value, key)
        ? (value as Record<string, Json>)[key]
        : undefined;
    if (inner === undefined)
      throw new Fault("unavailable", `the state of ${call.name} has no field ${call.read?.field ?? ""}`);
    return inner;
  }, whole);
}

function headersOf({ headers, secret_headers }: Call): Record<string, string> {
  const secrets = Object.entries(secret_headers).map(([name, secret]) => [name, secret.reveal()]);
  return { ...headers, ...(Object.fromEntries(secrets) as Record<string, string>) };
}

function bodyOf({ body }: Call, params: Params, before: Json): Record<string, Json> {
  return Object.fromEntries(Object.entries(body).map(([field, source]) => [field, resolved(source, params, before)]));
}

function resolved(source: Source, params: Params, before: Json): Json {
  if ("value" in source) return source.value;
  return "param" in source ? (params[source.param] ?? null) : before;
}
