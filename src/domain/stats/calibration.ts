/** Brier score over a categorical forecast: mean of Σ (p − y)², 0 (perfect) to 2 (Brier 1950). */
export function brierScore(
  forecasts: readonly { readonly probabilities: Readonly<Record<string, number>>; readonly truth: string }[],
): number {
  const each = forecasts.map(({ probabilities, truth }) =>
    Object.entries(probabilities).reduce((sum, [name, p]) => sum + (p - (name === truth ? 1 : 0)) ** 2, 0),
  );
  return each.reduce((sum, one) => sum + one, 0) / Math.max(1, each.length);
}

/** Expected calibration error in ten equal-width bins (Naeini, Cooper and Hauskrecht 2015). */
export function calibrationError(answers: readonly { readonly confidence: number; readonly right: boolean }[]): number {
  const bins = Array.from({ length: 10 }, () => ({ count: 0, confidence: 0, right: 0 }));
  for (const { confidence, right } of answers) {
    const bin = bins[Math.min(9, Math.max(0, Math.floor(confidence * 10)))];
    if (bin === undefined) continue;
    bin.count += 1;
    bin.confidence += confidence;
    bin.right += right ? 1 : 0;
  }
  return (
    bins.reduce((sum, { confidence, right }) => sum + Math.abs(confidence - right), 0) / Math.max(1, answers.length)
  );
}
