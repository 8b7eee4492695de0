import { z } from "zod";
import type { Preview, RepeatClass } from "../domain/action.ts";
import type { Parsed } from "../domain/delivery.ts";
import type { Json } from "../domain/json.ts";
import type { Clock } from "../lib/clock.ts";
import { Fault } from "../lib/fault.ts";
import type { HttpClient, HttpOptions } from "../lib/http.ts";
import type { Log } from "../lib/log.ts";
import { Secret } from "../lib/secret.ts";
import type { Action, ActionContext, Applied, ApplyContext, Capabilities, Connected } from "../ports.ts";

/** What every connector is handed; there are no globals. */
export interface ConnectorDeps {
  /** The only way to the network: deadlines, retries for reads, a circuit breaker. */
  readonly http: (options: HttpOptions) => HttpClient;
  readonly clock: Clock;
  readonly log: Log;
}

/** A recorded delivery and what it must parse to: documentation, and the input of the contract test. */
export interface Example {
  readonly name: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Sent as JSON text. */
  readonly body: unknown;
  /** A part of what parsing gives: every field named here must be equal. */
  readonly parsed: {
    readonly alerts?: readonly Partial<Parsed["alerts"][number]>[];
    readonly changes?: readonly Partial<Parsed["changes"][number]>[];
  };
}

interface ConnectorSpec<S extends z.ZodType> {
  readonly id: string;
  /** One sentence for `faultline connectors`. */
  readonly about: string;
  /** Its section of faultline.yaml; secrets are `SecretText`. */
  readonly settings: S;
  /** A complete, valid section with invented values: the contract test connects with it. */
  readonly sample: z.input<S>;
  /** Signs an example as the sender would, for the contract test. Required where there is a webhook. */
  readonly sign?: (body: string, settings: z.output<S>, now: number) => Record<string, string>;
  readonly examples: readonly Example[];
  readonly connect: (settings: z.output<S>, deps: ConnectorDeps) => Capabilities;
}

/** A connector with its settings' type closed over, so that all fit one list. */
export interface Connector {
  readonly id: string;
  readonly about: string;
  readonly sample: unknown;
  readonly examples: readonly Example[];
  /** JSON Schema of its settings, for editors and docs. */
  readonly schema: () => unknown;
  /** What is wrong with a section of the configuration, each with its path of keys within the section. */
  readonly issues: (
    settings: unknown,
  ) => readonly { readonly path: readonly PropertyKey[]; readonly message: string }[];
  /** @throws Fault "config" that lists every fault of the section */
  readonly connect: (settings: unknown, deps: ConnectorDeps) => Connected;
  readonly sign: (body: string, settings: unknown, now: number) => Record<string, string>;
}

/** Text that must not be printed; in the configuration it is a reference such as `${env:NAME}`. */
export const SecretText = z
  .string()
  .min(8, "a secret has at least 8 characters")
  .transform((value) => new Secret(value));

/** Defines one connector: one file, one line in `index.ts`. */
export function defineConnector<S extends z.ZodType>(spec: ConnectorSpec<S>): Connector {
  const parse = (settings: unknown): z.output<S> => {
    const parsed = spec.settings.safeParse(settings);
    if (parsed.success) return parsed.data;
    const faults = parsed.error.issues.map(
      (issue) => `connectors.${[spec.id, ...issue.path].join(".")}: ${issue.message}`,
    );
    throw new Fault("config", faults.join("\n"));
  };
  return {
    id: spec.id,
    about: spec.about,
    sample: spec.sample,
    examples: spec.examples,
    schema: () => z.toJSONSchema(spec.settings, { io: "input", unrepresentable: "any" }),
    issues: (settings) => spec.settings.safeParse(settings).error?.issues ?? [],
    connect: (settings, deps) => ({ id: spec.id, ...spec.connect(parse(settings), deps) }),
    sign: (body, settings, now) => spec.sign?.(body, parse(settings), now) ?? {},
  };
}

interface ActionSpec<P extends z.ZodObject> {
  readonly name: string;
  readonly repeat: RepeatClass;
  readonly params: P;
  readonly read: (params: z.output<P>, context: ActionContext) => Promise<Json>;
  readonly preview: (params: z.output<P>, before: Json, context: ActionContext) => Promise<Preview> | Preview;
  readonly apply: (params: z.output<P>, context: ApplyContext) => Promise<Applied>;
  readonly confirm: (params: z.output<P>, context: ApplyContext) => Promise<"yes" | "no" | "unknown">;
  readonly undo: ((params: z.output<P>, context: ApplyContext) => Promise<Applied>) | null;
}

/** Defines an action; parameters that are not its own are refused before anything is sent. */
export function defineAction<P extends z.ZodObject>(spec: ActionSpec<P>): Action {
  const parse = (params: Json): z.output<P> => {
    const parsed = spec.params.safeParse(params);
    if (parsed.success) return parsed.data;
    throw new Fault("invalid", `${spec.name}: ${z.prettifyError(parsed.error)}`);
  };
  const { undo } = spec;
  return {
    name: spec.name,
    repeat: spec.repeat,
    params: spec.params,
    read: async (params, context) => spec.read(parse(params), context),
    preview: async (params, before, context) => spec.preview(parse(params), before, context),
    apply: async (params, context) => spec.apply(parse(params), context),
    confirm: async (params, context) => spec.confirm(parse(params), context),
    undo: undo === null ? null : async (params, context) => undo(parse(params), context),
  };
}
