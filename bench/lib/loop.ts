import { readFileSync } from 'node:fs'
import { PerformanceObserver, type PerformanceEntry } from 'node:perf_hooks'
import { setImmediate as turn } from 'node:timers/promises'
import { round } from './time.js'

/** How late timers were while something ran. */
export interface Blocking {
  /** The longest time that calls held the event loop: lateness without waiting for a free core and without garbage collection. */
  blockedMs: number
  /** The longest lateness of a timer of 1 ms, whatever the reason. */
  lateMs: number
  /** The longest pause of the garbage collector. Its helper threads wait for cores too, which nobody can tell apart. */
  collectMs: number
  ticks: number
}

// Shorter delays aren't worth keeping.
const NOTABLE_MS = 0.2

/**
 * Watches the event loop with a timer of 1 ms.
 *
 * A timer is late because something ran on the loop, or because the thread waited for a core that others used (the core's own threads
 * use all of them while they scan, and so do other programs). On Linux the scheduler tells the two apart (`schedstat`: nanoseconds on a core,
 * nanoseconds waiting for one); elsewhere both count as blocked.
 */
export class LoopWatch {
  #last = performance.now()
  #waited = waitedMs()
  #held: Array<{ start: number; end: number; ms: number }> = []
  #pauses: PerformanceEntry[] = []
  #late = 0
  #ticks = 0
  readonly #collections = new PerformanceObserver((list) => void this.#pauses.push(...list.getEntries()))
  readonly #timer = setInterval(() => this.#tick(), 1)

  constructor() {
    this.#collections.observe({ entryTypes: ['gc'] })
  }

  #tick(): void {
    const [now, waited] = [performance.now(), waitedMs()]
    const late = now - this.#last - 1
    this.#late = Math.max(this.#late, late)
    const ms = late - (waited - this.#waited)
    if (ms > NOTABLE_MS) this.#held.push({ start: this.#last, end: now, ms })
    this.#ticks += 1
    this.#last = performance.now()
    this.#waited = waited
  }

  /** Forgets what was seen, so that preparations don't count. */
  reset(): void {
    this.#last = performance.now()
    this.#waited = waitedMs()
    this.#late = this.#ticks = 0
    this.#held = []
    this.#pauses = []
  }

  /** What was seen since the start or the last reset. */
  async read(): Promise<Blocking> {
    // The runtime tells of a collection one turn after it: read at once, the last one would count as a call that blocked.
    await turn()
    await turn()
    this.#pauses.push(...this.#collections.takeRecords())
    const longest = (all: number[]): number => round(Math.max(0, ...all))
    const byCalls = this.#held.map(({ start, end, ms }) => ms - this.#collecting(start, end))
    return { blockedMs: longest(byCalls), lateMs: longest([this.#late]), collectMs: longest(this.#pauses.map(({ duration }) => duration)), ticks: this.#ticks }
  }

  /** Milliseconds of garbage collection between two moments. */
  #collecting(start: number, end: number): number {
    const overlap = ({ startTime, duration }: PerformanceEntry): number => Math.min(end, startTime + duration) - Math.max(start, startTime)
    return this.#pauses.map(overlap).filter((ms) => ms > 0).reduce((a, b) => a + b, 0)
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#collections.disconnect()
  }
}

/** Milliseconds that the main thread has waited for a core; 0 where the system doesn't tell. */
function waitedMs(): number {
  try {
    return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'latin1').split(' ', 2)[1]) / 1e6
  } catch {
    return 0
  }
}

/**
 * What one piece of work does to the event loop. Watching costs some 30 µs a millisecond, so what is timed isn't watched and what is watched
 * isn't timed.
 */
export async function watched(work: () => Promise<unknown>): Promise<Blocking> {
  const watch = new LoopWatch()
  try {
    await work()
    return await watch.read()
  } finally {
    watch.stop()
  }
}
