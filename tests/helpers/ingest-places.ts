import { randomUUID } from 'node:crypto'
import test, { type ExecutionContext } from 'ava'
import { Ingest, type AnyDatabase, type IngestEvent, type IngestOptions } from '../../ts/index.js'
import { at, using } from './services.js'
import { database, folder } from './temp.js'

/** An ingestion, what it writes to, and what happened. */
export interface Ingesting {
  db: AnyDatabase
  queue: Ingest
  events: IngestEvent[]
}

/** Opens an ingestion over a database of its own, or over another. */
export type IngestOpener = (t: ExecutionContext, options?: Partial<IngestOptions>, db?: AnyDatabase) => Promise<Ingesting>

/** One test for every place that what was accepted can wait in. `settings` say the same to a server. */
export function conformIngest(title: string, work: (t: ExecutionContext, ingest: IngestOpener, settings: Record<string, string>) => Promise<void>): void {
  test(`file: ${title}`, (t) => work(t, opener({}), {}))
  using('redis')(`redis: ${title}`, async (t) => {
    const prefix = `test-${randomUUID()}:`
    await work(t, opener({ redis: at('redis'), prefix }), { 'ingest.url': at('redis'), 'redis.prefix': prefix })
  })
}

const opener = (place: Partial<IngestOptions>): IngestOpener => async (t, options = {}, db) => {
  const target = db ?? (await database(t))
  await target.ensure('notes', { model: null })
  const events: IngestEvent[] = []
  const queue = await Ingest.open(target, { dir: await folder(t), ...place, onEvent: (event) => events.push(event), ...options })
  t.teardown(() => queue.close())
  return { db: target, queue, events }
}
