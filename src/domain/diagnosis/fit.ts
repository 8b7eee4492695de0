import type { Evidence } from "../evidence.ts";

/** The parts of the weighing whose trust is fitted, each by one factor. */
export const parts = [
  "time",
  "reach",
  "nature",
  "share",
  "words",
  "topic",
  "signature",
  "flat",
  "pattern",
  "slice",
  "neighbour",
  "provider",
  "drift",
  "hardware",
  "log",
  "measurement",
  "history",
] as const;
export type Part = (typeof parts)[number];

/** What is fitted: how far each part of the knowledge is to be trusted, never the knowledge itself. */
export interface Fit {
  readonly version: number;
  /** What it was fitted on, when, and how it was checked. */
  readonly provenance: string;
  /** Factor of all log-odds of a part. */
  readonly scales: Readonly<Record<Part, number>>;
  /** Added to the prior of every change, of every ambient suspect, and of the unknown. */
  readonly changeBase: number;
  readonly ambientBase: number;
  readonly unknownBase: number;
  /** Divides all log-odds before they become probabilities: above one it takes confidence away. */
  readonly temperature: number;
}

/** Which part a piece of evidence belongs to. */
export function partOf({ kind, id }: Pick<Evidence, "kind" | "id">): Part {
  if (id.startsWith("pattern:")) return "pattern";
  if (id.startsWith("signature:flat")) return "flat";
  const name = kind === "change_fit" ? id.slice(0, id.indexOf(":")) : kind;
  return parts.find((part) => part === name) ?? "signature";
}

export const FIT: Fit = {
  version: 1,
  provenance:
    "Factors of one: the tables are taken as they were reasoned. Bases and temperature by the log-loss on the generated incidents of test/bench; the recorded incidents were held out and only checked.",
  scales: {
    time: 1,
    reach: 1,
    nature: 1,
    share: 1,
    words: 1,
    topic: 1,
    signature: 1,
    flat: 1,
    pattern: 1,
    slice: 1,
    neighbour: 1,
    provider: 1,
    drift: 1,
    hardware: 1,
    log: 1,
    measurement: 1,
    history: 1,
  },
  changeBase: -0.4,
  ambientBase: 0,
  unknownBase: 0,
  temperature: 0.75,
};
