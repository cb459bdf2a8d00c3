import { setTimeout } from 'node:timers/promises'
import test from 'ava'
import { gaussian } from '../../bench/lib/neighbors/data.js'
import { CoverTree, ResidualTree, type Coordinates } from '../../ts/index.js'
import { serve } from '../helpers/server.js'

const rows = (points: Coordinates, dim: number): number[][] => Array.from({ length: points.length / dim }, (_, i) => [...points.subarray(i * dim, (i + 1) * dim)])
/** Rows of `k` without the places that hold nothing. */
const ragged = (ids: Uint32Array, k: number): number[][] => rows(ids as unknown as Float64Array, k).map((row) => row.filter((id) => id !== 0xffff_ffff))

test('an index lives from its making to its end, in memory and on the disk', async (t) => {
  const { call } = await serve(t)
  const points = Float64Array.from(gaussian(300, 3, 1))
  const tree = await CoverTree.build(points, { dim: 3 })
  const made = await call('PUT', '/v1/neighbors/sites', { points: rows(points, 3) })
  t.is(made.status, 200, made.text)
  t.like(made.json, { name: 'sites', metric: 'euclidean', length: 300, ids: 300, dim: 3, kernel: null, labelled: false })
  t.like((await call('GET', '/v1/neighbors')).json, { indexes: [{ name: 'sites' }] })

  const queries = Float64Array.from(gaussian(5, 3, 2))
  const asked = await call('POST', '/v1/neighbors/sites/knn', { queries: rows(queries, 3), k: 4 })
  const own = await tree.knn(queries, 4)
  t.deepEqual(asked.json['ids'], ragged(own.ids, 4))
  t.deepEqual(asked.json['distances'], rows(own.distances, 4))
  const before = await call('POST', '/v1/neighbors/sites/predecessors', { k: 3 })
  t.deepEqual(before.json['ids'], ragged((await tree.predecessors(3)).ids, 3))
  const all = await call('POST', '/v1/neighbors/sites/all', { k: 3 })
  t.deepEqual(all.json['ids'], ragged((await tree.knnAll(3)).ids, 3))
  const near = await call('POST', '/v1/neighbors/sites/radius', { queries: rows(queries, 3), radius: 0.5 })
  const within = await tree.radius(queries, 0.5)
  t.deepEqual((near.json['ids'] as number[][]).flat(), [...within.ids])
  t.is((near.json['ids'] as number[][]).length, 5)

  t.like((await call('POST', '/v1/neighbors/sites/insert', { points: [[9, 9, 9]] })).json, { first: 300, length: 301 })
  t.like((await call('POST', '/v1/neighbors/sites/remove', { ids: [0, 7] })).json, { length: 299 })
  t.deepEqual((await call('POST', '/v1/neighbors/sites/knn', { queries: [[9, 9, 9]], k: 1 })).json['ids'], [[300]])
  t.is((await call('DELETE', '/v1/neighbors/sites')).status, 204)
  t.is((await call('GET', '/v1/neighbors/sites')).json.code, 'NEIGHBOURS_NOT_FOUND')
})

