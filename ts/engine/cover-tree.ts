import type { BindingCoverTree } from '#native'
import { binding } from './binding.js'
import { cancellable, type LongCallOptions } from './cancel.js'
import { CanopyError, unwrap } from './error.js'
import { stringify } from './json.js'

/** Row-major coordinates; the core copies what it takes, on its own thread. */
export type Coordinates = Float32Array | Float64Array

/** How a tree is built. */
export interface CoverTreeOptions extends LongCallOptions {
  /** Coordinates a point, 1 to 32. */
  dim: number
  /** Default: `euclidean`. `angular` distances are angles in radians. */
  metric?: 'euclidean' | 'angular' | undefined
  /** Draws the order of insertion: the same points and seed give the same tree at any number of threads. */
  seed?: number | undefined
  /** How the batches of the cover tree are gone about, see `raise`; searches of points on straight lines don't notice. */
  plan?: CoverTreePlan | undefined
}

/** How the batches of a build are gone about. Every plan gives a tree that keeps the invariants; without grid and cap it is the same tree. */
export interface CoverTreePlan {
  /** In which order a batch is held against the tree; default `hilbert`. */
  batchOrder?: 'hilbert' | 'natural' | 'random' | undefined
  /** How many times larger the tree is after a batch, above 1; default 2.25, 1.75 or 1.25 by the share of conflicts. */
  prefixFactor?: number | undefined
  /** `grid`: only one point of each cell takes part in a conflict graph, the others wait for the next batch. Default `all`. */
  leaders?: 'all' | 'grid' | undefined
  /** A point with more conflicts than this waits for the next batch; default 0, no cap. */
  degreeCap?: number | undefined
  /** Points that one piece of parallel work takes; default 512. */
  scopeChunkTarget?: number | undefined
}

/** `k` neighbours a query, nearest first, equal distances by ascending id; where there are fewer, `MISSING` at `Infinity`. */
export interface Neighbors {
  k: number
  /** Row-major, `k` a query: places of the points in the order they were given. */
  ids: Uint32Array
  distances: Float32Array
}

/** All neighbours within a radius: those of query `i` lie from `starts[i]` to `starts[i + 1]`, nearest first. */
export interface NeighborsWithin {
  starts: Float64Array
  ids: Uint32Array
  distances: Float32Array
}

/** What building cost: seconds, places, bytes. */
export interface CoverTreeReport {
  orderS: number
  leavesS: number
  treeS: number
  /** Points at different places; 0 where no cover tree was needed: Euclidean and angular answers come from packed leaves. */
  nodes: number
  memoryBytes: number
}

/** The id that stands where there is no neighbour. */
export const MISSING = 0xffff_ffff

/**
 * Exact nearest neighbours of points with up to 32 coordinates (parallel compressed cover tree; Elkin & Kurlin, Gu et al.).
 *
 * Answers are those of a brute force in double precision. Every call runs on the core's threads, takes an `AbortSignal`, and
 * reports its progress; a call that is aborted leaves the tree as it was.
 */
export class CoverTree {
  readonly #native: BindingCoverTree
  /** Coordinates a point. */
  readonly dim: number
  readonly metric: 'euclidean' | 'angular'

  private constructor(native: BindingCoverTree) {
    this.#native = native
    this.dim = native.shape()[2] ?? 0
    this.metric = native.metric() === 'angular' ? 'angular' : 'euclidean'
  }

  /**
   * Builds a tree over `points`, row-major.
   *
   * Throws `POINTS_LENGTH`, `POINTS_DIMENSION`, `POINTS_NOT_FINITE`, `POINTS_MAGNITUDE`, `POINTS_ZERO` (angles of a zero vector),
   * `TREE_PREFIX_FACTOR`.
   */
  static async build(points: Coordinates, { signal, onProgress, ...options }: CoverTreeOptions): Promise<CoverTree> {
    checkCoordinates('points', points)
    const json = stringify(options)
    return new CoverTree(await cancellable(signal, (cancel) => binding().BindingCoverTree.build(points, json, cancel, onProgress)))
  }

  /**
   * Opens a saved tree by mapping its file, every checksum compared.
   *
   * Throws `INDEX_NOT_FOUND`, `INDEX_FOREIGN`, `INDEX_NEWER`, `INDEX_TRUNCATED`, `INDEX_CORRUPT`.
   */
  static async open(path: string): Promise<CoverTree> {
    return new CoverTree(unwrap(await binding().BindingCoverTree.open(path)))
  }

