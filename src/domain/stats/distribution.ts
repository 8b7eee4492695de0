import { quantile } from "./robust.ts";
import { chiSquareCritical } from "./special.ts";

/** Share that stands in for an empty bin; the usual 1e-4, not renormalised. */
const EMPTY = 1e-4;

/** Population stability index of two lists of shares: Σ (q − p) ln(q / p), the symmetric divergence of Jeffreys (1946). */
export function psi(reference: readonly number[], current: readonly number[], empty = EMPTY): number {
  return reference.reduce((sum, share, i) => {
    const p = Math.max(share, empty);
    const q = Math.max(current[i] ?? 0, empty);
    return sum + (q - p) * Math.log(q / p);
  }, 0);
}

/** Index that two samples of these sizes reach by chance with probability `p`: PSI / (1/n + 1/m) is about χ² with bins − 1 degrees of freedom. */
export function psiNoise({ n, m, bins, p }: { n: number; m: number; bins: number; p: number }): number {
  return n > 0 && m > 0 && bins > 1 ? (1 / n + 1 / m) * chiSquareCritical(p, bins - 1) : Number.POSITIVE_INFINITY;
}

/** Shares of both samples in the deciles of the reference (fewer bins where values repeat). */
export function decileShares(
  reference: readonly number[],
  current: readonly number[],
): { reference: number[]; current: number[] } {
  const edges = [...new Set(Array.from({ length: 9 }, (_, i) => quantile(reference, (i + 1) / 10)))];
  const shares = (values: readonly number[]) => {
    const counts = new Array<number>(edges.length + 1).fill(0);
    for (const value of values) {
      const bin = edges.findIndex((edge) => value <= edge);
      const place = bin === -1 ? edges.length : bin;
      counts[place] = (counts[place] ?? 0) + 1;
    }
    return counts.map((count) => count / Math.max(1, values.length));
  };
  return { reference: shares(reference), current: shares(current) };
}

/** Jensen–Shannon distance (the square root of the divergence; Lin 1991), base 2: 0 for equal, 1 for disjoint. */
export function jensenShannon(p: readonly number[], q: readonly number[]): number {
  const total = (shares: readonly number[]) => shares.reduce((sum, share) => sum + share, 0) || 1;
  const [sp, sq] = [total(p), total(q)];
  const towards = (x: number, middle: number) => (x > 0 ? x * Math.log2(x / middle) : 0);
  const divergence = p.reduce((sum, share, i) => {
    const [a, b] = [share / sp, (q[i] ?? 0) / sq];
    return sum + (towards(a, (a + b) / 2) + towards(b, (a + b) / 2)) / 2;
  }, 0);
  return Math.sqrt(Math.max(0, divergence));
}

/** Wasserstein-1 distance of two samples (Kantorovich 1942), in the unit of the values. */
export function wasserstein(first: readonly number[], second: readonly number[]): number {
  if (first.length === 0 || second.length === 0) return Number.NaN;
  const a = Float64Array.from(first).sort();
  const b = Float64Array.from(second).sort();
  const all = Float64Array.from([...a, ...b]).sort();
  let i = 0;
  let j = 0;
  let sum = 0;
  for (let k = 0; k + 1 < all.length; k += 1) {
    const value = all[k] ?? 0;
    while (i < a.length && (a[i] ?? 0) <= value) i += 1;
    while (j < b.length && (b[j] ?? 0) <= value) j += 1;
    sum += Math.abs(i / a.length - j / b.length) * ((all[k + 1] ?? 0) - value);
  }
  return sum;
}
