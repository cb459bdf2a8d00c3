import type { VectorId } from './ids.js'

/** Maps among which ids are dealt out; a power of two. */
const SHARDS = 256
/** Characters of an id that decide where it goes. */
const LOOKED_AT = 4

/**
 * A map from ids to numbers in many parts. A `Map` that grows moves all it has at once, which holds the event loop for tens of milliseconds from 131,072 entries on; each of these
 * moves its own few thousand.
 */
export class IdMap {
  readonly #shards = Array.from({ length: SHARDS }, () => new Map<VectorId, number>())

  get(id: VectorId): number | undefined {
    return this.#shard(id).get(id)
  }

  set(id: VectorId, slot: number): void {
    this.#shard(id).set(id, slot)
  }

  delete(id: VectorId): void {
    this.#shard(id).delete(id)
  }

  /** Entries of the largest part. */
  get largest(): number {
    return Math.max(...this.#shards.map(({ size }) => size))
  }

  #shard(id: VectorId): Map<VectorId, number> {
    const hash = typeof id === 'string' ? ofText(id) : Number(BigInt.asUintN(32, BigInt(id)))
    return this.#shards[Math.imul(hash, 0x9e3779b1) >>> 24] as Map<VectorId, number>
  }
}

/** From the last characters and some before: ids differ where they are counted, and that is at their end or between two slashes. */
function ofText(id: string): number {
  let hash = id.length
  for (let i = 1; i <= LOOKED_AT; i += 1) {
    hash = Math.imul(hash, 31) + id.charCodeAt(Math.max(0, id.length - i))
    hash = Math.imul(hash, 31) + id.charCodeAt(Math.floor((id.length * i) / (LOOKED_AT + 1)))
  }
  return hash
}
