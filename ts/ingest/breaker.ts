import { circuitBreaker, CircuitState, ConsecutiveBreaker, handleWhen } from 'cockatiel'
import { CanopyError } from '../engine/error.js'

/** 0 closed, 1 open, 0.5 half-open: one probe is under way. */
export type BreakerState = 0 | 0.5 | 1

/** When a breaker opens, and for how long. */
export interface BreakerOptions {
  /** Failures in a row. */
  failures: number
  resetMs: number
}

/** A circuit breaker around a writer that may go away. Only its being away counts, not records that it refuses. */
export class Breaker {
  readonly target: string
  readonly #policy
  readonly #resetMs: number
  #openedAt = 0
  #onState: (state: BreakerState) => void = () => undefined

  constructor(target: string, { failures, resetMs }: BreakerOptions) {
    this.target = target
    this.#resetMs = resetMs
    this.#policy = circuitBreaker(
      handleWhen((error) => error instanceof CanopyError && error.kind === 'unavailable'),
      // The library goes by the system's clock, and one that is set back would keep a breaker open for as long: when to probe is decided here.
      { halfOpenAfter: Number.NEGATIVE_INFINITY, breaker: new ConsecutiveBreaker(failures) },
    )
    this.#policy.onStateChange(() => {
      if (this.state === 1) this.#openedAt = performance.now()
      this.#onState(this.state)
    })
  }

  /** Calls a function at every change. */
  onState(listener: (state: BreakerState) => void): void {
    this.#onState = listener
    listener(this.state)
  }

  get state(): BreakerState {
    if (this.#policy.state === CircuitState.Open) return 1
    return this.#policy.state === CircuitState.HalfOpen ? 0.5 : 0
  }

  /** Milliseconds until a probe may go; 0 unless it is open. */
  get waitMs(): number {
    return this.state === 1 ? Math.max(0, this.#openedAt + this.#resetMs - performance.now()) : 0
  }

  /** Runs work unless the breaker is open: BREAKER_OPEN then. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.waitMs > 0) throw new CanopyError('BREAKER_OPEN', 'unavailable', `${this.target} did not answer several times in a row: it is asked again in ${Math.ceil(this.waitMs / 1000)} s`)
    return this.#policy.execute(work)
  }
}
