import test from 'ava'
import { createMetrics, type Snapshot } from '../../ts/observe/metrics.js'
import { OTHERS } from '../../ts/observe/labels.js'
import { serve } from '../helpers/server.js'
import { series } from '../helpers/scrape.js'

const nothing: Snapshot = { records: new Map(), indexes: new Map(), modelsLoaded: 0, residentBytes: 0 }
const index = { done: 0, total: 0, pending: 3, bytes: 10 }

test('however many collections and tenants there are, so many series at most are named, and sums stay right', async (t) => {
  const many = Array.from({ length: 5000 }, (_, i) => [`c${i}`, i] as const)
  const metrics = createMetrics(async () => ({ ...nothing, records: new Map(many), indexes: new Map(many.map(([name, i]) => [name, { ...index, done: i, total: 10_000 }])) }), { named: 20 })
  for (const [tenant] of many) metrics.privacy(tenant, true, 1)
  metrics.privacy('c7', false, 0.5)
  const { body } = await metrics.text()
  const records = series(body, 'canopy_records')
  t.is(records.length, 21)
  t.is(records.reduce((sum, { value }) => sum + value, 0), (5000 * 4999) / 2)
  t.deepEqual(records.slice(0, 2).map(({ labels }) => labels['collection']), ['c4999', 'c4998'], 'the largest')
  t.is(series(body, 'canopy_index_bytes').find(({ labels }) => labels['collection'] === OTHERS)?.value, 4980 * 10)
  t.is(series(body, 'canopy_index_build_ratio').length, 20, 'no sum of ratios')
  const decisions = series(body, 'privacy_requests_total')
  t.is(decisions.length, 22)
  t.is(decisions.find(({ labels }) => labels['tenant'] === OTHERS)?.value, 4980)
  const left = series(body, 'privacy_epsilon_remaining')
  t.is(left.length, 20)
  t.is(left.find(({ labels }) => labels['tenant'] === 'c7')?.value, 0.5)
  t.false(left.some(({ labels }) => labels['tenant'] === OTHERS))
})

test('addresses that do not exist, odd methods and ids make no series of their own', async (t) => {
  const { call } = await serve(t)
  await call('POST', '/v1/collections', { name: 'n', model: null })
  for (let i = 0; i < 100; i += 1) await Promise.all([call('GET', `/nowhere/${i}`), call('GET', `/v1/collections/n/records/${i}`), call('GET', `/v1/collections/none${i}`)])
  await call('PROPFIND', '/nowhere')
  const { text } = await call('GET', '/metrics')
  const counts = series(text, 'canopy_http_request_seconds_count')
  t.true(counts.length < 8, counts.map(({ labels }) => JSON.stringify(labels)).join('\n'))
  t.is(counts.find(({ labels }) => labels['route'] === 'unknown' && labels['method'] === 'GET')?.value, 100)
})

test('a gauge of which nothing is known is absent, not 0', async (t) => {
  const metrics = createMetrics(async () => nothing)
  const names = ['pgvector_query_ms', 'redis_hit_ratio', 'cache_ttl_seconds', 'pid_integral']
  const { body } = await metrics.text()
  for (const name of names) t.is(series(body, name).length, 0, name)
  metrics.pgvector(3)
  metrics.cache({ type: 'step', state: { ttl: 60, integral: 0.5 }, ratio: 0.4 })
  metrics.cache({ type: 'step', state: { ttl: 61, integral: 0.6 }, ratio: undefined })
  metrics.cache({ type: 'evicted', cause: 'quota', entries: 4 })
  const after = (await metrics.text()).body
  t.deepEqual(names.map((name) => series(after, name)[0]?.value), [3, 0.4, 61, 0.6])
  t.deepEqual(series(after, 'lmdb_evictions_total').map(({ labels, value }) => [labels['cause'], value]), [['expired', 0], ['quota', 4]])
})

test('metrics answer without a key unless they are to be kept from strangers; then Prometheus sends one', async (t) => {
  const KEYS = { 'auth.keys': ['a-key-that-may-write'], 'auth.readOnlyKeys': ['a-key-that-may-read'] }
  const open = await serve(t, KEYS)
  t.is((await open.call('GET', '/metrics')).status, 200)
  const closed = await serve(t, { ...KEYS, 'metrics.open': false })
  t.is((await closed.call('GET', '/metrics')).json.code, 'AUTH_REQUIRED')
  t.is((await closed.call('GET', '/metrics', undefined, { authorization: 'Bearer a-key-that-may-read' })).status, 200)
  t.is((await closed.call('GET', '/healthz')).status, 200)
})

test('exemplars are off by default; switched on they name the request, in the OpenMetrics format', async (t) => {
  const plain = await serve(t)
  await plain.call('GET', '/v1/collections')
  const off = await plain.call('GET', '/metrics')
  t.regex(off.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/)
  t.false(off.text.includes('request_id'))
  const open = await serve(t, { 'metrics.exemplars': true })
  const answer = await open.call('GET', '/v1/collections')
  const on = await open.call('GET', '/metrics')
  t.regex(on.headers.get('content-type') ?? '', /^application\/openmetrics-text; version=1\.0\.0/)
  t.true(on.text.endsWith('# EOF\n'))
  t.regex(on.text, new RegExp(`^canopy_http_request_seconds_bucket\\{.*route="/v1/collections".*\\} 1 # \\{request_id="${answer.headers.get('x-request-id')}"\\} 0\\.\\d+ \\d+`, 'm'))
  t.is(series(on.text, 'lmdb_evictions_total').length, 2, 'counters keep their names')
  t.is((await open.call('GET', '/metrics')).text.match(/^# TYPE lmdb_evictions counter$/gm)?.length, 1)
})
