import { createHash, randomUUID } from 'node:crypto'
import type { Link } from '@opentelemetry/api'
import { Queue as Bull, type Job } from 'bullmq'
import type { Redis } from 'ioredis'
import { binding } from '../engine/binding.js'
import { CanopyError, unwrap } from '../engine/error.js'
import { connectRedis, disconnectRedis, keeping, unreachable } from '../redis/client.js'
import { Leases } from './leases.js'
import { conflict, full, type Accepted, type Burial, type DeadLetter, type Items, type Queue, type QueueOptions, type QueueStats } from './queue.js'
import { RedisCounts } from './redis-counts.js'
import { PushSpans } from './spans.js'

/** Where a queue in Redis is. */
export interface RedisQueueOptions extends Pick<QueueOptions, 'capacity' | 'rememberMs'> {
  url: string
  /** Start of every key. */
  prefix: string
}

/** What waits, as a job of BullMQ. */
interface Waiting {
  tenant: string
  records: number
  /** The JSON array. */
  body: string
}

type Letter = Omit<DeadLetter, 'id'>

const FIRST_LOOK = 16
const MOST_JOBS = 1_000
const MOST_BYTES = 16 << 20
/** What was let in so long ago and is in no queue never arrived there: its server died in between. */
const LOST_SECONDS = 60
/** The same of a push that failed here: nobody is at it any more, and what was on its way to Redis has arrived by then. */
const REFUSED_SECONDS = 2
const MOST_REFUSED = 100_000

/**
 * A queue in Redis, for any number of servers: all of them accept, and each drains the targets that no other one is at.
 *
 * A target is a queue of BullMQ. Its jobs are looked at, stored and then removed by the one server that holds the target's lease, rather than moved to and fro by
 * BullMQ's workers: the order in which records came is kept, batches are as large as their writer likes them, and of a server that was killed nothing has to
 * be brought back before others go on.
 */
export class RedisQueue implements Queue {
  readonly #redis: Redis
  readonly #prefix: string
  readonly #capacity: number
  readonly #counts: RedisCounts
  readonly #leases: Leases
  readonly #queues = new Map<string, Bull<Waiting>>()
  readonly #dead: Bull<Letter>
  readonly #spans = new PushSpans()
  /** Pushes that were let in and then got no answer: by id, their target and when that was. They hold room until it is known whether they arrived. */
  readonly #refused = new Map<string, { target: string; at: number }>()
  /** Where the next look begins, so that no target waits for ever behind another. */
  #turn = 0

  private constructor(redis: Redis, { prefix, capacity, rememberMs }: RedisQueueOptions) {
    this.#redis = redis
    // In braces, so that a cluster keeps all of it on one node.
    this.#prefix = `{${prefix}ingest}`
    this.#capacity = capacity
    this.#counts = new RedisCounts(redis, this.#prefix, { capacity, rememberMs })
    this.#leases = new Leases(redis, this.#prefix)
    this.#dead = this.#bull<Letter>('dead')
  }

  /** Connects. Throws REDIS_UNREACHABLE, QUEUE_EVICTS where Redis may throw away what was accepted. */
  static async open(options: RedisQueueOptions): Promise<RedisQueue> {
    const redis = await connectRedis(options.url)
    try {
      await checkSafe(redis)
      const queue = new RedisQueue(redis, options)
      await queue.#dead.waitUntilReady()
      return queue
    } catch (error) {
      await disconnectRedis(redis)
      throw failure(error)
    }
  }

  push(target: string, tenant: string, key: string | undefined, body: Buffer): Promise<Accepted> {
    const id = key === undefined ? randomUUID() : digest(tenant, key)
    return this.#spans.push(target, body.length, () => this.#push({ id, target, tenant, keyed: key !== undefined }, body), ({ repeated }) => (repeated ? undefined : id))
  }

