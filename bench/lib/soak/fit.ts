/** A value at a time in seconds. */
export interface Sample {
  at: number
  value: number
}

/** The straight line through samples that misses them least: its slope a second, and the standard error of that. */
export function fit(samples: readonly Sample[]): { slope: number; error: number; mean: number } {
  const n = samples.length
  if (n < 3) return { slope: 0, error: Infinity, mean: samples[0]?.value ?? 0 }
  const mean = (pick: (sample: Sample) => number): number => samples.reduce((sum, sample) => sum + pick(sample), 0) / n
  const [at, value] = [mean((sample) => sample.at), mean((sample) => sample.value)]
  const spread = samples.reduce((sum, sample) => sum + (sample.at - at) ** 2, 0)
  const slope = samples.reduce((sum, sample) => sum + (sample.at - at) * (sample.value - value), 0) / spread
  const left = samples.reduce((sum, sample) => sum + (sample.value - value - slope * (sample.at - at)) ** 2, 0)
  return { slope, error: Math.sqrt(left / (n - 2) / spread), mean: value }
}

/** The value below which this share of all lies. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0
}
