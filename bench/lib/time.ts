// Timing: monotonic clock, warm-up, percentiles, best of several rounds.

/** What a set of samples says, in milliseconds. */
export interface Timing {
  p50: number
  p95: number
  p99: number
  min: number
  samples: number
}

/** Percentiles by the nearest rank. */
export function timing(samples: readonly number[]): Timing {
  const sorted = samples.toSorted((a, b) => a - b)
  const at = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN
  return { p50: round(at(0.5)), p95: round(at(0.95)), p99: round(at(0.99)), min: round(at(0)), samples: sorted.length }
}

/** Three to four significant digits: more would pretend that the machine is quiet. */
export function round(value: number): number {
  return Number(value.toPrecision(4))
}

/** Milliseconds that `work` takes. */
export async function milliseconds(work: () => unknown): Promise<number> {
  const started = performance.now()
  await work()
  return performance.now() - started
}

/** Seconds of the fastest of `runs` runs; `prepare` isn't counted. */
export async function fastest<T>(runs: number, prepare: () => Promise<T>, work: (prepared: T) => Promise<unknown>, clean: (prepared: T) => Promise<unknown>): Promise<number> {
  let best = Number.POSITIVE_INFINITY
  for (let run = 0; run < runs; run += 1) {
    const prepared = await prepare()
    best = Math.min(best, await milliseconds(() => work(prepared)))
    await clean(prepared)
  }
  return round(best / 1000)
}

/** Samples of one contestant, kept by round. */
export class Rounds {
  readonly #rounds: number[][] = []

  /** Times `work` once for every item; the whole is one round. */
  async add<T>(items: readonly T[], work: (item: T) => unknown): Promise<void> {
    const samples: number[] = []
    for (const item of items) samples.push(await milliseconds(() => work(item)))
    this.#rounds.push(samples)
  }

  /**
   * The round with the lowest median. Other programs slow whole rounds down, never speed one up; a ratio of two contestants
   * whose rounds took turns compares the machine's quiet moments of both.
   */
  get best(): Timing {
    return this.#rounds.map(timing).reduce((a, b) => (b.p50 < a.p50 ? b : a))
  }

  /** All rounds together. */
  get all(): Timing {
    return timing(this.#rounds.flat())
  }
}
