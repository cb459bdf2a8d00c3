import { createHash, type Hash } from 'node:crypto'

const LIMBS = 8
const LIMB = 2 ** 32

/**
 * A checksum of contents in any order: the sum of the SHA-256 of each, modulo 2^256. Unlike with exclusive or, two of the same don't vanish.
 * (Bellare & Micciancio, "A new paradigm for collision-free hashing", 1997: AdHash.)
 */
export class Multiset {
  readonly #sum = new Float64Array(LIMBS)
  #count = 0

  /** One more: a text, or a SHA-256 that was fed with it. */
  add(content: string | Hash): void {
    const digest = (typeof content === 'string' ? createHash('sha256').update(content) : content).digest()
    let carry = 0
    for (let limb = LIMBS - 1; limb >= 0; limb -= 1) {
      const sum = (this.#sum[limb] ?? 0) + digest.readUInt32BE(limb * 4) + carry
      carry = sum >= LIMB ? 1 : 0
      this.#sum[limb] = sum - carry * LIMB
    }
    this.#count += 1
  }

  get contents(): { count: number; checksum: string } {
    return { count: this.#count, checksum: Array.from(this.#sum, (limb) => limb.toString(16).padStart(8, '0')).join('') }
  }
}
