import { z } from "zod";
import { Json } from "../../domain/json.ts";
import { canonicalJson } from "../../lib/digest.ts";
import { Fault } from "../../lib/fault.ts";
import type { Action, ActionContext, Applied } from "../../ports.ts";
import { defineAction } from "../connector.ts";
import { applied } from "../kit/action.ts";
import type { Control, Latest, State } from "./control.ts";

/** The sandbox's signals look back eight seconds: an effect is seen whole after that. */
const EFFECT_MS = 8_000;

/** What a preview may look at: what is there, beyond what can be set, and the latest signals. */
export interface Seen {
  readonly facts: State;
  readonly latest: Latest;
}

/** An action that sets one value of one resource. */
export interface Setting<P extends z.ZodObject> {
  readonly name: string;
  readonly params: P;
  readonly method: "PUT" | "POST";
  readonly path: (params: z.output<P>) => string;
  /** The key of the value that is set. */
  readonly key: string;
  /** The wanted value. @throws Fault "invalid" where there is none */
  readonly wanted: (params: z.output<P>, before: State, facts: State) => Json;
  readonly summary: (params: z.output<P>, wanted: Json) => string;
  readonly reach: (params: z.output<P>, seen: Seen) => { readonly reach: string; readonly share: number | null };
  readonly sideEffect: string;
  /** Why it must not be done now, or null. */
  readonly refuse?: (params: z.output<P>, seen: Seen, before: State) => string | null;
}

/** Something that is done once, on the resource that belongs to a service. */
export interface Deed {
  readonly name: string;
  /** Which of the things that the service stands on. */
  readonly on: "index" | "pool" | "service";
  readonly path: (subject: string) => string;
  readonly summary: (subject: string) => string;
  readonly reach: string;
  readonly sideEffect: string;
  readonly effectWithinMs: number;
  /** Where the state before can be put back. */
  readonly back?: { readonly path: (subject: string) => string; readonly key: string };
}

export function settingAction<P extends z.ZodObject>(control: Control, spec: Setting<P>): Action {
  const { key, method } = spec;
  const look = (params: z.output<P>, signal: AbortSignal) => control.get(spec.path(params), signal);
  const put = (
    params: z.output<P>,
    value: Json,
    context: ActionContext & { idempotencyKey: string },
  ): Promise<Applied> =>
    applied(() =>
      control.write({
        method,
        path: spec.path(params),
        body: { [key]: value },
        key: context.idempotencyKey,
        signal: context.signal,
      }),
    );
  return defineAction({
    name: spec.name,
    repeat: "keyed",
    params: spec.params,
    read: async (params, { signal }) => ({ [key]: (await look(params, signal))[key] ?? null }),
    preview: async (params, state, { signal }) => {
      const before = stateOf(state);
      const facts = await look(params, signal);
      const seen = { facts, latest: await control.latest(signal) };
      const value = spec.wanted(params, before, facts);
      const { reach, share } = spec.reach(params, seen);
      return {
        target: `sandbox:${spec.path(params)}`,
        summary: spec.summary(params, value),
        before,
        after: { [key]: value },
        reach,
        reachShare: share === null ? null : Math.max(0, Math.min(1, share)),
        sideEffect: spec.sideEffect,
        reversible: true,
        effectWithinMs: EFFECT_MS,
        refuse: spec.refuse?.(params, seen, before) ?? null,
      };
    },
    apply: async (params, context) => {
      const value = spec.wanted(params, stateOf(context.before), await look(params, context.signal));
      return put(params, value, context);
    },
    confirm: async (params, { before, signal }) => {
      const now = await look(params, signal);
      return isSame(now[key] ?? null, spec.wanted(params, stateOf(before), now)) ? "yes" : "no";
    },
    undo: (params, context) => put(params, stateOf(context.before)[key] ?? null, context),
  });
}

const Service = z.strictObject({ service: z.string().min(1).max(80) });

export function deedAction(control: Control, spec: Deed): Action {
  const subjectOf = async (service: string, signal: AbortSignal): Promise<string> => {
    if (spec.on === "service") return service;
    const subject = (await control.get(`/api/services/${encodeURIComponent(service)}`, signal))[spec.on];
    if (typeof subject === "string") return subject;
    throw new Fault("invalid", `${service} stands on no ${spec.on}`);
  };
  const { back } = spec;
  return defineAction({
    name: spec.name,
    repeat: "keyed",
    params: Service,
    read: async ({ service }, { signal }) => {
      const subject = await subjectOf(service, signal);
      if (back === undefined) return { subject };
      return { subject, [back.key]: (await control.get(back.path(subject), signal))[back.key] ?? null };
    },
    preview: (_params, before) => {
      const subject = String(stateOf(before)["subject"]);
      return {
        target: `sandbox:${spec.path(subject)}`,
        summary: spec.summary(subject),
        before,
        after: { subject, done: true },
        reach: spec.reach,
        reachShare: 1,
        sideEffect: spec.sideEffect,
        reversible: back !== undefined,
        effectWithinMs: spec.effectWithinMs,
        refuse: null,
      };
    },
    apply: ({ service }, { idempotencyKey, signal }) =>
      applied(async () => {
        const path = spec.path(await subjectOf(service, signal));
        return control.write({ method: "POST", path, body: {}, key: idempotencyKey, signal });
      }),
    confirm: (_params, { idempotencyKey, signal }) => control.isDone(idempotencyKey, signal),
    undo:
      back === undefined
        ? null
        : (_params, { before, idempotencyKey, signal }) =>
            applied(() => {
              const { subject, [back.key]: value = null } = stateOf(before);
              const path = back.path(String(subject));
              return control.write({ method: "PUT", path, body: { [back.key]: value }, key: idempotencyKey, signal });
            }),
  });
}

const States = z.record(z.string(), Json);

/** What was read before, as it was read. @throws Fault "invalid" */
function stateOf(before: Json): State {
  const parsed = States.safeParse(before);
  if (parsed.success) return parsed.data;
  throw new Fault("invalid", "the state before is not one of the sandbox's");
}

function isSame(a: Json, b: Json): boolean {
  return canonicalJson(a) === canonicalJson(b);
}
