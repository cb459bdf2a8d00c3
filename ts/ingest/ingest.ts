import path from 'node:path'
import { CanopyError } from '../engine/error.js'
import { stringify } from '../engine/json.js'
import type { RecordInput } from '../engine/types.js'
import type { AnyDatabase } from '../stores/any.js'
import { Breaker, type BreakerState } from './breaker.js'
import { TokenBuckets } from './bucket.js'
import { Drain, type Writer } from './drain.js'
import { FileQueue, limited, type Accepted, type DeadLetter, type QueueStats } from './queue.js'

/** How records are taken in. */
export interface IngestOptions {
  /** The folder of `ingest.db`. */
  dir: string
  /** Records that may wait; default 1,000,000. */
  capacity?: number | undefined
  /** Records a batch; default 2,048. */
  batch?: number | undefined
  /** How long a batch that isn't full waits for more; default 10 ms. */
  flushMs?: number | undefined
  /** Failures in a row that open the breaker, and how long it stays open; default 5 and 30 s. */
  breaker?: { failures: number; resetMs: number } | undefined
  /** The name of the server that records are written to; without one they are written to a folder, which needs no breaker. */
  remote?: string | undefined
  /** Whether records are refused while the breaker is open (default), or queued. */
  whileOpen?: 'refuse' | 'queue' | undefined
  /** KiB a second for each tenant, and how many at once; default no limit. */
  tenantRate?: number | undefined
  tenantBurst?: number | undefined
  /** How long idempotency keys are remembered; default a day. */
  rememberMs?: number | undefined
  durability?: 'process' | 'power' | undefined
  onEvent?: ((event: IngestEvent) => void) | undefined
}

/** What happens, for metrics. */
export type IngestEvent = { type: 'accepted'; records: number } | { type: 'written'; records: number } | { type: 'refused'; records: number; code: string } | { type: 'dead'; records: number; code: string } | { type: 'breaker'; target: string; state: BreakerState }

/** Who pushes. */
export interface PushOptions {
  tenant?: string | undefined
  /** A repeated push of the same key and records is stored once. */
  idempotencyKey?: string | undefined
}

const DAY_MS = 86_400_000

/**
 * Takes records in faster than they can be stored, for a while: they are in a file when `push` resolves, and in their collection soon after. What was accepted
 * outlives the process. What can't be stored is kept as a dead letter.
 */
export class Ingest {
  readonly #queue: FileQueue
  readonly #drain: Drain
  readonly #breaker: Breaker | undefined
  readonly #buckets: TokenBuckets
  readonly #whileOpen: 'refuse' | 'queue'
  readonly #onEvent: (event: IngestEvent) => void

  private constructor(queue: FileQueue, db: AnyDatabase, options: IngestOptions) {
    const { batch = 2048, flushMs = 10, breaker = { failures: 5, resetMs: 30_000 }, remote, whileOpen = 'refuse', tenantRate = 0, tenantBurst = 0, onEvent = () => undefined } = options
    this.#queue = queue
    this.#whileOpen = whileOpen
    this.#onEvent = onEvent
    this.#buckets = new TokenBuckets(tenantRate, tenantBurst)
    this.#breaker = remote === undefined ? undefined : new Breaker(remote, breaker)
    this.#breaker?.onState((state) => onEvent({ type: 'breaker', target: remote ?? '', state }))
    this.#drain = new Drain(queue, guarded(db, this.#breaker), {
      batch,
      flushMs,
      onWritten: (records) => onEvent({ type: 'written', records }),
      onDead: (records, code) => onEvent({ type: 'dead', records, code }),
    })
  }

  /** Opens the queue and goes on where the last process stopped. Throws QUEUE_LOCKED when another process drains it. */
  static async open(db: AnyDatabase, options: IngestOptions): Promise<Ingest> {
    const { dir, capacity = 1_000_000, rememberMs = DAY_MS, durability = 'process' } = options
    return new Ingest(await FileQueue.open(queueFile(dir), { capacity, rememberMs, durability, drain: true }), db, options)
  }

  /**
   * Accepts records, as objects or as the bytes of a JSON array. They are kept when this resolves.
   *
   * Throws INGEST_RECORD; QUEUE_FULL, BREAKER_OPEN and TENANT_RATE with `retryAfterMs`; IDEMPOTENCY_CONFLICT; LEDGER_FULL when the disk is full.
   */
  async push(collection: string, records: readonly RecordInput[] | Buffer, { tenant = '', idempotencyKey }: PushOptions = {}): Promise<Accepted> {
    const body = Buffer.isBuffer(records) ? records : Buffer.from(stringify(records))
    try {
      this.#admit(tenant, body)
      const accepted = await this.#queue.push(collection, tenant, idempotencyKey, body)
      if (!accepted.repeated) this.#onEvent({ type: 'accepted', records: accepted.records })
      this.#drain.poke()
      return accepted
    } catch (error) {
      if (error instanceof CanopyError) this.#onEvent({ type: 'refused', records: 1, code: error.code })
      throw error
    }
  }

  #admit(tenant: string, body: Buffer): void {
    if (this.#breaker?.state === 1 && this.#whileOpen === 'refuse') {
      throw limited('BREAKER_OPEN', `${this.#breaker.target} does not answer, so nothing more is accepted for now: send it again later`, this.#breaker.waitMs)
    }
    // A token a KiB: what a request costs is known before it is read.
    const wait = this.#buckets.take(tenant, Math.max(1, body.length / 1024))
    if (wait > 0) throw limited('TENANT_RATE', 'this tenant sends more than its share: send it again later', wait)
  }

  /** 0 closed, 1 open, 0.5 half-open; by the server that is written to. */
  get breakers(): Record<string, BreakerState> {
    return this.#breaker === undefined ? {} : { [this.#breaker.target]: this.#breaker.state }
  }

  stats(): Promise<QueueStats> {
    return this.#queue.stats()
  }

  /** Dead letters after number `after`, at most `limit`. */
  dead({ after = 0, limit = 100 }: { after?: number | undefined; limit?: number | undefined } = {}): Promise<DeadLetter[]> {
    return this.#queue.dead(after, limit)
  }

  /** Queues dead letters again, all of them without `ids`; how many records. */
  async replay(ids?: readonly number[]): Promise<number> {
    const records = await this.#queue.replay(ids)
    this.#drain.poke()
    return records
  }

  /** Throws dead letters away; how many records. */
  discard(ids: readonly number[]): Promise<number> {
    return this.#queue.discard(ids)
  }

  /** Resolves when nothing waits any more. */
  async drained(signal?: AbortSignal): Promise<void> {
    while ((await this.stats()).depth > 0) {
      signal?.throwIfAborted()
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }

  /** Stops writing; what waits stays in the file. Pushes are still accepted. */
  pause(): Promise<void> {
    return this.#drain.stop()
  }

  async close(): Promise<void> {
    await this.#drain.stop()
    await this.#queue.close()
  }
}

/** The file of a folder's queue. */
export function queueFile(dir: string): string {
  return path.join(dir, 'ingest.db')
}

function guarded(db: AnyDatabase, breaker: Breaker | undefined): Writer {
  const write = async (name: string, records: Buffer, signal: AbortSignal): Promise<void> => {
    const collection = await db.collection(name)
    await collection.putJson(records, 'upsert', { signal })
  }
  return breaker === undefined ? { write } : { write: (name, records, signal) => breaker.run(() => write(name, records, signal)) }
}
