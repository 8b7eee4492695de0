import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type FileFault, readYaml, say } from "./config-file.ts";
import { Runbook } from "./domain/runbook.ts";
import { Fault } from "./lib/fault.ts";

/** The folder of the runbooks that come with the program, wherever it is started from. */
export const shippedRunbooks = fileURLToPath(new URL("../runbooks", import.meta.url));

/**
 * Loads every runbook of a folder, by name.
 *
 * @throws Fault "config" with all faults of all files: file, line, key, what was expected
 */
export function loadRunbooks(folder: string): Runbook[] {
  const faults: FileFault[] = [];
  const runbooks: Runbook[] = [];
  const seen = new Map<string, string>();
  for (const name of listYaml(folder)) {
    const file = join(folder, name);
    const read = readYaml(file, Runbook);
    if (!read.ok) faults.push(...read.faults);
    else {
      faults.push(...unresolved(file, read.value));
      const other = seen.get(read.value.name);
      if (other !== undefined)
        faults.push({ file, line: 1, key: "name", message: `"${read.value.name}" is the name of ${other} already` });
      seen.set(read.value.name, file);
      runbooks.push(read.value);
    }
  }
  if (faults.length > 0) throw new Fault("config", faults.map(say).join("\n"));
  return runbooks;
}

function listYaml(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => /\.ya?ml$/.test(name))
      .toSorted();
  } catch (error) {
    throw new Fault("config", `the folder of runbooks ${folder} cannot be read`, { cause: error });
  }
}

/** Steps that use a parameter which the runbook does not have. */
function unresolved(file: string, { parameters, steps }: Runbook): FileFault[] {
  return steps.flatMap((step) =>
    Object.entries(step.with)
      .filter(([, name]) => !Object.hasOwn(parameters, name))
      .map(([key, name]) => ({
        file,
        line: 1,
        key: `steps.${step.id}.with.${key}`,
        message: `there is no parameter named "${name}"`,
      })),
  );
}
