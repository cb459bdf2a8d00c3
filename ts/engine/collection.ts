import type { Attributes } from '@opentelemetry/api'
import type { BindingCancel, BindingCollection, BindingError, BindingPutMode } from '#native'
import { choice, matrixArgument, textArgument, vectorArgument } from './arguments.js'
import { batches, type Batch } from './batches.js'
import { tracedCall, type CallOptions, type LongCallOptions } from './cancel.js'
import { CanopyError, unwrap } from './error.js'
import { parse, stringify } from './json.js'
import { traced } from './trace.js'
import type { Embedder, Filter, Metadata, Metric, PutMode, PutOutcome, RecordInput, RecordPage, SearchAnswer, SearchRequest, StoredRecord } from './types.js'

/** How the vectors of a collection are searched. */
export interface CollectionIndex {
  /** `unloaded` until the first search; `exact`: every vector is scanned; `building` the first graph; `ready`; `rebuilding` beside the one in use. */
  state: 'unloaded' | 'exact' | 'building' | 'ready' | 'rebuilding'
  /** Vectors in memory. */
  vectors: number
  /** Vectors from which on a graph is built; null while unloaded, and when never. */
  exactBelow: number | null
  /** Changes that the graph has yet to take in; searches look at them exactly. */
  pending: number
  /** Vectors of a build under way that are done, of `total`. */
  done: number
  total: number
  /** Bytes of the graph, beside the vectors. */
  bytes: number
  /** Bytes of its file. */
  fileBytes: number
  /** The recall at 10 that was measured when it was built. */
  recall: number | null
  /** Why the last build or save failed. */
  error: string | null
}

/** What is known about a collection. */
export interface CollectionInfo {
  name: string
  /** Records in it. */
  count: number
  /** Its vectors, or null for keywords only. `model` is null where callers bring them. */
  vectors: { dim: number; metric: Metric; model: { name: string; digest: string } | null } | null
  /** How its vectors are searched, or null for keywords only. */
  index: CollectionIndex | null
  /** What its maker wanted kept with it. */
  settings: Metadata
}

/** Options of the calls that write records. */
export interface PutOptions extends LongCallOptions {
  /** Vectors of all records, row-major. Batches are views of it; the core copies what it takes, on its own thread. */
  vectors?: Float32Array | undefined
}

/** Which records to list. */
export interface ListOptions extends CallOptions {
  /** The `next` of the page before. */
  after?: string | undefined
  /** Records a page, 1 to 1,000; default 100. */
  limit?: number | undefined
  filter?: Filter | undefined
  /** Whether each record carries its vector. */
  vectors?: boolean | undefined
}

/** Options of an import from a file or folder. */
export interface ImportOptions extends LongCallOptions {
  /** Default: by the file's name; a folder means its Markdown and text files. */
  format?: 'jsonl' | 'csv' | 'folder' | undefined
  textField?: string | undefined
  idField?: string | undefined
  /** Go on where an interrupted import of the same source stopped. */
  resume?: boolean | undefined
  onError?: 'stop' | 'skip' | undefined
  maxLineBytes?: number | undefined
}

/** What an import did. */
export interface ImportReport {
  read: number
  inserted: number
  replaced: number
  /** Lines that couldn't be read and were passed over. */
  skipped: number
  /** The first of their errors, with line numbers. */
  errors: string[]
  /** Whether an interrupted import was continued. */
  resumed: boolean
  seconds: number
}

/** What a rebuild did. */
export interface RebuildReport {
  records: number
  embedded: number
  modelChanged: boolean
}

/** What the database lends a collection. @internal */
export interface Loan {
  native: BindingCollection
  remote: Embedder | undefined
  rebuild(options: string, cancel: BindingCancel | undefined, onProgress: LongCallOptions['onProgress']): Promise<Buffer | BindingError>
}

/** A named set of records with its keyword index and, if it has a model or vectors, its vector index. */
export class Collection {
  readonly name: string
  readonly #native: BindingCollection
  readonly #remote: Embedder | undefined
  readonly #rebuild: Loan['rebuild']

  /** @internal */
  constructor(name: string, { native, remote, rebuild }: Loan) {
    this.name = name
    this.#native = native
    this.#remote = remote
    this.#rebuild = rebuild
  }

