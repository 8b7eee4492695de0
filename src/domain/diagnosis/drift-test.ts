import type { Sample } from "../case-file.ts";
import { decileShares, jensenShannon, psi, psiNoise, wasserstein } from "../stats/distribution.ts";
import { mean } from "../stats/robust.ts";
import { benjaminiHochberg, chiSquare, kolmogorovSmirnov } from "../stats/two-sample.ts";

/** Values read of each side; more change nothing but the time it takes. */
const MOST = 2_000;
/** Fewer on either side prove nothing. */
const LEAST = 20;
/** False discovery rate within one diagnosis. */
const RATE = 0.01;
/** The convention's "moderate" (reference/signals.md D.2); what is significant may still be too small to matter. */
const MODERATE = 0.1;
/** One feature, tested: p, size of the effect, and what chance alone would give. */
export interface Tested {
  readonly sample: Sample;
  readonly p: number;
  readonly effect: number;
  readonly floor: number;
  /** Share of the current values that the reference never had. */
  readonly unseen: number;
  /** How far apart: Wasserstein in standard deviations for numbers, Jensen–Shannon for categories; 0.1 is the usual limit of both. */
  readonly distance: number;
}

/** Below this distance nobody would see the difference, however many values prove it (reference/signals.md D.5). */
const VISIBLE = 0.1;

function deviation(values: readonly number[]): number {
  const middle = mean(values);
  return Math.sqrt(mean(values.map((value) => (value - middle) ** 2)));
}

/**
 * Tests every sample on its own and keeps what is significant among all of them, large enough to matter, and visible:
 * Kolmogorov–Smirnov for numbers, chi-square for categories, the false discovery rate over both.
 */
export function driftIn(samples: readonly Sample[]): {
  readonly tested: readonly Tested[];
  readonly drifted: readonly Tested[];
} {
  const tested = samples.flatMap((sample) => test(sample) ?? []);
  const adjusted = benjaminiHochberg(tested.map(({ p }) => p));
  const drifted = tested.filter(
    ({ effect, distance }, i) => (adjusted[i] ?? 1) < RATE && effect > MODERATE && distance >= VISIBLE,
  );
  return { tested, drifted };
}

function test(sample: Sample): Tested | null {
  const reference = sample.reference.slice(-MOST);
  const current = sample.current.slice(-MOST);
  if (reference.length < LEAST || current.length < LEAST) return null;
  return sample.kind === "numeric"
    ? numeric(sample, reference.map(Number).filter(Number.isFinite), current.map(Number).filter(Number.isFinite))
    : categorical(sample, reference.map(String), current.map(String));
}

function numeric(sample: Sample, reference: readonly number[], current: readonly number[]): Tested | null {
  const ks = kolmogorovSmirnov(reference, current, reference.length * current.length > 250_000 ? "asymptotic" : "auto");
  if (ks === null) return null;
  const shares = decileShares(reference, current);
  const floor = psiNoise({ n: reference.length, m: current.length, bins: shares.reference.length, p: 0.01 });
  const spread = deviation(reference);
  const moved = spread > 0 ? wasserstein(reference, current) / spread : 0;
  return { sample, p: ks.p, effect: psi(shares.reference, shares.current), floor, unseen: 0, distance: moved };
}

function categorical(sample: Sample, reference: readonly string[], current: readonly string[]): Tested | null {
  const known = new Map<string, [number, number]>();
  for (const [side, values] of [reference, current].entries()) {
    for (const value of values) {
      const counts = known.get(value) ?? [0, 0];
      counts[side === 0 ? 0 : 1] += 1;
      known.set(value, counts);
    }
  }
  const table = [...known.values()];
  const result = chiSquare([table.map(([a]) => a), table.map(([, b]) => b)]);
  if (result === null) return null;
  const effect = psi(
    table.map(([a]) => a / reference.length),
    table.map(([, b]) => b / current.length),
    1e-3,
  );
  const floor = psiNoise({ n: reference.length, m: current.length, bins: table.length, p: 0.01 });
  const distance = jensenShannon(
    table.map(([a]) => a / reference.length),
    table.map(([, b]) => b / current.length),
  );
  const unseen = table.reduce((sum, [a, b]) => sum + (a === 0 ? b : 0), 0) / current.length;
  return { sample, p: result.p, effect, floor, unseen: table.length > reference.length / 4 ? 0 : unseen, distance };
}
