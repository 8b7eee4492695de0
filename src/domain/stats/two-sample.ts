import { chiSquareTail, normalTail } from "./special.ts";

export interface KsResult {
  /** The largest distance of the two empirical distributions, 0 to 1. */
  readonly d: number;
  readonly p: number;
  /** Largest excess of the first distribution over the second, and the other way round. */
  readonly greater: number;
  readonly less: number;
  readonly method: "exact" | "asymptotic";
}

/** More grid points than this and the exact law takes too long. */
const MAX_GRID = 4_000_000;

/**
 * Two-sample Kolmogorov–Smirnov test, two-sided (Smirnov 1939). Exact by counting paths on the grid (Hodges 1958), else
 * the limiting series with the correction of Stephens (1970).
 *
 * @returns null where a sample is empty or holds nothing finite
 */
export function kolmogorovSmirnov(
  first: readonly number[],
  second: readonly number[],
  method: "auto" | "exact" | "asymptotic" = "auto",
): KsResult | null {
  const a = Float64Array.from(first.filter(Number.isFinite)).sort();
  const b = Float64Array.from(second.filter(Number.isFinite)).sort();
  if (a.length === 0 || b.length === 0) return null;
  const { greater, less } = distances(a, b);
  const d = Math.max(greater, less);
  const exact = method === "exact" || (method === "auto" && a.length * b.length <= MAX_GRID);
  const p = exact ? exactP(a.length, b.length, d) : asymptoticP(a.length, b.length, d);
  return { d, p, greater, less, method: exact ? "exact" : "asymptotic" };
}

function distances(a: Float64Array, b: Float64Array): { greater: number; less: number } {
  let i = 0;
  let j = 0;
  let greater = 0;
  let less = 0;
  while (i < a.length && j < b.length) {
    const value = Math.min(a[i] ?? 0, b[j] ?? 0);
    while (i < a.length && (a[i] ?? 0) <= value) i += 1;
    while (j < b.length && (b[j] ?? 0) <= value) j += 1;
    const gap = i / a.length - j / b.length;
    greater = Math.max(greater, gap);
    less = Math.max(less, -gap);
  }
  return { greater, less };
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}

/** 1 − P(D < d): the share of lattice paths that leave the corridor, carried as a probability so that nothing overflows. */
function exactP(m: number, n: number, d: number): number {
  const lcm = (m / gcd(m, n)) * n;
  const h = Math.round(d * lcm);
  if (h === 0) return 1;
  const row = new Float64Array(n + 1);
  for (let i = 0; i <= m; i += 1) {
    for (let j = 0; j <= n; j += 1) {
      if (i === 0 && j === 0) row[0] = 1;
      else if (Math.abs(i * (lcm / m) - j * (lcm / n)) >= h) row[j] = 0;
      else row[j] = (i > 0 ? (row[j] ?? 0) * (i / (i + j)) : 0) + (j > 0 ? (row[j - 1] ?? 0) * (j / (i + j)) : 0);
    }
  }
  return Math.min(1, Math.max(0, 1 - (row[n] ?? 0)));
}

/** Kolmogorov's limiting series with Stephens' correction. */
function asymptoticP(m: number, n: number, d: number): number {
  const root = Math.sqrt((m * n) / (m + n));
  const lambda = (root + 0.12 + 0.11 / root) * d;
  return kolmogorovTail(lambda);
}

/** Q(λ) = 2 Σ (−1)^(k−1) exp(−2 k² λ²), the limiting law of the two-sided statistic (Kolmogorov 1933). */
export function kolmogorovTail(lambda: number): number {
  if (lambda < 0.2) return 1;
  let sum = 0;
  for (let k = 1; k <= 100; k += 1) {
    const term = Math.exp(-2 * k * k * lambda * lambda);
    sum += k % 2 === 1 ? term : -term;
    if (term < 1e-17) break;
  }
  return Math.min(1, Math.max(0, 2 * sum));
}

/**
 * Pearson's chi-square test of homogeneity on a table of counts, without Yates' correction. Columns that are zero in
 * every row are left out.
 *
 * @returns null with fewer than two rows or columns that hold anything
 */
export function chiSquare(
  table: readonly (readonly number[])[],
  yates = false,
): { statistic: number; df: number; p: number } | null {
  const width = Math.max(0, ...table.map((row) => row.length));
  const columns = Array.from({ length: width }, (_, j) => table.reduce((sum, row) => sum + (row[j] ?? 0), 0));
  const rows = table.map((row) => row.reduce((sum, count) => sum + count, 0));
  const total = rows.reduce((sum, count) => sum + count, 0);
  const df = (rows.filter((sum) => sum > 0).length - 1) * (columns.filter((sum) => sum > 0).length - 1);
  if (df < 1) return null;
  let statistic = 0;
  for (const [i, row] of table.entries()) {
    for (let j = 0; j < width; j += 1) {
      const expected = ((rows[i] ?? 0) * (columns[j] ?? 0)) / total;
      if (expected === 0) continue;
      const off = Math.abs((row[j] ?? 0) - expected);
      const used = yates && df === 1 ? Math.max(0, off - Math.min(0.5, off)) : off;
      statistic += (used * used) / expected;
    }
  }
  return { statistic, df, p: chiSquareTail(statistic, df) };
}

/**
 * Mann–Whitney U of the first sample with its two-sided p by the normal approximation, corrected for ties and
 * continuity (Mann and Whitney 1947).
 */
export function mannWhitney(first: readonly number[], second: readonly number[]): { u: number; p: number } | null {
  const n = first.length;
  const m = second.length;
  if (n === 0 || m === 0) return null;
  const all = [
    ...first.map((value) => ({ value, mine: true })),
    ...second.map((value) => ({ value, mine: false })),
  ].toSorted((a, b) => a.value - b.value);
  let ranks = 0;
  let ties = 0;
  for (let i = 0; i < all.length; ) {
    let j = i;
    while (j < all.length && all[j]?.value === all[i]?.value) j += 1;
    const size = j - i;
    ties += size ** 3 - size;
    for (let k = i; k < j; k += 1) if (all[k]?.mine === true) ranks += (i + j + 1) / 2;
    i = j;
  }
  const u = ranks - (n * (n + 1)) / 2;
  const total = n + m;
  const variance = ((n * m) / 12) * (total + 1 - ties / (total * (total - 1)));
  if (!(variance > 0)) return { u, p: 1 };
  const z = (Math.abs(u - (n * m) / 2) - 0.5) / Math.sqrt(variance);
  return { u, p: Math.min(1, 2 * normalTail(z)) };
}

/** p-values adjusted for the false discovery rate (Benjamini and Hochberg 1995), in the order given. */
export function benjaminiHochberg(ps: readonly number[]): number[] {
  const order = ps.map((p, i) => ({ p, i })).toSorted((a, b) => b.p - a.p);
  const adjusted = new Array<number>(ps.length).fill(1);
  let least = 1;
  for (const [place, { p, i }] of order.entries()) {
    least = Math.min(least, (p * ps.length) / (ps.length - place));
    adjusted[i] = least;
  }
  return adjusted;
}
