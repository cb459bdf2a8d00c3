import type { Connections } from './connection.js'

/** Somebody changed what this writer went by; it has to look again. */
export class Overtaken extends Error {}

/** Batches of one load that are under way at once: one is prepared here while the server reads two. */
const SIDE_BY_SIDE = 3
/** Of the connections of a pool, what a load holds leaves at least as many to others. */
const SPARE = 2 * SIDE_BY_SIDE
/** How long a batch waits for a lock that one behind it may hold. */
export const LOCK_TIMEOUT = '2s'
const LOCK_NOT_AVAILABLE = '55P03'

const loading = new WeakSet<Connections>()

/** A batch's place in the order in which batches are committed. */
export class Turn {
  /** Settles as the batch before does. */
  readonly before: Promise<unknown>
  readonly #gaveWay: Promise<never>
  #giveWay: (reason: Overtaken) => void = () => undefined
  #next: Turn | undefined
  readonly #numbered: Promise<unknown>
  /** Resolves once this batch's records have their numbers. */
  readonly #done: Promise<void>
  /** This batch's records have their numbers, or will have none. */
  numbered: () => void = () => undefined

  constructor(before: Promise<unknown>, previous: Turn | undefined) {
    this.before = before
    this.#numbered = previous === undefined ? Promise.resolve() : previous.#done
    this.#done = new Promise((resolve) => (this.numbered = resolve))
    this.#gaveWay = new Promise((_, reject) => (this.#giveWay = reject))
    this.#gaveWay.catch(() => undefined)
    if (previous !== undefined) previous.#next = this
  }

  /** Waits until those before are committed. Throws what one of them failed with, and Overtaken where one waits for what this batch holds. */
  async come(): Promise<void> {
    await Promise.race([this.before, this.#gaveWay])
  }

  /** Waits until the records before have their numbers, by which they are listed. */
  async number(): Promise<void> {
    await this.#numbered
  }

  /** Whether an error says that this batch waited for another; then those behind give way, which may be what it waited for. */
  stuck(error: unknown): boolean {
    if ((error as { code?: string } | undefined)?.code !== LOCK_NOT_AVAILABLE) return false
    const next = this.#next
    if (next !== undefined) next.#giveWay(new Overtaken())
    return true
  }
}

/**
 * Works on pieces in their order. `alongside`: on several at once, whose results come in order all the same, as if each had begun when the one before
 * ended; one load of a database at a time, the others go piece by piece.
 */
export async function inTurns<T>(connections: Connections, { pieces, alongside, pool }: { pieces: number; alongside: boolean; pool: number }, work: (i: number, turn: Turn | undefined) => Promise<T>, done: (result: T) => void): Promise<void> {
  if (!alongside || pieces < 2 || pool < SPARE || loading.has(connections)) {
    for (let i = 0; i < pieces; i += 1) done(await work(i, undefined))
    return
  }
  loading.add(connections)
  const running: Array<Promise<T>> = []
  try {
    let [before, turn]: [Promise<unknown>, Turn | undefined] = [Promise.resolve(), undefined]
    for (let i = 0; i < pieces || running.length > 0; ) {
      if (i < pieces && running.length < SIDE_BY_SIDE) {
        const own = new Turn(before, turn)
        const piece = work(i, own)
        piece.catch(() => undefined).finally(own.numbered)
        turn = own
        running.push(piece)
        before = piece
        i += 1
      } else done(await (running.shift() as Promise<T>))
    }
  } catch (error) {
    // What fails with the piece before it has taken everything back when this is thrown.
    await Promise.allSettled(running)
    throw error
  } finally {
    loading.delete(connections)
  }
}
