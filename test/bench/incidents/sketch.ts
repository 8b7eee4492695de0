import type { Cause, Remedy } from "../../../src/domain/cause.ts";
import type { ChangeKind } from "../../../src/domain/change.ts";

/** Minutes relative to the onset: negative is before it. */
export type Minutes = number;

export interface SketchService {
  readonly name: string;
  readonly kind: "llm_app" | "rag_app" | "agent" | "ml_service" | "serving" | "pipeline";
  readonly models?: readonly string[];
  readonly prompts?: readonly string[];
  readonly providers?: readonly string[];
  readonly gpu_pools?: readonly string[];
  readonly datasets?: readonly string[];
  readonly depends_on?: readonly string[];
}

export interface SketchChange {
  readonly key: string;
  readonly at: Minutes;
  readonly kind: ChangeKind;
  readonly system?: string;
  readonly service?: string | null;
  readonly target?: string;
  readonly title: string;
  readonly before?: string | null;
  readonly after?: string | null;
  readonly scope?: Readonly<Record<string, string>>;
  /** Strategy, percent, minutes until complete or null. */
  readonly rollout?: readonly ["all" | "canary" | "gradual", number, number | null];
  readonly summary?: string | null;
}

export interface Move {
  readonly signal: string;
  /** `service` of the focal one where nothing else is said. */
  readonly on?: Readonly<Record<string, string>>;
  readonly to: number;
  readonly from?: number;
  readonly delay?: Minutes;
  /** Minutes until the new level is reached. */
  readonly ramp?: Minutes;
  /** On and off with this period. */
  readonly wave?: Minutes;
  /** The series begins with the onset. */
  readonly appears?: boolean;
  /** Never left out of a variant. */
  readonly always?: boolean;
}

export interface Flat {
  readonly signal: string;
  readonly on?: Readonly<Record<string, string>>;
  readonly at?: number;
}

/** One incident as a person would tell it; the generator makes recorded scenarios of it. */
export interface Sketch {
  readonly name: string;
  readonly cause: Cause;
  readonly causesOk?: readonly Cause[];
  readonly culprit?: string;
  readonly culpritsOk?: readonly string[];
  readonly remedy: readonly Remedy[];
  readonly services: readonly SketchService[];
  readonly alert: readonly [name: string, summary: string, service?: string | undefined, severity?: string];
  /** Minutes from the onset to the alert. */
  readonly lag: number;
  readonly stepS?: number;
  readonly hours?: number;
  readonly moves: readonly Move[];
  readonly flat: readonly Flat[];
  readonly changes: readonly SketchChange[];
  readonly logs?: readonly {
    readonly service?: string;
    readonly template: string;
    readonly perMin: number;
    readonly baseline?: number;
    readonly labels?: Readonly<Record<string, string>>;
    readonly from?: Minutes;
  }[];
  readonly status?: readonly {
    readonly provider: string;
    readonly title: string;
    readonly impact: string;
    readonly started: Minutes;
    readonly posted: Minutes;
    readonly components?: readonly string[];
  }[];
  readonly samples?: readonly {
    readonly name: string;
    readonly service?: string;
    readonly kind: "numeric" | "categorical";
    readonly shift: number;
    readonly unseen?: string;
  }[];
  /** Peak hours: the daily rhythm is this strong (share of the level). */
  readonly rhythm?: number;
}
