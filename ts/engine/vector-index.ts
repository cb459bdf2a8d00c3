import { setImmediate as turn } from 'node:timers/promises'
import type { BindingFilter, BindingVectorIndex } from '#native'
import { binding } from './binding.js'
import { cancellable, type CallOptions, type LongCallOptions } from './cancel.js'
import { MISSING } from './cover-tree.js'
import { CanopyError, unwrap } from './error.js'
import { Ids, type VectorId } from './ids.js'
import { parse, stringify } from './json.js'
import type { Metric } from './types.js'
import { widened, type VectorValues } from './vector-values.js'

/** How a graph is built. */
export interface GraphOptions {
  /** Neighbours a node, at most, 4 to 128; default 32. More find more, and take more memory. */
  degree?: number | undefined
  /** Candidates from which a new node's neighbours are chosen; default 96. */
  ef?: number | undefined
  /** Above 1 keeps more and longer edges; default 1.15. */
  alpha?: number | undefined
  /** Values that a walk looks at; default 0 lets the data decide. */
  walkDim?: number | undefined
  /** How exact vectors are kept: `auto` takes 16 bits where that loses nothing. */
  storage?: 'auto' | 'f32' | 'f16' | undefined
  /** The same vectors and seed give the same index at any number of threads. */
  seed?: number | undefined
}

/** How an index is built. */
export interface VectorIndexOptions<Id extends VectorId> extends LongCallOptions, GraphOptions {
  /** Values a vector. */
  dim: number
  /** Default: cosine. */
  metric?: Metric | undefined
  /** An id for each vector, all of one kind; default: 0, 1, 2, … */
  ids?: readonly Id[] | Uint32Array | undefined
  /** What ids will be, of an index that has none yet; default: what the first one is, or numbers. */
  idKind?: 'number' | 'bigint' | 'string' | undefined
}

/**
 * A way to search: `graph` (default) walks and scores what it found exactly; `exact` scores everything that may be found; `hybrid` orders the graph's candidates by 4-bit codes before
 * the exact look, `lists` takes its candidates from inverted lists. The last two need `prepare`, which measures what they find: less than `graph` in the same time.
 */
export type VectorPreset = 'graph' | 'exact' | 'hybrid' | 'lists'

/** How an index is searched. */
export interface VectorSearchOptions extends CallOptions {
  /** A walk ends when it has visited its `ef` nearest candidates; default: the index's own choice. */
  ef?: number | undefined
  /** Candidates that are scored again by their exact vectors. */
  rerank?: number | undefined
  /** Default: `graph`. */
  preset?: VectorPreset | undefined
  /** `hybrid`: candidates of the graph; default 200. */
  candidates?: number | undefined
  /** `hybrid`: candidates that are left for the exact look; default three quarters. */
  keep?: number | undefined
  /** `lists`: lists that are read; default 32. */
  probes?: number | undefined
  /** Vectors that may be found. */
  filter?: VectorFilter | undefined
}

/** A vector that was found. */
export interface VectorHit<Id extends VectorId> {
  id: Id
  /** Cosine, dot product, or minus the squared distance: higher is better. */
  score: number
}

/** Hits of many queries: row-major, best first; where a query found fewer than `k`, `MISSING` at `-Infinity`. */
export interface VectorHits {
  k: number
  /** Numbers of vectors; `index.id(slot)` gives their ids. */
  slots: Uint32Array
  scores: Float32Array
}

/** What an index is. */
export interface VectorIndexInfo {
  length: number
  dim: number
  metric: Metric
  build: Required<GraphOptions>
  /** Values of a vector that a walk looks at. */
  walkDim: number
  /** Bytes beside the exact vectors. */
  graphBytes: number
  memoryBytes: number
  /** Whether it has grown so much that `rebuild` would make it better. */
  stale: boolean
  /** Inverted lists over the vectors as they are: `prepare` built them, or the file held them; 0 without. */
  lists: number
}

/** A search for everything that is near enough. */
export interface VectorRangeOptions extends CallOptions, Pick<VectorSearchOptions, 'ef' | 'rerank' | 'filter'> {
  /** Hits at most; default 10,000. */
  limit?: number | undefined
}

/** What `autotune` found. */
export interface VectorTuning {
  options: { ef: number; rerank: number }
  /** The share of the true `k` nearest that was found. */
  recall: number
  /** Median microseconds of a search on this machine. */
  micros: number
  /** Whether `recall` is what was asked for; if not, these are the best options tried. */
  reached: boolean
}

/** How the inverted lists are built. */
export interface VectorListOptions extends LongCallOptions {
  /** Lists; default: about twice the square root of the number of vectors. */
  lists?: number | undefined
  /** Parts of a vector with a code of 4 bits each; default: one every four values. */
  parts?: number | undefined
  /** Whether vectors are rotated so that all parts vary alike; default true. */
  optimise?: boolean | undefined
  seed?: number | undefined
}

