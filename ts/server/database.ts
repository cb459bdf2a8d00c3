import { chooseComputeDevice } from '../engine/compute.js'
import type { OpenOptions } from '../engine/open.js'
import { remoteEmbedder } from '../models/remote.js'
import type { AnyDatabase } from '../stores/any.js'
import { LazyGraphs } from '../stores/lazy-graphs.js'
import { Neo4jGraphs } from '../stores/neo4j/graphs/store.js'
import { isPostgres, open } from '../stores/open.js'
import type { Config } from '../config/schema.js'

/** Opens the database that the configuration names, or one at another place with the same models. */
export async function openConfigured(config: Config, override: Pick<OpenOptions, 'readOnly'> & { location?: string | undefined } = {}): Promise<AnyDatabase> {
  const { compute, data, models, store, index } = config
  // What nobody chose stays as it is, for whoever opens several databases.
  if (compute.device !== 'auto') await chooseComputeDevice(compute.device)
  const { url, ...server } = store
  const location = override.location ?? (url === '' ? data.dir : url)
  const shared = {
    readOnly: override.readOnly ?? data.readOnly,
    models: models.dir === '' ? undefined : models.dir,
    modelIdleMs: models.idleMs,
    embeddingCacheBytes: models.cacheBytes,
    embeddingCacheTtlMs: models.cacheTtlMs,
    remoteModels: Object.fromEntries(Object.entries(models.remote).map(([name, model]) => [name, remoteEmbedder(model)])),
  }
  const exactBelow = index.exactBelow === 0 ? undefined : index.exactBelow
  const db: AnyDatabase = isPostgres(location) ? await open(location, { ...server, ...shared }) : await open(location, { ...shared, durability: data.durability, index: { exactBelow, recall: index.recall } })
  if (config.graphs.url !== '') attachGraphs(db, config.graphs.url)
  return db
}

/** Lets a database's graphs be those of a graph server, which closes with it. It is asked by the first call that needs graphs. */
function attachGraphs(db: AnyDatabase, url: string): void {
  const close = db.close.bind(db)
  const graphs = new LazyGraphs(() => Neo4jGraphs.open(url))
  db.graphs = () => graphs
  db.close = async () => {
    await graphs.close()
    await close()
  }
}

/** Where the records are, without what is secret. */
export function placeOf({ data, store }: Config): string {
  return store.url === '' ? data.dir : withoutSecrets(store.url)
}

/** Every place that the configuration names: records first, then graphs. */
export function placesOf({ data, store, graphs }: Config): string[] {
  return [store.url === '' ? data.dir : store.url, graphs.url].filter((place) => place !== '')
}

/** An address without its password. */
export function withoutSecrets(location: string): string {
  const url = URL.canParse(location) ? new URL(location) : undefined
  if (url === undefined || url.password === '') return location
  url.password = '***'
  return url.href
}
