import { setImmediate as turn } from 'node:timers/promises'
import { MISSING } from './cover-tree.js'
import { CanopyError } from './error.js'
import { IdMap } from './id-map.js'

/** What a vector may be called; all vectors of an index have ids of one kind. */
export type VectorId = number | bigint | string

/** Ids that are taken in at once: some hundred microseconds, after which the event loop gets its turn. */
const SLICE = 4096
/** Bytes of written ids that are read at once. */
const PIECE = 64 << 10
const LINE_END = 10

/**
 * The numbers that the core gives to a caller's ids. Ids that are whole numbers below 2³² − 1 need no table: they are the numbers.
 */
export class Ids {
  /** Undefined where ids are their own numbers. */
  readonly #slots: IdMap | undefined
  readonly #ids: (VectorId | undefined)[] = []
  readonly #free: number[] = []
  readonly #kind: string

  constructor(kind: 'number' | 'bigint' | 'string') {
    this.#kind = kind
    this.#slots = kind === 'number' ? undefined : new IdMap()
  }

  /** Ids of the kind that the first one is of. */
  static like(id: VectorId | undefined): Ids {
    const kind = typeof id
    return new Ids(kind === 'bigint' || kind === 'string' ? kind : 'number')
  }

  get kind(): string {
    return this.#kind
  }

  /** Numbers for ids, new ones where they are new. */
  async assign(ids: readonly VectorId[] | Uint32Array): Promise<Uint32Array> {
    if (ids instanceof Uint32Array && this.#slots === undefined) return ids
    return this.#each(ids, (id) => this.#slotOf(id) ?? this.#add(id))
  }

  /** Numbers of the ids that are known. */
  async known(ids: readonly VectorId[] | Uint32Array): Promise<Uint32Array> {
    if (ids instanceof Uint32Array && this.#slots === undefined) return ids
    const slots = await this.#each(ids, (id) => this.#slotOf(id) ?? MISSING)
    return slots.filter((slot) => slot !== MISSING)
  }

  /** Forgets ids, and answers their numbers; they are given again only after `free`. */
  async forget(ids: readonly VectorId[] | Uint32Array): Promise<Uint32Array> {
    const slots = await this.known(ids)
    if (this.#slots === undefined) return slots
    for (let i = 0; i < ids.length; i += 1) {
      if (i % SLICE === SLICE - 1) await turn()
      this.#slots.delete(ids[i] as VectorId)
      this.#ids[slots[i] ?? MISSING] &&= undefined
    }
    return slots
  }

  /** Lets the numbers of forgotten ids be given again: their vectors are gone. */
  free(slots: Uint32Array): void {
    if (this.#slots === undefined) return
    for (const slot of slots) this.#free.push(slot)
  }

  /** The id behind a number. */
  of(slot: number): VectorId {
    return this.#slots === undefined ? slot : (this.#ids[slot] ?? slot)
  }

  /** As bytes, for `Ids.read`; a line of JSON an id. Nothing where ids are their own numbers. */
  async write(): Promise<Buffer> {
    if (this.#slots === undefined) return Buffer.alloc(0)
    const parts = [Buffer.from(`${this.#kind}\n`)]
    for (let start = 0; start < this.#ids.length; start += SLICE) {
      if (start > 0) await turn()
      parts.push(Buffer.from(this.#ids.slice(start, start + SLICE).map((id) => `${id === undefined ? '' : JSON.stringify(String(id))}\n`).join('')))
    }
    return Buffer.concat(parts)
  }

  /** What `write` wrote. */
  static async read(bytes: Buffer): Promise<Ids> {
    const first = bytes.indexOf(LINE_END) + 1
    const kind = bytes.toString('latin1', 0, Math.max(0, first - 1))
    const ids = new Ids(kind === 'bigint' || kind === 'string' ? kind : 'number')
    for (let at = first; at < bytes.length && ids.#slots !== undefined; ) {
      if (at > first) await turn()
      const end = bytes.indexOf(LINE_END, at + PIECE) + 1 || bytes.length
      for (const line of bytes.toString('utf8', at, end).split('\n').slice(0, -1)) ids.#take(line)
      at = end
    }
    return ids
  }

  /** A line of `write`: the id of the next number, or a number that is free. */
  #take(line: string): void {
    const slot = this.#ids.length
    const text = line === '' ? undefined : (JSON.parse(line) as string)
    const id = text === undefined || this.#kind === 'string' ? text : BigInt(text)
    this.#ids.push(id)
    if (id === undefined) this.#free.push(slot)
    else this.#slots?.set(id, slot)
  }

  async #each(ids: readonly VectorId[] | Uint32Array, of: (id: VectorId) => number): Promise<Uint32Array> {
    const slots = new Uint32Array(ids.length)
    for (let i = 0; i < ids.length; i += 1) {
      if (i % SLICE === SLICE - 1) await turn()
      slots[i] = of(this.#checked(ids[i]))
    }
    return slots
  }

  #slotOf(id: VectorId): number | undefined {
    return this.#slots === undefined ? (id as number) : this.#slots.get(id)
  }

  #add(id: VectorId): number {
    const slot = this.#free.pop() ?? this.#ids.length
    this.#ids[slot] = id
    this.#slots?.set(id, slot)
    return slot
  }

  #checked(id: VectorId | undefined): VectorId {
    const fits = typeof id === this.#kind && (typeof id !== 'number' || (Number.isInteger(id) && id >= 0 && id < MISSING))
    if (fits) return id as VectorId
    const wanted = this.#kind === 'number' ? 'a whole number from 0 to 4,294,967,294' : `a ${this.#kind}, as the first one was`
    throw new CanopyError('VECTOR_ID', 'invalid_input', `${String(id)} can't be the id of a vector here: send ${wanted}`)
  }
}