/** Inverted lists, and what the presets that use them find: the share of the true ten. */
export interface VectorLists {
  lists: number
  bytes: number
  hybridRecall: number
  listsRecall: number
}

/** What is to be built. */
export interface VectorEstimateOptions extends GraphOptions {
  count: number
  dim: number
  metric?: Metric | undefined
}

/** What a build will take, bytes within about a tenth, seconds within a factor of two or three. */
export interface VectorEstimate {
  /** The index with its vectors. */
  bytes: number
  /** Of these, beside the vectors. */
  graphBytes: number
  /** In use during the build, beside the caller's own vectors. */
  buildBytes: number
  buildSeconds: number
  /** Cores the seconds are for. */
  threads: number
}

/** A set of vectors that searches may be confined to; made by `index.filter`, used as often as you like. */
export class VectorFilter {
  /** @internal */
  readonly native: BindingFilter

  /** @internal */
  constructor(native: BindingFilter) {
    this.native = native
  }
}

/**
 * Approximate nearest vectors: a flat graph walked over 8-bit codes, exact scores at the end.
 *
 * Building, searching and saving run on the core's threads with an `AbortSignal`; searches go on while vectors are added.
 */
export class VectorIndex<Id extends VectorId = number> {
  readonly #native: BindingVectorIndex
  readonly #ids: Ids
  /** Whether a search waits for its turn of the event loop. */
  #waits = false
  /** The last of what changes or saves the index: ids that are saved are those of the vectors that are. */
  #last: Promise<unknown> = Promise.resolve()

  private constructor(native: BindingVectorIndex, ids: Ids) {
    this.#native = native
    this.#ids = ids
  }

  /**
   * Builds an index of row-major `vectors`.
   *
   * Numbers of one or two bytes are taken as they are: `Uint8Array`, `Int8Array`, and halves in a `Float16Array` or, bit by bit, a `Uint16Array`.
   *
   * Throws `VECTOR_COUNT`, `VECTOR_NOT_FINITE`, `VECTOR_ZERO` (under cosine), `VECTOR_ID`, `VECTOR_DUPLICATE`, `INDEX_OPTION`.
   */
  static async build<Id extends VectorId = number>(
    vectors: VectorValues,
    { dim, metric, ids, idKind, signal, onProgress, ...build }: VectorIndexOptions<Id>,
  ): Promise<VectorIndex<Id>> {
    const values = await widened(vectors)
    const names = ids?.[0] === undefined && idKind !== undefined ? new Ids(idKind) : Ids.like(ids?.[0])
    const slots = ids === undefined ? undefined : await names.assign(ids)
    const json = stringify({ dim, metric, build })
    const native = await cancellable(signal, (cancel) => binding().BindingVectorIndex.build(values, slots, json, cancel, onProgress))
    return new VectorIndex<Id>(native, names)
  }

  /** What building an index will take, before it is built. Throws `INDEX_TOO_LARGE`, `VECTOR_DIMENSION`. */
  static async estimate({ count, dim, metric, ...build }: VectorEstimateOptions): Promise<VectorEstimate> {
    return parse(unwrap(await binding().estimateVectorIndex(stringify({ count, dim, metric, build }))))
  }

  /** Opens a saved index by mapping its file. Throws `INDEX_NOT_FOUND`, `INDEX_FOREIGN`, `INDEX_NEWER`, `INDEX_TRUNCATED`, `INDEX_CORRUPT`. */
  static async open<Id extends VectorId = number>(path: string): Promise<VectorIndex<Id>> {
    const native = unwrap(await binding().BindingVectorIndex.open(path))
    return new VectorIndex<Id>(native, await Ids.read(unwrap(await native.notes())))
  }

  /** Writes the index into one file, with its inverted lists where it has any; the old one stays valid until the new one is on the disk. Throws `INDEX_DISK_FULL`, `INDEX_PERMISSION`. */
  async save(path: string): Promise<void> {
    await this.#inTurn(async () => unwrap(await this.#native.save(path, await this.#ids.write())))
  }

