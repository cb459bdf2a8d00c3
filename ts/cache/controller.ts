import { CanopyError } from '../engine/error.js'

/** Gains and goal of the controller. */
export interface PidOptions {
  /** The share of reads that shall be hits. */
  targetHitRatio: number
  Kp: number
  Ki: number
  /** The integral stays within ± this. */
  Imax: number
}

/** The same as a configuration names them; what is left out is {@link PID}'s. Names in camel case are taken too. */
export interface PidSettings extends Partial<PidOptions> {
  target_hit_ratio?: number | undefined
  I_max?: number | undefined
}

/** What a controller remembers: with it, one that starts anew goes on where the last one stopped. */
export interface PidState {
  /** Seconds. */
  ttl: number
  /** Error times minutes. */
  integral: number
}

/** The gains of the contract. */
export const PID: PidOptions = { targetHitRatio: 0.45, Kp: 0.4, Ki: 0.05, Imax: 5 }

/** Gains and goal out of settings. Throws CACHE_PID. */
export function pidOf({ target_hit_ratio = PID.targetHitRatio, targetHitRatio = target_hit_ratio, Kp = PID.Kp, Ki = PID.Ki, I_max = PID.Imax, Imax = I_max }: PidSettings = {}): PidOptions {
  const options = { targetHitRatio, Kp, Ki, Imax }
  checkPid(options)
  return options
}

/** Seconds. */
export const MIN_TTL = 1
export const MAX_TTL = 86_400
/** How strongly `u` moves the logarithm of the TTL. A hit ratio moves by some 0.1 to 0.25 when a TTL grows e-fold, so a step takes away a sixth to two fifths of the error. */
const GAIN = 4
/** One step changes a TTL by a factor of e at most: what a window with few reads says may be wrong. */
const MOST = 1
/** The least error that is worth a step. */
const DEAD_BAND = 0.005
/** A window of so many reads moves the TTL half as far as one of very many: what a few reads say is mostly chance. */
const HALF_TRUSTED = 50

/**
 * A step: `e = target − ratio`, `I ← clamp(I + e Δt, ±Imax)`, `u = Kp e + Ki I`, `TTL ← TTL · exp(4 u)`, within 1 s and 24 h. Δt is in minutes.
 *
 * The TTL moves in proportion, because the hit ratio goes with its logarithm; added in seconds, u could not move it. Three things keep the integral from
 * carrying past the goal: it stands still while the TTL is at a limit that the error pushes against, it is dropped when the error changes its sign, and a window with
 * few reads moves little.
 */
export function step({ ttl, integral }: PidState, { hits, misses }: { hits: number; misses: number }, dtMinutes: number, { targetHitRatio, Kp, Ki, Imax }: PidOptions): PidState {
  const reads = hits + misses
  if (reads === 0) return { ttl, integral }
  const error = targetHitRatio - hits / reads
  if (Math.abs(error) <= DEAD_BAND) return { ttl, integral }
  const trust = reads / (reads + HALF_TRUSTED)
  const stuck = (error > 0 && ttl >= MAX_TTL) || (error < 0 && ttl <= MIN_TTL)
  const kept = Math.sign(integral) === -Math.sign(error) ? 0 : integral
  const next = stuck ? kept : clamp(kept + trust * error * dtMinutes, Imax)
  return { ttl: Math.min(MAX_TTL, Math.max(MIN_TTL, ttl * Math.exp(clamp(GAIN * (Kp * error + Ki * next) * trust, MOST)))), integral: next }
}

/** Throws CACHE_PID for gains that can't be. */
export function checkPid({ targetHitRatio, Kp, Ki, Imax }: PidOptions): void {
  const wrong = !(targetHitRatio > 0 && targetHitRatio < 1) || !(Kp >= 0 && Kp <= 1) || !(Ki >= 0 && Ki <= 1) || !(Imax >= 0 && Number.isFinite(Imax))
  if (wrong) throw new CanopyError('CACHE_PID', 'invalid_input', `the goal must be between 0 and 1, gains from 0 to 1 and I_max not negative, not ${JSON.stringify({ targetHitRatio, Kp, Ki, Imax })}`)
}

function clamp(value: number, most: number): number {
  return Math.min(most, Math.max(-most, value))
}
