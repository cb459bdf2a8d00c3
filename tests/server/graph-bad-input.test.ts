import { rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import test from 'ava'
import { serve, type Served } from '../helpers/server.js'
import { folder } from '../helpers/temp.js'

async function ended(server: Served, id: unknown): Promise<Record<string, unknown>> {
  for (;;) {
    const { json } = await server.call('GET', `/v1/jobs/${id}`)
    if (json['endedAt'] !== null) return json
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

test('bad input of graphs over HTTP: a code each, and nothing of it kept', async (t) => {
  const dir = await folder(t)
  const server = await serve(t, { 'data.dir': dir })
  const job = async (url: string, body: object): Promise<Record<string, unknown>> => {
    const started = await server.call('POST', url, body)
    return started.status === 202 ? ended(server, started.json['id']) : started.json
  }
  const batch = (body: unknown) => server.call('POST', '/v1/graphs/g/batch', body)
  await server.call('POST', '/v1/graphs', { name: 'g' })

  // Empty.
  for (const method of ['graphwave', 'node2vec', 'poincare']) t.like(await job('/v1/graphs/g/embeddings', { method, into: 'near' }), { state: 'failed', error: { code: 'GRAPH_EMPTY' } })
  t.like(await job('/v1/graphs/g/tune', {}), { state: 'failed', error: { code: 'GRAPH_EMPTY' } })
  t.like(await job('/v1/graphs/g/suggestions', { kind: 'aa' }), { state: 'done', result: { suggestions: 0 } })
  t.deepEqual((await server.call('GET', '/v1/graphs/g/persistence')).json, { dimensions: [], births: [], deaths: [] })
  t.is((await server.call('GET', '/explain/a?graph=g')).json.code, 'GRAPH_NODE_NOT_FOUND')

  // Weights and self-loops.
  for (const weight of [-1, 0, null, 'much']) t.is((await batch({ edges: [{ source: 'a', target: 'b', weight }] })).status, 400, String(weight))
  t.is((await batch('{"edges":[{"source":"a","target":"b","weight":NaN}]}')).status, 400)
  t.is((await batch('{"edges":[{"source":"a","target":"b","weight":1e999}]}')).status, 400)
  t.is((await batch({ edges: [{ source: 'a', target: 'b' }, { source: 'c', target: 'c' }] })).json.code, 'GRAPH_SELF_LOOP')
  for (const text of ['a,b,-1\n', 'a,b,NaN\n', 'a,b,1\nb,c,much\n']) t.regex((await server.call('POST', '/v1/graphs/g/load', text, { 'content-type': 'text/csv' })).json.code ?? '', /^GRAPH_(WEIGHT|SYNTAX)$/)
  t.like((await server.call('GET', '/v1/graphs/g')).json, { nodes: 0, edges: 0, version: 0 })

  // Parallel edges, components apart, a node alone.
  t.like((await server.call('POST', '/v1/graphs/g/load', 'a,b,1\nb,a,2\na,a,1\nc,d,4\n', { 'content-type': 'text/csv' })).json, { nodes: 4, edges: 2 })
  await batch({ nodes: [{ id: 'alone' }] })
  t.is(((await server.call('GET', '/v1/graphs/g/edges')).json['items'] as { weight: number }[])[0]?.weight, 3)
  t.like((await server.call('GET', '/explain/alone?graph=g')).json, { nodes: [{ id: 'alone', hop: 0 }], edges: [], attn: [{ node: 'alone', targets: [], shares: [] }] })
  t.like(await job('/v1/graphs/g/embeddings', { method: 'graphwave', points: 3, into: 'alike' }), { state: 'done', result: { nodes: 5 } })

  // p, q, curvature, time limit, a file that can't be written.
  for (const of of [{ p: 0 }, { q: -2 }]) {
    t.like(await job('/v1/graphs/g/embeddings', { method: 'node2vec', into: 'x', ...of }), { state: 'failed', error: { code: 'NODE2VEC_PQ' } })
    t.is((await server.call('POST', '/v1/graphs/g/estimate', { method: 'node2vec', ...of })).json.code, 'NODE2VEC_PQ')
  }
  for (const kappa of [0, 1]) t.like(await job('/v1/graphs/g/embeddings', { method: 'poincare', into: 'x', kappa }), { state: 'failed', error: { code: 'BALL_CURVATURE' } })
  for (const maxMinutes of [0, -1]) t.like(await job('/v1/graphs/g/tune', { maxMinutes }), { state: 'failed', error: { code: 'NODE2VEC_TIME_LIMIT' } })
  await rm(path.join(dir, 'graphs'), { recursive: true, force: true })
  await writeFile(path.join(dir, 'graphs'), 'a file where the folder should be')
  t.like(await job('/v1/graphs/g/tune', { evaluations: 1 }), { state: 'failed', error: { code: 'BEST_PQ_WRITE' } })

  // Cancelled half-way: nothing was written.
  const long = await server.call('POST', '/v1/graphs/g/embeddings', { method: 'node2vec', walks: 1000, length: 10_000, epochs: 1000, into: 'never' })
  for (let i = 0; i < 200 && (await server.call('GET', `/v1/jobs/${long.json['id']}`)).json['state'] === 'waiting'; i += 1) await new Promise((resolve) => setTimeout(resolve, 10))
  t.is((await server.call('DELETE', `/v1/jobs/${long.json['id']}`)).status, 200)
  t.like(await ended(server, long.json['id']), { state: 'cancelled', result: null })
  t.is((await server.call('GET', '/v1/collections/never')).status, 404)
})
