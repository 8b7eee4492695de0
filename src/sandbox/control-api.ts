import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { digestOf } from "../lib/digest.ts";
import { Fault } from "../lib/fault.ts";
import type { Deed, Resource, Told } from "./control.ts";
import type { SandboxDoor } from "./door.ts";
import type { JournalEntry } from "./memory.ts";
import type { World } from "./world.ts";

interface Route {
  readonly resource: Resource;
  readonly path: string;
  readonly method: "PUT" | "POST";
}

/** A name with slashes in it may be sent as it is where the path ends with it. */
type Named = { Params: { name?: string; "*"?: string } };

function nameIn({ params }: FastifyRequest<Named>): string {
  return params.name ?? params["*"] ?? "";
}

/** Reading and setting one resource: with an entity tag, an optional precondition and an optional idempotency key. */
export function resourceRoutes(app: FastifyInstance, door: SandboxDoor) {
  return (operation: string, { resource, path, method }: Route): void => {
    app.get<Named>(path, (request, reply) => {
      const name = nameIn(request);
      const state = stateOf(resource, door.engine.world, name);
      return reply.header("etag", tagOf(state)).send({ ...state, ...resource.facts?.(door.engine.world, name) });
    });
    app.route<Named>({
      method,
      url: path,
      handler: (request, reply) => {
        const name = nameIn(request);
        const earlier = doneBefore(door, request, { operation, target: name });
        if (earlier !== null) return reply.send(earlier.answer);
        const { world } = door.engine;
        const before = stateOf(resource, world, name);
        requireMatch(request, before);
        const result = resource.set(world, name, request.body ?? {});
        if ("refused" in result) throw new Fault("invalid", result.refused);
        const after = stateOf(resource, result.world, name);
        const told = resource.told({ world, name, before, after });
        write(door, request, { operation, name, world: result.world, told, answer: after });
        return reply.header("etag", tagOf(after)).send(after);
      },
    });
  };
}

/** Something that is done once. */
export function deedRoute(app: FastifyInstance, door: SandboxDoor) {
  return (operation: string, { deed, path }: { readonly deed: Deed; readonly path: string }): void => {
    app.post<Named>(path, (request, reply: FastifyReply) => {
      const name = nameIn(request);
      const earlier = doneBefore(door, request, { operation, target: name });
      if (earlier !== null) return reply.send(earlier.answer);
      const { world } = door.engine;
      requireKnown(deed.names(world), name);
      const { told, answer, world: after } = deed.done(world, name);
      write(door, request, { operation, name, world: after, told, answer });
      return reply.send(answer);
    });
  };
}

function stateOf(resource: Resource, world: World, name: string): Readonly<Record<string, unknown>> {
  const state = resource.read(world, name);
  if (state === null) requireKnown(resource.names(world), name);
  return state ?? {};
}

function requireKnown(names: readonly string[], name: string): void {
  if (names.includes(name)) return;
  throw new Fault("not_found", `there is nothing named ${JSON.stringify(name)} here; there are ${names.join(", ")}`);
}

/** @throws Fault "conflict" when the key was used for something else */
function doneBefore(
  { memory }: SandboxDoor,
  request: FastifyRequest,
  { operation, target }: Pick<JournalEntry, "operation" | "target">,
): JournalEntry | null {
  const key = keyOf(request);
  const earlier = key === null ? null : memory.done(key);
  if (earlier === null || (earlier.operation === operation && earlier.target === target)) return earlier;
  throw new Fault("conflict", `this idempotency key was used for ${earlier.operation} of ${earlier.target}`);
}

function requireMatch(request: FastifyRequest, state: unknown): void {
  const wanted = request.headers["if-match"];
  if (wanted !== undefined && wanted !== tagOf(state))
    throw new Fault("conflict", "it is not what it was when you looked: read it again");
}

interface Written {
  readonly operation: string;
  readonly name: string;
  readonly world: World;
  readonly told: Told;
  readonly answer: unknown;
}

function write({ engine }: SandboxDoor, request: FastifyRequest, done: Written): void {
  const { operation, name, world, told, answer } = done;
  const author = request.headers["user-agent"] === "faultline" ? "faultline" : "operator";
  engine.operate(
    world,
    { ...told, target: name, author, summary: null },
    { operation, target: name, body: request.body ?? null, key: keyOf(request), answer },
  );
}

function keyOf({ headers }: FastifyRequest): string | null {
  const key = headers["idempotency-key"];
  return typeof key === "string" && key !== "" ? key.slice(0, 200) : null;
}

function tagOf(state: unknown): string {
  return `"${digestOf(state).slice(0, 16)}"`;
}
