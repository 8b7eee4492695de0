import { z } from "zod";
import { SecretText } from "../connector.ts";
import { BaseUrl } from "../kit/outbound.ts";

const Name = z.string().regex(/^[a-z][a-z0-9_]{0,60}$/, "expected a name of a-z, 0-9 and _");

/** Where a field of a body comes from: there are no templates, so nothing can be smuggled into the text around it. */
const Source = z.union(
  [
    z.strictObject({ value: z.json() }),
    z.strictObject({ param: Name }),
    /** What `read` gave before the call; for the call that takes it back. */
    z.strictObject({ before: z.literal(true) }),
  ],
  { error: "expected {value: …}, {param: name} or {before: true}" },
);
export type Source = z.output<typeof Source>;

const Call = z.strictObject({
  name: Name,
  /** One line for the person who approves. */
  about: z.string().min(1),
  method: z.enum(["POST", "PUT", "PATCH", "DELETE"]),
  url: BaseUrl,
  headers: z.record(z.string(), z.string()).default({}),
  secret_headers: z.record(z.string(), SecretText).default({}),
  /** Names of the parameters that an approval fixes, and their types. */
  params: z.record(Name, z.enum(["string", "number", "boolean"])).default({}),
  body: z.record(z.string(), Source).default({}),
  /** The header that takes an idempotency key; with it, an answer that was lost can be asked for again. */
  idempotency_header: z.string().min(1).optional(),
  /** Where the state is read: a GET that answers with JSON; `field` is a path such as spec.replicas. */
  read: z.strictObject({ url: BaseUrl, field: z.string().min(1).optional(), expect: Source.optional() }).optional(),
  /** The call that takes it back. */
  undo: Name.optional(),
});
export type Call = z.output<typeof Call>;

export const Settings = z
  .strictObject({
    /** Hosts that may be called, as `host` or `host:port`. */
    hosts: z.array(z.string().min(1)).min(1),
    calls: z.array(Call).min(1),
  })
  .superRefine(({ hosts, calls }, context) => {
    for (const [index, call] of calls.entries())
      for (const [path, message] of faultsOf(call, hosts, calls)) {
        context.addIssue({ code: "custom", path: ["calls", index, ...path], message });
      }
  });
export type Settings = z.output<typeof Settings>;

type SettingFault = readonly [path: string[], message: string];

function* faultsOf(call: Call, hosts: readonly string[], calls: readonly Call[]): Generator<SettingFault> {
  if (calls.filter(({ name }) => name === call.name).length > 1) yield [["name"], "another call has this name"];
  const forbidden = `its host is not in connectors.http.hosts (${hosts.join(", ")})`;
  if (!isAllowed(call.url, hosts)) yield [["url"], forbidden];
  if (call.read !== undefined && !isAllowed(call.read.url, hosts)) yield [["read", "url"], forbidden];
  yield* undoFaults(call, calls);
  const readsBefore =
    call.read !== undefined || calls.some(({ undo, read }) => undo === call.name && read !== undefined);
  for (const [field, source] of Object.entries(call.body)) {
    if ("param" in source && !Object.hasOwn(call.params, source.param))
      yield [["body", field], `no parameter ${source.param}`];
    if ("before" in source && !readsBefore) yield [["body", field], "nothing reads the state before"];
  }
}

/** Without `read` nobody could tell afterwards whether the way back was gone. */
function* undoFaults({ undo, read, params }: Call, calls: readonly Call[]): Generator<SettingFault> {
  if (undo === undefined) return;
  const back = calls.find(({ name }) => name === undo);
  if (back === undefined) yield [["undo"], `no call is named ${undo}`];
  if (read === undefined) yield [["read"], "a call that can be taken back needs it"];
  const foreign = Object.keys(back?.params ?? {}).filter((param) => !Object.hasOwn(params, param));
  if (foreign.length > 0) yield [["undo"], `${undo} needs parameters that this call has not: ${foreign.join(", ")}`];
}

/** Host and port must be listed; a host without a port stands for the usual one of http and https. */
function isAllowed(url: string, hosts: readonly string[]): boolean {
  return hosts.includes(new URL(url).host);
}
