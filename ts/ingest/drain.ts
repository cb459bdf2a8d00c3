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
  /** A batch that comes again after a while; without a target it is the queue itself that can't be used. */
  onFailed?: (failure: Failure) => void
}

/** A batch that could not be written now. Nothing is lost: it is tried again. */
export interface Failure {
  /** The collection, or `graph/NAME`. */
  target: string | undefined
  records: number
  code: string
  message: string
  retryMs: number
}

/** What may go well another time. Anything else is the records' own fault. */
const RETRYABLE: ReadonlySet<Kind> = new Set(['unavailable', 'no_space', 'internal', 'permission', 'corrupt', 'cancelled', 'read_only'])
/** A defect, ours or the server's, may be these records' alone: after so many tries they make room for others. */
const TRIES_OF_A_DEFECT = 8
const FIRST_WAIT_MS = 50
const LONGEST_WAIT_MS = 10_000
/** The queue is ours, and whoever pushes waits for it too. */
const LONGEST_QUEUE_WAIT_MS = 1_000
/** Targets that are written to at once: a server that takes its time keeps the others waiting no longer than this. */
const SIDE_BY_SIDE = 4

/** When a target may be taken up again, and how often it failed in a row. */
interface Rest {
  until: number
  tries: number
}

/** Takes batches out of a queue and writes them: those of one target one after the other, of several targets side by side, until it is stopped. */
export class Drain {
  readonly #queue: Queue
  readonly #writer: Writer
  readonly #options: DrainOptions
  readonly #stopping = new AbortController()
  readonly #resting = new Map<string, Rest>()
  readonly #busy = new Map<string, Promise<void>>()
  #wake: () => void = () => undefined
  #fresh = false
  readonly #running: Promise<void>

  constructor(queue: Queue, writer: Writer, options: DrainOptions) {
    this.#queue = queue
    this.#writer = writer
    this.#options = options
    this.#running = this.#run()
  }

  /** Something was pushed. A target that is being written to, or rests, is looked at again by itself. */
  poke(target?: string): void {
    if (target !== undefined && (this.#busy.has(target) || (this.#resting.get(target)?.until ?? 0) > performance.now())) return
    this.#fresh = true
    this.#wake()
  }

  /** Stops; what is being written is cancelled and stays in the queue. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#wake()
    await this.#running
  }

  async #run(): Promise<void> {
    for (let failures = 0; !this.#stopping.signal.aborted; ) {
      try {
        const now = performance.now()
        this.#fresh = false
        const skip = [...this.#busy.keys(), ...[...this.#resting].filter(([, { until }]) => until > now).map(([target]) => target)]
        const items = this.#busy.size < SIDE_BY_SIDE ? await this.#queue.next(this.#options.batch, skip) : undefined
        failures = 0
        if (items === undefined) await this.#rest()
        else this.#busy.set(items.target, this.#deliver(items).finally(() => this.#done(items.target)))
      } catch (thrown) {
        // The queue itself can't be read: a full disk, another process in the way. What is in it stays there.
        failures += 1
        const retryMs = Math.min(backoff(failures), LONGEST_QUEUE_WAIT_MS)
        this.#failed(undefined, 0, toCanopyError(thrown), retryMs)
        await sleep(retryMs, undefined, { signal: this.#stopping.signal }).catch(() => undefined)
      }
    }
    await Promise.all(this.#busy.values())
  }

  #done(target: string): void {
    this.#busy.delete(target)
    this.poke()
  }

  /** Sleeps until something is pushed or written, or a target has rested. */
  async #rest(): Promise<void> {
    if (this.#fresh || this.#stopping.signal.aborted) return
    const now = performance.now()
    const next = Math.min(...[...this.#resting.values()].map(({ until }) => until).filter((until) => until > now))
    const woken = new Promise<void>((resolve) => (this.#wake = resolve))
    const cancel = new AbortController()
    // Others may replay dead letters into the file, so it is looked at now and then.
    const timer = sleep(Math.min(Math.max(1, next - now), 1000), undefined, { signal: cancel.signal }).catch(() => undefined)
    await Promise.race([woken, timer])
    cancel.abort()
  }

  /** Writes a batch and takes it out of the queue. */
  async #deliver(items: Items): Promise<void> {
    const { batch, flushMs, onWritten, onDead } = this.#options
    const records = items.records.reduce((a, b) => a + b, 0)
    try {
      const about = { 'canopy.collection': items.target, 'canopy.records': records }
      const burials = await traced('queue.deliver', about, async (span) => {
        const given = await this.#store(items)
        await this.#queue.settle(items, given)
        span.set({ 'canopy.dead': given.length })
        return given
      }, { side: 'consumer', links: this.#queue.links(items), root: true })
      if (records < batch / 2 && flushMs > 0) this.#resting.set(items.target, { until: performance.now() + flushMs, tries: 0 })
      else this.#resting.delete(items.target)
      const lost = burials.reduce((sum, { records: dead }) => sum + dead.length, 0)
      onWritten?.(records - lost)
      for (const { records: dead, code } of burials) onDead?.(dead.length, code)
    } catch (thrown) {
      if (this.#stopping.signal.aborted) return
      const tries = (this.#resting.get(items.target)?.tries ?? 0) + 1
      const retryMs = backoff(tries)
      this.#resting.set(items.target, { until: performance.now() + retryMs, tries })
      this.#failed(items.target, records, toCanopyError(thrown), retryMs)
      await this.#queue.release(items).catch(() => undefined)
    }
  }

  #failed(target: string | undefined, records: number, { code, message }: CanopyError, retryMs: number): void {
    if (!this.#stopping.signal.aborted) this.#options.onFailed?.({ target, records, code, message, retryMs })
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
      const tries = this.#resting.get(target)?.tries ?? 0
      if (RETRYABLE.has(error.kind) && (error.kind !== 'internal' || tries < TRIES_OF_A_DEFECT)) throw error
      return error
    }
  }
}

/** Full jitter: servers that failed together don't come again together. */
function backoff(tries: number): number {
  return Math.round(Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(tries, 20)) * (0.5 + Math.random() / 2))
}
