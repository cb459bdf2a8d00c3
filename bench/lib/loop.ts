import { readFileSync } from 'node:fs'
import { PerformanceObserver } from 'node:perf_hooks'
import { round } from './time.js'

/** How late timers were while something ran. */
export interface Blocking {
  /** The longest time that the event loop was held by what ran on it: lateness without waiting for a free core. */
  blockedMs: number
  /** The longest lateness of a timer of 1 ms, whatever the reason. */
  lateMs: number
  /** The longest pause of the garbage collector; it is part of `blockedMs` when it fell together with it. */
  collectMs: number
  ticks: number
}

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
  #blocked = 0
  #late = 0
  #ticks = 0
  #collect = 0
  readonly #collections = new PerformanceObserver((list) => {
    this.#collect = Math.max(this.#collect, ...list.getEntries().map(({ duration }) => duration))
  })
  readonly #timer = setInterval(() => this.#tick(), 1)

  constructor() {
    this.#collections.observe({ entryTypes: ['gc'] })
  }

  #tick(): void {
    const [now, waited] = [performance.now(), waitedMs()]
    const late = now - this.#last - 1
    this.#late = Math.max(this.#late, late)
    this.#blocked = Math.max(this.#blocked, late - (waited - this.#waited))
    this.#ticks += 1
    this.#last = performance.now()
    this.#waited = waited
  }

  /** Forgets what was seen, so that preparations don't count. */
  reset(): void {
    this.#last = performance.now()
    this.#waited = waitedMs()
    this.#blocked = this.#late = this.#ticks = this.#collect = 0
  }

  /** What was seen since the start or the last reset. */
  read(): Blocking {
    return { blockedMs: round(Math.max(0, this.#blocked)), lateMs: round(Math.max(0, this.#late)), collectMs: round(this.#collect), ticks: this.#ticks }
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
