import { stat } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import type { FastifyInstance } from 'fastify'
import { Answers } from '../cache/answers.js'
import { Cache } from '../cache/cache.js'
import type { Config } from '../config/schema.js'
import type { Metrics } from '../observe/metrics.js'

/** Opens the cache of answers for the life of a server; none where it is switched off. */
export async function attachCache(app: FastifyInstance, config: Config, metrics: Metrics): Promise<Answers | undefined> {
  const { cache: settings, data, redis } = config
  if (!settings.enabled) return undefined
  const cache = await Cache.open({
    dir: data.dir,
    memoryBytes: settings.memoryBytes,
    diskBytes: settings.diskBytes,
    redis: redis.url === '' ? undefined : redis.url,
    prefix: redis.prefix,
    pid: settings.pid,
    ttl: settings.ttlSeconds,
    everyMs: settings.everyMs,
    dryRun: settings.dryRun,
    onEvent: metrics.cache,
  })
  metrics.cache({ type: 'step', state: cache.state, ratio: undefined })
  const answers = new Answers(cache, await placeOf(config))
  app.addHook('onClose', () => answers.close())
  return answers
}

/** Which database it is: a copy of a folder that was put in its place is another one. What is in PostgreSQL says so by its versions. */
async function placeOf({ data, store }: Config): Promise<string> {
  if (store.url !== '') return ''
  const { ino, birthtimeNs } = await stat(path.join(data.dir, 'canopy.db'), { bigint: true })
  return [os.hostname(), path.resolve(data.dir), ino, birthtimeNs].join(' ')
}
