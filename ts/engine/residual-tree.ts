import type { BindingResidualAnswer, BindingResidualTree } from '#native'
import { binding } from './binding.js'
import { cancellable, type LongCallOptions } from './cancel.js'
import { checkCoordinates, checkIds, checkK, type Coordinates, type Neighbors } from './cover-tree.js'
import { CanopyError, unwrap } from './error.js'
import { parse, stringify } from './json.js'

/** The covariance of the process, as a function of r = |x − y| in units of the lengthscale. */
export interface Kernel {
  /** `matern12` exp(−r), `matern32`, `matern52`, or `rbf` exp(−r²/2). */
  kind: 'matern12' | 'matern32' | 'matern52' | 'rbf'
  /** Variance of the process, above 0; default 1. */
  variance?: number | undefined
  /** One for all coordinates, or one for each; above 0. */
  lengthscale: number | readonly number[]
}

/** Where inducing points come from: given row-major, k-means++ centres, or points drawn at random. */
export type Inducing = Float64Array | { method?: 'kmeans' | 'random' | undefined; count: number; seed?: number | undefined }

/** V = L⁻¹ K(Z, X), row after row, and the residual variances p, computed elsewhere. */
export interface Factors {
  v: Coordinates
  p: Coordinates
}

/** How a residual tree is built. */
export interface ResidualTreeOptions extends LongCallOptions {
  /** Coordinates a point, 1 to 32. */
  dim: number
  kernel: Kernel
  /** Default: 512 centres by k-means++. */
  inducing?: Inducing | undefined
  /** Instead of inducing points. Queries by new points then bring theirs. */
  factors?: Factors | undefined
  /** Added to the diagonal of K(Z, Z), as a share of the variance; raised where it doesn't do. Default 1e-6. */
  jitter?: number | undefined
  /** In which precision V is kept and multiplied; `auto` takes double where residual variances are tiny. */
  precision?: 'auto' | 'single' | 'double' | undefined
  seed?: number | undefined
  /** Points whose correlations with all others make the envelope, up to eight times as many of few points; default 256, 0 for none: all pairs. */
  envelopeSamples?: number | undefined
}

/** How a search goes about it. */
export interface ResidualSearchOptions extends LongCallOptions {
  /** All pairs by blocked matrix products. */
  exact?: boolean | undefined
  /** What stands in front of the residual kernel; default `lookup`. */
  gate?: 'off' | 'lookup' | 'audit' | undefined
  /** Queries whose answers are compared with all pairs; default 32. */
  audit?: number | undefined
  /** The recall below which the envelope is widened; default 0.999. */
  leastRecall?: number | undefined
  /** What the gate `audit` does about a miss; default `widen`. */
  onMiss?: 'widen' | 'fail' | undefined
}

/** How new points are looked up. */
export interface ResidualQueryOptions extends ResidualSearchOptions {
  /** V and p of the queries, in a tree that was built from such. */
  factors?: Factors | undefined
}

/** How a search went. */
export interface ResidualReport {
  exact: boolean
  /** Pairs that could have been looked at, were, and were spared by the envelope. */
  gate: { candidates: number; kept: number; pruned: number }
  /** How often the envelope was widened and the search repeated. */
  widened: number
  /** A sample of the answers held against all pairs; recall is above `recallBound` with a confidence of 95 %. */
  audit: { queries: number; pairs: number; missed: number; recall: number; recallBound: number } | null
}

/** What building or the last refresh cost and found. */
export interface ResidualTreeReport {
  buildS: number
  vS: number
  /** Inducing points. */
  inducing: number
  /** The jitter that was used. */
  jitter: number
  /** Smallest and median residual variance, as shares of the variance. */
  leastP: number
  medianP: number
  /** Whether V is kept in double precision. */
  double: boolean
  isa: string
  memoryBytes: number
}

/** Neighbours by distance sqrt(1 − |ρ|), and how they were found. */
export interface ResidualNeighbors extends Neighbors {
  report: ResidualReport
}

/**
 * Nearest neighbours by residual correlation, the metric of Vecchia approximations with inducing points:
 * ρ = R / sqrt(p_x p_y), R(x, y) = k(x, y) − v_x · v_y, V = L⁻¹ K(Z, X).
 *
 * The structure comes from the coordinates and outlives the kernel's parameters: see `refresh`.
 */