test('bytes in and out, and a residual index that goes on after a restart', async (t) => {
  const first = await serve(t)
  const points = gaussian(500, 3, 1)
  const octets = { 'content-type': 'application/octet-stream' }
  const kernel = { kind: 'matern52', lengthscale: 1 } as const
  const options = encodeURIComponent(JSON.stringify({ metric: 'residual', kernel, inducing: { count: 20 } }))
  const made = await first.call('PUT', `/v1/neighbors/field?type=f32&dim=3&options=${options}`, new Uint8Array(points.buffer), octets)
  t.like(made.json, { metric: 'residual', length: 500, kernel: { kind: 'matern52', variance: 1, lengthscale: 1 } }, made.text)
  const { dir } = first.db
  await first.stop()

  const { call, url } = await serve(t, { 'data.dir': dir })
  const tree = await ResidualTree.build(points, { dim: 3, kernel, inducing: { count: 20 } })
  const own = await tree.predecessors(5)
  const before = await call('POST', '/v1/neighbors/field/predecessors', { k: 5, audit: 4 })
  t.is(before.status, 200, before.text)
  t.deepEqual(before.json['ids'], ragged(own.ids, 5))
  t.truthy(before.json['report'])
  const queries = gaussian(6, 3, 4)
  const answer = await fetch(`${url}/v1/neighbors/field/knn?type=f32&options=${encodeURIComponent('{"k":5}')}`, { method: 'POST', headers: { ...octets, accept: 'application/octet-stream' }, body: new Blob([Float32Array.from(queries)]) })
  t.is(answer.headers.get('x-neighbors-k'), '5')
  const found = await answer.arrayBuffer()
  t.deepEqual(new Uint32Array(found, 0, 30), (await tree.knn(queries, 5)).ids)
  t.like((await call('POST', '/v1/neighbors/field/refresh', { ...kernel, lengthscale: 0.5 })).json, { kernel: { lengthscale: 0.5 } })
  t.like((await call('POST', '/v1/neighbors/field/insert', { points: [[1, 2, 3], [3, 2, 1]] })).json, { first: 500, length: 502 })
  t.like((await call('POST', '/v1/neighbors/field/remove', { ids: [0, 501] })).json, { length: 500 })
  t.like((await call('GET', '/v1/neighbors/field')).json, { length: 500, ids: 502 })
  t.deepEqual((await call('POST', '/v1/neighbors/field/knn', { queries: [[1, 2, 3]], k: 1 })).json['ids'], [[500]])
  t.is((await call('POST', '/v1/neighbors/field/remove', { ids: [0] })).json.code, 'POINT_UNKNOWN')
  t.is((await call('POST', '/v1/neighbors/field/radius', { queries: [[1, 2, 3]], radius: 1 })).json.code, 'NEIGHBOURS_METRIC')
})

test('a build and a refresh may be jobs, and a stopped one leaves the index that was there', async (t) => {
  const { call } = await serve(t)
  const ended = async (path: string): Promise<Record<string, unknown>> => {
    for (;;) {
      const { json } = await call('GET', path)
      if (json['endedAt'] !== null) return json
      await setTimeout(20)
    }
  }
  const residual = (points: Coordinates, count = 16) => ({ points: rows(points, 3), metric: 'residual', kernel: { kind: 'matern52', lengthscale: 1 }, inducing: { count } })
  const started = await call('PUT', '/v1/neighbors/field?job=true', residual(Float64Array.from(gaussian(200, 3, 1))))
  t.is(started.status, 202, started.text)
  const location = started.headers.get('location') ?? ''
  t.is(location, `/v1/jobs/${String(started.json['id'])}`)
  t.like(await ended(location), { kind: 'neighbors:build', graph: 'field', state: 'done', result: { name: 'field', length: 200 }, error: null })
  const refreshed = await call('POST', '/v1/neighbors/field/refresh?job=true', { kind: 'matern52', lengthscale: 2 })
  t.like(await ended(refreshed.headers.get('location') ?? ''), { kind: 'neighbors:refresh', state: 'done', result: { kernel: { lengthscale: 2 } } })
  // Two jobs: the second waits for the first, and is stopped before it has changed anything.
  await call('PUT', '/v1/neighbors/other?job=true', residual(Float64Array.from(gaussian(5000, 3, 2)), 800))
  const late = await call('PUT', '/v1/neighbors/field?job=true', { points: [[1, 2, 3]] })
  t.is((await call('DELETE', late.headers.get('location') ?? '')).status, 200)
  t.like(await ended(late.headers.get('location') ?? ''), { state: 'cancelled' })
  t.like((await call('GET', '/v1/neighbors/field')).json, { metric: 'residual', length: 200, kernel: { lengthscale: 2 } })
  const failing = await call('PUT', '/v1/neighbors/bad?job=true', { points: [[1]], metric: 'residual', kernel: { kind: 'rbf', lengthscale: 0 } })
  t.like(await ended(failing.headers.get('location') ?? ''), { state: 'failed', error: { code: 'KERNEL_LENGTHSCALE' } })
  t.is((await call('POST', '/v1/neighbors/none/refresh?job=true', { kind: 'rbf', lengthscale: 1 })).json.code, 'NEIGHBOURS_NOT_FOUND')
})

