import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

const FOLDER = join(import.meta.dirname, "../../../../shared/contracts/slack/methods");

const Method = z.object({ args: z.record(z.string(), z.object({ required: z.boolean().optional() })).default({}) });

/** Are Slack's published method descriptions at hand? They are not part of the project. */
export const contractsAreThere = existsSync(FOLDER);

/**
 * What is wrong with the arguments of a call, after Slack's published description of the method; nothing where the
 * descriptions are not at hand.
 */
export function contractFaults(method: string, args: Readonly<Record<string, unknown>>): string[] {
  if (!contractsAreThere) return [];
  const [group = ""] = method.split(".");
  const file = join(FOLDER, group, `${method}.json`);
  if (!existsSync(file)) return [`${method}: there is no such method`];
  const known = Method.parse(JSON.parse(readFileSync(file, "utf8"))).args;
  const missing = Object.entries(known).filter(([name, { required }]) => required === true && args[name] === undefined);
  const foreign = Object.keys(args).filter((name) => name !== "token" && known[name] === undefined);
  return [
    ...missing.filter(([name]) => name !== "token").map(([name]) => `${method}: ${name} is missing`),
    ...foreign.map((name) => `${method}: ${name} is not an argument`),
  ];
}
