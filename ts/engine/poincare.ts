import type { BindingBallMap } from '#native'
import { binding } from './binding.js'
import { cancellable, type CallOptions, type LongCallOptions } from './cancel.js'
import { CanopyError, unwrap } from './error.js'
import type { WorkEstimate } from './graph.js'
import { checkNumbers, parse, stringify } from './json.js'

/** Row-major coordinates: single, double, or half precision as the bits of each number. Results have the kind that was sent. */
export type BallRows = Float32Array | Float64Array | Uint16Array

/** A ball, and how many coordinates its points have. */
export interface PoincareBallOptions {
  /** Coordinates a point. */
  dim: number
  /** Curvature, below 0; default −1. The ball has radius 1 / sqrt(−κ). */
  kappa?: number | undefined
  /** How far points are kept from the rim, in unit-ball coordinates; default 1e-6, in half precision 2⁻¹¹. */
  margin?: number | undefined
}

/** A Fréchet mean and how it was reached. */
export interface FrechetMean {
  /** In double precision. */
  point: Float64Array
  /** Weighted mean of the squared distances to it. */
  variance: number
  /** Passes over the points. */
  iterations: number
  converged: boolean
}

/** How a hierarchy is embedded (Nickel & Kiela 2017). */
export interface PoincareTrainOptions extends LongCallOptions {
  kappa?: number | undefined
  /** Coordinates a node; default 10. */
  dim?: number | undefined
  /** Passes over all pairs after the burn-in; default 50. */
  epochs?: number | undefined
  /** Passes at a tenth of the rate before that; default 10. */
  burnIn?: number | undefined
  learningRate?: number | undefined
  /** Unrelated nodes drawn beside each pair; default 10. */
  negatives?: number | undefined
  seed?: number | undefined
  /** Whether mean rank and mean average precision are computed, in time that grows with the square of the nodes. */
  measure?: boolean | undefined
}

/** A trained embedding. */
export interface PoincareEmbedding {
  /** One row a node. */
  points: Float64Array
  /** Mean loss a pair in the last pass. */
  loss: number
  /** Mean rank of a related node among all unrelated ones, 1 at best; where it was measured. */
  meanRank?: number | undefined
  /** Mean average precision, 1 at best; where it was measured. */
  map?: number | undefined
}

/**
 * The Poincaré ball of curvature κ < 0: maps, distances, means and recentring over many points at once.
 *
 * Whatever is computed stays inside the ball, and no NaN comes out. Points outside are refused with `BALL_OUTSIDE`.
 */
export class PoincareBall {
  readonly dim: number
  readonly kappa: number
  readonly #margin: number | undefined

  constructor({ dim, kappa = -1, margin }: PoincareBallOptions) {
    if (!Number.isInteger(dim) || dim < 1 || dim > 65_536) {
      throw new CanopyError('POINTS_DIMENSION', 'invalid_input', `points of ${dim} coordinates can't be: choose a whole number from 1 to 65,536`)
    }
    this.dim = dim
    this.kappa = kappa
    this.#margin = margin
  }

  /** The ball's radius, 1 / sqrt(−κ). */
  get radius(): number {
    return 1 / Math.sqrt(-this.kappa)
  }

  /** Exponential map at 0: tangent vectors to points. */
  async exp0<T extends BallRows>(tangents: T, options?: CallOptions): Promise<T> {
    return this.#map('exp0', tangents, undefined, options)
  }

  /** Logarithmic map at 0, the inverse of `exp0`. */
  async log0<T extends BallRows>(points: T, options?: CallOptions): Promise<T> {
    return this.#map('log0', points, undefined, options)
  }

  /** Exponential map at `bases`, one for all rows or one a row. */
  async exp<T extends BallRows>(bases: T, tangents: T, options?: CallOptions): Promise<T> {
    return this.#map('exp', tangents, bases, options)
  }

  /** Logarithmic map at `bases`, the inverse of `exp`. */
  async log<T extends BallRows>(bases: T, points: T, options?: CallOptions): Promise<T> {
    return this.#map('log', points, bases, options)
  }

  /** Möbius addition base ⊕ point; with one base for all rows a left translation. */
  async add<T extends BallRows>(bases: T, points: T, options?: CallOptions): Promise<T> {
    return this.#map('add', points, bases, options)
  }

