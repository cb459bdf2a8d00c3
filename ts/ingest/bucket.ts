/** Tokens that come back at a rate: who has none left waits. */
export class TokenBuckets {
  readonly #rate: number
  readonly #burst: number
  readonly #now: () => number
  readonly #buckets = new Map<string, { tokens: number; at: number }>()

  /** `rate` tokens a second for each tenant, at most `burst` at once; a rate of 0 means no limit. */
  constructor(rate: number, burst: number, now: () => number = () => performance.now()) {
    this.#rate = rate
    this.#burst = Math.max(burst, rate)
    this.#now = now
  }

  /** Takes tokens; milliseconds to wait where there are too few, 0 where they were taken. */
  take(tenant: string, tokens: number): number {
    if (this.#rate === 0) return 0
    const now = this.#now()
    const bucket = this.#buckets.get(tenant) ?? { tokens: this.#burst, at: now }
    bucket.tokens = Math.min(this.#burst, bucket.tokens + ((now - bucket.at) * this.#rate) / 1000)
    bucket.at = now
    this.#buckets.set(tenant, bucket)
    if (this.#buckets.size > 10_000) this.#forget(now)
    // What is larger than a whole bucket goes when the bucket is full, and is paid off afterwards.
    const needed = Math.min(tokens, this.#burst)
    if (bucket.tokens < needed) return Math.ceil(((needed - bucket.tokens) * 1000) / this.#rate)
    bucket.tokens -= tokens
    return 0
  }

  /** Full buckets tell nothing that a new one doesn't. */
  #forget(now: number): void {
    for (const [tenant, { tokens, at }] of this.#buckets) if (tokens + ((now - at) * this.#rate) / 1000 >= this.#burst) this.#buckets.delete(tenant)
  }
}
