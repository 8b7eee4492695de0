import { chiSquareTail } from "./special.ts";

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
 * by the law of one sample of the effective size.
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

/**
 * Probability that a random lattice path to (m, n) leaves the corridor: carried forward as such, never as a difference
 * from one, so that the smallest values keep their digits.
 */
function exactP(m: number, n: number, d: number): number {
  const lcm = (m / gcd(m, n)) * n;
  const h = Math.round(d * lcm);
  if (h === 0) return 1;
  const left = new Float64Array(n + 1);
  for (let i = 0; i <= m; i += 1) {
    for (let j = 0; j <= n; j += 1)
      left[j] = leavingAt({ i, j, gap: Math.abs(i * (lcm / m) - j * (lcm / n)), h }, left);
  }
  return Math.min(1, left[n] ?? 1);
}

/** One cell: the cell before in the column holds the row above still, its left neighbour this row already. */
function leavingAt({ i, j, gap, h }: { i: number; j: number; gap: number; h: number }, left: Float64Array): number {
  if (gap >= h) return 1;
  if (i + j === 0) return 0;
  const fromAbove = i === 0 ? 0 : (left[j] ?? 0) * i;
  const fromLeft = j === 0 ? 0 : (left[j - 1] ?? 0) * j;
  return (fromAbove + fromLeft) / (i + j);
}

/** Cells of the matrix beyond which the exact one-sample law takes too long. */
const MAX_ORDER = 140;

/**
 * The law of one sample of the effective size, as scipy takes it: exact by the matrix of Marsaglia, Tsang and Wang (2003)
 * where that is quick, else the limiting series with Stephens' correction.
 */
function asymptoticP(m: number, n: number, d: number): number {
  if (d <= 0) return 1;
  if (d >= 1) return 0;
  const size = halfEven((m * n) / (m + n));
  if (size >= 1 && 2 * Math.ceil(size * d) - 1 <= MAX_ORDER) return oneSampleTail(size, d);
  const root = Math.sqrt((m * n) / (m + n));
  return kolmogorovTail((root + 0.12 + 0.11 / root) * d);
}

/** Rounds a half to the even neighbour, as the reference implementation does. */
function halfEven(value: number): number {
  const low = Math.floor(value);
  return value - low === 0.5 ? low + (low % 2) : Math.round(value);
}

/** P(D_n ≥ d) of the one-sample statistic (Marsaglia, Tsang and Wang 2003). */
function oneSampleTail(n: number, d: number): number {
  const k = Math.floor(n * d) + 1;
  const order = 2 * k - 1;
  const h = k - n * d;
  const matrix = matrixOf(order, h);
  let { cells, exponent } = powerOf(matrix, order, n);
  let value = cells[(k - 1) * order + k - 1] ?? 0;
  for (let i = 1; i <= n; i += 1) {
    value = (value * i) / n;
    if (value < 1e-140) {
      value *= 1e140;
      exponent -= 140;
    }
  }
  return Math.min(1, Math.max(0, 1 - value * 10 ** exponent));
}

function matrixOf(order: number, h: number): Float64Array {
  const cells = new Float64Array(order * order);
  for (let i = 0; i < order; i += 1) {
    for (let j = 0; j <= Math.min(order - 1, i + 1); j += 1) {
      cells[i * order + j] = numeratorAt({ i, j, order, h }) / factorial(i - j + 1);
    }
  }
  return cells;
}

function numeratorAt({ i, j, order, h }: { i: number; j: number; order: number; h: number }): number {
  const first = j === 0 ? h ** (i + 1) : 0;
  const last = i === order - 1 ? h ** (order - j) : 0;
  const corner = j === 0 && i === order - 1 ? Math.max(0, 2 * h - 1) ** order : 0;
  return 1 - first - last + corner;
}

function factorial(n: number): number {
  let product = 1;
  for (let g = 2; g <= n; g += 1) product *= g;
  return product;
}

interface Power {
  readonly cells: Float64Array;
  /** Power of ten that the cells were divided by, so that nothing overflows. */
  exponent: number;
}

function powerOf(matrix: Float64Array, order: number, n: number): Power {
  if (n === 1) return { cells: matrix, exponent: 0 };
  const half = powerOf(matrix, order, Math.floor(n / 2));
  const square = product(half.cells, half.cells, order);
  const cells = n % 2 === 0 ? square : product(matrix, square, order);
  const exponent = 2 * half.exponent;
  const middle = cells[Math.floor(order / 2) * order + Math.floor(order / 2)] ?? 0;
  return middle > 1e140 ? { cells: cells.map((cell) => cell * 1e-140), exponent: exponent + 140 } : { cells, exponent };
}

function product(a: Float64Array, b: Float64Array, order: number): Float64Array {
  const cells = new Float64Array(order * order);
  for (let i = 0; i < order; i += 1) {
    for (let k = 0; k < order; k += 1) {
      const factor = a[i * order + k] ?? 0;
      if (factor === 0) continue;
      for (let j = 0; j < order; j += 1)
        cells[i * order + j] = (cells[i * order + j] ?? 0) + factor * (b[k * order + j] ?? 0);
    }
  }
  return cells;
}

/** Q(λ) = 2 Σ (−1)^(k−1) exp(−2 k² λ²), the limiting law of the two-sided statistic (Kolmogorov 1933). */
function kolmogorovTail(lambda: number): number {
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
  const [filled, used] = [rows, columns].map((sums) => sums.filter((sum) => sum > 0).length - 1);
  const df = Math.max(0, filled ?? 0) * Math.max(0, used ?? 0);
  if (df < 1) return null;
  const cells = rows.flatMap((row, i) =>
    columns.map((column, j) => ({ seen: table[i]?.[j] ?? 0, expected: (row * column) / total })),
  );
  const corrected = yates && df === 1;
  const statistic = cells
    .filter(({ expected }) => expected > 0)
    .reduce((sum, { seen, expected }) => {
      const off = Math.abs(seen - expected);
      return sum + (corrected ? Math.max(0, off - Math.min(0.5, off)) : off) ** 2 / expected;
    }, 0);
  return { statistic, df, p: chiSquareTail(statistic, df) };
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
