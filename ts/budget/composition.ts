import { CanopyError } from '../engine/error.js'

/**
 * How costs add up.
 *
 * - `pure`: ε adds (basic composition); Laplace noise only.
 * - `zcdp`: ρ adds (Bun and Steinke, 2016); at the end (ε, δ).
 * - `rdp`: Rényi divergences add, at each of several orders (Mironov, 2017); at the end (ε, δ).
 */
export type Composition = 'pure' | 'zcdp' | 'rdp'

/** Which noise. */
export type Mechanism = 'laplace' | 'gaussian'

/** What a tenant may spend within the window. */
export interface Allowance {
  /** ε in all. */
  epsilon: number
  /** The probability that ε may be exceeded with; only for `zcdp` and `rdp`. */
  delta: number
  composition: Composition
}

/** Costs are whole numbers of billionths. */
const UNIT = 1e9
/** What has no bound, such as the pure ε of Gaussian noise; sums stop here in every ledger. */
export const INFINITE = 2 ** 53 - 1
/** More than the few roundings of double precision in each formula here can be off by. */
const SLACK = 1e-12
/** Orders of Rényi divergence that are kept; between them nothing is lost but a little budget. */
const ORDERS = [1.25, 1.5, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 128, 256]
/** Where each way of counting stands in a vector of costs. */
const PURE = 0
const ZCDP = 1
const RENYI = 2

/** The smallest ε of a request: below it, noise would be wider than 2^40. */
export const MIN_EPSILON = 1e-5
/** The largest ε of a tenant. */
export const MAX_EPSILON = 1e6

/** Never below the true value. */
function up(value: number): number {
  const scaled = Math.ceil(value * (1 + SLACK) * UNIT)
  return scaled < INFINITE ? scaled : INFINITE
}

/** Never above the true value. */
function down(value: number): number {
  return Math.min(Math.max(0, Math.floor(value * (1 - SLACK) * UNIT)), INFINITE - 1)
}

/** The ρ that is (ε, δ)-private: ε = ρ + 2 √(ρ ln(1/δ)) solved for ρ (Bun and Steinke, proposition 1.3). */
function rhoOf(epsilon: number, delta: number): number {
  const log = Math.log(1 / delta)
  // The difference of the roots without cancellation.
  return (epsilon / (Math.sqrt(epsilon + log) + Math.sqrt(log))) ** 2
}

/** The ε that ρ comes to at δ. */
function epsilonOf(rho: number, delta: number): number {
  return rho + 2 * Math.sqrt(rho * Math.log(1 / delta))
}

/** What (α, ·)-RDP adds on its way to (ε, δ)-DP (Canonne, Kamath and Steinke, 2020, proposition 12). */
function conversion(order: number, delta: number): number {
  return Math.log1p(-1 / order) - Math.log(delta * order) / (order - 1)
}

/** ε in billionths, the nearest: what is asked for, charged and made noise for is this number, so that ten times 0.1 is 1. */
export function billionths(epsilon: number): number {
  return Math.min(Math.round(epsilon * UNIT), INFINITE)
}

/** What a release costs, by every way of counting: [pure, zCDP, RDP at each order]. Rounded up. */
export function costOf(mechanism: Mechanism, epsilon: number, delta: number): number[] {
  if (mechanism === 'gaussian') {
    const rho = rhoOf(epsilon, delta)
    return [INFINITE, up(rho), ...ORDERS.map((order) => up(order * rho))]
  }
  // Whatever is ε-private is ε²/2-zCDP and (α, min(ε, α ε²/2))-RDP (Bun and Steinke, proposition 1.4).
  return [billionths(epsilon), up(epsilon ** 2 / 2), ...ORDERS.map((order) => up(Math.min(epsilon, (order * epsilon ** 2) / 2)))]
}

/**
 * What may be spent, by every way of counting; 0 where a way isn't used. Rounded down.
 *
 * Under `rdp` a release goes through when one order stays within its limit. Which order that is may depend on what was released, so each
 * gets its share of δ: a union bound over the orders makes the whole (ε, δ)-private however the questions are chosen.
 */
export function limitOf({ epsilon, delta, composition }: Allowance): number[] {
  const limit = Array.from({ length: RENYI + ORDERS.length }, () => 0)
  if (composition === 'pure') limit[PURE] = Math.min(billionths(epsilon), INFINITE - 1)
  else if (composition === 'zcdp') limit[ZCDP] = down(rhoOf(epsilon, delta))
  else ORDERS.forEach((order, i) => (limit[RENYI + i] = down(epsilon - conversion(order, delta / ORDERS.length))))
  return limit
}

/** The ε that is left of an allowance after `spent`; rounded down, for people and programs to plan with. */
export function remainingOf({ epsilon, delta, composition }: Allowance, spent: readonly number[]): number {
  if (composition === 'pure') return Math.max(0, billionths(epsilon) - (spent[PURE] ?? 0)) / UNIT
  const at = (index: number): number => (spent[index] ?? 0) / UNIT
  if (spent.every((value) => value === 0)) return epsilon
  const used = (): number => {
    if (composition === 'zcdp') return epsilonOf(at(ZCDP), delta)
    return Math.min(...ORDERS.map((order, i) => at(RENYI + i) + Math.max(0, conversion(order, delta / ORDERS.length))))
  }
  return Math.max(0, Math.floor((epsilon - used()) * (1 - SLACK) * UNIT) / UNIT)
}

/** The parameter of the noise for a sensitivity: the scale of a Laplace, the deviation of a Gaussian. Rounded up, so that the noise is worth what it costs. */
export function scaleOf(mechanism: Mechanism, sensitivity: number, epsilon: number, delta: number): number {
  const exact = mechanism === 'laplace' ? (sensitivity * UNIT) / billionths(epsilon) : sensitivity / Math.sqrt(2 * rhoOf(epsilon, delta))
  return exact * (1 + SLACK)
}

/** Gaussian noise has no pure ε. */
export function checkMechanism(mechanism: Mechanism, { composition }: Allowance): void {
  if (mechanism === 'laplace' || composition !== 'pure') return
  throw new CanopyError('PRIVACY_MECHANISM', 'invalid_input', 'Gaussian noise has no pure ε, and this tenant counts pure ε: ask for laplace, or set its composition to zcdp or rdp')
}
