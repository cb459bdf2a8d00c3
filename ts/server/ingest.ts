import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Config } from '../config/schema.js'
import { CanopyError } from '../engine/error.js'
import { Ingest } from '../ingest/ingest.js'
import type { Metrics } from '../observe/metrics.js'
import type { AnyDatabase } from '../stores/any.js'

/** Opens the ingestion queue for the life of a server; none where the data may only be read, or where it is switched off. */
export async function attachIngest(app: FastifyInstance, db: AnyDatabase, config: Config, metrics: Metrics): Promise<Ingest | undefined> {
  const { data, graphs, ingest: settings, redis, store } = config
  if (data.readOnly || !settings.enabled) return undefined
  const open = () => Ingest.open(db, {
    dir: data.dir,
    redis: settings.url === '' ? undefined : settings.url,
    prefix: redis.prefix,
    capacity: settings.capacity,
    batch: settings.batch,
    flushMs: settings.flushMs,
    breaker: { failures: settings.breakerFailures, resetMs: settings.breakerResetMs },
    remote: store.url === '' ? undefined : 'postgres',
    graphRemote: graphs.url === '' ? undefined : 'neo4j',
    whileOpen: settings.whileOpen,
    tenantRate: settings.tenantRate,
    tenantBurst: settings.tenantBurst,
    durability: data.durability,
    onEvent: metrics.ingest,
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

/** Who pushes: the key, or without keys the tenant that a request names, or its address. */
export function tenantOf(request: FastifyRequest): string {
  if (request.caller !== undefined) return request.caller
  const named = request.headers['x-tenant']
  return typeof named === 'string' && named !== '' ? named.slice(0, 128) : request.ip
}
