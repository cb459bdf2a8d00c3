import { randomUUID } from 'node:crypto'
import type { CallOptions, LongCallOptions } from '../../engine/cancel.js'
import type { Collection, CollectionInfo, ImportOptions, ImportReport, ListOptions, PutOptions, RebuildReport } from '../../engine/collection.js'
import type { Database } from '../../engine/database.js'
import { CanopyError } from '../../engine/error.js'
import { traced } from '../../engine/trace.js'
import type { Filter, Metadata, PutMode, PutOutcome, RecordInput, RecordPage, SearchAnswer, SearchRequest, StoredRecord } from '../../engine/types.js'
import type { AnyCollection } from '../any.js'
import { counting, versionOf } from './changes.js'
import type { Draft } from './draft.js'
import { draftAll, matrixDim, readRecords } from './drafts.js'
import type { Connections } from './connection.js'
import { isRetryable } from './errors.js'
import { condition, storable } from './filter.js'
import { rebuild } from './rebuild.js'
import { embedWith, infoOf, noVectors, notFound, readRow, REMOTE_DIGEST } from './row.js'
import type { Settings } from './options.js'
import { page, rank, readSizes, type Plan, type Sizes } from './search.js'
import { hasVectors, tableOf, type Row } from './vectors.js'
import { inTurns, LOCK_TIMEOUT, Overtaken, type Turn } from './turns.js'
import { writeDrafts } from './write.js'

/** What every collection of a database works with. */
export interface Shared {
  connections: Connections
  settings: Settings
  /** Models, importers and the checks of requests come from the core, in a folder of its own. */
  engine: Database
  /** Told of each search in the server, in milliseconds. */
  measured(ms: number): void
}

/** Records a transaction of `put` where vectors come along, and of texts, as in a folder. */
const BATCH = 2_048
const BATCH_OF_TEXTS = 512
const MAX_PAGE = 1_000
/** How long the sizes of a large collection are taken for what they were; a smaller one is counted in no time. */
const SIZES_MS = 30_000
const WORTH_KEEPING = 10_000
const ATTEMPTS = 4

/** A collection in PostgreSQL: every method of the embedded one, with the same answers and errors. */
export class PostgresCollection implements AnyCollection {
  readonly name: string
  readonly #shared: Shared
  #row: Row
  #mirror: Promise<Collection> | undefined
  #sizes: (Sizes & { id: number; at: number }) | undefined

  /** @internal */
  constructor(row: Row, shared: Shared) {
    this.name = row.name
    this.#row = row
    this.#shared = shared
  }

  /** Whether vectors are stored with two bytes a number. */
  get halves(): boolean {
    return this.#row.storage === 'halfvec'
  }

