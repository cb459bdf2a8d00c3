import type neo4j from 'neo4j-driver'
import type { Driver, ManagedTransaction, RecordShape, Session } from 'neo4j-driver'
import { CanopyError } from '../../engine/error.js'
import { traced } from '../../engine/trace.js'
import { neo4jError } from './errors.js'

/** The address of a graph in Neo4j. */
export type Neo4jAddress = `${'neo4j' | 'bolt'}${'' | '+s' | '+ssc'}://${string}`

/** Whether a location names a Neo4j server. */
export const isNeo4j = (location: string): location is Neo4jAddress => /^(neo4j|bolt)(\+s|\+ssc)?:\/\//.test(location)

/** How a server is connected to. */
export interface Neo4jOptions {
  /** Connections at most. Default 10. */
  pool?: number | undefined
  /** How long to wait for a connection, in milliseconds. Default 5,000. */
  connectTimeoutMs?: number | undefined
  /** How long one transaction may take in the server, in milliseconds; 0 means no limit. Default 30,000. */
  timeoutMs?: number | undefined
  /** Whether whole numbers come as the driver's `Integer`, so that none is rounded. */
  lossless?: boolean | undefined
}

/** Rows, and what the statement changed: `nodesCreated`, `relationshipsDeleted`, … */
export type Rows<T> = T[] & { changes: Readonly<Record<string, number>> }

/** Runs statements inside one transaction. */
export type Run = <T extends RecordShape>(text: string, parameters?: Record<string, unknown>) => Promise<Rows<T>>

/** How a piece of work runs. */
export interface WorkOptions {
  /** Milliseconds in the server; 0 means no limit. */
  timeoutMs?: number | undefined
  /** Aborting it ends the transaction in the server. */
  signal?: AbortSignal | undefined
  /** Whether a transaction is tried once only. */
  once?: boolean | undefined
}

/** What a release of Neo4j must have: constraints on relationships, dynamic labels, `CALL (x) { … }`. */
const LEAST = [5, 26] as const
const ATTEMPTS = 10
/** How long what was cancelled may take to end before it is left alone: a network that swallows everything lets no cancellation through either. */
const GRACE_MS = 2_000

/** One Neo4j database, with our errors. Transactions that the server asks to repeat are repeated by the driver. */
export class Neo4jConnection {
  /** The address without what is secret. */
  readonly where: string
  readonly #driver: Driver
  readonly #database: string | undefined
  readonly #timeoutMs: number
  /** Sent with every transaction, so that an administrator (or we, after a crash) can tell whose it is. */
  metadata: Record<string, string> = { app: 'canopy' }
  #closed = false

