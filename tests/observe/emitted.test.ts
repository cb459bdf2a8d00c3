import { readFile } from 'node:fs/promises'
import path from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { parse } from 'yaml'
import { buildDashboards } from '../../ts/dashboards/boards.js'
import { createMetrics } from '../../ts/observe/metrics.js'
import { expressions } from '../helpers/boards.js'
import { eventually } from '../helpers/eventually.js'
import { schemaUrl } from '../helpers/places.js'
import { DEPLOYED } from '../helpers/prometheus.js'
import { metricsOf } from '../helpers/promql.js'
import { samples } from '../helpers/scrape.js'
import { serve, type Served } from '../helpers/server.js'
import { using } from '../helpers/services.js'
import { transcription, weights } from '../helpers/speech.js'

/** Every metric of our own, by the names of its numbers. */
const own = createMetrics(async () => ({ records: new Map(), indexes: new Map(), modelsLoaded: 0, residentBytes: 0 }))
  .list()
  .map(({ name, type }) => (type === 'histogram' ? `${name}_count` : name))

const scraped = async ({ call }: Served): Promise<string[]> => samples((await call('GET', '/metrics')).text).map(({ name }) => name)

/** Lets a server over a folder do everything that it measures; the names of all numbers that it ever told. */
async function driveFolder(t: ExecutionContext): Promise<Set<string>> {
  const server = await serve(t, { 'budget.tenants': { acme: { epsilon: 3 } }, 'index.exactBelow': 100, 'cache.enabled': true, 'cache.diskBytes': 64 << 20, 'cache.everyMs': 100 })
  const { call, url } = server
  const told = new Set<string>()
  const scrape = async (): Promise<void> => (await scraped(server)).forEach((name) => told.add(name))
  await call('POST', '/v1/collections', { name: 'notes', model: null })
  await call('POST', '/v1/collections/notes/ingest', [{ id: 'a', text: 'tea' }])
  await call('POST', '/v1/collections/notes/ingest', [{ id: 'b', text: '' }])
  await call('POST', '/v1/collections/notes/private/count', {}, { 'x-tenant': 'acme', 'x-epsilon': '5' })
  await call('POST', '/v1/graphs', { name: 'g' })
  await call('POST', '/v1/graphs/g/batch', { edges: [{ source: 'u', target: 'v' }], hyperedges: [{ id: 'h', members: ['u', 'v', 'w'] }] })
  await call('POST', '/v1/graphs/g/suggestions', { kind: 'hyper_aa' })
  // A client that goes away.
  const gone = new AbortController()
  const lines = Array.from({ length: 40_000 }, (_, i) => JSON.stringify({ id: `n${i}`, text: `note number ${i} with some words` })).join('\n')
  const abandoned = fetch(`${url}/v1/collections/notes/import`, { method: 'POST', body: lines, headers: { 'content-type': 'application/x-ndjson' }, signal: gone.signal }).catch(() => undefined)
  await eventually(async () => Number((await call('GET', '/v1/collections/notes')).json['count']) > 1)
  gone.abort()
  await abandoned
  // The build of an index, and reads of the cache.
  await call('POST', '/v1/collections', { name: 'points', dim: 32 })
  const vector = (i: number): number[] => Array.from({ length: 32 }, (_, j) => Math.sin(i * (j + 1)))
  for (let start = 0; start < 6000; start += 1000) await call('POST', '/v1/collections/points/records', Array.from({ length: 1000 }, (_, i) => ({ id: `p${start + i}`, vector: vector(start + i) })))
  const late = ['canopy_index_build_ratio', 'haa_edges_total', 'ingest_dead_total', 'canopy_http_cancelled_total', 'redis_hit_ratio']
  for (const end = Date.now() + 60_000; late.some((name) => !told.has(name)); ) {
    await call('POST', '/v1/collections/points/search', { vector: vector(3), limit: 1 })
    await scrape()
    t.true(Date.now() < end, `never told: ${late.filter((name) => !told.has(name)).join(', ')}`)
  }
  return told
}

let ofFolder = new Set<string>()

test.serial('a server over a folder emits what the contract names', async (t) => {
  ofFolder = await driveFolder(t)
  for (const name of ['haa_edges_total', 'ingest_queue_fill_ratio', 'lmdb_evictions_total', 'redis_hit_ratio', 'cache_ttl_seconds', 'pid_integral']) t.true(ofFolder.has(name), name)
})

using('postgres', 'whisper')('postgres, whisper: every metric there is, and every metric that a rule or a panel names, is emitted by real servers', async (t) => {
  const told = new Set(ofFolder)
  const remote = await serve(t, { 'store.url': schemaUrl(t) })
  await remote.call('POST', '/v1/collections', { name: 'notes', model: null })
  await remote.call('POST', '/v1/collections/notes/records', [{ id: 'a', text: 'zirconium' }])
  await remote.call('POST', '/v1/collections/notes/search', { text: 'zirconium' })
  for (const name of await scraped(remote)) told.add(name)
  const hearing = await serve(t, { 'speech.model': weights() })
  t.is((await transcription(t, hearing, { language: 'en' })).status, 200)
  for (const name of await scraped(hearing)) told.add(name)
  for (const name of ['pgvector_query_ms', 'breaker_state', 'whisper_xrt', 'whisper_fallback_total']) t.true(told.has(name), name)
  const unknown = (name: string): boolean => !told.has(name)
  t.deepEqual(own.filter(unknown), [], 'nothing is declared and never told')
  const rules = parse(await readFile(path.join(DEPLOYED, 'canopy.rules.yml'), 'utf8')) as { groups: Array<{ rules: Array<{ expr: string }> }> }
  const asked = [...rules.groups.flatMap(({ rules: all }) => all.map(({ expr }) => expr)), ...expressions(buildDashboards())].flatMap(metricsOf)
  // `up` is Prometheus's own.
  t.deepEqual([...new Set(asked)].filter((name) => name !== 'up' && unknown(name)), [], 'nothing is asked for that nobody tells')
})
