import { readFileSync } from "node:fs";
import { LineCounter, parseDocument } from "yaml";
import type { z } from "zod";
import { Fault } from "./lib/fault.ts";

/** One fault of a YAML file: where it is, and what was expected there. */
export interface FileFault {
  readonly file: string;
  readonly line: number;
  readonly key: string;
  readonly message: string;
}

export type Read<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly faults: readonly FileFault[] };

/** A place in a YAML document by its path of keys, for faults that are found after parsing. */
export type Locate = (path: readonly PropertyKey[]) => number;

/** @throws Fault "config" when the file cannot be read */
export function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new Fault("config", `${file} cannot be read: ${(error as NodeJS.ErrnoException).code ?? "unknown error"}`, {
      cause: error,
    });
  }
}

/** Parses YAML text; every syntax fault is located. Aliases that would blow up are refused by the library. */
export function parseYaml(file: string, text: string): Read<{ readonly data: unknown; readonly locate: Locate }> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  const located = document.errors.map((error) => ({
    file,
    line: lines.linePos(error.pos[0]).line,
    key: "",
    message: error.message,
  }));
  if (located.length > 0) return { ok: false, faults: located };
  const locate: Locate = (path) => {
    for (let depth = path.length; depth >= 0; depth -= 1) {
      const node: unknown = document.getIn(path.slice(0, depth), true);
      const range = (node as { range?: readonly number[] } | undefined)?.range;
      if (range?.[0] !== undefined) return lines.linePos(range[0]).line;
    }
    return 1;
  };
  return { ok: true, value: { data: document.toJS({ maxAliasCount: 100 }) as unknown, locate } };
}

/** Reads one YAML file into a checked value, or says every fault with its line and key. */
export function readYaml<S extends z.ZodType>(file: string, schema: S): Read<z.output<S>> {
  const parsed = parseYaml(file, readText(file));
  if (!parsed.ok) return parsed;
  const checked = schema.safeParse(parsed.value.data ?? {});
  if (checked.success) return { ok: true, value: checked.data };
  return { ok: false, faults: checked.error.issues.map((issue) => located(file, issue, parsed.value.locate)) };
}

/** Turns an issue of zod into a located fault. */
export function located(
  file: string,
  issue: { readonly path: readonly PropertyKey[]; readonly message: string },
  locate: Locate,
): FileFault {
  return { file, line: locate(issue.path), key: issue.path.map(String).join("."), message: issue.message };
}

/** `file:line: key: what was expected` */
export function say({ file, line, key, message }: FileFault): string {
  return `${file}:${line}: ${key ? `${key}: ` : ""}${message}`;
}
