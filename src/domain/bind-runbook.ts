import type { Change } from "./change.ts";
import type { Suspect } from "./diagnosis/diagnosis.ts";
import type { Incident } from "./incident.ts";
import type { Json } from "./json.ts";
import type { ParameterSource, Runbook } from "./runbook.ts";

/** One step with its parameters filled in, before the state is read. */
export interface FilledStep {
  readonly id: string;
  readonly actions: readonly string[];
  readonly params: Readonly<Record<string, Json>>;
}

export interface Binding {
  readonly suspect: Suspect;
  /** The suspect's change, where it has one. */
  readonly change: Change | null;
  readonly incident: Incident;
}

/**
 * Fills a runbook's parameters from the incident and the suspect.
 *
 * @returns the steps, or which parameter has no value and where it was looked for
 */
export function bind(
  runbook: Runbook,
  binding: Binding,
): { ok: true; steps: FilledStep[] } | { ok: false; missing: string } {
  const values = new Map<string, Json>();
  for (const [name, parameter] of Object.entries(runbook.parameters)) {
    const value = parameter.value ?? (parameter.from === undefined ? null : lookUp(parameter.from, binding));
    if (value === null)
      return {
        ok: false,
        missing: `${name} (${parameter.about}) is not known: ${parameter.from ?? "no value"} is empty`,
      };
    values.set(name, value);
  }
  const steps = runbook.steps.map(({ id, actions, with: wanted }) => ({
    id,
    actions,
    params: Object.fromEntries(Object.entries(wanted).map(([param, name]) => [param, values.get(name) ?? null])),
  }));
  return { ok: true, steps };
}

function lookUp(source: ParameterSource, { suspect, change, incident }: Binding): Json {
  switch (source) {
    case "change.target":
      return change?.target ?? null;
    case "change.before":
      return change?.before ?? null;
    case "change.after":
      return change?.after ?? null;
    case "change.id":
      return change?.id ?? null;
    case "change.service":
      return change?.service ?? null;
    case "change.commit":
      return change?.commit ?? null;
    case "change.url":
      return change?.url ?? null;
    case "incident.service":
      return incident.service;
    default:
      return suspect.subject[source.slice("subject.".length)] ?? null;
  }
}
