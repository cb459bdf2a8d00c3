import { setTimeout as sleep } from 'node:timers/promises'
import { toCanopyError, type CanopyError, type Kind } from '../engine/error.js'
import { stringify } from '../engine/json.js'
import { traced } from '../engine/trace.js'
import type { Burial, Items, Queue } from './queue.js'
import type { Writer } from './writer.js'

/** How a queue is drained. */
export interface DrainOptions {
  /** Records a batch. */
  batch: number
  /** How long a batch that isn't full waits for more. */
  flushMs: number
  onWritten?: (records: number) => void
  onDead?: (records: number, code: string) => void
}

/** What may go well another time. Anything else is the records' own fault. */
const RETRYABLE: ReadonlySet<Kind> = new Set(['unavailable', 'no_space', 'internal', 'permission', 'corrupt', 'cancelled', 'read_only'])
/** A defect, ours or the server's, may be these records' alone: after so many tries they make room for others. */
const TRIES_OF_A_DEFECT = 8
const FIRST_WAIT_MS = 50
const LONGEST_WAIT_MS = 10_000

/** What a collection that failed waits for. */
interface Failing {
  until: number
  tries: number
}

/** Takes batches out of a queue and writes them, one after the other, until it is stopped. */
export class Drain {
  readonly #queue: Queue
  readonly #writer: Writer
  readonly #options: DrainOptions
  readonly #stopping = new AbortController()
  readonly #failing = new Map<string, Failing>()
  #wake: () => void = () => undefined
  #fresh = false
  readonly #running: Promise<void>

  constructor(queue: Queue, writer: Writer, options: DrainOptions) {
    this.#queue = queue
    this.#writer = writer
    this.#options = options
    this.#running = this.#run()
  }

  /** Something was pushed. */
  poke(): void {
    this.#fresh = true
    this.#wake()
  }

  /** Stops; a batch that is being written is cancelled and stays in the queue. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#wake()
    await this.#running
  }

  async #run(): Promise<void> {
    const { batch, flushMs } = this.#options
    while (!this.#stopping.signal.aborted) {
      try {
        const now = performance.now()
        this.#fresh = false
        const skip = [...this.#failing].filter(([, { until }]) => until > now).map(([target]) => target)
        const items = await this.#queue.next(batch, skip)
        if (items === undefined) await this.#rest(skip)
        else if ((await this.#deliver(items)) < batch / 2 && flushMs > 0) await this.#pause(flushMs)
      } catch (error) {
        // The queue itself can't be read or written: a full disk, another process in the way. What is in it stays there.
        void error
        await this.#pause(FIRST_WAIT_MS * 10)
      }
    }
  }

  /** Sleeps until something is pushed or a collection's wait is over. */
  async #rest(skip: readonly string[]): Promise<void> {
    if (this.#fresh) return
    const next = Math.min(...skip.map((target) => this.#failing.get(target)?.until ?? Infinity))
    const woken = new Promise<void>((resolve) => (this.#wake = resolve))
    const cancel = new AbortController()
    // Others may replay dead letters into the file, so it is looked at now and then.
    const timer = sleep(Math.min(Math.max(1, next - performance.now()), 1000), undefined, { signal: cancel.signal }).catch(() => undefined)
    await Promise.race([woken, timer])
    cancel.abort()
  }

  async #pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#stopping.signal }).catch(() => undefined)
  }

  /** Writes a batch and takes it out of the queue; answers how many records it held. */
  async #deliver(items: Items): Promise<number> {
    const records = items.records.reduce((a, b) => a + b, 0)
    try {
      const about = { 'canopy.collection': items.target, 'canopy.records': records }
      const burials = await traced('queue.deliver', about, async (span) => {
        const given = await this.#store(items)
        await this.#queue.settle(items, given)
        span.set({ 'canopy.dead': given.length })
        return given
      }, { side: 'consumer', links: this.#queue.links(items), root: true })
      this.#failing.delete(items.target)
      const lost = burials.reduce((sum, { records: dead }) => sum + dead.length, 0)
      this.#options.onWritten?.(records - lost)
      for (const { records: dead, code } of burials) this.#options.onDead?.(dead.length, code)
    } catch (error) {
      this.#postpone(items.target)
      void error
    }
    return records
  }

  /** Stores what can be stored; answers what can't. Throws what may go well another time: then the whole batch comes again. */
  async #store(items: Items): Promise<Burial[]> {
    const failed = await this.#attempt(items.target, items.body)
    if (failed === undefined) return []
    const burials: Burial[] = []
    // Whose they are is known by item, so each is taken by itself from here.
    const all = JSON.parse(items.body.toString()) as unknown[]
    let start = 0
    for (const [i, count] of items.records.entries()) {
      await this.#sift(items.target, items.tenants[i] ?? '', all.slice(start, start + count), burials)
      start += count
    }
    return burials
  }

  /** Halves until what can't be stored stands alone. */
  async #sift(target: string, tenant: string, records: unknown[], burials: Burial[]): Promise<void> {
    const failed = await this.#attempt(target, Buffer.from(stringify(records)))
    if (failed === undefined) return
    // Without its collection no record can be stored: no need to ask for each.
    if (records.length === 1 || failed.kind === 'not_found') {
      burials.push({ target, tenant, records, code: failed.code, message: failed.message.slice(0, 2000) })
      return
    }
    const half = records.length >> 1
    await this.#sift(target, tenant, records.slice(0, half), burials)
    await this.#sift(target, tenant, records.slice(half), burials)
  }

  /** Writes; answers the error where the records are at fault, and throws any other. */
  async #attempt(target: string, body: Buffer): Promise<CanopyError | undefined> {
    try {
      await this.#writer.write(target, body, this.#stopping.signal)
      return undefined
    } catch (thrown) {
      this.#stopping.signal.throwIfAborted()
      const error = toCanopyError(thrown)
      const tries = this.#failing.get(target)?.tries ?? 0
      if (RETRYABLE.has(error.kind) && (error.kind !== 'internal' || tries < TRIES_OF_A_DEFECT)) throw error
      return error
    }
  }

  /** Full jitter: servers that failed together don't come again together. */
  #postpone(target: string): void {
    const tries = (this.#failing.get(target)?.tries ?? 0) + 1
    const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(tries, 20)) * (0.5 + Math.random() / 2)
    this.#failing.set(target, { until: performance.now() + wait, tries })
  }
}
