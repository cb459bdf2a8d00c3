import type { BindingDatabase } from '#native'
import { textArgument } from './arguments.js'
import { cancellable, type CallOptions } from './cancel.js'
import { Collection, type CollectionIndex, type CollectionInfo } from './collection.js'
import { CanopyError, unwrap } from './error.js'
import { EmbeddedGraphs } from './stored-graph.js'
import { startIdleTimer } from './idle.js'
import { parse, stringify } from './json.js'
import { traced } from './trace.js'
import type { CollectionSpec, Embedder } from './types.js'

/** A model that this database can use, and whether its weights are in memory. */
export interface ModelInfo {
  name: string
  path: string
  state: 'unloaded' | 'loading' | 'loaded'
  /** Numbers per vector; null until it was loaded once. */
  dim: number | null
  /** Digest of weights and tokenizer; null until it was loaded once. */
  digest: string | null
  fileBytes: number
  memoryBytes: number
}

/** What there is and what it costs, in bytes. */
export interface DatabaseStats {
  folder: string
  readOnly: boolean
  diskBytes: number
  embeddingCacheBytes: number
  collections: Array<{ name: string; count: number; loaded: boolean; keywordBytes: number; vectorBytes: number; metadataBytes: number; index: CollectionIndex | null }>
  models: ModelInfo[]
}

/** An open folder. Close it to give the folder free; data is safe without that. */
export class Database {
  readonly dir: string
  readonly #native: BindingDatabase
  readonly #remotes: ReadonlyMap<string, Embedder>
  readonly #open = new Map<string, Promise<Collection>>()
  readonly #idle: NodeJS.Timeout

  /** @internal */
  constructor(dir: string, native: BindingDatabase, remotes: ReadonlyMap<string, Embedder>, idleMs: number) {
    this.dir = dir
    this.#native = native
    this.#remotes = remotes
    // The core gives back the memory of models and indexes that nobody used for so long.
    this.#idle = startIdleTimer(idleMs, () => native.releaseIdle(idleMs))
  }

  /** Every collection. */
  async collections(): Promise<CollectionInfo[]> {
    return parse(unwrap(await this.#native.collections()))
  }

  /** Makes a collection; COLLECTION_EXISTS if there is one of this name. */
  async create(name: string, spec: CollectionSpec = {}): Promise<Collection> {
    unwrap(await this.#native.create(textArgument('name', name), stringify(await this.#nativeSpec(spec ?? {}))))
    return this.collection(name)
  }

  /** The collection of this name; COLLECTION_NOT_FOUND if there is none. */
  async collection(name: string): Promise<Collection> {
    const known = this.#open.get(textArgument('name', name))
    if (known !== undefined) return known
    const opening = this.#openCollection(name)
    this.#open.set(name, opening)
    opening.catch(() => this.#open.delete(name))
    return opening
  }

  /** The collection of this name, made if there is none. */
  async ensure(name: string, spec?: CollectionSpec): Promise<Collection> {
    try {
      return await this.collection(name)
    } catch (error) {
      if (error instanceof CanopyError && error.code === 'COLLECTION_NOT_FOUND') return this.create(name, spec)
      throw error
    }
  }

  /** Deletes a collection with its records; COLLECTION_NOT_FOUND if there is none. */
  async drop(name: string): Promise<void> {
    this.#open.delete(name)
    unwrap(await this.#native.drop(textArgument('name', name)))
  }

  /** The graphs that are kept in this folder. */
  graphs(): EmbeddedGraphs {
    return new EmbeddedGraphs(this.#native.graphs())
  }

  /** The models at hand. */
  async models(): Promise<ModelInfo[]> {
    return parse(unwrap(await this.#native.models()))
  }

  /** Vectors of texts by a model, row-major. `wait: false` fails with MODEL_LOADING while the model loads. */
  async embed(model: string, texts: readonly string[], { signal, wait = true }: CallOptions & { wait?: boolean } = {}): Promise<Float32Array> {
    const remote = this.#remotes.get(textArgument('model', model))
    return traced('model.embed', { 'canopy.model': model, 'canopy.texts': texts.length }, () =>
      remote === undefined ? cancellable(signal, (cancel) => this.#native.embed(model, stringify(texts), wait, cancel)) : remote.embed(texts, { signal }),
    )
  }

  /** Sizes on disk and in memory, by part. */
  async stats(): Promise<DatabaseStats> {
    return parse(unwrap(await this.#native.stats()))
  }

  /** Gives the space of deleted records back to the disk. */
  async compact(): Promise<void> {
    unwrap(await this.#native.compact())
  }

  /** Writes what is pending, unlocks the folder and frees the memory. Calls after it fail with CLOSED. */
  async close(): Promise<void> {
    clearInterval(this.#idle)
    this.#open.clear()
    unwrap(await this.#native.close())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #openCollection(name: string): Promise<Collection> {
    const native = unwrap(await this.#native.collection(name))
    const { vectors } = parse<CollectionInfo>(unwrap(await native.info()))
    const remote = this.#remotes.get(vectors?.model?.name ?? '')
    return new Collection(name, { native, remote, rebuild: (options, cancel, onProgress) => this.#native.rebuild(name, options, cancel, onProgress) })
  }

  /** The specification in the core's words: a remote model brings its dimension, and who names nothing gets the default model. */
  async #nativeSpec({ model, ...spec }: CollectionSpec): Promise<object> {
    const remote = this.#remotes.get(model ?? '')
    if (remote !== undefined) return { ...spec, remoteModel: model, dim: remote.dim }
    if (model === null || (model === undefined && spec.dim !== undefined)) return spec
    if (model !== undefined) return { ...spec, model }
    const known = await this.models()
    if (known.some(({ name }) => name === DEFAULT_MODEL)) return { ...spec, model: DEFAULT_MODEL }
    process.emitWarning(`the weights of ${DEFAULT_MODEL} are not found, so the new collection finds by keywords only; pass the folder that holds them as the option \`models\``, 'CanopyWarning')
    return spec
  }
}

/** The static model: fast, a few megabytes, no other program needed. */
const DEFAULT_MODEL = 'static-en'