  /** Compares every checksum of the file that the index was opened from. Throws `INDEX_CORRUPT`. */
  async check(): Promise<void> {
    unwrap(await this.#native.check())
  }

  /** Length, dimension, metric, options and memory. */
  async info(): Promise<VectorIndexInfo> {
    return parse(unwrap(await this.#native.info()))
  }

  /** About the `k` nearest vectors of one query, best first; all of them where there are fewer. */
  async search(query: VectorValues, k: number, options: VectorSearchOptions = {}): Promise<VectorHit<Id>[]> {
    return this.#hits(await this.searchBatch(query, k, options))
  }

  /** About all vectors whose score is at least `least`, best first: under l2 scores are minus the squared distance, so a radius `r` is `-(r * r)`. */
  async range(query: VectorValues, least: number, { signal, filter, limit = 10_000, ...options }: VectorRangeOptions = {}): Promise<VectorHit<Id>[]> {
    checkK(limit)
    const values = await widened(query)
    return this.#hits(await cancellable(signal, (cancel) => this.#native.range(values, least, limit, stringify(options), filter?.native, cancel)))
  }

  #hits({ slots, scores }: VectorHits): VectorHit<Id>[] {
    const hits: VectorHit<Id>[] = []
    for (const [i, slot] of slots.entries()) {
      if (slot === MISSING) break
      hits.push({ id: this.id(slot), score: scores[i] ?? 0 })
    }
    return hits
  }

  /** The same for many queries at once, row-major, on all cores. */
  async searchBatch(queries: VectorValues, k: number, { signal, filter, ...options }: VectorSearchOptions = {}): Promise<VectorHits> {
    checkK(k)
    const values = queries instanceof Float32Array ? queries : await widened(queries)
    const json = stringify(options)
    const found = filter === undefined && !this.#waits && this.#native.quick(k) ? await this.#here(values, k, json, signal) : null
    return found ?? cancellable(signal, (cancel) => this.#native.search(values, k, json, filter?.native, cancel))
  }

  /**
   * A search that takes less time than a thread to wake up, in a turn of the event loop of its own: other events come between two of them. Those asked for meanwhile go to threads,
   * so that many at once share all cores. Nothing where it would take long after all, or has to wait for a writer.
   */
  async #here(values: Float32Array, k: number, options: string, signal: AbortSignal | undefined): Promise<VectorHits | null | undefined> {
    signal?.throwIfAborted()
    this.#waits = true
    await turn().finally(() => (this.#waits = false))
    signal?.throwIfAborted()
    return unwrap(this.#native.searchHere(values, k, options))
  }

  /**
   * Finds the fastest search that reaches a recall for `k` hits on this machine, and searches so from now on where a call says nothing else.
   *
   * `queries` should be like those to come; without them vectors of the index are moved a little. Searches go on meanwhile.
   */
  async autotune(recall: number, { k = 10, queries, signal }: CallOptions & { k?: number; queries?: VectorValues | undefined } = {}): Promise<VectorTuning> {
    checkK(k)
    const values = queries === undefined ? undefined : await widened(queries)
    return parse(await cancellable(signal, (cancel) => this.#native.autotune(recall, k, values, cancel)))
  }

  /** Builds the inverted lists that the presets `hybrid` and `lists` need, and measures what these find. They are saved with the index, and gone with the next change. */
  async prepare({ signal, onProgress, ...options }: VectorListOptions = {}): Promise<VectorLists> {
    return parse(await cancellable(signal, (cancel) => this.#native.prepare(stringify(options), cancel, onProgress)))
  }

  /** What ids are: `number`, `bigint` or `string`. */
  get idKind(): string {
    return this.#ids.kind
  }

  /** The id behind the number of a hit. */
  id(slot: number): Id {
    return this.#ids.of(slot) as Id
  }

  /** A filter that lets these vectors through; ids that aren't there are passed over. */
  async filter(ids: readonly Id[] | Uint32Array): Promise<VectorFilter> {
    return new VectorFilter(unwrap(await binding().BindingFilter.of(await this.#ids.known(ids))))
  }

  /** Adds or replaces vectors. When it is aborted, the vectors stored so far stay. */
  async upsert(ids: readonly Id[] | Uint32Array, vectors: VectorValues, { signal, onProgress }: LongCallOptions = {}): Promise<void> {
    const values = await widened(vectors)
    await this.#inTurn(async () => {
      signal?.throwIfAborted()
      const slots = await this.#ids.assign(ids)
      await cancellable(signal, (cancel) => this.#native.upsert(slots, values, cancel, onProgress))
    })
  }

  /** Takes vectors out; answers how many there were. */
  async remove(ids: readonly Id[] | Uint32Array): Promise<number> {
    return this.#inTurn(async () => {
      const slots = await this.#ids.forget(ids)
      const gone = unwrap(await this.#native.remove(slots))
      this.#ids.free(slots)
      return gone
    })
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work)
    this.#last = result.catch(() => undefined)
    return result
  }

  /** The vector with this id as it is compared (of length 1 under cosine), or undefined. */
  async vector(id: Id): Promise<Float32Array | undefined> {
    const [slot] = await this.#ids.known([id])
    return slot === undefined ? undefined : (unwrap(await this.#native.vector(slot)) ?? undefined)
  }

  /** Builds the graph anew from its own vectors, beside searches, and takes it instead. */
  async rebuild({ signal, onProgress }: LongCallOptions = {}): Promise<void> {
    await cancellable(signal, (cancel) => this.#native.rebuild(cancel, onProgress))
  }
}

function checkK(k: number): void {
  if (Number.isInteger(k) && k >= 1 && k <= 1_000_000) return
  throw new CanopyError('SEARCH_REQUEST', 'invalid_input', `k = ${k} vectors can't be asked for: choose a whole number between 1 and 1,000,000`)
}