  async next(most: number, skip: readonly string[]): Promise<Items | undefined> {
    return this.#sending(async () => {
      await this.#forgetRefused()
      const targets = (await this.#counts.targets()).filter((target) => !skip.includes(target))
      this.#turn += 1
      for (let i = 0; i < targets.length; i += 1) {
        const target = targets[(this.#turn + i) % targets.length] ?? ''
        if (!(await this.#leases.take(target))) continue
        const jobs = await this.#oldest(target, most)
        if (jobs.length > 0) return itemsOf(target, jobs)
        await this.#counts.forget(await this.#missing(target), LOST_SECONDS)
        await this.#leases.giveBack(target)
      }
      return undefined
    })
  }

  links(items: Items): Link[] {
    return this.#spans.links(items)
  }

  async settle(items: Items, burials: readonly Burial[] = []): Promise<void> {
    const { target, seqs } = items
    const ids = seqs.map(String)
    const atMs = Date.now()
    await this.#sending(async () => {
      const letters = burials.map(({ target: collection, records, ...rest }) => ({ name: 'letter', data: { collection, ...rest, atMs, records: records as DeadLetter['records'] }, opts: { deduplication: { id: digest(...ids, JSON.stringify(records)) } } }))
      // First what must not be lost. Whoever is killed before the end does all of it again, which is the same as once.
      if (letters.length > 0) await this.#dead.addBulk(letters)
      await this.#counts.leave(ids)
      await Promise.all(ids.map((id) => this.#queue(target).remove(id)))
      this.#spans.forget(items)
      if (!(await this.#counts.targets()).includes(target)) await this.#leases.giveBack(target)
    })
  }

  /** A server that can't reach what it writes to must not keep others from it. */
  async release({ target }: Items): Promise<void> {
    await this.#sending(() => this.#leases.giveBack(target))
  }

  async dead(after: number, limit: number): Promise<DeadLetter[]> {
    return this.#sending(async () => {
      const found: DeadLetter[] = []
      for await (const letter of this.#letters()) {
        if (letter.id > after) found.push(letter)
        if (found.length === limit) break
      }
      return found
    })
  }

  async replay(ids?: readonly number[]): Promise<number> {
    return this.#sending(async () => {
      let records = 0
      for await (const letter of this.#letters(ids)) {
        const { id, collection: target, tenant, records: those } = letter
        const name = digest('dead', String(id), this.#prefix)
        // They were accepted once: they come in beyond the capacity too.
        await this.#counts.admit({ id: name, target, records: those.length, digest: '', keyed: false }, true)
        await this.#queue(target).add('records', { tenant, records: those.length, body: JSON.stringify(those) }, { jobId: name })
        await this.#dead.remove(String(id))
        records += those.length
      }
      return records
    })
  }

  async discard(ids: readonly number[]): Promise<number> {
    return this.#sending(async () => {
      let records = 0
      for await (const { id, records: those } of this.#letters(ids)) if ((await this.#dead.remove(String(id))) === 1) records += those.length
      return records
    })
  }

  async stats(): Promise<QueueStats> {
    return this.#sending(async () => ({ depth: await this.#counts.depth(), capacity: this.#capacity, dead: await this.#dead.getWaitingCount() }))
  }

  async close(): Promise<void> {
    await this.#leases.close()
    await Promise.all([this.#dead, ...this.#queues.values()].map((queue) => queue.close().catch(() => undefined)))
    await disconnectRedis(this.#redis)
  }

  async #push({ id, target, tenant, keyed }: { id: string; target: string; tenant: string; keyed: boolean }, body: Buffer): Promise<Accepted> {
    this.#refused.delete(id)
    // A repeated push that didn't arrive the first time gives its records the same ids.
    const named = unwrap(await binding().namedRecords(body, id))
    return this.#sending(async () => {
      const admission = await this.#counts.admit({ id, target, records: named.records, digest: digest(target, body), keyed })
      if (admission.status === 'conflict') throw conflict()
      if (admission.status === 'full') throw full(admission.depth)
      // One that is there already is left as it is.
      if (admission.status !== 'repeated') await this.#queue(target).add('records', { tenant, records: named.records, body: named.body.toString() }, { jobId: id }).catch(async (error: unknown) => {
        // Refused, it is certainly not there. Of one without an answer nobody knows: it is looked for later.
        if (isFull(error)) await this.#counts.forget([id], 0)
        else if (this.#refused.size < MOST_REFUSED) this.#refused.set(id, { target, at: performance.now() })
        throw error
      })
      return { batch: admission.seq, records: admission.records, repeated: admission.status !== 'new' }
    })
  }

