import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { Fault } from "../lib/fault.ts";
import type { SandboxDoor } from "./door.ts";
import { faultNamed, faults } from "./faults.ts";

const Drill = z.object({ fault: z.string().max(60), seed: z.number().int().default(1) });

/** Breaking it on purpose. The truth is there for the score alone: no connector reads it. */
export function drillRoutes(app: FastifyInstance, { engine, memory }: SandboxDoor): void {
  app.get("/api/drills", () => ({
    faults: faults.map(({ name, about }) => ({ name, about })),
    history: memory.drills().map(({ id, fault, startedAt }) => ({ id, fault, startedAt })),
  }));
  app.get("/api/drills/running", (_request, reply) => {
    const last = memory.drills().at(-1);
    return reply.send(last === undefined ? null : { fault: last.fault, startedAt: last.startedAt });
  });
  const truth = () => {
    const last = memory.drills().at(-1);
    if (last === undefined) throw new Fault("not_found", "nothing was broken yet");
    return last;
  };
  app.get("/api/drills/truth", truth);
  app.get("/api/drills/current", truth);
  app.post("/api/drills", async (request, reply) => {
    const { fault: name, seed } = Drill.parse(request.body);
    const fault = faultNamed(name);
    if (fault === null)
      throw new Fault(
        "not_found",
        `there is no fault named ${JSON.stringify(name)}; there are ${faults.map((each) => each.name).join(", ")}`,
      );
    const { id, startedAt } = engine.drill(fault, seed);
    await engine.until(startedAt);
    return reply.code(201).send({ id, startedAt });
  });
  app.post("/api/reset", (_request, reply) => {
    engine.reset();
    return reply.send({ ok: true });
  });
}