  async info(): Promise<CollectionInfo> {
    const row = await this.#current()
    const [{ count, settings } = { count: 0, settings: {} }] = await this.#shared.connections.rows<{ count: number; settings: Metadata }>({
      text: 'select c.settings, (select count(*)::int from records r where r.collection = c.id) as count from collections c where c.id = $1',
      values: [row.id],
    })
    return infoOf(row, count, settings)
  }

  async version(): Promise<string> {
    const [row] = await this.#shared.connections.rows<{ version: string }>(versionOf(storable(this.name)))
    if (row === undefined) throw notFound(this.name)
    return row.version
  }

  async add(records: RecordInput | readonly RecordInput[], options?: PutOptions): Promise<PutOutcome[]> {
    return this.put(records, 'insert', options)
  }

  async upsert(records: RecordInput | readonly RecordInput[], options?: PutOptions): Promise<PutOutcome[]> {
    return this.put(records, 'upsert', options)
  }

  async update(records: RecordInput | readonly RecordInput[], options?: PutOptions): Promise<PutOutcome[]> {
    return this.put(records, 'update', options)
  }

  /** Writes records in batches of up to 512 texts or 2,048 vectors, each one transaction. When a batch fails, those before it stay. */
  async put(input: RecordInput | readonly RecordInput[], mode: PutMode, options: PutOptions = {}): Promise<PutOutcome[]> {
    const [first] = Array.isArray(input) ? (input as readonly RecordInput[]) : [input as RecordInput]
    return this.putBatches(input, mode, options, options.vectors === undefined && first?.vector === undefined ? BATCH_OF_TEXTS : BATCH)
  }

  /** The same with batches of another size: a copy commits more at once. @internal */
  async putBatches(input: RecordInput | readonly RecordInput[], mode: PutMode, { vectors, signal, onProgress }: PutOptions, batch: number): Promise<PutOutcome[]> {
    const records = Array.isArray(input) ? (input as readonly RecordInput[]) : [input as RecordInput]
    const dim = matrixDim(records.length, vectors)
    const outcomes: PutOutcome[] = []
    try {
      const { connections, settings } = this.#shared
      // New records lock nothing that was there. Others would hold what is waited for by those before them.
      const plan = { pieces: Math.ceil(records.length / batch), alongside: mode === 'insert', pool: settings.pool }
      const put = (i: number, turn: Turn | undefined): Promise<PutOutcome[]> => {
        signal?.throwIfAborted()
        const part = records.slice(i * batch, (i + 1) * batch)
        return traced('store.put', { 'canopy.collection': this.name, 'canopy.records': part.length, 'canopy.mode': mode }, () => this.#putBatch(part, vectors?.subarray(i * batch * dim, (i * batch + part.length) * dim), { mode, turn }, signal))
      }
      await inTurns(connections, plan, async (i, turn) => put(i, turn), (done) => {
        outcomes.push(...done)
        onProgress?.(outcomes.length, records.length)
      })
    } catch (error) {
      if (error instanceof CanopyError) error.written = outcomes.length
      throw error
    }
    return outcomes
  }

  async putJson(records: Buffer, mode: PutMode, { signal }: CallOptions = {}): Promise<Buffer> {
    return bytes(await this.putBatches(readRecords(records), mode, { signal }, Number.MAX_SAFE_INTEGER))
  }

  async remove(ids: string | readonly string[]): Promise<PutOutcome[]> {
    const wanted = typeof ids === 'string' ? [ids] : [...ids]
    const row = await this.#current()
    const vectors = hasVectors(row) ? `, vectors as (delete from ${tableOf(row)} v using gone where v.key = gone.key)` : ''
    const gone = await this.#shared.connections.rows<{ id: string }>({
      // Counted first, as by those who put: whoever holds what another needs has then nothing to wait for.
      text: `with counted as (${counting('$1::int')} returning 1), gone as (delete from records where collection = $1 and id = any($2) and exists (select from counted) returning key, id)${vectors} select id from gone`,
      values: [row.id, wanted.map(storable)],
    })
    const left = new Set(gone.map(({ id }) => id))
    // An id that is named twice is deleted once.
    return wanted.map((id) => ({ id, outcome: left.delete(id) ? 'deleted' : 'not_found', embedded: false }))
  }

  async get(id: string, { vector = false }: { vector?: boolean } = {}): Promise<StoredRecord | undefined> {
    const row = await this.#current()
    const [found] = await this.#read(row, { where: 'r.id = $2', values: [storable(id)], vector, limit: 1 })
    return found?.record
  }

  async getJson(id: string, options: { vector?: boolean } = {}): Promise<Buffer | undefined> {
    const record = await this.get(id, options)
    return record === undefined ? undefined : bytes(record)
  }

  async list({ after, limit = 100, filter, vectors = false, signal }: ListOptions = {}): Promise<RecordPage> {
    if (!(Number.isInteger(limit) && limit >= 1 && limit <= MAX_PAGE)) throw new CanopyError('SEARCH_REQUEST', 'invalid_input', `search request: limit is ${limit}; it must lie in 1..=${MAX_PAGE}`)
    if (after !== undefined && !/^\d{1,18}$/.test(after)) throw new CanopyError('SEARCH_REQUEST', 'invalid_input', `search request: ${JSON.stringify(after)} isn't a cursor: send the \`next\` of the page before`)
    const row = await this.#current()
    if (filter !== undefined) await this.#check({ filter, text: 'x', mode: 'keyword' }, signal)
    const values: unknown[] = [after ?? '-1']
    const holds = filter === undefined ? 'true' : condition(filter as Filter, (value) => `$${values.push(value) + 1}`)
    const found = await this.#read(row, { where: `r.key > $2 and ${holds}`, values, vector: vectors, limit: limit + 1 }, signal)
    const shown = found.slice(0, limit)
    return { records: shown.map(({ record }) => record), next: found.length > limit ? (shown.at(-1)?.key ?? null) : null }
  }

  async listJson(options: ListOptions): Promise<Buffer> {
    return bytes(await this.list(options))
  }

  async *records(options: Omit<ListOptions, 'after'> = {}): AsyncGenerator<StoredRecord> {
    let after: string | undefined
    do {
      const found: RecordPage = await this.list({ ...options, after })
      yield* found.records
      after = found.next ?? undefined
    } while (after !== undefined)
  }

  async search(input: string | SearchRequest, options: CallOptions = {}): Promise<SearchAnswer> {
    const request = typeof input === 'string' ? { text: input } : input
    return traced('index.search', { 'canopy.collection': this.name, 'canopy.mode': request.mode }, () => this.#search(request, options))
  }

  async #search(request: SearchRequest, { signal }: CallOptions): Promise<SearchAnswer> {
    const row = await this.#current()
    const started = performance.now()
    const remote = await this.#remoteQuery(row, request, signal)
    const asked = remote === undefined ? request : { ...request, vector: remote }
    const { mode, notes } = await this.#check(asked, signal)
    const text = mode === 'vector' ? null : (request.text ?? null)
    const vector = mode === 'keyword' ? null : (asked.vector ?? (await this.#embedQuery(row, request, signal)))
    if (text === null && vector === null) return { hits: [], mode, notes, next: null, tookMs: performance.now() - started }
    return this.#answer(row, { request, text, vector: vector === null ? null : literal(vector) }, { mode, notes, started }, signal)
  }

  async searchJson(request: SearchRequest, options: CallOptions = {}): Promise<Buffer> {
    return bytes(await this.search(request, options))
  }

  async searchBatch(vectors: Float32Array, request: Omit<SearchRequest, 'text' | 'vector'> = {}, options: CallOptions = {}): Promise<SearchAnswer[]> {
    const { dim } = await this.#current()
    if (dim === null) throw noVectors(this.name)
    if (vectors.length === 0 || vectors.length % dim !== 0) throw new CanopyError('VECTOR_DIMENSION', 'invalid_input', `${vectors.length} values don't divide into rows of ${dim}: send a multiple of ${dim} values`)
    const rows = Array.from({ length: vectors.length / dim }, (_, i) => vectors.subarray(i * dim, (i + 1) * dim))
    return Promise.all(rows.map((vector) => this.search({ ...request, vector, mode: 'vector' }, options)))
  }

  async similar(id: string, request: SearchRequest = {}, { signal }: CallOptions = {}): Promise<SearchAnswer> {
    const started = performance.now()
    if (request.text !== undefined) throw new CanopyError('SEARCH_REQUEST', 'invalid_input', 'search request: similar takes no text: the record is the query')
    const row = await this.#current()
    await this.#check({ ...request, text: 'x', mode: 'keyword' }, signal)
    const [found] = await this.#read(row, { where: 'r.id = $2', values: [storable(id)], vector: true, limit: 1 }, signal)
    if (found === undefined) throw new CanopyError('RECORD_NOT_FOUND', 'not_found', `there is no record ${JSON.stringify(id)} in collection ${JSON.stringify(this.name)}`)
    const own = request.mode === 'keyword' ? undefined : found.record.vector
    const notes = own === undefined && request.mode !== 'keyword' ? ['compared by keywords only: the record has no vector'] : []
    const plan = { request, text: own === undefined ? found.record.text : null, vector: own === undefined ? null : literal(own), except: found.key }
    return this.#answer(row, plan, { mode: own === undefined ? 'keyword' : 'vector', notes, started }, signal)
  }

  async similarJson(id: string, request: SearchRequest = {}, options: CallOptions = {}): Promise<Buffer> {
    return bytes(await this.similar(id, request, options))
  }

  /**
   * Imports a file or folder: the importer of the core reads and checks it into a folder on this machine, and from there it is
   * copied. Ids come from the source or from the content, so that an import that was interrupted may be run again.
   */
  async import(source: string, { signal, onProgress, ...options }: ImportOptions = {}): Promise<ImportReport> {
    const started = performance.now()
    const { engine } = this.#shared
    const name = `import-${randomUUID()}`
    const scratch = await engine.create(name, { model: null })
    try {
      let failure: unknown
      const report = await scratch.import(source, { ...options, resume: false, signal, onProgress }).catch((error: unknown) => {
        // What was read before the error stays, as it does in the embedded store.
        failure = error
        return { read: 0, inserted: 0, replaced: 0, skipped: 0, errors: [], resumed: false, seconds: 0 }
      })
      const counts = { inserted: 0, replaced: report.replaced }
      for (let after: string | undefined; ; ) {
        const { records, next } = await scratch.list({ after, limit: MAX_PAGE, signal })
        const outcomes = await this.putBatches(records.map(({ id, text, metadata }) => ({ id, text, metadata })), 'upsert', { signal }, MAX_PAGE)
        for (const { outcome } of outcomes) counts[outcome === 'inserted' ? 'inserted' : 'replaced'] += 1
        if (next === null) break
        after = next
      }
      if (failure !== undefined) throw failure
      return { ...report, ...counts, resumed: false, seconds: (performance.now() - started) / 1000 }
    } finally {
      await engine.drop(name)
    }
  }

  async rebuild({ model, signal, onProgress }: LongCallOptions & { model?: string | undefined } = {}): Promise<RebuildReport> {
    const report = await rebuild(await this.#current(), this.#shared, { model, signal, onProgress })
    this.#mirror = undefined
    await this.#current()
    return report
  }

  /** The collection as it is now: another server may have given it another model, or dropped it. */
  async #current(): Promise<Row> {
    const row = await readRow(this.#shared.connections, this.name)
    if (row === undefined) throw notFound(this.name)
    if (row.generation !== this.#row.generation || row.id !== this.#row.id) this.#mirror = undefined
    this.#row = row
    return row
  }

  async #putBatch(records: readonly RecordInput[], vectors: Float32Array | undefined, { mode, turn }: { mode: PutMode; turn: Turn | undefined }, signal: AbortSignal | undefined): Promise<PutOutcome[]> {
    // Its owner may change a matrix as soon as the event loop turns.
    const own = vectors?.slice()
    for (let attempt = 1; ; attempt += 1) {
      if (attempt > 1) await turn?.before
      const row = await this.#current()
      if (own !== undefined && row.dim === null) throw noVectors(this.name)
      const drafts = await draftAll(records, own, row)
      // The first time an unchanged text keeps its vector; if that changed meanwhile, all are embedded.
      const kept = mode === 'insert' || attempt > 1 ? new Set<string>() : await this.#unchanged(row, drafts, signal)
      await this.#embed(row, drafts.filter(({ id }) => !kept.has(id)), signal)
      try {
        return await this.#shared.connections.transaction(async (transaction) => {
          // A rebuild that gives it another model waits for this transaction, and this one sees which model it is.
          const [now] = await transaction.rows<{ generation: number }>({ name: 'change', text: `with now as materialized (select generation from collections where id = $1 for share), counted as (${counting('$1::int', 'from now')}) select generation from now`, values: [row.id] })
          if (now === undefined) throw notFound(this.name)
          if (now.generation !== row.generation) throw new Overtaken()
          if (turn !== undefined && attempt === 1) await transaction.rows(`set local lock_timeout = '${LOCK_TIMEOUT}'`)
          const outcomes = await writeDrafts(transaction, row, drafts, mode, kept, { unseen: mode === 'insert' && attempt === 1, turn: attempt === 1 ? turn : undefined })
          if (attempt === 1) await turn?.come()
          return outcomes
        }, signal)
      } catch (error) {
        const cause = (error as Error).cause
        const again = turn?.stuck(cause) === true || cause instanceof Overtaken || isRetryable(cause) || (cause as { code?: string } | undefined)?.code === UNIQUE
        if (attempt === ATTEMPTS || !again) throw error
      }
    }
  }

  /** Which of these records are stored with the same text and a vector: importing a folder again embeds only what was edited. */
  async #unchanged(row: Row, drafts: readonly Draft[], signal: AbortSignal | undefined): Promise<Set<string>> {
    const open = drafts.filter(({ vector, text }) => vector === null && text !== '')
    if (!hasVectors(row) || open.length === 0 || row.model === null) return new Set()
    const found = await this.#shared.connections.rows<{ id: string }>(
      {
        text: `select r.id from unnest($2::text[], $3::text[]) as s (id, text) join records r on r.collection = $1 and r.id = s.id and r.text = s.text
          join ${tableOf(row)} v on v.key = r.key and v.generation = ${row.generation} and v.version = r.version`,
        values: [row.id, open.map(({ id }) => id), open.map(({ text }) => text)],
      },
      signal,
    )
    return new Set(found.map(({ id }) => id))
  }

  async #embed(row: Row, drafts: Draft[], signal: AbortSignal | undefined): Promise<void> {
    if (row.model === null || row.dim === null) return
    const open = drafts.filter(({ vector, text }) => vector === null && text.trim() !== '')
    if (open.length === 0) return
    const vectors = await embedWith(this.#shared.engine, row, open.map(({ text }) => text), signal)
    open.forEach((each, i) => (each.vector = vectors[i] ?? null))
  }

  async #embedQuery(row: Row, { text = '', wait }: SearchRequest, signal: AbortSignal | undefined): Promise<Float32Array | null> {
    if (row.model === null || row.dim === null) return null
    const vector = await this.#shared.engine.embed(row.model, [text], { signal, wait: wait ?? true })
    return vector.some((value) => value !== 0) ? vector : null
  }

  /** Only a model that runs elsewhere embeds before the request is checked: it would be asked twice. */
  async #remoteQuery(row: Row, { text, vector, mode }: SearchRequest, signal: AbortSignal | undefined): Promise<Float32Array | undefined> {
    const remote = row.digest === REMOTE_DIGEST && vector === undefined && mode !== 'keyword' && text !== undefined && text.trim() !== ''
    return remote && row.model !== null ? this.#shared.engine.embed(row.model, [text], { signal }) : undefined
  }

  /**
   * Lets the core check a request, by a search in an empty collection of the same kind: its errors, its notes and its choice of
   * legs are then ours.
   */
  async #check(request: SearchRequest, signal: AbortSignal | undefined): Promise<SearchAnswer> {
    this.#mirror ??= mirror(this.#shared.engine, this.#row)
    const collection = await this.#mirror
    return collection.search(request, { signal })
  }

  async #answer(row: Row, plan: Plan, { mode, notes, started }: Pick<SearchAnswer, 'mode' | 'notes'> & { started: number }, signal: AbortSignal | undefined): Promise<SearchAnswer> {
    const { connections, measured } = this.#shared
    const { limit = 10, offset = 0, minScore = Number.NEGATIVE_INFINITY } = plan.request
    const asked = performance.now()
    const sizes = plan.text === null ? undefined : await this.#sizesOf(row, signal)
    const ranked = (await rank(connections, row, { ...plan, sizes }, signal)).filter(({ score }) => score >= minScore)
    const hits = await page(connections, row, plan, ranked.slice(offset, offset + limit), signal)
    measured(performance.now() - asked)
    const next = ranked.length > offset + limit ? offset + limit : null
    return { hits, mode, notes, next, tookMs: performance.now() - started }
  }

  /** Counted anew now and then: what they weigh changes little when a large collection grows by some records. */
  async #sizesOf(row: Row, signal: AbortSignal | undefined): Promise<Sizes> {
    const now = performance.now()
    if (this.#sizes?.id === row.id && now - this.#sizes.at < SIZES_MS) return this.#sizes
    const sizes = await readSizes(this.#shared.connections, row, signal)
    if (sizes.count >= WORTH_KEEPING) this.#sizes = { ...sizes, id: row.id, at: now }
    return sizes
  }

  async #read(row: Row, { where, values, vector, limit }: { where: string; values: unknown[]; vector: boolean; limit: number }, signal?: AbortSignal): Promise<Array<{ key: string; record: StoredRecord }>> {
    const withVector = vector && hasVectors(row)
    const found = await this.#shared.connections.rows<Stored>(
      {
        text: `select r.key, r.id, r.text, r.raw_text as raw, r.metadata, r.created_ms as created, r.updated_ms as updated, ${withVector ? 'v.embedding::text' : 'null'} as vector
          from records r ${withVector ? `left join ${tableOf(row)} v on v.key = r.key and v.generation = ${row.generation}` : ''}
          where r.collection = $1 and ${where} order by r.key limit ${limit}`,
        values: [row.id, ...values],
      },
      signal,
    )
    return found.map(({ key, raw, text, created, updated, vector: own, ...rest }) => ({
      key,
      record: { ...rest, text: raw ?? text, ...(own === null ? {} : { vector: JSON.parse(own) as number[] }), createdMs: Number(created), updatedMs: Number(updated) },
    }))
  }
}

interface Stored {
  key: string
  id: string
  text: string
  raw: string | null
  metadata: Metadata
  created: string
  updated: string
  vector: string | null
}

/** SQLSTATE of a unique key that another writer took first. */
const UNIQUE = '23505'
/** An empty collection in the core, of the kind of ours. */
async function mirror(engine: Database, { model, dim, metric }: Row): Promise<Collection> {
  return engine.create(`mirror-${randomUUID()}`, { model, ...(model === null ? { dim: dim ?? undefined } : {}), ...(metric === null ? {} : { metric }) })
}

const bytes = (value: unknown): Buffer => Buffer.from(JSON.stringify(value))
const literal = (vector: Float32Array | readonly number[]): string => `[${(vector instanceof Float32Array ? Array.from(vector) : vector).join(',')}]`
