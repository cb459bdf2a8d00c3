import type { OpenOptions } from '../engine/open.js'
import { remoteEmbedder } from '../models/remote.js'
import type { AnyDatabase } from '../stores/any.js'
import { open } from '../stores/open.js'
import type { Config } from '../config/schema.js'

/** Opens the database that the configuration names. */
export async function openConfigured(config: Config, override: Pick<OpenOptions, 'readOnly'> = {}): Promise<AnyDatabase> {
  const { data, models, store } = config
  const { url, ...remote } = store
  return open(url === '' ? data.dir : url, {
    ...(url === '' ? { durability: data.durability } : remote),
    readOnly: override.readOnly ?? data.readOnly,
    models: models.dir === '' ? undefined : models.dir,
    modelIdleMs: models.idleMs,
    embeddingCacheBytes: models.cacheBytes,
    embeddingCacheTtlMs: models.cacheTtlMs,
    remoteModels: Object.fromEntries(Object.entries(models.remote).map(([name, model]) => [name, remoteEmbedder(model)])),
  })
}