  /** Writes the tree into one file; the old one stays valid until the new one is on the disk. Throws `INDEX_DISK_FULL`, `INDEX_PERMISSION`. */
  async save(path: string, { notes }: { notes?: Buffer | undefined } = {}): Promise<void> {
    unwrap(await this.#native.save(path, notes))
  }

  /** What `save` was given beside the tree in a file. */
  static async notes(path: string): Promise<Buffer> {
    return unwrap(await binding().BindingCoverTree.notes(path))
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

  /** Adds points; answers the id of the first, the others follow. Searches under way end on the points they began with. */
  async insert(points: Coordinates, { signal, onProgress }: LongCallOptions = {}): Promise<number> {
    checkCoordinates('points', points)
    return cancellable(signal, (cancel) => this.#native.insert(points, cancel, onProgress))
  }

  /** Takes points away by their ids, which no other point gets. Throws `POINT_UNKNOWN`, and then nothing has changed. */
  async remove(ids: Uint32Array | readonly number[], { signal, onProgress }: LongCallOptions = {}): Promise<void> {
    const known = checkIds(ids)
    await cancellable(signal, (cancel) => this.#native.remove(known, cancel, onProgress))
  }

  /** What building cost. */
  async report(): Promise<CoverTreeReport> {
    return unwrap(await this.#native.report())
  }

  /** What the build cost, as one line of JSON: `crates/cover-tree/telemetry.schema.json`. */
  async telemetry(): Promise<string> {
    return unwrap(await this.#native.telemetry())
  }

  /** What each batch of the cover tree did and took, a line of JSON each in the same layout; none where there is no tree yet. */
  async batchTelemetry(): Promise<string[]> {
    return unwrap(await this.#native.batchTelemetry())
  }

  /** Makes the cover tree now, if it isn't there yet: points on straight lines are answered for by packed leaves, and need none. */
  async raise({ signal, onProgress }: LongCallOptions = {}): Promise<void> {
    await cancellable(signal, (cancel) => this.#native.raise(cancel, onProgress))
  }

  /** Checks nesting, covering, separation and completeness; answers what is wrong, or null. Takes about as long as a build. */
  async validate(): Promise<string | null> {
    return unwrap(await this.#native.validate()) ?? null
  }

  /** The `k` nearest points of each query. Throws `NEIGHBOURS_COUNT` for a `k` out of 1 to 65,536, and `POINTS_*`. */
  async knn(queries: Coordinates, k: number, { signal, onProgress }: LongCallOptions = {}): Promise<Neighbors> {
    checkCoordinates('queries', queries)
    return cancellable(signal, (cancel) => this.#native.knn(queries, checkK(k), cancel, onProgress))
  }

  /** All points within `radius` of each query, those at the radius included. Throws `NEIGHBOURS_RADIUS` and `POINTS_*`. */
  async radius(queries: Coordinates, radius: number, { signal, onProgress }: LongCallOptions = {}): Promise<NeighborsWithin> {
    checkCoordinates('queries', queries)
    return cancellable(signal, (cancel) => this.#native.radius(queries, radius, cancel, onProgress))
  }

  /** The `k` nearest other points of every point. */
  async knnAll(k: number, { signal, onProgress }: LongCallOptions = {}): Promise<Neighbors> {
    return cancellable(signal, (cancel) => this.#native.knnAll(checkK(k), cancel, onProgress))
  }

  /** For every point `i` the `k` nearest points `j < i` in the order they were given, which a Vecchia approximation conditions on. */
  async predecessors(k: number, { signal, onProgress }: LongCallOptions = {}): Promise<Neighbors> {
    return cancellable(signal, (cancel) => this.#native.predecessors(checkK(k), cancel, onProgress))
  }
}

/** A typed array of another kind would be read as numbers that it doesn’t hold. @internal */
export function checkCoordinates(what: string, values: unknown): void {
  if (values instanceof Float32Array || values instanceof Float64Array) return
  throw new CanopyError('POINTS_TYPE', 'invalid_input', `${what} must be a Float32Array or a Float64Array, row after row`)
}

/** Counts cross the boundary as 32 bits; what doesn’t fit there must not wrap around. @internal */
export function checkK(k: number): number {
  if (Number.isInteger(k) && k >= 1 && k <= 65_536) return k
  throw new CanopyError('NEIGHBOURS_COUNT', 'invalid_input', `k = ${k} neighbours can't be asked for: choose a whole number between 1 and 65,536`)
}

/** Ids cross the boundary as 32 bits; what isn't one must not become another. @internal */
export function checkIds(ids: Uint32Array | readonly number[]): Uint32Array {
  if (ids instanceof Uint32Array) return ids
  const odd = ids.find((id) => !Number.isInteger(id) || id < 0 || id > MISSING)
  if (odd !== undefined) throw new CanopyError('POINT_UNKNOWN', 'not_found', `there is no point ${odd} in this index: ids are whole numbers from 0`)
  return Uint32Array.from(ids)
}
