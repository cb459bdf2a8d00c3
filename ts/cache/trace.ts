import { MAX_TTL, MIN_TTL, step, type PidOptions, type PidState } from './controller.js'

/** One key's part of a load: how often it is read, in reads a second. */
export interface Trace {
  name: string
  /** Reads a second at a moment, by key; keys beyond the list are read once each (a scan), `scan` a second. */
  rates(second: number): { scale: number; scan: number }
  /** How long it is, in seconds. */
  seconds: number
  /** When it changes at once, in seconds; a controller starts at 0. */
  disturbed: readonly number[]
}

/** What a simulated cache did. */
export interface Simulated {
  /** By window, the share of reads that were hits. */
  ratios: number[]
  ttls: number[]
}

/** The loads that the controller is proven on: a step up and down, a tenfold burst, a day's rhythm, a scan through what nobody reads twice. */
export const TRACES: readonly Trace[] = [
  { name: 'step', seconds: 3 * 3600, disturbed: [0, 3600], rates: (second) => ({ scale: second < 3600 ? 1 : 3, scan: 0 }) },
  { name: 'burst ×10', seconds: 3 * 3600, disturbed: [0, 3600, 5400], rates: (second) => ({ scale: second >= 3600 && second < 5400 ? 10 : 1, scan: 0 }) },
  { name: 'diurnal', seconds: 2 * 86_400, disturbed: [0], rates: (second) => ({ scale: 1 + 0.6 * Math.sin((2 * Math.PI * second) / 86_400), scan: 0 }) },
  { name: 'scan', seconds: 3 * 3600, disturbed: [0, 3600, 7200], rates: (second) => ({ scale: 1, scan: second >= 3600 && second < 7200 ? 10 : 0 }) },
]

/** How a controller met one disturbance, as shares of the goal. */
export interface Appraisal {
  from: number
  /** How far beyond the goal it went, on the other side than the disturbance came from. */
  overshoot: number
  /** The most that it was off once it had ten minutes. */
  settled: number
}

const SETTLING_SECONDS = 600

/** How a simulated run met each disturbance of its trace. */
export function appraise({ ratios }: Simulated, { disturbed }: Trace, { goal, everyMs }: { goal: number; everyMs: number }): Appraisal[] {
  const window = everyMs / 1000
  return disturbed.map((from, i) => {
    const part = ratios.slice(from / window, (disturbed[i + 1] ?? Infinity) / window)
    const side = Math.sign((part[0] ?? 0) - goal)
    const off = part.slice(SETTLING_SECONDS / window).map((ratio) => Math.abs(ratio / goal - 1))
    return { from, overshoot: Math.max(0, ...part.map((ratio) => -side * (ratio / goal - 1))), settled: Math.max(0, ...off) }
  })
}

/**
 * Reads of keys by a Zipf law through a cache whose entries are fresh for the TTL of now: of a key read at rate r in a steady stream of chance, a read is a hit with
 * probability rT/(1+rT) (renewal: one miss, then rT hits on average). With `random` the counts of a window are drawn, else they are their means.
 */
export function simulate(trace: Trace, options: { pid: PidOptions; everyMs: number; start?: PidState; readsPerSecond?: number; keys?: number; random?: () => number }): Simulated {
  const { pid, everyMs, start = { ttl: 60, integral: 0 }, readsPerSecond = 10, keys = 2000, random } = options
  const weights = Array.from({ length: keys }, (_, i) => 1 / (i + 1))
  const sum = weights.reduce((a, b) => a + b, 0)
  const result: Simulated = { ratios: [], ttls: [] }
  let state = start
  for (let at = 0; at < trace.seconds; at += everyMs / 1000) {
    const { scale, scan } = trace.rates(at)
    const window = everyMs / 1000
    let hits = 0
    for (const weight of weights) {
      const rate = (readsPerSecond * scale * weight) / sum
      hits += (rate * window * rate * state.ttl) / (1 + rate * state.ttl)
    }
    const reads = (readsPerSecond * scale + scan) * window
    // A window's count scatters by the square root of what it counts.
    if (random !== undefined) hits += Math.sqrt((hits * (reads - hits)) / reads) * normal(random)
    hits = Math.min(reads, Math.max(0, hits))
    result.ratios.push(hits / reads)
    result.ttls.push(state.ttl)
    state = step(state, { hits, misses: reads - hits }, everyMs / 60_000, pid)
    state.ttl = Math.min(MAX_TTL, Math.max(MIN_TTL, state.ttl))
  }
  return result
}

function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}