  /** The oldest jobs of a target: at least one, more while they hold at most `most` records and 16 MiB. */
  async #oldest(target: string, most: number): Promise<Array<Job<Waiting>>> {
    const jobs: Array<Job<Waiting>> = []
    let [records, bytes] = [0, 0]
    for (let look = FIRST_LOOK; look > 0 && jobs.length < MOST_JOBS; ) {
      const found = await this.#queue(target).getWaiting(jobs.length, jobs.length + look - 1)
      for (const job of found) {
        if (jobs.length > 0 && (records + job.data.records > most || bytes + job.data.body.length > MOST_BYTES)) return jobs
        jobs.push(job)
        records += job.data.records
        bytes += job.data.body.length
      }
      if (found.length < look) break
      // As many as will fit if they are like those before.
      look = Math.ceil(jobs.length * Math.min(most / records, MOST_BYTES / bytes, MOST_JOBS / jobs.length) - jobs.length)
    }
    return jobs
  }

  /** Gives back the room of pushes that failed and did not arrive. */
  async #forgetRefused(): Promise<void> {
    const before = performance.now() - 1000 * (REFUSED_SECONDS + 1)
    for (const [id, { target, at }] of this.#refused) {
      if (at > before) continue
      if ((await this.#queue(target).getJob(id)) === undefined) await this.#counts.forget([id], REFUSED_SECONDS)
      this.#refused.delete(id)
    }
  }

  /** Items of a target that are in no queue. */
  async #missing(target: string): Promise<string[]> {
    const ids = await this.#counts.ids(target)
    const there = await Promise.all(ids.map((id) => this.#queue(target).getJob(id)))
    return ids.filter((_, i) => there[i] === undefined)
  }

  async *#letters(ids?: readonly number[]): AsyncGenerator<DeadLetter> {
    if (ids !== undefined) {
      for (const id of ids) {
        const job = await this.#dead.getJob(String(id))
        if (job !== undefined) yield { id, ...job.data }
      }
      return
    }
    const all = await this.#dead.getWaiting()
    for (const { id, data } of all) yield { id: Number(id), ...data }
  }

  #queue(target: string): Bull<Waiting> {
    let queue = this.#queues.get(target)
    if (queue === undefined) {
      queue = this.#bull<Waiting>(digest(target))
      this.#queues.set(target, queue)
    }
    return queue
  }

  #bull<T>(name: string): Bull<T> {
    // What fails, fails in the call that needs it; without a listener it would end the process.
    const queue = new Bull<T>(name, { connection: this.#redis, prefix: this.#prefix, skipWaitingForReady: true, skipVersionCheck: true, skipMetasUpdate: true })
    queue.on('error', () => undefined)
    return queue
  }

  async #sending<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      throw failure(error)
    }
  }
}

function itemsOf(target: string, jobs: ReadonlyArray<Job<Waiting>>): Items {
  return {
    target,
    tenants: jobs.map(({ data }) => data.tenant),
    seqs: jobs.map(({ id }) => id ?? ''),
    records: jobs.map(({ data }) => data.records),
    body: Buffer.from(`[${jobs.map(({ data }) => data.body.slice(1, -1)).join(',')}]`),
  }
}

function digest(...parts: ReadonlyArray<string | Buffer>): string {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(String(part.length)).update(' ').update(part)
  return hash.digest('base64url')
}

/** What was accepted must not be thrown away for want of memory; and who wants it to outlive Redis needs Redis's log. */
async function checkSafe(redis: Redis): Promise<void> {
  const { policy, logged } = await keeping(redis)
  if (policy !== 'noeviction') {
    throw new CanopyError('QUEUE_EVICTS', 'invalid_input', `this Redis throws entries away when its memory is full (maxmemory-policy ${policy}), accepted records too: set maxmemory-policy noeviction, or name another Redis in ingest.url`)
  }
  if (!logged) process.emitWarning('Redis keeps no log (appendonly no): what was accepted is lost when it ends; set appendonly yes and appendfsync always', 'CanopyWarning')
}

function failure(error: unknown): CanopyError {
  if (isFull(error)) return new CanopyError('REDIS_FULL', 'no_space', 'Redis has no memory left and takes nothing more: what was accepted is kept; free memory or raise maxmemory', { cause: error })
  return unreachable(error)
}

const isFull = (error: unknown): boolean => error instanceof Error && /\bOOM\b/.test(error.message)
