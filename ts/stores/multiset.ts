import { createHash } from 'node:crypto'
import type { ScopeContents } from './target.js'

const LIMBS = 8
const LIMB = 2 ** 32

/**
 * A checksum of contents in any order: the sum of the SHA-256 of each, modulo 2^256. Unlike with exclusive or, two of the same don't vanish.
 * (Bellare & Micciancio, "A new paradigm for collision-free hashing", 1997: AdHash.)
 */
export class Multiset {
  readonly #sum = new Float64Array(LIMBS)
  #count = 0

  add(content: string): void {
    const digest = createHash('sha256').update(content).digest()
    let carry = 0
    for (let limb = LIMBS - 1; limb >= 0; limb -= 1) {
      const sum = (this.#sum[limb] ?? 0) + digest.readUInt32BE(limb * 4) + carry
      carry = sum >= LIMB ? 1 : 0
      this.#sum[limb] = sum - carry * LIMB
    }
    this.#count += 1
  }

  get contents(): ScopeContents {
    return { count: this.#count, checksum: Array.from(this.#sum, (limb) => limb.toString(16).padStart(8, '0')).join('') }
  }
}
