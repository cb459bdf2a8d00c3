import type { Link } from '@opentelemetry/api'
import { CanopyError, type Kind } from '../engine/error.js'
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

/** Items of one collection. */
export interface Items {
  target: string
  tenants: string[]
  /** What their queue calls them. */
  seqs: Array<number | string>
  records: number[]
  body: Buffer
}

/** Records to be given up. */
export interface Burial {
  target: string
  tenant: string
  records: readonly unknown[]
  code: string
  message: string
}

/** Where what was accepted waits: a file, or Redis for several servers. */
export interface Queue {
  /** Accepts a JSON array of records: it is kept when this resolves. Throws INGEST_RECORD, QUEUE_FULL, IDEMPOTENCY_CONFLICT. */
  push(target: string, tenant: string, key: string | undefined, body: Buffer): Promise<Accepted>
  /** The oldest items of one target that isn't skipped and that no other server is at; at least one, and no more than hold `most` records. */
  next(most: number, skip: readonly string[]): Promise<Items | undefined>
  /** Takes items out: those that are stored, and those that are given up. */
  settle(items: Items, burials?: readonly Burial[]): Promise<void>
  /** Leaves items where they are, for any server to take. */
  release(items: Items): Promise<void>
  /** The spans in which these items were pushed, as far as this process traced that. */
  links(items: Items): Link[]
  /** Dead letters after number `after`. */
  dead(after: number, limit: number): Promise<DeadLetter[]>
  /** Queues dead letters again, all of them without `ids`; how many records. */
  replay(ids?: readonly number[]): Promise<number>
  /** Throws dead letters away; how many records. */
  discard(ids: readonly number[]): Promise<number>
  stats(): Promise<QueueStats>
  close(): Promise<void>
}

/** A push in the place of which another was found. @internal */
export function conflict(): CanopyError {
  return new CanopyError('IDEMPOTENCY_CONFLICT', 'conflict', 'this Idempotency-Key was used for other records: use a new key for a new request')
}

/** No room. @internal */
export function full(depth: number): CanopyError {
  return limited('QUEUE_FULL', `${depth} records wait already and these would be too many: send them again later`, 1000)
}

/** An error that says when to come again. */
export function limited(code: string, message: string, retryAfterMs: number, kind: Kind = 'limited'): CanopyError {
  return Object.assign(new CanopyError(code, kind, message), { retryAfterMs })
}
