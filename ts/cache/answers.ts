import { createHash } from 'node:crypto'
import type { CallOptions } from '../engine/cancel.js'
import { stringify } from '../engine/json.js'
import type { SearchRequest } from '../engine/types.js'
import type { AnyCollection } from '../stores/any.js'
import type { Cache } from './cache.js'

/** A search's answer in JSON, and whether it was kept. */
export interface Answer {
  json: Buffer
  hit: boolean
}

/** The end of an answer that is all that was asked for: what carries a note may be more the next time. */
const WHOLE = /"notes":\[\],"next":(null|\d+),"tookMs":[^,{}]+\}$/
const TAIL = 200

/**
 * Answers of searches, kept under the version of their collection: after a change it is another one, whoever made the change, so that what is
 * kept is never older than the last write that was acknowledged before the search.
 */
export class Answers {
  readonly #cache: Cache
  readonly #place: string
  readonly #writing = new Set<Promise<void>>()

  /** `place` tells one database from another that shares the cache. */
  constructor(cache: Cache, place: string) {
    this.#cache = cache
    this.#place = place
  }

  search(collection: AnyCollection, request: SearchRequest, options: CallOptions = {}): Promise<Answer> {
    return this.#through(collection, ['search', request], () => collection.searchJson(request, options))
  }

  similar(collection: AnyCollection, id: string, request: SearchRequest = {}, options: CallOptions = {}): Promise<Answer> {
    return this.#through(collection, ['similar', id, request], () => collection.similarJson(id, request, options))
  }

  /** Waits for what is being kept, and closes the cache. */
  async close(): Promise<void> {
    await Promise.all(this.#writing)
    await this.#cache.close()
  }

  async #through(collection: AnyCollection, asked: readonly unknown[], make: () => Promise<Buffer>): Promise<Answer> {
    // Before the search: what it sees is this version or a later one.
    const version = await collection.version()
    const key = createHash('sha256').update(stringify([this.#place, collection.name, version, ...asked])).digest('base64url')
    const kept = await this.#cache.get(key).catch(() => undefined)
    if (kept !== undefined) return { json: kept, hit: true }
    const json = await make()
    if (WHOLE.test(json.toString('latin1', Math.max(0, json.length - TAIL)))) this.#keep(key, json)
    return { json, hit: false }
  }

  /** Nobody waits for it, and a disk that is full is no reason to fail. */
  #keep(key: string, json: Buffer): void {
    const writing = this.#cache.set(key, json).catch(() => undefined)
    this.#writing.add(writing)
    void writing.finally(() => this.#writing.delete(writing))
  }
}
