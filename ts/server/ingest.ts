import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Config } from '../config/schema.js'
import { CanopyError } from '../engine/error.js'
import { Ingest, type IngestEvent } from '../ingest/ingest.js'
import type { Metrics } from '../observe/metrics.js'
import type { AnyDatabase } from '../stores/any.js'

/** Opens the ingestion queue for the life of a server; none where the data may only be read, or where it is switched off. */
export async function attachIngest(app: FastifyInstance, db: AnyDatabase, config: Config, metrics: Metrics): Promise<Ingest | undefined> {
  const { data, graphs, ingest: settings, redis, store } = config
  if (data.readOnly || !settings.enabled) return undefined
  const report = reporter(app)
  const open = () => Ingest.open(db, {
    dir: data.dir,
    redis: settings.url === '' ? undefined : settings.url,
    prefix: redis.prefix,
    capacity: settings.capacity,
    batch: settings.batch,
    flushMs: settings.flushMs,
    writeTimeoutMs: settings.writeTimeoutMs,
    breaker: { failures: settings.breakerFailures, resetMs: settings.breakerResetMs },
    remote: store.url === '' ? undefined : 'postgres',
    graphRemote: graphs.url === '' ? undefined : 'neo4j',
    whileOpen: settings.whileOpen,
    tenantRate: settings.tenantRate,
    tenantBurst: settings.tenantBurst,
    durability: data.durability,
    onEvent(event) {
      metrics.ingest(event)
      report(event)
    },
  })
  const ingest = await open().catch((error: unknown) => {
    // Servers that share a database may share a folder too: one of them takes records in.
    if (!(error instanceof CanopyError) || error.code !== 'QUEUE_LOCKED') throw error
    app.log.warn({ code: error.code }, `this server takes no records in: ${error.message}`)
    return undefined
  })
  if (ingest === undefined) return undefined
  metrics.onScrape(async () => metrics.queue(await ingest.stats()))
  // Writing stops before the database closes; requests that still run are accepted into the file.
  app.addHook('preClose', () => ingest.pause())
  app.addHook('onClose', () => ingest.close())
  return ingest
}

/** What fails again and again for one reason is logged once so often. */
const SAID_AGAIN_MS = 60_000
const MOST_SAID = 1_000

/** Writes what goes wrong behind the queue into the log: whoever pushed was answered long ago. */
function reporter({ log }: FastifyInstance): (event: IngestEvent) => void {
  const said = new Map<string, number>()
  return (event) => {
    if (event.type === 'breaker' && event.state === 1) log.warn({ target: event.target }, 'a server did not answer several times in a row and is left alone for a while')
    if (event.type === 'dead') log.warn({ code: event.code, records: event.records }, 'records that were accepted can’t be stored: they are dead letters now')
    if (event.type !== 'failed') return
    const { target, code, message, records, retryMs } = event
    const reason = `${target ?? ''} ${code}`
    const now = performance.now()
    if (now - (said.get(reason) ?? Number.NEGATIVE_INFINITY) < SAID_AGAIN_MS) return
    if (said.size >= MOST_SAID) said.clear()
    said.set(reason, now)
    log.error({ target, code, records, retryMs }, target === undefined ? `the queue can't be used and is asked again: ${message}` : `what was accepted could not be written and is kept: ${message}`)
  }
}

/** Who pushes: the key, or without keys the tenant that a request names, or its address. */
export function tenantOf(request: FastifyRequest): string {
  if (request.caller !== undefined) return request.caller
  const named = request.headers['x-tenant']
  return typeof named === 'string' && named !== '' ? named.slice(0, 128) : request.ip
}
