import test from 'ava'
import { serve, type Served } from '../helpers/server.js'

const edges = [...Array(20).keys()].map((i) => ({ source: `n${i}`, target: `n${(i + 1) % 20}` }))

async function ended(server: Served, id: string): Promise<{ [key: string]: unknown }> {
  for (;;) {
    const { json } = await server.call('GET', `/v1/jobs/${id}`)
    if (json['endedAt'] !== null) return json
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

test('a graph over HTTP: made, changed, loaded, read, explained, deleted', async (t) => {
  const server = await serve(t)
  const made = await server.call('POST', '/v1/graphs', { name: 'a/b c' })
  t.is(made.status, 201)
  t.is(made.headers.get('location'), '/v1/graphs/a%2Fb%20c')
  t.is((await server.call('POST', '/v1/graphs', { name: 'a/b c' })).json.code, 'GRAPH_EXISTS')
  const at = '/v1/graphs/a%2Fb%20c'
  t.like((await server.call('POST', `${at}/batch`, { edges })).json, { nodes: 20, edges: 20 })
  t.like((await server.call('POST', `${at}/load`, 'n1,<b>&"\'\nn1,n10,2\n', { 'content-type': 'text/csv' })).json, { nodes: 21, edges: 22 })
  t.like((await server.call('POST', `${at}/load`, '{"edges":[{"source":"n1","target":"n11"}]}')).json, { nodes: 21, edges: 23 })
  const wrong = await server.call('POST', `${at}/load`, 'n1\n', { 'content-type': 'text/csv' })
  t.deepEqual([wrong.status, wrong.json.code], [400, 'GRAPH_SYNTAX'])
  t.is((await server.call('POST', `${at}/load`, 'x', { 'content-type': 'text/plain' })).status, 415)
  const page = await server.call('GET', `${at}/nodes?limit=2`)
  t.deepEqual(page.json['items'], [{ id: 'n0', attributes: {} }, { id: 'n1', attributes: {} }])
  t.is((await server.call('GET', `${at}/edges?after=x`)).json.code, 'GRAPH_OPTION')
  t.is(((await server.call('GET', `${at}/neighbourhood?id=n5&id=n7`)).json['nodes'] as unknown[]).length, 5)

  const explained = await server.call('GET', `/explain/${encodeURIComponent('<b>&"\'')}`)
  t.is(explained.status, 200, explained.text)
  t.deepEqual(Object.keys(explained.json), ['nodes', 'edges', 'attn', 'fidelity', 'svg'])
  const svg = Buffer.from(String(explained.json['svg']), 'base64').toString()
  t.true(svg.includes('&lt;b&gt;&amp;') && !svg.includes('<b>'))
  for (const [query, status] of [['hops=0', 400], ['hops=6', 400], ['limit=0', 400], ['limit=501', 400], ['graph=nothing', 404]] as const) t.is((await server.call('GET', `/explain/n1?${query}`)).status, status, query)
  const unknown = await server.call('GET', '/explain/nobody')
  t.deepEqual([unknown.status, unknown.json.code], [404, 'GRAPH_NODE_NOT_FOUND'])
  await server.call('POST', '/v1/graphs', { name: 'other' })
  t.is((await server.call('GET', '/explain/n1')).json.code, 'GRAPH_OPTION')
  t.is((await server.call('GET', '/explain/n1?graph=other')).json.code, 'GRAPH_NODE_NOT_FOUND')
  t.is((await server.call('GET', `/explain/n1?${new URLSearchParams({ graph: 'a/b c' })}`)).status, 200)
  t.is((await server.call('DELETE', at)).status, 204)
  t.is((await server.call('GET', at)).json.code, 'GRAPH_NOT_FOUND')
})

test('an explanation is the same every time, in JSON and as a drawing', async (t) => {
  const server = await serve(t)
  await server.call('POST', '/v1/graphs', { name: 'g' })
  await server.call('POST', '/v1/graphs/g/batch', { edges: [['a', 'b', 2], ['b', 'c', 1], ['c', 'a', 1], ['c', 'd', 0.5], ['d', 'é & <ü>', 3]].map(([source, target, weight]) => ({ source, target, weight })) })
  const { json } = await server.call('GET', '/explain/a?hops=3')
  const { svg, ...rest } = json
  const rounded = JSON.parse(JSON.stringify(rest), (_key, value: unknown) => (typeof value === 'number' ? Number(value.toPrecision(9)) : value)) as unknown
  t.snapshot(rounded, 'JSON')
  t.snapshot(Buffer.from(String(svg), 'base64').toString(), 'SVG')
  t.is((await server.call('GET', '/explain/a?hops=3')).json['svg'], svg)
})

test('long work is a job with progress, can be cancelled, and its vectors can be searched', async (t) => {
  const server = await serve(t)
  await server.call('POST', '/v1/graphs', { name: 'g' })
  await server.call('POST', '/v1/graphs/g/batch', { edges, hyperedges: [{ id: 'h', members: ['n0', 'n1', 'n2'] }] })
  const estimate = await server.call('POST', '/v1/graphs/g/estimate', { method: 'node2vec', dim: 16 })
  t.true(Number(estimate.json['bytes']) > 0 && Number(estimate.json['operations']) > 0, estimate.text)
  for (const method of ['graphwave', 'poincare', 'walks', 'tune', 'aa', 'hyper_aa', 'persistence', 'layer']) {
    const { status, json, text } = await server.call('POST', '/v1/graphs/g/estimate', { method })
    t.true(status === 200 && Number(json['seconds']) > 0 && Number(json['threads']) > 0, text)
  }
  t.is((await server.call('POST', '/v1/graphs/g/estimate', { method: 'tune', maxMinutes: 0 })).json.code, 'NODE2VEC_TIME_LIMIT')
  const started = await server.call('POST', '/v1/graphs/g/embeddings', { method: 'node2vec', dim: 16, into: 'near' })
  t.is(started.status, 202, started.text)
  t.is(started.headers.get('location'), `/v1/jobs/${started.json['id']}`)
  t.like(await ended(server, String(started.json['id'])), { state: 'done', kind: 'embed:node2vec', done: 1000, result: { nodes: 20, dim: 16 } })
  const similar = await server.call('GET', '/v1/collections/near/records/n3/similar?limit=3')
  t.is((similar.json['hits'] as unknown[]).length, 3)

  const long = await server.call('POST', '/v1/graphs/g/embeddings', { method: 'node2vec', walks: 1000, length: 10_000, epochs: 1000, into: 'never' })
  const cancelled = await server.call('DELETE', `/v1/jobs/${long.json['id']}`)
  t.is(cancelled.status, 200)
  t.like(await ended(server, String(long.json['id'])), { state: 'cancelled', error: null })
  const bad = await server.call('POST', '/v1/graphs/g/embeddings', { method: 'node2vec', p: 0, into: 'near' })
  t.like(await ended(server, String(bad.json['id'])), { state: 'failed', error: { code: 'NODE2VEC_PQ' } })
  t.is((await server.call('GET', '/v1/jobs/none')).json.code, 'JOB_NOT_FOUND')
  t.is((await server.call('POST', '/v1/graphs/g/embeddings', { method: 'nothing', into: 'x' })).status, 400)

  const suggested = await server.call('POST', '/v1/graphs/g/suggestions', { kind: 'hyper_aa' })
  t.like(await ended(server, String(suggested.json['id'])), { state: 'done', result: { suggestions: 3 } })
  t.is(((await server.call('GET', '/v1/graphs/g/suggestions?kind=hyper_aa&node=n0')).json['suggestions'] as unknown[]).length, 2)
  t.regex((await server.call('GET', '/metrics')).text, /^haa_edges_total 3$/m)
  const diagram = await server.call('GET', '/v1/graphs/g/persistence')
  t.is((diagram.json['dimensions'] as number[]).filter((dimension) => dimension === 1).length, 1, 'one ring, one loop')
  t.is((await server.call('GET', '/v1/graphs/g/persistence?node=nobody')).status, 404)
  t.is((await server.call('POST', '/v1/graphs/g/sync')).json.code, 'GRAPH_FOLLOWS_NOTHING')
})

test('a graph of a collection follows it while it is explained', async (t) => {
  const server = await serve(t)
  await server.call('POST', '/v1/collections', { name: 'notes', model: null, dim: 2 })
  await server.call('POST', '/v1/collections/notes/records', [...Array(8).keys()].map((i) => ({ id: `r${i}`, text: 'Rivers carry water', vector: [1, i / 10] })))
  const made = await server.call('POST', '/v1/graphs', { name: 'topics', collection: 'notes', neighbours: 2 })
  t.is(made.status, 201, made.text)
  const [, job] = /<\/v1\/jobs\/([^>]+)>/.exec(made.headers.get('link') ?? '') ?? []
  t.like(await ended(server, job ?? ''), { state: 'done', result: { changed: 8 } })
  await server.call('PUT', '/v1/collections/notes/records/new', { text: 'Rivers again', vector: [1, 0.25] })
  const { json } = await server.call('GET', '/explain/new')
  t.true((json['nodes'] as unknown[]).length > 2)
  t.is((await server.call('POST', '/v1/graphs', { name: 'x', collection: 'nothing' })).json.code, 'COLLECTION_NOT_FOUND')
})

test('keys and origins hold for graphs too', async (t) => {
  const key = 'a-key-that-reads-and-writes'
  const reading = 'a-key-that-only-reads'
  const server = await serve(t, { 'auth.keys': [key], 'auth.readOnlyKeys': [reading], 'server.corsOrigins': ['https://app.example'] })
  const as = (name: string) => ({ authorization: `Bearer ${name}` })
  t.is((await server.call('GET', '/explain/a')).status, 401)
  t.is((await server.call('POST', '/v1/graphs', { name: 'g' }, as(reading))).status, 403)
  t.is((await server.call('POST', '/v1/graphs', { name: 'g' }, as(key))).status, 201)
  await server.call('POST', '/v1/graphs/g/batch', { edges: [{ source: 'a', target: 'b' }] }, as(key))
  const seen = await server.call('GET', '/explain/a', undefined, { ...as(reading), origin: 'https://app.example' })
  t.is(seen.status, 200)
  t.is(seen.headers.get('access-control-allow-origin'), 'https://app.example')
})
