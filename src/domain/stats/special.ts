/** ln Γ(x) for x > 0 (Lanczos 1964, g = 7, nine terms). */
function lnGamma(x: number): number {
  if (x < 0.5) return Math.log(Math.PI / Math.abs(Math.sin(Math.PI * x))) - lnGamma(1 - x);
  const terms = [
    0.999_999_999_999_809_9, 676.520_368_121_885_1, -1_259.139_216_722_402_8, 771.323_428_777_653_1,
    -176.615_029_162_140_6, 12.507_343_278_686_905, -0.138_571_095_265_720_12, 9.984_369_578_019_572e-6,
    1.505_632_735_149_311_6e-7,
  ];
  const z = x - 1;
  const sum = terms.slice(1).reduce((total, term, i) => total + term / (z + i + 1), terms[0] ?? 0);
  const t = z + 7.5;
  return 0.5 * Math.log(2 * Math.PI) + (z + 0.5) * Math.log(t) - t + Math.log(sum);
}

/** Upper tail of the regularised incomplete gamma function, Q(a, x), by series or continued fraction (Press et al. 2007, 6.2). */
function gammaQ(a: number, x: number): number {
  if (!(x > 0)) return 1;
  const scale = Math.exp(-x + a * Math.log(x) - lnGamma(a));
  if (x < a + 1) {
    let term = 1 / a;
    let sum = term;
    for (let n = 1; n < 1_000 && Math.abs(term) > Math.abs(sum) * 1e-16; n += 1) {
      term *= x / (a + n);
      sum += term;
    }
    return Math.max(0, 1 - sum * scale);
  }
  let b = x + 1 - a;
  let c = 1e300;
  let d = 1 / b;
  let h = d;
  for (let i = 1; i < 1_000; i += 1) {
    const an = -i * (i - a);
    b += 2;
    d = 1 / nonzero(an * d + b);
    c = nonzero(b + an / c);
    h *= d * c;
    if (Math.abs(d * c - 1) < 1e-16) break;
  }
  return Math.min(1, scale * h);
}

function nonzero(x: number): number {
  return Math.abs(x) < 1e-300 ? 1e-300 : x;
}

/** Probability that a chi-square variable with `df` degrees of freedom is greater than `x`. */
export function chiSquareTail(x: number, df: number): number {
  return gammaQ(df / 2, x / 2);
}

/** Value that a chi-square variable with `df` degrees of freedom exceeds with probability `p`, by bisection. */
export function chiSquareCritical(p: number, df: number): number {
  let low = 0;
  let high = df + 100 * Math.sqrt(2 * df) + 100;
  for (let i = 0; i < 100; i += 1) {
    const middle = (low + high) / 2;
    if (chiSquareTail(middle, df) > p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
