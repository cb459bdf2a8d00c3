import { existsSync } from 'node:fs'
import { mkdir, readdir, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import type { LongCallOptions } from '../engine/cancel.js'
import { CoverTree, type Coordinates, type Neighbors, type NeighborsWithin } from '../engine/cover-tree.js'
import { CanopyError } from '../engine/error.js'
import { ResidualTree, type Inducing, type Kernel, type ResidualNeighbors, type ResidualSearchOptions } from '../engine/residual-tree.js'

/** How points of an index are compared. */
export type NeighborMetric = 'euclidean' | 'angular' | 'residual'

/** How an index is built. */
export interface NeighborIndexOptions extends LongCallOptions {
  /** Coordinates a point, 1 to 32. */
  dim: number
  /** Default: `euclidean`; `residual` needs a kernel. */
  metric?: NeighborMetric | undefined
  kernel?: Kernel | undefined
  inducing?: Inducing | undefined
  seed?: number | undefined
  /** What the points are called, one for each; answers say so. */
  labels?: readonly string[] | undefined
}

/** What an index is. */
export interface NeighborIndexInfo {
  name: string
  metric: NeighborMetric
  /** Points. */
  length: number
  /** Ids ever given: points that were removed keep theirs. */
  ids: number
  dim: number
  kernel: Required<Kernel> | null
  /** Whether answers name points by the ids of records. */
  labelled: boolean
  fileBytes: number
  memoryBytes: number
}

/** An open index: one of the two trees, and what its points are called. */
type Handle = ({ kind: 'tree'; tree: CoverTree } | { kind: 'residual'; tree: ResidualTree }) & { file: string; labels: readonly string[] | undefined }

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/
const KINDS = ['tree', 'residual'] as const

/**
 * Indexes of exact neighbours by name, each in a file of a folder. They are opened when they are first asked for, changed one call at a
 * time, and on the disk when a change is answered.
 *
 * Throws `NEIGHBOURS_NAME`, `NEIGHBOURS_NOT_FOUND`, `NEIGHBOURS_METRIC`, and what `CoverTree` and `ResidualTree` throw.
 */
export class NeighborIndexes {
  readonly #folder: string
  readonly #readOnly: boolean
  readonly #open = new Map<string, Promise<Handle>>()
  readonly #turns = new Map<string, Promise<unknown>>()

  constructor(folder: string, { readOnly = false }: { readOnly?: boolean } = {}) {
    this.#folder = folder
    this.#readOnly = readOnly
  }

  /** Names and sizes of all indexes. */
  async list(): Promise<{ name: string; fileBytes: number }[]> {
    if (!existsSync(this.#folder)) return []
    const files = (await readdir(this.#folder)).filter((file) => KINDS.some((kind) => file.endsWith(`.${kind}`))).toSorted()
    return Promise.all(files.map(async (file) => ({ name: path.parse(file).name, fileBytes: (await stat(path.join(this.#folder, file))).size })))
  }

  /** Builds an index; one of this name is replaced when the new one is on the disk. */
  async build(name: string, points: Coordinates, options: NeighborIndexOptions): Promise<NeighborIndexInfo> {
    this.#file(name, 'tree')
    const { metric = 'euclidean', kernel, inducing, labels, ...rest } = options
    if (metric === 'residual' && kernel === undefined) throw new CanopyError('NEIGHBOURS_METRIC', 'invalid_input', 'the residual metric needs a kernel, such as { kind: "matern52", lengthscale: 1 }')
    if (metric !== 'residual' && (kernel ?? inducing) !== undefined) throw new CanopyError('NEIGHBOURS_METRIC', 'invalid_input', `a kernel or inducing points mean nothing to the ${metric} metric: leave them out, or choose residual`)
    return this.#turn(name, async () => {
      const file = this.#file(name, metric === 'residual' ? 'residual' : 'tree')
      const built: Handle =
        metric === 'residual' && kernel !== undefined
          ? { kind: 'residual', tree: await ResidualTree.build(points, { ...rest, kernel, inducing }), file, labels }
          : { kind: 'tree', tree: await CoverTree.build(points, { ...rest, metric: metric === 'angular' ? metric : 'euclidean' }), file, labels }
      try {
        await mkdir(this.#folder, { recursive: true })
        await save(built)
      } catch (error) {
        await built.tree.close()
        throw error
      }
      await this.#forget(name)
      for (const kind of KINDS) if (kind !== built.kind) await rm(this.#file(name, kind), { force: true })
      this.#open.set(name, Promise.resolve(built))
      return infoOf(name, built)
    })
  }

  /** What an index is. */
  async info(name: string): Promise<NeighborIndexInfo> {
    return infoOf(name, await this.#handle(name))
  }

  /** What the points of an index are called, where they have names. */
  async labels(name: string): Promise<readonly string[] | undefined> {
    return (await this.#handle(name)).labels
  }

  /** The `k` nearest points of each query. */
  async knn(name: string, queries: Coordinates, k: number, options: ResidualSearchOptions = {}): Promise<Neighbors | ResidualNeighbors> {
    const handle = await this.#handle(name)
    return handle.kind === 'residual' ? handle.tree.knn(queries, k, options) : handle.tree.knn(queries, k, plain(options))
  }

  /** The `k` nearest other points of every point. */
  async knnAll(name: string, k: number, options: ResidualSearchOptions = {}): Promise<Neighbors | ResidualNeighbors> {
    const handle = await this.#handle(name)
    return handle.kind === 'residual' ? handle.tree.knnAll(k, options) : handle.tree.knnAll(k, plain(options))
  }

  /** For every point `i` the `k` nearest points `j < i`. */
  async predecessors(name: string, k: number, options: ResidualSearchOptions = {}): Promise<Neighbors | ResidualNeighbors> {
    const handle = await this.#handle(name)
    return handle.kind === 'residual' ? handle.tree.predecessors(k, options) : handle.tree.predecessors(k, plain(options))
  }

  /** All points within a radius of each query. */
  async radius(name: string, queries: Coordinates, radius: number, options: LongCallOptions = {}): Promise<NeighborsWithin> {
    const handle = await this.#handle(name)
    if (handle.kind === 'tree') return handle.tree.radius(queries, radius, options)
    throw new CanopyError('NEIGHBOURS_METRIC', 'invalid_input', `a radius is for Euclidean and angular indexes; "${name}" is residual`)
  }

  /** Adds points; answers the first of their ids. */
  async insert(name: string, points: Coordinates, options: LongCallOptions = {}): Promise<{ first: number; length: number }> {
    return this.#saved(name, async ({ tree, labels }) => {
      if (labels !== undefined) throw new CanopyError('NEIGHBOURS_LABELLED', 'conflict', `"${name}" was built from the records of a collection, and new points would have no name: build it again`)
      const first = await tree.insert(points, options)
      return { first, length: tree.length }
    })
  }

  /** Takes points away by their ids. */
  async remove(name: string, ids: readonly number[], options: LongCallOptions = {}): Promise<{ length: number }> {
    return this.#saved(name, async ({ tree }) => {
      await tree.remove(ids, options)
      return { length: tree.length }
    })
  }

  /** Puts another kernel in the place of the one of a residual index. */
  async refresh(name: string, kernel: Kernel, options: LongCallOptions = {}): Promise<NeighborIndexInfo> {
    return this.#saved(name, async (handle) => {
      if (handle.kind !== 'residual') throw new CanopyError('NEIGHBOURS_METRIC', 'invalid_input', `"${name}" has no kernel: only residual indexes have one`)
      await handle.tree.refresh(kernel, options)
      return infoOf(name, handle)
    })
  }

  /** Deletes an index and its file. */
  async drop(name: string): Promise<void> {
    await this.#turn(name, async () => {
      const { file } = await this.#handle(name)
      await this.#forget(name)
      await rm(file)
    })
  }

  /** Gives the memory back. Indexes can be asked again. */
  async close(): Promise<void> {
    await Promise.all([...this.#open.keys()].map((name) => this.#forget(name)))
  }

  #file(name: string, kind: Handle['kind']): string {
    if (!NAME.test(name)) throw new CanopyError('NEIGHBOURS_NAME', 'invalid_input', `"${name}" can't name an index: 1 to 128 of the characters A-Z a-z 0-9 . _ -, a letter or digit first`)
    return path.join(this.#folder, `${name}.${kind}`)
  }

  #handle(name: string): Promise<Handle> {
    const known = this.#open.get(name)
    if (known !== undefined) return known
    const opened = this.#read(name)
    this.#open.set(name, opened)
    opened.catch(() => this.#open.delete(name))
    return opened
  }

  async #read(name: string): Promise<Handle> {
    for (const kind of KINDS) {
      const file = this.#file(name, kind)
      if (!existsSync(file)) continue
      if (kind === 'residual') return { kind, tree: await ResidualTree.open(file), file, labels: labelsOf(await ResidualTree.notes(file)) }
      return { kind, tree: await CoverTree.open(file), file, labels: labelsOf(await CoverTree.notes(file)) }
    }
    throw new CanopyError('NEIGHBOURS_NOT_FOUND', 'not_found', `there is no index of neighbours "${name}"`)
  }

  /** Changes an index and saves it. What can't be saved isn't kept in memory either: the file says what is true. */
  async #saved<T>(name: string, work: (handle: Handle) => Promise<T>): Promise<T> {
    return this.#turn(name, async () => {
      const handle = await this.#handle(name)
      const done = await work(handle)
      try {
        await save(handle)
      } catch (error) {
        await this.#forget(name)
        throw error
      }
      return done
    })
  }

  async #forget(name: string): Promise<void> {
    const known = this.#open.get(name)
    this.#open.delete(name)
    await known?.then(({ tree }) => tree.close()).catch(() => undefined)
  }

  async #settled(name: string, turn: Promise<unknown>): Promise<void> {
    await turn.catch(() => undefined)
    if (this.#turns.get(name) === turn) this.#turns.delete(name)
  }

  /** Changes of one index follow one another. */
  #turn<T>(name: string, work: () => Promise<T>): Promise<T> {
    if (this.#readOnly) throw new CanopyError('STORE_READ_ONLY', 'read_only', 'the folder is open for reading only')
    const before = this.#turns.get(name) ?? Promise.resolve()
    const turn = before.catch(() => undefined).then(work)
    this.#turns.set(name, turn)
    void this.#settled(name, turn)
    return turn
  }
}

async function save({ tree, file, labels }: Handle): Promise<void> {
  await tree.save(file, { notes: labels === undefined ? undefined : Buffer.from(JSON.stringify(labels)) })
}

function labelsOf(notes: Buffer): readonly string[] | undefined {
  return notes.length === 0 ? undefined : (JSON.parse(notes.toString()) as string[])
}

async function infoOf(name: string, handle: Handle): Promise<NeighborIndexInfo> {
  const { tree, kind, file, labels } = handle
  const { memoryBytes } = await tree.report()
  const shape = { length: tree.length, ids: tree.ids, dim: tree.dim, labelled: labels !== undefined, fileBytes: (await stat(file)).size, memoryBytes }
  if (kind === 'tree') return { name, metric: handle.tree.metric, kernel: null, ...shape }
  return { name, metric: 'residual', kernel: await handle.tree.kernel(), ...shape }
}

/** What every search takes. */
function plain(options: ResidualSearchOptions): LongCallOptions {
  const { signal, onProgress, ...residual } = options
  const [odd] = Object.entries(residual).find(([, value]) => value !== undefined) ?? []
  if (odd !== undefined) throw new CanopyError('NEIGHBOURS_METRIC', 'invalid_input', `"${odd}" is for residual indexes: leave it out`)
  return { signal, onProgress }
}
