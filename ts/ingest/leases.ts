import { createHash, randomUUID } from 'node:crypto'
import type { Redis } from 'ioredis'

/** How long a server that died keeps others away. */
const LEASE_MS = 10_000
const RENEW_MS = 3_000

const EXTEND = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return 0"
const GIVE_BACK = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"

/** Who is at what, among the servers that share Redis. Renewed while held; one that isn't passes on by itself. */
export class Leases {
  readonly #redis: Redis
  readonly #prefix: string
  readonly #token = randomUUID()
  readonly #held = new Set<string>()
  readonly #timer: NodeJS.Timeout

  constructor(redis: Redis, prefix: string) {
    this.#redis = redis
    this.#prefix = prefix
    this.#timer = setInterval(() => void this.#renew().catch(() => undefined), RENEW_MS)
    this.#timer.unref()
  }

  /** Whether this server is the one that is at `name` now. */
  async take(name: string): Promise<boolean> {
    if (this.#held.has(name)) return true
    const taken = (await this.#redis.set(this.#key(name), this.#token, 'PX', LEASE_MS, 'NX')) === 'OK'
    if (taken) this.#held.add(name)
    return taken
  }

  async giveBack(name: string): Promise<void> {
    if (this.#held.delete(name)) await this.#redis.eval(GIVE_BACK, 1, this.#key(name), this.#token)
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    // Where Redis is away they end by themselves.
    await Promise.all([...this.#held].map((name) => this.giveBack(name))).catch(() => undefined)
  }

  async #renew(): Promise<void> {
    for (const name of this.#held) if ((await this.#redis.eval(EXTEND, 1, this.#key(name), this.#token, LEASE_MS)) === 0) this.#held.delete(name)
  }

  #key(name: string): string {
    return `${this.#prefix}:lease:${createHash('sha256').update(name).digest('base64url')}`
  }
}