  private constructor(library: Pick<typeof neo4j, 'auth' | 'driver'>, address: URL, options: Neo4jOptions) {
    const { pool = 10, connectTimeoutMs = 5_000, timeoutMs = 30_000, lossless = false } = options
    this.where = `${address.hostname || 'localhost'}:${address.port || '7687'}${address.pathname.replace(/\/$/, '')}`
    this.#database = decodeURIComponent(address.pathname.slice(1)) || undefined
    this.#timeoutMs = timeoutMs
    const auth = address.username === '' ? undefined : library.auth.basic(decodeURIComponent(address.username), decodeURIComponent(address.password))
    this.#driver = library.driver(`${address.protocol}//${address.host}`, auth, {
      maxConnectionPoolSize: pool,
      connectionTimeout: connectTimeoutMs,
      connectionAcquisitionTimeout: connectTimeoutMs + 1_000,
      maxTransactionRetryTime: connectTimeoutMs,
      disableLosslessIntegers: !lossless,
      // Rows a round trip of an answer that is streamed.
      fetchSize: 10_000,
      // Statements of migrations may be deprecated one day; that is no news for who runs them.
      notificationFilter: { minimumSeverityLevel: 'OFF' },
      userAgent: 'canopy',
    })
  }

  /** Connects and looks what server it is. Throws NEO4J_ADDRESS, NEO4J_UNREACHABLE, NEO4J_AUTH, NEO4J_DATABASE, NEO4J_PROTOCOL, NEO4J_TOO_OLD. */
  static async open(location: string, options: Neo4jOptions = {}): Promise<Neo4jConnection> {
    const address = parseAddress(location)
    const { default: library } = await import('neo4j-driver')
    const connection = new Neo4jConnection(library, address, options)
    try {
      const { agent = '' } = await connection.#driver.getServerInfo(connection.#target)
      checkVersion(agent)
      // The handshake looks neither at the database's name nor, on some servers, at the password.
      await connection.rows('RETURN 1 AS one')
      return connection
    } catch (error) {
      await connection.close()
      throw neo4jError(error, connection.where)
    }
  }

  /** Runs one statement in a transaction of its own, once. Commands on the schema and `CALL … IN TRANSACTIONS` need that. */
  async rows<T extends RecordShape>(text: string, parameters: Record<string, unknown> = {}, options: WorkOptions = {}): Promise<T[]> {
    return this.#session(options.signal, async (session) => (await session.run<T>(text, parameters, this.#config(options))).records.map((record) => record.toObject()))
  }

  /** Runs a command on the schema. Processes that run the same at once block each other and the server ends one: that one looks again. */
  async schema(text: string): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.rows(text, {}, { timeoutMs: 0 })
        return
      } catch (error) {
        if (attempt === ATTEMPTS || !(error instanceof CanopyError) || !['NEO4J_BUSY', 'NEO4J_TIMEOUT', 'NEO4J_EXISTS'].includes(error.code)) throw error
      }
    }
  }

  /** Rows as they come: no answer is held whole in memory. */
  async *stream<T extends RecordShape>(text: string, parameters: Record<string, unknown> = {}, options: WorkOptions = {}): AsyncGenerator<T> {
    this.#check(options.signal)
    const session = this.#driver.session(this.#target)
    try {
      for await (const record of session.run<T>(text, parameters, this.#config(options))) yield record.toObject()
    } catch (error) {
      throw neo4jError(error, this.where)
    } finally {
      await session.close()
    }
  }

  /** Reads in one transaction, repeated where the server says so or the connection broke. */
  async read<T>(work: (run: Run) => Promise<T>, options: WorkOptions = {}): Promise<T> {
    return this.#session(options.signal, (session) => session.executeRead((transaction) => work(runner(transaction)), this.#config(options)))
  }

  /** Writes in one transaction, all or nothing. It may be repeated: what it writes must be the same the second time. */
  async write<T>(work: (run: Run) => Promise<T>, options: WorkOptions = {}): Promise<T> {
    if (options.once !== true) return this.#session(options.signal, (session) => session.executeWrite((transaction) => work(runner(transaction)), this.#config(options)))
    return this.#session(options.signal, async (session) => {
      const transaction = await session.beginTransaction(this.#config(options))
      try {
        const result = await work(runner(transaction as unknown as ManagedTransaction))
        await transaction.commit()
        return result
      } finally {
        // Takes back what wasn't committed.
        await transaction.close()
      }
    })
  }

  /** Does work in one transaction and takes everything back. */
  async rehearse<T>(work: (run: Run) => Promise<T>): Promise<T> {
    return this.#session(undefined, async (session) => {
      const transaction = await session.beginTransaction(this.#config({ timeoutMs: 0 }))
      try {
        return await work(runner(transaction as unknown as ManagedTransaction))
      } finally {
        await transaction.close()
      }
    })
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#driver.close()
  }

  get #target(): { database?: string } {
    return this.#database === undefined ? {} : { database: this.#database }
  }

  #config({ timeoutMs = this.#timeoutMs }: WorkOptions): { timeout: number; metadata: Record<string, string> } {
    return { timeout: timeoutMs, metadata: this.metadata }
  }

  #check(signal: AbortSignal | undefined): void {
    if (this.#closed) throw new CanopyError('CLOSED', 'invalid_input', 'the graph is closed; open it again before using it')
    signal?.throwIfAborted()
  }

  async #session<T>(signal: AbortSignal | undefined, work: (session: Session) => Promise<T>): Promise<T> {
    this.#check(signal)
    return traced('store.query', { 'db.system.name': 'neo4j' }, () => this.#connected(signal, work), { side: 'client' })
  }

  async #connected<T>(signal: AbortSignal | undefined, work: (session: Session) => Promise<T>): Promise<T> {
    const session = this.#driver.session(this.#target)
    let giveUp: () => void = () => {}
    const givenUp = new Promise<void>((resolve) => (giveUp = resolve))
    let timer: NodeJS.Timeout | undefined
    // Closing the session resets its connection, which ends what runs on it in the server.
    const abort = (): void => {
      void session.close().catch(() => {})
      timer = setTimeout(giveUp, GRACE_MS)
    }
    signal?.addEventListener('abort', abort, { once: true })
    const working = work(session)
    try {
      return await (signal === undefined ? working : Promise.race([working, givenUp.then(() => { throw signal.reason })]))
    } catch (error) {
      working.catch(() => {})
      if (signal?.aborted === true) throw signal.reason
      throw neo4jError(error, this.where)
    } finally {
      signal?.removeEventListener('abort', abort)
      await Promise.race([session.close().catch(() => {}), givenUp])
      clearTimeout(timer)
    }
  }
}

const runner = (transaction: ManagedTransaction): Run => async <T extends RecordShape>(text: string, parameters: Record<string, unknown> = {}) => {
  const { records, summary } = await transaction.run<T>(text, parameters)
  return Object.assign(records.map((record) => record.toObject() as T), { changes: summary.counters.updates() })
}

/** Refuses servers that lack what we use; `agent` is what a server calls itself: `Neo4j/5.26.30`. */
export function checkVersion(agent: string): void {
  const [, major = '0', minor = '0'] = /^Neo4j\/(\d+)\.(\d+)/.exec(agent) ?? []
  if (Number(major) > LEAST[0] || (Number(major) === LEAST[0] && Number(minor) >= LEAST[1])) return
  throw new CanopyError('NEO4J_TOO_OLD', 'unavailable', `the server calls itself "${agent}": Neo4j ${LEAST.join('.')} or newer is needed`)
}

function parseAddress(location: string): URL {
  try {
    const url = new URL(location)
    if (isNeo4j(location) && url.hostname !== '') return url
  } catch {
    // The same answer as for another scheme.
  }
  throw new CanopyError('NEO4J_ADDRESS', 'invalid_input', 'the address of the graph is no Neo4j address: write neo4j://user:password@host:7687/database, or bolt:// for a single server')
}

/** A name as Cypher writes it. */
export const quoted = (name: string): string => `\`${name.replaceAll('`', '``')}\``
