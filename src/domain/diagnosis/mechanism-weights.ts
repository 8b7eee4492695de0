import type { Mechanism } from "./hypothesis.ts";
import { SIGNATURE_COLUMNS } from "./signature-table.ts";

/** `gpu 1.5, infra -0.3` → log-odds by mechanism, under the column names of the signature table. */
export function readWeights(text: string): Partial<Record<Mechanism, number>> {
  const known: Readonly<Record<string, Mechanism>> = SIGNATURE_COLUMNS;
  const weights: Partial<Record<Mechanism, number>> = {};
  for (const entry of text.split(",")) {
    const [name = "", value = ""] = entry.trim().split(/\s+/);
    const mechanism = known[name];
    if (mechanism !== undefined && Number.isFinite(Number(value))) weights[mechanism] = Number(value);
  }
  return weights;
}
