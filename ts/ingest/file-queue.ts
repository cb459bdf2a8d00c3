import type { BindingBatch, BindingQueue } from '#native'
import { randomUUID } from 'node:crypto'
import type { Link } from '@opentelemetry/api'
import { binding } from '../engine/binding.js'
import { CanopyError, unwrap } from '../engine/error.js'
import { Grouped } from '../engine/grouped.js'
import { parse, stringify } from '../engine/json.js'
import { conflict, full, type Accepted, type Burial, type DeadLetter, type Items, type Queue, type QueueOptions, type QueueStats } from './queue.js'
import { PushSpans } from './spans.js'

type Answer = { status: 'done' | 'repeated'; seq: number; records: number } | { status: 'conflict' } | { status: 'full'; depth: number } | { status: 'invalid'; code: string; message: string }

interface Operation {
  op: object
  body?: Buffer
}

/** The queue in the file; what is pushed at once is committed together. */
export class FileQueue implements Queue {
  readonly #native: BindingQueue
  readonly #group: Grouped<Operation, Answer>
  readonly #spans = new PushSpans()

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

  async push(target: string, tenant: string, key: string | undefined, body: Buffer): Promise<Accepted> {
    const op = { op: 'push', target, tenant, key: key ?? null, prefix: randomUUID() }
    const answer = await this.#spans.push(target, body.length, () => this.#group.add({ op, body }), (given) => (given.status === 'done' ? given.seq : undefined))
    if (answer.status === 'invalid') throw new CanopyError(answer.code, 'invalid_input', answer.message)
    if (answer.status === 'full') throw full(answer.depth)
    if (answer.status === 'conflict') throw conflict()
    return { batch: answer.seq, records: answer.records, repeated: answer.status === 'repeated' }
  }

  async next(most: number, skip: readonly string[]): Promise<Items | undefined> {
    const found = unwrap((await this.#native.next(most, stringify(skip))) as BindingBatch | undefined)
    return found === undefined || found === null ? undefined : { ...parse<Omit<Items, 'body'>>(found.head), body: found.body }
  }

  links(items: Items): Link[] {
    return this.#spans.links(items)
  }

  /** Nobody else takes from this file. */
  async release(): Promise<void> {}

  /** In one transaction. */
  async settle(items: Items, burials: readonly Burial[] = []): Promise<void> {
    const buried = burials.map(({ records, ...burial }) => this.#group.add({ op: { op: 'bury', ...burial, records: records.length }, body: Buffer.from(stringify(records)) }))
    await Promise.all([...buried, this.#group.add({ op: { op: 'ack', seqs: items.seqs } })])
    this.#spans.forget(items)
  }

  async dead(after: number, limit: number): Promise<DeadLetter[]> {
    return parse(unwrap(await this.#native.dead(after, limit)))
  }

  async replay(ids?: readonly number[]): Promise<number> {
    return this.#count({ op: 'replay', ids: ids ?? null })
  }

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
