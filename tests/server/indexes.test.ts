import test from 'ava'
import { serve } from '../helpers/server.js'
import { folder } from '../helpers/temp.js'
import { cloud } from '../helpers/vectors.js'

const DIM = 16
const vectors = Array.from({ length: 300 }, (_, i) => [...cloud(300, DIM, 1).subarray(i * DIM, (i + 1) * DIM)])
const ids = vectors.map((_, i) => `v${i}`)
interface Matches {
  hits: { id: string; score: number }[]
}

test('an index lives from its making to its end, and outlives the server', async (t) => {
  const dir = await folder(t)
  const first = await serve(t, { 'data.dir': dir })
  t.is((await first.call('POST', '/v1/indexes', { name: 'e/ü', dim: DIM, metric: 'l2' })).status, 201)
  t.is((await first.call('POST', '/v1/indexes', { name: 'e/ü', dim: DIM })).json.code, 'INDEX_EXISTS')
  const at = `/v1/indexes/${encodeURIComponent('e/ü')}`
  t.deepEqual((await first.call('POST', `${at}/vectors`, { ids, vectors })).json, { done: 300 })
  const found = (await first.call('POST', `${at}/search`, { vector: vectors[7], k: 3 })).json as unknown as Matches
  t.is(found.hits[0]?.id, 'v7')
  t.is(found.hits.length, 3)
  const range = (await first.call('POST', `${at}/range`, { vector: vectors[7], least: found.hits[1]?.score })).json as unknown as Matches
  t.deepEqual(range.hits.map(({ id }) => id), found.hits.slice(0, 2).map(({ id }) => id))
  const allowed = (await first.call('POST', `${at}/search`, { vector: vectors[7], k: 5, allow: ['v9', 'v11'] })).json as unknown as Matches
  t.deepEqual(allowed.hits.map(({ id }) => id).toSorted(), ['v11', 'v9'])
  t.is((await first.call('POST', `${at}/search`, { vector: vectors[7], preset: 'hybrid' })).json.code, 'INDEX_NO_LISTS')
  t.is((await first.call('POST', `${at}/prepare`)).status, 200)
  t.is((await first.call('GET', at)).json['saved'], false)
  t.true(Number((await first.call('POST', `${at}/save`)).json['lists']) > 0)
  t.is(((await first.call('POST', `${at}/search`, { vector: vectors[7], preset: 'hybrid' })).json as unknown as Matches).hits[0]?.id, 'v7')
  t.deepEqual((await first.call('POST', `${at}/remove`, { ids: ['v7', 'nobody'] })).json, { done: 1 })
  t.is((await first.call('POST', `${at}/autotune`, { recall: 0.9 })).json['reached'], true)
  const info = (await first.call('GET', at)).json
  t.deepEqual([info['length'], info['saved'], info['metric']], [299, false, 'l2'])
  t.is((await first.call('POST', `${at}/save`)).json['saved'], true)
  await first.call('POST', `${at}/remove`, { ids: ['v8'] })
  await first.stop()
  const second = await serve(t, { 'data.dir': dir })
  t.deepEqual((await second.call('GET', '/v1/indexes')).json, { indexes: ['e/ü'] })
  t.is((await second.call('GET', at)).json['length'], 298)
  t.is((await second.call('DELETE', at)).status, 204)
  t.is((await second.call('GET', at)).json.code, 'INDEX_NOT_FOUND')
})

test('what cannot be is refused with a code', async (t) => {
  const { call } = await serve(t)
  await call('POST', '/v1/indexes', { name: 'n', dim: 2, idKind: 'number' })
  const refused = async (code: string, path: string, body: unknown): Promise<void> => {
    const answer = await call('POST', `/v1/indexes${path}`, body)
    t.is(answer.json.code, code, answer.text)
    t.true(answer.status >= 400 && answer.status < 500)
  }
  await refused('VECTOR_COUNT', '/n/vectors', { ids: [1, 2], vectors: [[1, 2]] })
  await refused('VECTOR_DIMENSION', '/n/vectors', { ids: [1], vectors: [[1, 2, 3]] })
  await refused('VECTOR_ZERO', '/n/vectors', { ids: [1], vectors: [[0, 0]] })
  await refused('VECTOR_ID', '/n/vectors', { ids: ['a'], vectors: [[1, 0]] })
  await refused('VECTOR_ID', '/n/vectors', { ids: [4_294_967_295], vectors: [[1, 0]] })
  await refused('VECTOR_DIMENSION', '/n/search', { vector: [1] })
  await refused('REQUEST_INVALID', '/n/search', { vector: [1, 2], k: 0 })
  await refused('REQUEST_INVALID', '', { name: 'x', dim: 2, metric: 'near' })
  await refused('INDEX_TOO_LARGE', '/estimate', { count: 5_000_000_000, dim: 8 })
  await refused('INDEX_NOT_FOUND', '/nobody/search', { vector: [1, 2] })
  t.is((await call('POST', '/v1/indexes/estimate', { count: 1_000_000, dim: 256 })).status, 200)
  // A vector of 1e39 isn't a number of 32 bits.
  await refused('VECTOR_NOT_FINITE', '/n/vectors', { ids: [1], vectors: [[1e39, 0]] })
  t.deepEqual((await call('POST', '/v1/indexes/n/search', { vector: [1, 2] })).json['hits'], [])
})
