import path from 'node:path'
import { CanopyError } from '../engine/error.js'
import { stringify } from '../engine/json.js'
import type { RecordInput } from '../engine/types.js'
import type { AnyDatabase } from '../stores/any.js'
import { Breaker, type BreakerState } from './breaker.js'
import { TokenBuckets } from './bucket.js'
import { Drain, type Failure } from './drain.js'
import { FileQueue } from './file-queue.js'
import { limited, type Accepted, type DeadLetter, type Queue, type QueueOptions, type QueueStats } from './queue.js'
import { breakerOf, graphTarget, writerOf, type Breakers } from './writer.js'

/** How records are taken in. */
export interface IngestOptions {
  /** The folder of `ingest.db`. */
  dir: string
  /** `redis://…` for a queue that servers share; then no `ingest.db`. */
  redis?: string | undefined
  /** Start of keys in Redis; default `canopy:`. */
  prefix?: string | undefined
  /** Records that may wait; default 1,000,000. */
  capacity?: number | undefined
  /** Records a batch; default 2,048. */
  batch?: number | undefined
  /** How long a batch that isn't full waits for more; default 10 ms. */
  flushMs?: number | undefined
  /** Failures in a row that open the breaker, and how long it stays open; default 5 and 30 s. */
  breaker?: { failures: number; resetMs: number } | undefined
  /** How long a server may take for one batch before it counts as away; default 2 minutes. */
  writeTimeoutMs?: number | undefined
  /** The name of the server that records are written to; without one they are written to a folder, which needs no breaker. */
  remote?: string | undefined
  /** The same for graphs. */
  graphRemote?: string | undefined
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
export type IngestEvent = { type: 'accepted'; records: number } | { type: 'written'; records: number } | { type: 'refused'; records: number; code: string } | { type: 'dead'; records: number; code: string } | ({ type: 'failed' } & Failure) | { type: 'breaker'; target: string; state: BreakerState }

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
  readonly #queue: Queue
  readonly #drain: Drain
  readonly #breakers: Breakers
  readonly #buckets: TokenBuckets
  readonly #whileOpen: 'refuse' | 'queue'
  readonly #onEvent: (event: IngestEvent) => void

  private constructor(queue: Queue, db: AnyDatabase, options: IngestOptions) {
    const { batch = 2048, flushMs = 10, breaker = { failures: 5, resetMs: 30_000 }, remote, graphRemote, writeTimeoutMs = 120_000, whileOpen = 'refuse', tenantRate = 0, tenantBurst = 0, onEvent = () => undefined } = options
    this.#queue = queue
    this.#whileOpen = whileOpen
    this.#onEvent = onEvent
    this.#buckets = new TokenBuckets(tenantRate, tenantBurst)
    const around = (target: string | undefined): Breaker | undefined => {
      if (target === undefined) return undefined
      const made = new Breaker(target, breaker)
      made.onState((state) => onEvent({ type: 'breaker', target, state }))
      return made
    }
    this.#breakers = { records: around(remote), graphs: around(graphRemote) }
    this.#drain = new Drain(queue, writerOf(db, this.#breakers, writeTimeoutMs), {
      batch,
      flushMs,
      onWritten: (records) => onEvent({ type: 'written', records }),
      onDead: (records, code) => onEvent({ type: 'dead', records, code }),
      onFailed: (failure) => onEvent({ type: 'failed', ...failure }),
    })
  }

  /** Opens the queue and goes on where the last process stopped. Throws QUEUE_LOCKED when another process drains the file; REDIS_UNREACHABLE, QUEUE_EVICTS. */
  static async open(db: AnyDatabase, options: IngestOptions): Promise<Ingest> {
    return new Ingest(await openQueue({ ...options, drain: true }), db, options)
  }

  /**
   * Accepts records, as objects or as the bytes of a JSON array. They are kept when this resolves.
   *
   * Throws INGEST_RECORD; QUEUE_FULL, BREAKER_OPEN and TENANT_RATE with `retryAfterMs`; IDEMPOTENCY_CONFLICT; LEDGER_FULL when the disk is full.
   */
  push(collection: string, records: readonly RecordInput[] | Buffer, options?: PushOptions): Promise<Accepted> {
    return this.#push(collection, records, options)
  }

  /** The same for a graph: `{ id, attributes? }` is a node, `{ source, target, weight?, attributes? }` an edge, `{ id, members, attributes? }` a hyperedge. */
  pushGraph(graph: string, items: readonly object[] | Buffer, options?: PushOptions): Promise<Accepted> {
    return this.#push(graphTarget(graph), items, options)
  }

  async #push(target: string, records: readonly object[] | Buffer, { tenant = '', idempotencyKey }: PushOptions = {}): Promise<Accepted> {
    const body = Buffer.isBuffer(records) ? records : Buffer.from(stringify(records))
    try {
      this.#admit(target, tenant, body)
      const accepted = await this.#queue.push(target, tenant, idempotencyKey, body)
      if (!accepted.repeated) this.#onEvent({ type: 'accepted', records: accepted.records })
      this.#drain.poke(target)
      return accepted
    } catch (error) {
      if (error instanceof CanopyError) this.#onEvent({ type: 'refused', records: 1, code: error.code })
      throw error
    }
  }

  #admit(target: string, tenant: string, body: Buffer): void {
    const breaker = breakerOf(target, this.#breakers)
    // When its time is over the next record may be the probe: another server may have drained what failed here, and nothing else would ask.
    if (breaker !== undefined && breaker.waitMs > 0 && this.#whileOpen === 'refuse') {
      throw limited('BREAKER_OPEN', `${breaker.target} does not answer, so nothing more is accepted for now: send it again later`, breaker.waitMs)
    }
    // A token a KiB: what a request costs is known before it is read.
    const wait = this.#buckets.take(tenant, Math.max(1, body.length / 1024))
    if (wait > 0) throw limited('TENANT_RATE', 'this tenant sends more than its share: send it again later', wait)
  }

  /** 0 closed, 1 open, 0.5 half-open; by the server that is written to. */
  get breakers(): Record<string, BreakerState> {
    return Object.fromEntries([this.#breakers.records, this.#breakers.graphs].flatMap((breaker) => (breaker === undefined ? [] : [[breaker.target, breaker.state] as const])))
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

/** Opens the queue that options name. */
export async function openQueue({ dir, redis, prefix = 'canopy:', capacity = 1_000_000, rememberMs = DAY_MS, durability = 'process', drain }: Pick<IngestOptions, 'dir' | 'redis' | 'prefix' | 'capacity' | 'rememberMs' | 'durability'> & Pick<QueueOptions, 'drain'>): Promise<Queue> {
  if (redis !== undefined) {
    // Who keeps a queue in a file loads no client of Redis.
    const { RedisQueue } = await import('./redis-queue.js')
    return RedisQueue.open({ url: redis, prefix, capacity, rememberMs })
  }
  return FileQueue.open(queueFile(dir), { capacity, rememberMs, durability, drain })
}

/** The file of a folder's queue. */
export function queueFile(dir: string): string {
  return path.join(dir, 'ingest.db')
}
