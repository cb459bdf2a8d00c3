import type { Redis } from 'ioredis'

/** A kept value and when it was put, in milliseconds since 1970. Whether it is still fresh depends on the TTL of now, so that a change of the TTL acts at once. */
export interface Kept {
  value: Buffer
  at: number
}

/** The first tier of a cache: small and fast. */
export interface Tier {
  get(key: string): Promise<Kept | undefined>
  set(key: string, kept: Kept, ttl: number): Promise<void>
  delete(key: string): Promise<void>
  close(): Promise<void>
}

/** A map in this process; what wasn't read for longest goes when there are too many bytes. */
export class MemoryTier implements Tier {
  readonly #entries = new Map<string, Kept>()
  readonly #most: number
  #bytes = 0

  constructor(maxBytes: number) {
    this.#most = maxBytes
  }

  async get(key: string): Promise<Kept | undefined> {
    const kept = this.#entries.get(key)
    if (kept === undefined) return undefined
    // A map keeps the order of insertion: what is read goes to its end.
    this.#entries.delete(key)
    this.#entries.set(key, kept)
    return kept
  }

  async set(key: string, kept: Kept): Promise<void> {
    await this.delete(key)
    this.#entries.set(key, kept)
    this.#bytes += size(key, kept)
    for (const [oldest] of this.#entries) {
      if (this.#bytes <= this.#most) break
      void this.delete(oldest)
    }
  }

  async delete(key: string): Promise<void> {
    const kept = this.#entries.get(key)
    if (kept === undefined) return
    this.#entries.delete(key)
    this.#bytes -= size(key, kept)
  }

  async close(): Promise<void> {
    this.#entries.clear()
  }
}

function size(key: string, { value }: Kept): number {
  return 2 * key.length + value.length + 100
}

/** Entries in Redis, which all servers share. What Redis can't say or keep is a miss: a cache is no reason to fail. */
export class RedisTier implements Tier {
  readonly #redis: Redis
  readonly #prefix: string

  constructor(redis: Redis, prefix: string) {
    this.#redis = redis
    this.#prefix = `${prefix}cache:`
  }

  async get(key: string): Promise<Kept | undefined> {
    const bytes = await this.#redis.getBuffer(this.#prefix + key).catch(() => null)
    return bytes === null || bytes.length < 8 ? undefined : { at: bytes.readDoubleLE(0), value: bytes.subarray(8) }
  }

  async set(key: string, { value, at }: Kept, ttl: number): Promise<void> {
    const head = Buffer.alloc(8)
    head.writeDoubleLE(at)
    // Longer than it is fresh now: the TTL may grow.
    await this.#redis.set(this.#prefix + key, Buffer.concat([head, value]), 'PX', Math.ceil(Math.min(86_400, 4 * ttl) * 1000)).catch(() => undefined)
  }

  async delete(key: string): Promise<void> {
    await this.#redis.del(this.#prefix + key).catch(() => undefined)
  }

  async close(): Promise<void> {}
}
