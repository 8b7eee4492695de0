import type { Alert } from "../domain/alert.ts";
import type { Catalog } from "../domain/catalog.ts";
import type { Change } from "../domain/change.ts";
import type { Diagnosis } from "../domain/diagnosis/diagnosis.ts";
import type { Execution } from "../domain/execution.ts";
import type { Incident } from "../domain/incident.ts";
import type { Decision, Proposal } from "../domain/proposal.ts";

/** Everything that the thread of one incident shows. */
export interface ThreadView {
  readonly incident: Incident;
  readonly alerts: readonly Alert[];
  readonly diagnosis: Diagnosis | null;
  /** Changes that the diagnosis names, by id. */
  readonly changes: readonly Change[];
  readonly proposals: readonly Proposal[];
  readonly decisions: readonly Decision[];
  readonly executions: readonly Execution[];
  readonly catalog: Catalog;
  /** Address of the console, or null. */
  readonly consoleUrl: string | null;
}
