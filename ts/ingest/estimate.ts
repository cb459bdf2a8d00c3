import { CanopyError } from '../engine/error.js'

/** Drops of an M/M/1/K queue: `P_K = (1−ρ) ρ^K / (1 − ρ^(K+1))`, at ρ = 1 `1/(K+1)`. `rho` is arrival over service rate, `capacity` counts what is being served too. */
export function dropRate(rho: number, capacity: number): number {
  if (!(rho >= 0) || !Number.isFinite(rho) || !(capacity >= 0)) throw wrong(`ρ = ${rho} and K = ${capacity}`)
  if (rho === 0) return capacity === 0 ? 1 : 0
  // Near 1 both sides of the fraction vanish; its limit doesn't.
  if (Math.abs(rho - 1) * (capacity + 1) < 1e-9) return 1 / (capacity + 1)
  // Above 1 the powers overflow: divide by the largest.
  if (rho > 1) return (1 - 1 / rho) / (1 - rho ** -(capacity + 1))
  return (-Math.expm1(Math.log(rho)) * rho ** capacity) / -Math.expm1((capacity + 1) * Math.log(rho))
}

/** The mean number in an M/M/1/K queue. */
export function meanDepth(rho: number, capacity: number): number {
  if (Math.abs(rho - 1) < 1e-6) return capacity / 2
  const power = rho > 1 ? 1 / (1 - rho ** -(capacity + 1)) : rho ** (capacity + 1) / (1 - rho ** (capacity + 1))
  return rho > 1 ? rho / (1 - rho) + (capacity + 1) * power : rho / (1 - rho) - (capacity + 1) * power
}

/** What is asked of a queue. */
export interface Load {
  /** Records a second that come. */
  arrival: number
  /** Records a second that can be stored. */
  service: number
  /** The share that may be dropped in steady state; default 0.01. */
  drops?: number | undefined
  /** How long a burst at the arrival rate lasts, in seconds; without one the load is steady. */
  burst?: number | undefined
}

/** What a queue has to be. */
export interface QueueEstimate {
  rho: number
  /** Records that must fit. */
  capacity: number
  /** The share that such a queue drops. */
  drops: number
  /** Seconds that a record waits, on average; after a burst, at its end. */
  waitSeconds: number
  /** Seconds after a burst until the queue is empty again. */
  drainSeconds: number | null
}

const MOST = 1e12

/**
 * The smallest queue for a load. Steady: the smallest K whose M/M/1/K drops are few enough; none is at ρ ≥ 1/(1−drops). A burst: K ≥ (λ − μ) T, and three standard deviations of the
 * arrivals and departures in T on top.
 */
export function estimateQueue({ arrival, service, drops = 0.01, burst }: Load): QueueEstimate {
  for (const [name, value] of Object.entries({ arrival, service })) if (!(value > 0 && Number.isFinite(value))) throw wrong(`${name} = ${value}`)
  if (!(drops > 0 && drops < 1)) throw wrong(`drops = ${drops}`)
  const rho = arrival / service
  if (burst !== undefined) {
    if (!(burst > 0 && Number.isFinite(burst))) throw wrong(`burst = ${burst}`)
    const excess = Math.max(0, arrival - service) * burst
    const capacity = Math.ceil(excess + 3 * Math.sqrt((arrival + service) * burst))
    return { rho, capacity, drops: 0, waitSeconds: excess / service, drainSeconds: excess / service }
  }
  if (dropRate(rho, MOST) > drops) {
    throw new CanopyError('QUEUE_OVERLOADED', 'invalid_input', `at ρ = ${rho.toPrecision(4)} any queue drops ${(100 * (1 - 1 / rho)).toPrecision(3)} % in steady state: store faster, or say how long the burst lasts (burst)`)
  }
  let [low, high] = [0, 1]
  while (dropRate(rho, high) > drops) high *= 2
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (dropRate(rho, middle) > drops) low = middle
    else high = middle
  }
  const lost = dropRate(rho, high)
  return { rho, capacity: high, drops: lost, waitSeconds: meanDepth(rho, high) / (arrival * (1 - lost)), drainSeconds: null }
}

function wrong(what: string): CanopyError {
  return new CanopyError('QUEUE_ESTIMATE', 'invalid_input', `rates and lengths must be positive and finite, shares between 0 and 1, not ${what}`)
}
