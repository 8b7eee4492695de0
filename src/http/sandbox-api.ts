import type { FastifyInstance } from "fastify";
import { z } from "zod";
import type { HttpClient } from "../lib/http.ts";
import { bodyOf } from "./api.ts";

const Faults = z.object({ faults: z.array(z.object({ name: z.string(), about: z.string() })) });

/** The sandbox's drills, handed through so that the console can break something. Local mode only. */
export function sandboxRoutes(url: string, http: HttpClient): (app: FastifyInstance) => Promise<void> {
  return async (app) => {
    await Promise.resolve();
    app.post("/api/sandbox/drills", async (request, reply) => {
      const { fault, seed } = bodyOf(
        request,
        z.object({ fault: z.string().max(60), seed: z.number().int().optional() }),
      );
      const answer = await http.send(new URL("/api/drills", url), {
        method: "POST",
        json: { fault, ...(seed === undefined ? {} : { seed }) },
      });
      return reply.code(201).send(answer.json());
    });
    app.post("/api/sandbox/reset", async (_request, reply) => {
      await http.send(new URL("/api/reset", url), { method: "POST", json: {} });
      return reply.send({ ok: true });
    });
  };
}

/** What the console shows of the sandbox: the faults it can be broken with, and the drill that runs. */
export async function sandboxState(
  url: string,
  http: HttpClient,
): Promise<{ faults: { name: string; about: string }[]; running: { fault: string; startedAt: number } | null }> {
  const { faults } = Faults.parse((await http.send(new URL("/api/drills", url))).json());
  const current = z
    .object({ fault: z.string(), startedAt: z.number() })
    .nullable()
    .catch(null)
    .parse((await http.send(new URL("/api/drills/running", url))).json());
  return { faults, running: current };
}
