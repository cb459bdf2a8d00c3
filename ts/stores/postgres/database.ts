import { mkdtemp, rm } from 'node:fs/promises'
import { randomUUID } from 'node:crypto'
import os from 'node:os'
import path from 'node:path'
import type { CallOptions } from '../../engine/cancel.js'
import type { CollectionInfo } from '../../engine/collection.js'
import type { DatabaseStats, ModelInfo } from '../../engine/database.js'
import { CanopyError } from '../../engine/error.js'
import { open } from '../../engine/open.js'
import type { CollectionSpec, Metadata } from '../../engine/types.js'
import type { AnyDatabase } from '../any.js'
import { parseAddress } from './address.js'
import { PostgresCollection, type Shared } from './collection.js'
import { ROW, infoOf, notFound, readRow } from './row.js'
import { Connections } from './connection.js'
import { settingsOf, type PostgresOptions } from './options.js'
import { prepareSchema } from './schema.js'
import { ensureTable, forgetVectors, hasVectors, tableOf, type Row } from './vectors.js'

/** Told of every search in the server, in milliseconds. */
export type QueryListener = (ms: number) => void

/** Collections in PostgreSQL with pgvector: every method of the embedded `Database`, for any number of servers at once. */
export class PostgresDatabase implements AnyDatabase {
  /** A folder of this process: models are loaded and imports are read there. Records are in the server. */
  readonly dir: string
  readonly #shared: Shared
  readonly #listeners = new Set<QueryListener>()
  readonly #open = new Map<string, PostgresCollection>()
  #closed = false

  /** @internal */
  constructor(dir: string, shared: Omit<Shared, 'measured'>) {
    this.dir = dir
    this.#shared = { ...shared, measured: (ms) => this.#listeners.forEach((listener) => listener(ms)) }
  }