  /** Moves `centre`, or the Fréchet mean without one, to 0: (−centre) ⊕ point, an isometry. */
  async recentre<T extends BallRows>(points: T, options: CallOptions & { centre?: T | undefined } = {}): Promise<T> {
    const centre = options.centre ?? (await this.#meanAs(points, options))
    return this.#map('recentre', points, centre, options)
  }

  /** Hyperbolic distance of each point to its base (one for all or one a row), or to 0 without bases. */
  async distances<T extends BallRows>(points: T, bases?: T, { signal }: CallOptions = {}): Promise<Float64Array> {
    check('points', points)
    if (bases !== undefined) check('bases', bases)
    return cancellable(signal, (cancel) => binding().poincareDistances(this.kappa, this.dim, points, bases, cancel))
  }

  /** The Fréchet mean: the point with the least weighted sum of squared distances. Throws `MEAN_EMPTY`, `MEAN_WEIGHT`. */
  async mean(
    points: BallRows,
    { signal, weights, ...options }: CallOptions & { weights?: Float64Array | undefined; tolerance?: number | undefined; iterations?: number | undefined } = {},
  ): Promise<FrechetMean> {
    check('points', points)
    const json = stringify(options)
    const { rounded: _, ...mean } = await cancellable(signal, (cancel) =>
      binding().poincareMean(this.kappa, this.#margin, this.dim, points, weights, json, cancel),
    )
    return mean
  }

  async #map<T extends BallRows>(map: `${BindingBallMap}`, rows: T, bases: T | undefined, { signal }: CallOptions = {}): Promise<T> {
    check('rows', rows)
    if (bases !== undefined) check('bases', bases)
    const mapped = await cancellable(signal, (cancel) =>
      binding().poincareMap(map as BindingBallMap, this.kappa, this.#margin, this.dim, rows, bases, cancel),
    )
    return mapped as T
  }

  /** The mean in the precision of the points. */
  async #meanAs<T extends BallRows>(points: T, options: CallOptions): Promise<T> {
    check('points', points)
    const { rounded } = await cancellable(options.signal, (cancel) =>
      binding().poincareMean(this.kappa, this.#margin, this.dim, points, undefined, '{}', cancel),
    )
    return rounded as T
  }
}

/**
 * Embeds a hierarchy in the Poincaré ball. `pairs` holds two node numbers a pair, usually every (node, ancestor).
 *
 * Throws `BALL_CURVATURE`, `POINCARE_OPTION`, `POINCARE_RELATION`.
 */
export async function trainPoincare(
  nodes: number,
  pairs: Uint32Array,
  { signal, onProgress, measure = false, ...options }: PoincareTrainOptions = {},
): Promise<PoincareEmbedding> {
  checkNumbers(options, { kappa: 'BALL_CURVATURE', '*': 'POINCARE_OPTION' })
  const json = stringify(options)
  return cancellable(signal, (cancel) => binding().poincareTrain(nodes, pairs, json, measure, cancel, onProgress))
}

/** What `trainPoincare` with this many nodes and pairs will take. */
export async function estimatePoincare(nodes: number, pairs: number, { signal, measure = false, ...options }: PoincareTrainOptions = {}): Promise<WorkEstimate> {
  checkNumbers(options, { kappa: 'BALL_CURVATURE', '*': 'POINCARE_OPTION' })
  signal?.throwIfAborted()
  return parse(unwrap(await binding().estimatePoincare(nodes, pairs, stringify(options), measure)))
}

/** One point of a measurement of recentring. */
export interface OvershootRow {
  kappa: number
  dtype: 'f64' | 'f32' | 'f16'
  /** Translation by minus the Fréchet mean, or the Euclidean mean subtracted and everything rescaled to fit. */
  method: 'exp_log' | 'naive'
  /** Distance to 0 of the recentred point in double precision. */
  rTarget: number
  rObtained: number
  deltaR: number
}

/** Draws a cloud off the centre for each curvature, recentres it both ways in each precision, and compares with double precision. */
export async function measureOvershoot({ signal, ...options }: CallOptions & { points?: number; dim?: number; kappas?: readonly number[]; offset?: number; spread?: number; seed?: number } = {}): Promise<OvershootRow[]> {
  const json = stringify(options)
  const rows = parse<{ kappa: number; dtype: OvershootRow['dtype']; method: OvershootRow['method']; r_target: number; r_obtained: number; delta_r: number }[]>(await cancellable(signal, (cancel) => binding().poincareOvershoot(json, cancel)))
  return rows.map(({ r_target: rTarget, r_obtained: rObtained, delta_r: deltaR, ...row }) => ({ ...row, rTarget, rObtained, deltaR }))
}

function check(what: string, values: unknown): void {
  if (values instanceof Float32Array || values instanceof Float64Array || values instanceof Uint16Array) return
  throw new CanopyError('POINTS_TYPE', 'invalid_input', `${what} must be a Float32Array, a Float64Array or, for half precision, a Uint16Array, row after row`)
}
