import type { BoundStep } from "../domain/action.ts";
import type { Json } from "../domain/json.ts";
import type { Proposal } from "../domain/proposal.ts";
import { literal } from "./text.ts";

const DIFFS = 12;
/** Characters that the steps may take; what judges and takes back must always be seen too. */
const ROOM = 1_900;

/** What will be done, as a diff: each step with its target before and after, then how it is judged and taken back. */
export function planText({ steps, verification, onFailure }: Proposal): string {
  const body = steps.flatMap((step, index) => [stepLine(step, index), ...diffLines(step)]);
  const judged = `${verification.good} good of ${verification.samples} samples`;
  return [
    ...shortened(body),
    `verify  ${watched(verification.watch)}: ${judged}`,
    `then    ${onFailure === "undo" ? "put everything back if it did not help" : "ask a person if it did not help"}`,
  ].join("\n");
}

function shortened(lines: readonly string[]): string[] {
  let room = ROOM;
  const kept = lines.filter((line) => {
    room -= JSON.stringify(line).length;
    return room >= 0;
  });
  const left = lines.length - kept.length;
  return left === 0 ? kept : [...kept, `… and ${left} more lines of the plan`];
}

function watched(watch: Proposal["verification"]["watch"]): string {
  const signals = watch.slice(0, 3).map(({ signal, labels }) => {
    const whose = Object.values(labels).slice(0, 2).join(", ");
    return flat(`${signal}${whose === "" ? "" : ` of ${whose}`}`, 80);
  });
  const more = watch.length > 3 ? ` and ${watch.length - 3} more` : "";
  return signals.length === 0 ? "the signals that fired" : `${signals.join("; ")}${more}`;
}

function stepLine({ action, preview }: BoundStep, index: number): string {
  return `${index + 1}  ${flat(action, 60)}  ${flat(preview.target, 100)}`;
}

function diffLines({ preview }: BoundStep): string[] {
  const differences = diff("", preview.before, preview.after);
  if (differences.length === 0) return ["   (no difference in the state that was read)"];
  const shown = differences.slice(0, DIFFS).flatMap(({ path, before, after }) => {
    const name = path === "" ? "" : `${flat(path, 80)}: `;
    return [
      ...(before === undefined ? [] : [`   - ${name}${flat(before, 120)}`]),
      ...(after === undefined ? [] : [`   + ${name}${flat(after, 120)}`]),
    ];
  });
  return differences.length > DIFFS ? [...shown, `   … and ${differences.length - DIFFS} more differences`] : shown;
}

/** Outside text on one line of the plan, so that a line break in it cannot look like a step of its own. */
function flat(text: string, limit: number): string {
  return literal(text.replace(/\s+/g, " "), limit);
}

interface Difference {
  readonly path: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** The leaves that differ; objects are compared key by key, everything else as a whole. */
function diff(path: string, before: Json | undefined, after: Json | undefined): Difference[] {
  if (isRecord(before) && isRecord(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    return keys.flatMap((key) => diff(path === "" ? key : `${path}.${key}`, own(before, key), own(after, key)));
  }
  const [left, right] = [said(before), said(after)];
  return left === right ? [] : [{ path, before: left, after: right }];
}

function isRecord(value: Json | undefined): value is { readonly [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function own(record: { readonly [key: string]: Json }, key: string): Json | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

function said(value: Json | undefined): string | undefined {
  if (value === undefined || typeof value === "string") return value;
  return JSON.stringify(value);
}