  /** Calls a function after every search; answers how to stop that. */
  onQuery(listener: QueryListener): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  async collections(): Promise<CollectionInfo[]> {
    const rows = await this.#shared.connections.rows<Row & { count: number; settings: Metadata }>(
      `select ${ROW}, settings, (select count(*)::int from records r where r.collection = c.id) as count from collections c order by name collate "C"`,
    )
    return rows.map((row) => infoOf(row, row.count, row.settings))
  }

  async create(name: string, spec: CollectionSpec = {}): Promise<PostgresCollection> {
    const { vectors, settings } = await this.#resolve(name, spec)
    const { storage } = this.#shared.settings
    await this.#shared.connections.transaction(async (transaction) => {
      if (vectors !== null) await ensureTable(transaction, { storage, dim: vectors.dim })
      const made = await transaction.rows({
        text: `insert into collections (name, dim, metric, storage, model_name, model_digest, settings, created_ms) values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (name) do nothing returning id`,
        values: [name, vectors?.dim, vectors?.metric, storage, vectors?.model?.name, vectors?.model?.digest, JSON.stringify(settings), Date.now()],
      })
      if (made.length === 0) throw new CanopyError('COLLECTION_EXISTS', 'conflict', `a collection named ${JSON.stringify(name)} exists already: choose another name or drop it first`)
    })
    return this.collection(name)
  }

  async collection(name: string): Promise<PostgresCollection> {
    const row = await readRow(this.#shared.connections, name)
    if (row === undefined) throw notFound(name)
    const known = this.#open.get(name)
    if (known !== undefined) return known
    const collection = new PostgresCollection(row, this.#shared)
    this.#open.set(name, collection)
    return collection
  }

  async ensure(name: string, spec?: CollectionSpec): Promise<PostgresCollection> {
    try {
      return await this.collection(name)
    } catch (error) {
      if (!(error instanceof CanopyError) || error.code !== 'COLLECTION_NOT_FOUND') throw error
    }
    try {
      return await this.create(name, spec)
    } catch (error) {
      // Another server was faster.
      if (error instanceof CanopyError && error.code === 'COLLECTION_EXISTS') return this.collection(name)
      throw error
    }
  }

  async drop(name: string): Promise<void> {
    this.#open.delete(name)
    await this.#shared.connections.transaction(async (transaction) => {
      const [row] = await transaction.rows<Row>({ text: `select ${ROW} from collections where name = $1 for update`, values: [name] })
      if (row === undefined) throw notFound(name)
      await transaction.rows('set local statement_timeout = 0')
      if (hasVectors(row)) await forgetVectors(transaction, row)
      await transaction.rows({ text: 'delete from records where collection = $1', values: [row.id] })
      await transaction.rows({ text: 'delete from changes where collection = $1', values: [row.id] })
      await transaction.rows({ text: 'delete from collections where id = $1', values: [row.id] })
    })
  }

  async models(): Promise<ModelInfo[]> {
    this.#checkOpen()
    return this.#shared.engine.models()
  }

  async embed(model: string, texts: readonly string[], options?: CallOptions & { wait?: boolean }): Promise<Float32Array> {
    this.#checkOpen()
    return this.#shared.engine.embed(model, texts, options)
  }

  async stats(): Promise<DatabaseStats> {
    const { connections, settings, engine } = this.#shared
    const rows = await connections.rows<Row & { count: number; text: string }>(
      `select ${ROW}, (select count(*)::int from records r where r.collection = c.id) as count, coalesce((select sum(pg_column_size(r.keywords)) from records r where r.collection = c.id), 0) as text from collections c order by name collate "C"`,
    )
    const [size] = await connections.rows<{ bytes: string }>({ text: "select coalesce(sum(pg_total_relation_size(c.oid)), 0) as bytes from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = $1 and c.relkind = 'r'", values: [settings.schema] })
    const { models, embeddingCacheBytes } = await engine.stats()
    const bytes = { vector: 4, halfvec: 2 }
    return {
      folder: `postgres://${connections.where}?schema=${settings.schema}`,
      readOnly: settings.readOnly,
      diskBytes: Number(size?.bytes ?? 0),
      embeddingCacheBytes,
      collections: rows.map(({ name, count, dim, storage, text }) => ({ name, count, loaded: true, keywordBytes: Number(text), vectorBytes: count * (dim ?? 0) * bytes[storage], metadataBytes: 0, index: null })),
      models,
    }
  }

  /** Gives the space of deleted records back to other records of the server. */
  async compact(): Promise<void> {
    const { connections } = this.#shared
    const rows = (await connections.rows<Row>(`select ${ROW} from collections`)).filter(hasVectors)
    for (const table of new Set(['records', ...rows.map(tableOf)])) await connections.rows(`vacuum (analyze) ${table}`)
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#shared.connections.close()
    await this.#shared.engine.close()
    await rm(this.dir, { recursive: true, force: true, maxRetries: 3 })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #checkOpen(): void {
    if (this.#closed) throw new CanopyError('CLOSED', 'invalid_input', 'the database is closed; open it again before using it')
  }

  /** What a new collection is, as the core understands its specification: its names, models and errors are ours. */
  async #resolve(name: string, spec: CollectionSpec): Promise<CollectionInfo> {
    this.#checkOpen()
    const { engine } = this.#shared
    const trial = validName(name) ? `trial-${randomUUID()}` : name
    const info = await (await engine.create(trial, spec)).info()
    await engine.drop(trial)
    return info
  }
}

/** The core refuses other names by itself, with its reason. */
const validName = (name: string): boolean => name !== '' && [...name].length <= 128 && !/[/\p{Cc}]/u.test(name)

/**
 * Opens a database in PostgreSQL, making its tables where there are none.
 *
 * Throws POSTGRES_UNREACHABLE, POSTGRES_AUTH, POSTGRES_DATABASE, POSTGRES_TOO_OLD, POSTGRES_NO_VECTOR, POSTGRES_VECTOR_TOO_OLD,
 * POSTGRES_SCHEMA_NEWER, POSTGRES_SCHEMA_BROKEN or POSTGRES_PERMISSION.
 */
export async function openPostgres(location: string, options: PostgresOptions = {}): Promise<PostgresDatabase> {
  const address = parseAddress(location)
  const settings = settingsOf(address, options)
  const connections = new Connections(address, settings)
  let dir: string | undefined
  try {
    await prepareSchema(connections, settings)
    const { models, modelIdleMs, embeddingCacheBytes, embeddingCacheTtlMs, remoteModels } = options
    dir = await mkdtemp(path.join(os.tmpdir(), 'canopy-engine-'))
    const engine = await open(dir, { models, modelIdleMs, embeddingCacheBytes, embeddingCacheTtlMs, remoteModels })
    return new PostgresDatabase(dir, { connections, settings, engine })
  } catch (error) {
    await connections.close()
    if (dir !== undefined) await rm(dir, { recursive: true, force: true })
    throw error
  }
}
