import { open, type OpenOptions } from '../engine/open.js'
import type { Database } from '../engine/database.js'
import { remoteEmbedder } from '../models/remote.js'
import type { Config } from '../config/schema.js'

/** Opens the database that the configuration names. */
export async function openConfigured(config: Config, override: Pick<OpenOptions, 'readOnly'> = {}): Promise<Database> {
  const { data, models } = config
  return open(data.dir, {
    readOnly: override.readOnly ?? data.readOnly,
    durability: data.durability,
    models: models.dir === '' ? undefined : models.dir,
    modelIdleMs: models.idleMs,
    embeddingCacheBytes: models.cacheBytes,
    embeddingCacheTtlMs: models.cacheTtlMs,
    remoteModels: Object.fromEntries(Object.entries(models.remote).map(([name, model]) => [name, remoteEmbedder(model)])),
  })
}