test('an index of a collection names its records', async (t) => {
  const { call } = await serve(t)
  await call('POST', '/v1/collections', { name: 'places', model: null, dim: 2, metric: 'l2' })
  await call('POST', '/v1/collections/places/records', [
    { id: 'Ulm', vector: [10, 48.4] },
    { id: 'Kiel', vector: [10.1, 54.3] },
    { id: 'Bonn', vector: [7.1, 50.7] },
  ])
  t.like((await call('PUT', '/v1/neighbors/places', { collection: 'places' })).json, { length: 3, dim: 2, labelled: true })
  const { json } = await call('POST', '/v1/neighbors/places/knn', { queries: [[8, 50]], k: 2 })
  t.deepEqual(json['records'], [['Bonn', 'Ulm']])
  t.is((await call('POST', '/v1/neighbors/places/insert', { points: [[1, 2]] })).json.code, 'NEIGHBOURS_LABELLED')
  t.is((await call('PUT', '/v1/neighbors/x', { collection: 'none' })).json.code, 'COLLECTION_NOT_FOUND')
})

test('what is wrong has a code', async (t) => {
  const { call } = await serve(t)
  const code = async (method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<unknown> => (await call(method, path, body, headers)).json.code
  t.is(await code('PUT', '/v1/neighbors/..%2Fup', { points: [[1]] }), 'NEIGHBOURS_NAME')
  t.is(await code('PUT', '/v1/neighbors/a', {}), 'POINTS_DIMENSION')
  t.is(await code('PUT', '/v1/neighbors/a', { points: [[1, 2], [1]] }), 'POINTS_LENGTH')
  t.is(await code('PUT', '/v1/neighbors/a', { points: [[]] }), 'REQUEST_INVALID')
  t.is(await code('PUT', '/v1/neighbors/a', '{"points":[[1e999]]}'), 'POINTS_NOT_FINITE')
  t.is(await code('PUT', '/v1/neighbors/a', { points: [[1]], metric: 'residual' }), 'NEIGHBOURS_METRIC')
  t.is(await code('PUT', '/v1/neighbors/a', { points: [[1]], metric: 'residual', kernel: { kind: 'rbf', lengthscale: 0 } }), 'KERNEL_LENGTHSCALE')
  t.is(await code('PUT', '/v1/neighbors/a?dim=2', new Uint8Array(12), { 'content-type': 'application/octet-stream' }), 'POINTS_LENGTH')
  t.is(await code('PUT', '/v1/neighbors/a?dim=2&options=%5B1', new Uint8Array(16), { 'content-type': 'application/octet-stream' }), 'REQUEST_INVALID')
  t.is(await code('PUT', '/v1/neighbors/a?dim=2', new Uint8Array(Float64Array.of(1, Number.NaN).buffer), { 'content-type': 'application/octet-stream' }), 'POINTS_NOT_FINITE')
  t.is(await code('POST', '/v1/neighbors/a/knn', { queries: [[1]], k: 1 }), 'NEIGHBOURS_NOT_FOUND')
  t.is((await call('PUT', '/v1/neighbors/a', { points: [[1, 1]] })).status, 200)
  t.is(await code('POST', '/v1/neighbors/a/knn', { queries: [[1]], k: 1 }), 'POINTS_LENGTH')
  t.is(await code('POST', '/v1/neighbors/a/knn', { queries: [[1, 1]], k: 0 }), 'REQUEST_INVALID')
  t.is(await code('POST', '/v1/neighbors/a/knn', { queries: [[1, 1]], k: 1, exact: true }), 'NEIGHBOURS_METRIC')
  t.is(await code('POST', '/v1/neighbors/a/remove', { ids: [5] }), 'POINT_UNKNOWN')
  t.is((await call('PUT', '/v1/neighbors/empty', { points: [], dim: 2 })).status, 200)
  t.deepEqual((await call('POST', '/v1/neighbors/empty/knn', { queries: [[1, 1]], k: 1 })).json['ids'], [[]])
})
