import type { BindingBatch, BindingQueue } from '#native'
import { randomUUID } from 'node:crypto'
import type { Link } from '@opentelemetry/api'
import { binding } from '../engine/binding.js'
import { CanopyError, unwrap, type Kind } from '../engine/error.js'
import { Grouped } from '../engine/grouped.js'
import { parse, stringify } from '../engine/json.js'
import { traced } from '../engine/trace.js'
import type { RecordInput } from '../engine/types.js'

/** How a queue is kept. */
export interface QueueOptions {
  /** Records that may wait. */
  capacity: number
  /** How long idempotency keys are remembered. */
  rememberMs: number
  durability: 'process' | 'power'
  /** Whether this process takes items out; one at a time may. */
  drain: boolean
}

/** A push that was accepted: it is in the file. */
export interface Accepted {
  /** Number of the push. */
  batch: number
  records: number
  /** Whether its idempotency key was used before for the same: nothing was queued again. */
  repeated: boolean
}

/** Records that could not be stored, with the reason. */
export interface DeadLetter {
  id: number
  collection: string
  tenant: string
  code: string
  message: string
  atMs: number
  records: RecordInput[]
}

/** What is in a queue. */
export interface QueueStats {
  /** Records that wait. */
  depth: number
  capacity: number
  /** Dead letters. */
  dead: number
}

/** Items of one collection. @internal */
export interface Items {
  target: string
  tenants: string[]
  seqs: number[]
  records: number[]
  body: Buffer
}

/** Records to be given up. @internal */
export interface Burial {
  target: string
  tenant: string
  records: readonly unknown[]
  code: string
  message: string
}

type Answer = { status: 'done' | 'repeated'; seq: number; records: number } | { status: 'conflict' } | { status: 'full'; depth: number } | { status: 'invalid'; code: string; message: string }

interface Operation {
  op: object
  body?: Buffer
}

/** Spans of pushes that are remembered until what they pushed is written; and links of one batch to them. */
const MOST_PUSHED = 10_000
const MOST_LINKS = 64

/** The queue in the file; what is pushed at once is committed together. */
export class FileQueue {
  readonly #native: BindingQueue
  readonly #group: Grouped<Operation, Answer>
  /** By number of the push, the span of those that are traced. */
  readonly #pushed = new Map<number, Link>()

  private constructor(native: BindingQueue) {
    this.#native = native
    this.#group = new Grouped(async (operations) => {
      const bodies: Buffer[] = []
      const ops = operations.map(({ op, body }) => (body === undefined ? op : { ...op, body: bodies.push(body) - 1 }))
      return parse<Answer[]>(unwrap(await native.apply(stringify(ops), bodies)))
    })
  }

  /** Opens the file, or makes it. Throws QUEUE_LOCKED when another process drains it. */
  static async open(file: string, options: QueueOptions): Promise<FileQueue> {
    return new FileQueue(unwrap(await binding().BindingQueue.open(file, stringify(options))))
  }

  /** Accepts a JSON array of records: it is in the file when this resolves. Throws INGEST_RECORD, QUEUE_FULL, IDEMPOTENCY_CONFLICT. */
  async push(target: string, tenant: string, key: string | undefined, body: Buffer): Promise<Accepted> {
    const op = { op: 'push', target, tenant, key: key ?? null, prefix: randomUUID() }
    const answer = await traced('queue.push', { 'canopy.collection': target, 'canopy.bytes': body.length }, async (span) => {
      const answered = await this.#group.add({ op, body })
      const link = answered.status === 'done' ? span.link() : undefined
      if (answered.status === 'done' && link !== undefined && this.#pushed.size < MOST_PUSHED) this.#pushed.set(answered.seq, link)
      return answered
    }, { side: 'producer' })
    if (answer.status === 'invalid') throw new CanopyError(answer.code, 'invalid_input', answer.message)
    if (answer.status === 'full') throw limited('QUEUE_FULL', `${answer.depth} records wait already and these would be too many: send them again later`, 1000)
    if (answer.status === 'conflict') throw new CanopyError('IDEMPOTENCY_CONFLICT', 'conflict', 'this Idempotency-Key was used for other records: use a new key for a new request')
    return { batch: answer.seq, records: answer.records, repeated: answer.status === 'repeated' }
  }

  /** The oldest items of one collection that isn't skipped. */
  async next(most: number, skip: readonly string[]): Promise<Items | undefined> {
    const found = unwrap((await this.#native.next(most, stringify(skip))) as BindingBatch | undefined)
    return found === undefined || found === null ? undefined : { ...parse<Omit<Items, 'body'>>(found.head), body: found.body }
  }

  /** The spans in which these items were pushed, as far as this process traced that. */
  links(seqs: readonly number[]): Link[] {
    return seqs.flatMap((seq) => this.#pushed.get(seq) ?? []).slice(0, MOST_LINKS)
  }

  /** Takes items out: those that are stored, and those that are given up, in one transaction. */
  async settle(seqs: readonly number[], burials: readonly Burial[] = []): Promise<void> {
    const buried = burials.map(({ records, ...burial }) => this.#group.add({ op: { op: 'bury', ...burial, records: records.length }, body: Buffer.from(stringify(records)) }))
    await Promise.all([...buried, this.#group.add({ op: { op: 'ack', seqs } })])
    for (const seq of seqs) this.#pushed.delete(seq)
  }

  /** Dead letters after number `after`. */
  async dead(after: number, limit: number): Promise<DeadLetter[]> {
    return parse(unwrap(await this.#native.dead(after, limit)))
  }

  /** Queues dead letters again, all of them without `ids`; how many records. */
  async replay(ids?: readonly number[]): Promise<number> {
    return this.#count({ op: 'replay', ids: ids ?? null })
  }

  /** Throws dead letters away; how many records. */
  async discard(ids: readonly number[]): Promise<number> {
    return this.#count({ op: 'discard', ids })
  }

  async stats(): Promise<QueueStats> {
    return parse(unwrap(await this.#native.stats()))
  }

  async close(): Promise<void> {
    await this.#group.idle()
    this.#native.close()
  }

  async #count(op: object): Promise<number> {
    const answer = await this.#group.add({ op })
    return answer.status === 'done' ? answer.records : 0
  }
}

/** An error that says when to come again. */
export function limited(code: string, message: string, retryAfterMs: number, kind: Kind = 'limited'): CanopyError {
  return Object.assign(new CanopyError(code, kind, message), { retryAfterMs })
}
