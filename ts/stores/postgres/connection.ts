import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { CanopyError } from '../../engine/error.js'
import { traced } from '../../engine/trace.js'
import { isRetryable, postgresError } from './errors.js'
import type { Settings } from './options.js'

/** One statement and its values. With a name it is prepared once a connection. */
export interface Statement {
  text: string
  values?: unknown[]
  name?: string
}

/** What runs statements: a connection inside a transaction, or any of the pool. */
export interface Runner {
  rows<T>(statement: Statement | string): Promise<T[]>
}

/** A connection that a transaction holds. */
export interface Transaction extends Runner {
  client: pg.PoolClient
}

const ATTEMPTS = 5
/** How long what was cancelled may take to end before its connection is given up: a network that swallows everything lets no cancellation through either. */
const GRACE_MS = 2_000

/** The pool of one database, with our errors, cancellation, and transactions that begin again where two writers met. */
export class Connections implements Runner {
  /** The address without what is secret. */
  readonly where: string
  readonly #config: pg.PoolConfig
  readonly #pool: pg.Pool
  readonly #open = new Set<pg.PoolClient>()
  #closed = false

  constructor(address: URL, settings: Settings) {
    this.where = `${address.hostname || 'localhost'}:${address.port || '5432'}${address.pathname}`
    const url = new URL(address)
    url.searchParams.delete('schema')
    this.#config = {
      connectionString: url.href,
      max: settings.pool,
      connectionTimeoutMillis: settings.connectTimeoutMs,
      application_name: `canopy ${settings.schema}`,
      keepAlive: true,
      options: options(settings),
    }
    this.#pool = new pg.Pool(this.#config)
    // A connection that breaks while it waits in the pool is replaced by the next call.
    this.#pool.on('error', () => {})
    this.#pool.on('connect', (client) => this.#open.add(client))
    this.#pool.on('remove', (client) => this.#open.delete(client))
  }

  /** Runs one statement on any connection. Aborting cancels it in the server. */
  async rows<T>(statement: Statement | string, signal?: AbortSignal): Promise<T[]> {
    return this.#with(signal, async (client) => (await client.query(query(statement))).rows as T[])
  }

  /** Runs work in a transaction; where the server ends it because two writers met, it is run again. */
  async transaction<T>(work: (transaction: Transaction) => Promise<T>, signal?: AbortSignal): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#with(signal, (client) => within(client, work))
      } catch (error) {
        const { cause } = error as Error
        if (attempt === ATTEMPTS || !isRetryable(cause)) throw error
      }
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await inTime(this.#pool.end())
    for (const client of this.#open) cut(client)
  }

  async #with<T>(signal: AbortSignal | undefined, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    if (this.#closed) throw new CanopyError('CLOSED', 'invalid_input', 'the database is closed; open it again before using it')
    signal?.throwIfAborted()
    return traced('store.query', { 'db.system.name': 'postgresql' }, () => this.#connected(signal, work), { side: 'client' })
  }

  async #connected<T>(signal: AbortSignal | undefined, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    const client = await this.#pool.connect().catch((error: unknown) => { throw postgresError(error, this.where) })
    let cancelled: Promise<void> | undefined
    let givingUp: NodeJS.Timeout | undefined
    const abort = (): void => {
      cancelled = this.#cancel(client).catch(() => {})
      givingUp = setTimeout(() => cut(client), GRACE_MS)
    }
    let broken: Error | undefined
    const lost = (error: Error): void => {
      broken = error
    }
    client.on('error', lost)
    signal?.addEventListener('abort', abort, { once: true })
    try {
      if (signal?.aborted === true) throw signal.reason
      return await work(client)
    } catch (error) {
      if (signal?.aborted === true) throw signal.reason
      const known = postgresError(error, this.where)
      // What a transaction left open, or a stream half-way, ends with its connection.
      if (known.code === 'POSTGRES_UNREACHABLE') broken ??= known
      throw known
    } finally {
      signal?.removeEventListener('abort', abort)
      clearTimeout(givingUp)
      // Not before the server has heard it: it must not hit what runs on this connection next.
      await cancelled
      client.off('error', lost)
      client.release(broken ?? false)
    }
  }

  /** Cancels what a connection runs, from another one. */
  async #cancel(client: pg.PoolClient): Promise<void> {
    const { processID } = client as unknown as { processID: number }
    const other = new pg.Client(this.#config)
    other.on('error', () => {})
    try {
      await other.connect()
      await other.query('select pg_cancel_backend($1)', [processID])
    } finally {
      await inTime(other.end())
      cut(other)
    }
  }
}

/** Waits for a farewell, but no longer than it may take. */
async function inTime(farewell: Promise<unknown>): Promise<void> {
  const over = new AbortController()
  await Promise.race([farewell.catch(() => {}), sleep(GRACE_MS, undefined, { signal: over.signal }).catch(() => {})])
  over.abort()
}

/** Ends a connection without a word. What runs on it fails. */
function cut(client: pg.ClientBase): void {
  ;(client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy()
}

async function within<T>(client: pg.PoolClient, work: (transaction: Transaction) => Promise<T>): Promise<T> {
  await client.query('begin')
  try {
    const result = await work({ client, rows: async <R>(statement: Statement | string) => (await client.query(query(statement))).rows as R[] })
    await client.query('commit')
    return result
  } catch (error) {
    await client.query('rollback').catch(() => {})
    throw error
  }
}

const query = (statement: Statement | string): pg.QueryConfig => (typeof statement === 'string' ? { text: statement } : statement)

/** Settings of every connection, sent when it is opened: no statement of ours has to set them. */
function options({ schema, statementTimeoutMs, readOnly, probes, efSearch }: Settings): string {
  const values: Array<[string, string | number]> = [
    ['search_path', `${quoted(schema)},public`],
    ['statement_timeout', statementTimeoutMs],
    ['client_min_messages', 'error'],
    ['default_transaction_read_only', readOnly ? 'on' : 'off'],
    ['ivfflat.probes', probes],
    ['hnsw.ef_search', efSearch],
    // A filter must not leave an answer short: the index is read on until there are enough.
    ['hnsw.iterative_scan', 'strict_order'],
    ['ivfflat.iterative_scan', 'relaxed_order'],
  ]
  return values.map(([name, value]) => `-c ${name}=${String(value).replace(/([\\ ])/g, '\\$1')}`).join(' ')
}

/** A name as SQL writes it. */
export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`