export class ResidualTree {
  readonly #native: BindingResidualTree
  /** Coordinates a point. */
  readonly dim: number

  private constructor(native: BindingResidualTree) {
    this.#native = native
    this.dim = native.shape()[2] ?? 0
  }

  /**
   * Builds a tree over `points`, row-major.
   *
   * Throws `POINTS_*`, `KERNEL_VARIANCE`, `KERNEL_LENGTHSCALE`, `KERNEL_JITTER`, `INDUCING_COUNT`, `KERNEL_NOT_POSITIVE_DEFINITE`,
   * `FACTORS_*`.
   */
  static async build(
    points: Coordinates,
    { dim, kernel, inducing, factors, signal, onProgress, ...options }: ResidualTreeOptions,
  ): Promise<ResidualTree> {
    checkCoordinates('points', points)
    const json = stringify({ ...options, kernel: nativeKernel(kernel), ...(inducing === undefined ? {} : { inducing: nativeInducing(inducing) }) })
    if (factors !== undefined) {
      const { v, p } = checkFactors(factors)
      return new ResidualTree(
        await cancellable(signal, (cancel) => binding().BindingResidualTree.buildWith(points, dim, v, p, json, cancel, onProgress)),
      )
    }
    return new ResidualTree(await cancellable(signal, (cancel) => binding().BindingResidualTree.build(points, dim, json, cancel, onProgress)))
  }

  /**
   * Opens a saved tree by mapping its file, every checksum compared.
   *
   * Throws `INDEX_NOT_FOUND`, `INDEX_FOREIGN`, `INDEX_NEWER`, `INDEX_TRUNCATED`, `INDEX_CORRUPT`.
   */
  static async open(path: string): Promise<ResidualTree> {
    return new ResidualTree(unwrap(await binding().BindingResidualTree.open(path)))
  }

