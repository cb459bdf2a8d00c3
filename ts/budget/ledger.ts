import type { BindingBudget } from '#native'
import { binding } from '../engine/binding.js'
import { unwrap } from '../engine/error.js'
import { Grouped } from '../engine/grouped.js'
import { parse, stringify } from '../engine/json.js'

/** A reservation that is asked for. */
export interface Claim {
  id: string
  tenant: string
  cost: readonly number[]
  limit: readonly number[]
  windowMs: number
}

/** What became of it: whether it was granted, and what is spent now. */
export interface Claimed {
  done: boolean
  spent: number[]
}

/** Where spending is written down: a file that processes share, or Redis. */
export interface Ledger {
  reserve(claim: Claim): Promise<Claimed>
  /** The cost stays. */
  commit(tenant: string, id: string): Promise<void>
  /** The cost is given back, once. */
  refund(tenant: string, id: string): Promise<void>
  spent(tenant: string): Promise<number[]>
  close(): Promise<void>
}

/** A ledger in a file; operations that come at once are committed together. */
export class FileLedger implements Ledger {
  readonly #native: BindingBudget
  readonly #group: Grouped<object, Claimed>

  private constructor(native: BindingBudget) {
    this.#native = native
    this.#group = new Grouped(async (operations) => parse<Claimed[]>(unwrap(await native.apply(stringify(operations)))))
  }

  /** Opens the file, or makes it. */
  static async open(file: string, durability: 'process' | 'power'): Promise<FileLedger> {
    return new FileLedger(unwrap(await binding().BindingBudget.open(file, durability as never)))
  }

  reserve(claim: Claim): Promise<Claimed> {
    return this.#group.add({ op: 'reserve', ...claim })
  }

  async commit(_tenant: string, id: string): Promise<void> {
    await this.#group.add({ op: 'commit', id })
  }

  async refund(_tenant: string, id: string): Promise<void> {
    await this.#group.add({ op: 'refund', id })
  }

  async spent(tenant: string): Promise<number[]> {
    return (await this.#group.add({ op: 'spent', tenant })).spent
  }

  async close(): Promise<void> {
    await this.#group.idle()
    this.#native.close()
  }
}
