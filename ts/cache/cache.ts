import type { BindingShelf } from '#native'
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import type { Redis } from 'ioredis'
import { binding } from '../engine/binding.js'
import { unwrap } from '../engine/error.js'
import { connectRedis, disconnectRedis } from '../redis/client.js'
import { pidOf, type PidSettings, type PidState } from './controller.js'
import { FileBoard, Governor, RedisBoard } from './governor.js'
import { MemoryTier, RedisTier, type Kept, type Tier } from './tier.js'

/** How a cache is kept. */
export interface CacheOptions {
  /** The folder of the second tier and of the controller's state. */
  dir: string
  /** Bytes of the first tier in this process; default 64 MiB. */
  memoryBytes?: number | undefined
  /** Bytes of the second tier on disk; default 0: none. */
  diskBytes?: number | undefined
  /** `redis://…` for a first tier that servers share. */
  redis?: string | undefined
  prefix?: string | undefined
  pid?: PidSettings | undefined
  /** Seconds an entry is fresh at the very beginning; default 60. */
  ttl?: number | undefined
  /** A step of the controller each so many milliseconds; default 10 s. */
  everyMs?: number | undefined
  /** Work out what the controller would do, and keep the TTL. */
  dryRun?: boolean | undefined
  onEvent?: ((event: CacheEvent) => void) | undefined
}

/** What happens, for metrics. */
export type CacheEvent = { type: 'step'; state: PidState; ratio: number | undefined } | { type: 'evicted'; cause: 'expired' | 'quota'; entries: number }

/** A cache of two tiers whose TTL is moved so that the wanted share of reads are hits. */
export class Cache {
  readonly #first: Tier
  readonly #second: BindingShelf | undefined
  readonly #governor: Governor
  readonly #redis: Redis | undefined
  readonly #onEvent: (event: CacheEvent) => void
  #closed = false

  private constructor(parts: { first: Tier; second: BindingShelf | undefined; governor: Governor; redis: Redis | undefined; onEvent: (event: CacheEvent) => void }) {
    this.#first = parts.first
    this.#second = parts.second
    this.#governor = parts.governor
    this.#redis = parts.redis
    this.#onEvent = parts.onEvent
  }

  /** Opens the tiers and starts the controller. Throws CACHE_PID, REDIS_UNREACHABLE, CACHE_IO. */
  static async open({ dir, memoryBytes = 64 << 20, diskBytes = 0, redis: url, prefix = 'canopy:', pid, ttl = 60, everyMs = 10_000, dryRun = false, onEvent = () => undefined }: CacheOptions): Promise<Cache> {
    const gains = pidOf(pid)
    await mkdir(dir, { recursive: true })
    const redis = url === undefined ? undefined : await connectRedis(url)
    const second = diskBytes === 0 ? undefined : unwrap(await binding().BindingShelf.open(path.join(dir, 'cache'), diskBytes))
    const board = redis === undefined ? new FileBoard(path.join(dir, 'cache-ttl.json')) : new RedisBoard(redis, prefix)
    const governor = await Governor.start(board, { pid: gains, everyMs, ttl, dryRun, onStep: (state, ratio) => onEvent({ type: 'step', state, ratio }) })
    return new Cache({ first: redis === undefined ? new MemoryTier(memoryBytes) : new RedisTier(redis, prefix), second, governor, redis, onEvent })
  }

  /** Seconds that an entry is fresh now. */
  get ttl(): number {
    return this.#governor.ttl
  }

  /** What the controller thinks; in a dry run, what it would do. */
  get state(): PidState {
    return this.#governor.state
  }

  /** The value, if there is a fresh one. */
  async get(key: string): Promise<Buffer | undefined> {
    const found = (await this.#fresh(key)) ?? (await this.#fromDisk(key))
    this.#governor.count(found !== undefined)
    return found
  }

  async set(key: string, value: Buffer): Promise<void> {
    const kept = { value, at: Date.now() }
    await this.#first.set(key, kept, this.ttl)
    await this.#toDisk(key, kept)
  }

  /** The value, made by `make` where there is no fresh one. */
  async through(key: string, make: () => Promise<Buffer>): Promise<Buffer> {
    const found = await this.get(key)
    if (found !== undefined) return found
    const value = await make()
    await this.set(key, value)
    return value
  }

  async delete(key: string): Promise<void> {
    await this.#first.delete(key)
    if (this.#second !== undefined) unwrap(await this.#second.delete(key))
  }

  /** One step of the controller now. @internal */
  step(): Promise<void> {
    return this.#governor.step()
  }

  /** Leaves no timer and no connection. What it was asked before is a miss from now on. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#governor.stop()
    await this.#first.close()
    if (this.#redis !== undefined) await disconnectRedis(this.#redis)
    this.#second?.close()
  }

  async #fresh(key: string): Promise<Buffer | undefined> {
    const kept = await this.#first.get(key)
    return kept !== undefined && this.#isFresh(kept) ? kept.value : undefined
  }

  /** Age by the TTL of now. A clock that was set back makes nothing older than it is, and what is from the future is stale. */
  #isFresh({ at }: Kept): boolean {
    const age = Date.now() - at
    return age >= 0 && age < this.ttl * 1000
  }

  async #fromDisk(key: string): Promise<Buffer | undefined> {
    if (this.#second === undefined || this.#closed) return undefined
    const bytes = unwrap((await this.#second.get(key, Date.now())) as Buffer | undefined)
    if (bytes === undefined || bytes === null || bytes.length < 8) return undefined
    const kept = { at: bytes.readDoubleLE(0), value: bytes.subarray(8) }
    if (!this.#isFresh(kept)) return undefined
    await this.#first.set(key, kept, this.ttl)
    return kept.value
  }

  async #toDisk(key: string, { value, at }: Kept): Promise<void> {
    if (this.#second === undefined || this.#closed) return
    const head = Buffer.alloc(8)
    head.writeDoubleLE(at)
    const evicted = unwrap(await this.#second.put([key], [Buffer.concat([head, value])], [at + Math.min(86_400, 4 * this.ttl) * 1000], Date.now()))
    for (const cause of ['expired', 'quota'] as const) if (evicted[cause] > 0) this.#onEvent({ type: 'evicted', cause, entries: evicted[cause] })
  }
}