  /** Writes the tree, its V and its envelope into one file; the old one stays valid until the new one is on the disk. */
  async save(path: string, { notes }: { notes?: Buffer | undefined } = {}): Promise<void> {
    unwrap(await this.#native.save(path, notes))
  }

  /** What `save` was given beside the tree in a file. */
  static async notes(path: string): Promise<Buffer> {
    return unwrap(await binding().BindingResidualTree.notes(path))
  }

  /** Gives the memory back at once, or when the last running call ends. Calls after it throw `CLOSED`. */
  async close(): Promise<void> {
    unwrap(await this.#native.close())
  }

  /** Number of points; 0 once it is closed. */
  get length(): number {
    return this.#native.shape()[0] ?? 0
  }

  /** Number of ids ever given: points that were removed keep theirs, and their rows of `knnAll` and `predecessors` are empty. */
  get ids(): number {
    return this.#native.shape()[1] ?? 0
  }

  /**
   * Adds points; answers the id of the first, the others follow. Inducing points stay (a tree that never had a point chooses them now);
   * the envelope is widened by what the new points show. Searches under way end on the points they began with.
   *
   * Throws `POINTS_*`, `FACTORS_NEEDED` where V was given, `FACTORS_UNWANTED` where it is computed, and then nothing has changed.
   */
  async insert(points: Coordinates, { factors, signal, onProgress }: LongCallOptions & { factors?: Factors | undefined } = {}): Promise<number> {
    checkCoordinates('points', points)
    if (factors === undefined) return cancellable(signal, (cancel) => this.#native.insert(points, cancel, onProgress))
    const { v, p } = checkFactors(factors)
    return cancellable(signal, (cancel) => this.#native.insertWith(points, v, p, cancel, onProgress))
  }

  /** Takes points away by their ids, which no other point gets. Throws `POINT_UNKNOWN`, and then nothing has changed. */
  async remove(ids: Uint32Array | readonly number[], { signal, onProgress }: LongCallOptions = {}): Promise<void> {
    const known = checkIds(ids)
    await cancellable(signal, (cancel) => this.#native.remove(known, cancel, onProgress))
  }

  /** The current kernel. */
  async kernel(): Promise<Required<Kernel>> {
    const { kind, variance, lengthscales } = parse<{ kind: Kernel['kind']; variance: number; lengthscales: number[] }>(unwrap(await this.#native.kernel()))
    return { kind, variance, lengthscale: lengthscales.length === 1 ? (lengthscales[0] ?? 1) : lengthscales }
  }

  /** What building or the last refresh cost and found. */
  async report(): Promise<ResidualTreeReport> {
    return parse(unwrap(await this.#native.report()))
  }

  /** What the build cost, or what a search did that gave this report, as one line of JSON: `crates/cover-tree/telemetry.schema.json`. */
  async telemetry(report?: ResidualReport): Promise<string> {
    return unwrap(await this.#native.telemetry(report === undefined ? undefined : stringify(report)))
  }

  /** The inducing points, row-major. */
  async inducing(): Promise<Float64Array> {
    return unwrap(await this.#native.inducing())
  }

  /** The residual variance p of every point, by id; NaN where it was removed. */
  async residualVariances(): Promise<Float64Array> {
    return unwrap(await this.#native.residualVariances())
  }

  /** The `k` nearest points of each query. */
  async knn(queries: Coordinates, k: number, { factors, signal, onProgress, ...search }: ResidualQueryOptions = {}): Promise<ResidualNeighbors> {
    checkCoordinates('queries', queries)
    if (factors !== undefined) {
      const { v, p } = checkFactors(factors)
      const request = stringify({ dim: this.dim, k: checkK(k), search })
      return told(await cancellable(signal, (cancel) => this.#native.knnWith(queries, v, p, request, cancel, onProgress)))
    }
    return told(await cancellable(signal, (cancel) => this.#native.knn(queries, this.dim, checkK(k), stringify(search), cancel, onProgress)))
  }

  /** The `k` nearest other points of every point. */
  async knnAll(k: number, { signal, onProgress, ...search }: ResidualSearchOptions = {}): Promise<ResidualNeighbors> {
    const json = stringify(search)
    return told(await cancellable(signal, (cancel) => this.#native.knnAll(checkK(k), json, cancel, onProgress)))
  }

  /** For every point `i` the `k` nearest points `j < i` in the order they were given. */
  async predecessors(k: number, { signal, onProgress, ...search }: ResidualSearchOptions = {}): Promise<ResidualNeighbors> {
    const json = stringify(search)
    return told(await cancellable(signal, (cancel) => this.#native.predecessors(checkK(k), json, cancel, onProgress)))
  }

  /**
   * Puts another kernel in the place of the current one, keeping order, structure and inducing points. Searches meanwhile see the old
   * kernel or the new one, never a mix; answers false where a newer refresh was asked for before this one was done.
   */
  async refresh(kernel: Kernel, { signal, onProgress }: LongCallOptions = {}): Promise<boolean> {
    const json = stringify(nativeKernel(kernel))
    return cancellable(signal, (cancel) => this.#native.refresh(json, cancel, onProgress))
  }
}

function nativeKernel({ kind, variance = 1, lengthscale }: Kernel): object {
  const lengthscales = typeof lengthscale === 'number' ? [lengthscale] : lengthscale
  // JSON has no NaN and no infinity: the core would see null.
  const odd = lengthscales.find((value) => !Number.isFinite(value))
  if (odd !== undefined) throw new CanopyError('KERNEL_LENGTHSCALE', 'invalid_input', `lengthscale ${odd} is no length: choose a finite number above 0`)
  if (!Number.isFinite(variance)) throw new CanopyError('KERNEL_VARIANCE', 'invalid_input', `variance ${variance} can't be that of a process: choose a finite number above 0`)
  return { kind, variance, lengthscales }
}

function checkFactors(factors: Factors): Factors {
  checkCoordinates('V', factors.v)
  checkCoordinates('p', factors.p)
  return factors
}

function nativeInducing(inducing: Inducing): object {
  if (inducing instanceof Float64Array) return { given: Array.from(inducing) }
  const { method = 'kmeans', count, seed = 42 } = inducing
  return { [method]: { count, seed } }
}

function told({ neighbours, report }: BindingResidualAnswer): ResidualNeighbors {
  return { ...neighbours, report: JSON.parse(report) as ResidualReport }
}