  /** Count, model, dimension and metric. */
  async info(): Promise<CollectionInfo> {
    return parse(unwrap(await this.#native.info()))
  }

  /** A text that every committed change of the collection makes another one: what was worked out under a version that was read before holds as long as it does. */
  async version(): Promise<string> {
    return unwrap(await this.#native.version())
  }

  /** Adds records; an id that exists is refused with RECORD_EXISTS. */
  async add(records: RecordInput | readonly RecordInput[], options?: PutOptions): Promise<PutOutcome[]> {
    return this.put(records, 'insert', options)
  }

  /** Adds records, replacing those whose ids exist. */
  async upsert(records: RecordInput | readonly RecordInput[], options?: PutOptions): Promise<PutOutcome[]> {
    return this.put(records, 'upsert', options)
  }

  /** Replaces records; an id that doesn't exist is refused with RECORD_NOT_FOUND. */
  async update(records: RecordInput | readonly RecordInput[], options?: PutOptions): Promise<PutOutcome[]> {
    return this.put(records, 'update', options)
  }

  /**
   * Writes records in batches of up to 2,048 (512 where texts are to be embedded), each one transaction. When a batch fails, those before it stay and the
   * error's `written` counts their records.
   */
  async put(input: RecordInput | readonly RecordInput[], mode: PutMode, options: PutOptions = {}): Promise<PutOutcome[]> {
    const records = Array.isArray(input) ? (input as readonly RecordInput[]) : [input as RecordInput]
    choice('mode', mode, MODES)
    checkMatrix(records.length, options.vectors)
    const outcomes: PutOutcome[] = []
    try {
      const source = batches(records, options.vectors)
      let next = await source.next()
      while (!next.done) {
        const running = this.#putBatch(next.value, mode, options)
        // While the core commits this batch, the next one is serialised here; its error waits until this one is counted.
        const prepared = source.next()
        prepared.catch(() => undefined)
        outcomes.push(...(await running))
        options.onProgress?.(outcomes.length, records.length)
        next = await prepared
      }
    } catch (error) {
      if (error instanceof CanopyError) error.written = outcomes.length
      throw error
    }
    return outcomes
  }

  async #putBatch(batch: Batch, mode: PutMode, { signal }: CallOptions): Promise<PutOutcome[]> {
    const vectors = batch.vectors ?? (await this.#embed(batch.records.map((record) => textOf(record)), signal))
    const json = await tracedCall('store.put', this.#about({ 'canopy.records': batch.records.length, 'canopy.mode': mode }), signal, (cancel) => this.#native.put(batch.json, vectors, mode as BindingPutMode, cancel))
    return parse(json)
  }

  /** Writes records that are already a JSON array in UTF-8, in one transaction, and answers in JSON: nothing is parsed here. */
  async putJson(records: Buffer, mode: PutMode, { signal }: CallOptions = {}): Promise<Buffer> {
    choice('mode', mode, MODES)
    if (this.#remote !== undefined) {
      return Buffer.from(JSON.stringify(await this.put(parse<RecordInput[]>(records), mode, { signal })))
    }
    return tracedCall('store.put', this.#about({ 'canopy.bytes': records.length, 'canopy.mode': mode }), signal, (cancel) => this.#native.put(records, null, mode as BindingPutMode, cancel))
  }

  /** Deletes records; ids that don't exist are reported, not refused. */
  async remove(ids: string | readonly string[]): Promise<PutOutcome[]> {
    const json = stringify(typeof ids === 'string' ? [ids] : ids)
    return traced('store.remove', this.#about(), async () => parse(unwrap(await this.#native.remove(json))))
  }

  /** The record with this id, or undefined. */
  async get(id: string, options: { vector?: boolean } = {}): Promise<StoredRecord | undefined> {
    const answer = await this.getJson(id, options)
    return answer === undefined ? undefined : parse(answer)
  }

  /** The record with this id as JSON in UTF-8, or undefined. */
  async getJson(id: string, { vector = false }: { vector?: boolean } = {}): Promise<Buffer | undefined> {
    const answer = await traced('store.get', this.#about(), async () => unwrap(await this.#native.get(textArgument('id', id), vector)))
    return answer.length === NULL.length && answer.equals(NULL) ? undefined : answer
  }

  /** A page of records; pass `next` of one page as `after` of the following. */
  async list(options: ListOptions = {}): Promise<RecordPage> {
    return parse(await this.listJson(options))
  }

  /** The same as JSON in UTF-8. */
  async listJson({ signal, ...options }: ListOptions): Promise<Buffer> {
    return tracedCall('store.list', this.#about(), signal, (cancel) => this.#native.list(stringify(options), cancel))
  }

  /** Every record, page by page. */
  async *records(options: Omit<ListOptions, 'after'> = {}): AsyncGenerator<StoredRecord> {
    let after: string | undefined
    do {
      const page: RecordPage = await this.list({ ...options, after })
      yield* page.records
      after = page.next ?? undefined
    } while (after !== undefined)
  }

  /** Finds records by a text, a vector, or both. Any text is a valid query. */
  async search(request: string | SearchRequest, options?: CallOptions): Promise<SearchAnswer> {
    return parse(await this.searchJson(typeof request === 'string' ? { text: request } : request, options))
  }

  /** The same answer as JSON in UTF-8, for a server that passes it on without reading it. */
  async searchJson(asked: SearchRequest, { signal }: CallOptions = {}): Promise<Buffer> {
    const { vector, ...request } = asked ?? {}
    const json = requestJson(request)
    const query = vector === undefined ? await this.#embedQuery(request, signal) : vectorArgument('vector', vector)
    return tracedCall('index.search', this.#about({ 'canopy.mode': request.mode }), signal, (cancel) => this.#native.search(json, query, cancel))
  }

  /** Runs one request for many query vectors (row-major) in one pass over the data. */
  async searchBatch(vectors: Float32Array, request: Omit<SearchRequest, 'text' | 'vector'> = {}, { signal }: CallOptions = {}): Promise<SearchAnswer[]> {
    const [json, queries] = [requestJson(request), matrixArgument('vectors', vectors)]
    return parse(await tracedCall('index.search', this.#about({ 'canopy.mode': 'vector' }), signal, (cancel) => this.#native.searchBatch(json, queries, cancel)))
  }

  /** Records like this one, without it. */
  async similar(id: string, request: SearchRequest = {}, options?: CallOptions): Promise<SearchAnswer> {
    return parse(await this.similarJson(id, request, options))
  }

  /** The same answer as JSON in UTF-8. */
  async similarJson(id: string, request: SearchRequest = {}, { signal }: CallOptions = {}): Promise<Buffer> {
    const json = requestJson(request)
    return tracedCall('index.similar', this.#about(), signal, (cancel) => this.#native.similar(textArgument('id', id), json, cancel))
  }

  /**
   * Imports a JSONL or CSV file or a folder of Markdown and text files. Ids that are there already are replaced. Each
   * batch commits with the position behind it, so an import that was interrupted goes on where it was.
   */
  async import(path: string, { signal, onProgress, ...options }: ImportOptions = {}): Promise<ImportReport> {
    const source = textArgument('path', path)
    const report = await tracedCall('store.import', this.#about(), signal, (cancel) => this.#native.import(source, stringify(options), cancel, onProgress))
    if (this.#remote !== undefined) await this.#embedMissing(this.#remote, { signal })
    return parse(report)
  }

  /** Embeds what has no vector; with `model`, embeds every record with that one from now on. */
  async rebuild({ signal, onProgress, ...options }: LongCallOptions & { model?: string | undefined } = {}): Promise<RebuildReport> {
    if (this.#remote !== undefined && options.model === undefined) return this.#embedMissing(this.#remote, { signal, onProgress })
    return parse(await tracedCall('index.rebuild', this.#about(), signal, (cancel) => this.#rebuild(stringify(options), cancel, onProgress)))
  }

  /** What `rebuild` does in the core, for a model that runs elsewhere. */
  async #embedMissing(remote: Embedder, { signal, onProgress }: LongCallOptions): Promise<RebuildReport> {
    const report = { records: 0, embedded: 0, modelChanged: false }
    for (let after: string | null | undefined; after !== null; ) {
      const page: RecordPage = await this.list({ after, vectors: true, signal })
      const bare = page.records.filter(({ vector }) => vector === undefined)
      if (bare.length > 0) {
        const vectors = await traced('model.embed', this.#about({ 'canopy.texts': bare.length }), () => remote.embed(bare.map(({ text }) => text), { signal }))
        await this.upsert(bare.map(({ id, text, metadata }) => ({ id, text, metadata })), { vectors, signal })
      }
      report.records += page.records.length
      report.embedded += bare.length
      onProgress?.(report.records, 0)
      after = page.next
    }
    return report
  }

  async #embedQuery(request: SearchRequest, signal: AbortSignal | undefined): Promise<Float32Array | null> {
    if (request.mode === 'keyword' || typeof request.text !== 'string' || request.text.trim() === '') return null
    return this.#embed([request.text], signal)
  }

  async #embed(texts: string[], signal: AbortSignal | undefined): Promise<Float32Array | null> {
    const remote = this.#remote
    return remote === undefined ? null : traced('model.embed', this.#about({ 'canopy.texts': texts.length }), () => remote.embed(texts, { signal }))
  }

  /** What spans say of work on this collection. */
  #about(more: Attributes = {}): Attributes {
    return { 'canopy.collection': this.name, ...more }
  }
}

/** How the core says in JSON that there is nothing. */
const NULL = Buffer.from('null')

const MODES = ['insert', 'upsert', 'update'] as const

/** The text of a record, or of what somebody without types sent for one: the core says what is wrong with it. */
function textOf(record: Partial<RecordInput> | null | undefined): string {
  return typeof record?.text === 'string' ? record.text : ''
}

/** A request in JSON, where a number that is none would become null, as if nothing had been asked. */
function requestJson(request: SearchRequest): string {
  const { minScore } = request ?? {}
  if (minScore !== undefined && !Number.isFinite(minScore)) {
    throw new CanopyError('SEARCH_REQUEST', 'invalid_input', `search request: minScore must be a finite number, not ${String(minScore)}`)
  }
  return stringify(request ?? {})
}

function checkMatrix(records: number, matrix: Float32Array | undefined): void {
  if (matrix === undefined) return
  matrixArgument('vectors', matrix)
  if (records > 0 && matrix.length % records === 0) return
  throw new CanopyError(
    'VECTOR_COUNT',
    'invalid_input',
    `${matrix.length} numbers can't be the vectors of ${records} records: pass records × dimension numbers, row after row`,
  )
}
