import { readdir } from 'node:fs/promises'
import path from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { serve, type Served } from '../helpers/server.js'
import { folder } from '../helpers/temp.js'

type Json = Record<string, unknown>

async function ended(server: Served, id: unknown): Promise<Json> {
  for (;;) {
    const { json } = await server.call('GET', `/v1/jobs/${id}`)
    if (json['endedAt'] !== null) return json
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

async function job(t: ExecutionContext, server: Served, url: string, body: object = {}): Promise<Json> {
  const started = await server.call('POST', url, body)
  t.is(started.status, 202, started.text)
  t.is(started.headers.get('location'), `/v1/jobs/${started.json['id']}`)
  return ended(server, started.json['id'])
}

const ring = (size: number, prefix: string, weight: number) => [...Array(size).keys()].map((i) => ({ source: `${prefix}${i}`, target: `${prefix}${(i + 1) % size}`, weight }))

async function rings(t: ExecutionContext, flags: Record<string, unknown> = {}): Promise<Served> {
  const server = await serve(t, flags)
  await server.call('POST', '/v1/graphs', { name: 'g' })
  t.is((await server.call('POST', '/v1/graphs/g/batch', { edges: [...ring(8, 'a', 1), ...ring(8, 'b', 2), { source: 'a0', target: 'b0', weight: 3 }] })).status, 200)
  return server
}

test('diagrams are compared: with bars, with another node, with another graph', async (t) => {
  const server = await rings(t)
  const far = async (body: object) => server.call('POST', '/v1/graphs/g/distances', body)
  t.like((await far({ to: {} })).json, { kind: 'wasserstein', distance: 0 })
  t.is((await far({ to: { bars: [[1, null], [2.5, null]] }, kind: 'bottleneck' })).json['distance'], 0.5)
  t.is((await far({ to: { bars: [] } })).json['distance'], null)
  t.is((await far({ to: { node: 'b4', hops: 4 }, node: 'a4', hops: 4 })).json['distance'], 1)
  t.like((await far({ to: { bars: [[1, null], [2, null], [0, 1]] }, kind: 'sinkhorn' })).json, { kind: 'sinkhorn' })
  for (const [body, code] of [[{ to: { bars: [[2, 1]] } }, 'DIAGRAM_POINT'], [{ to: { bars: [[null, 1]] } }, 'DIAGRAM_POINT'], [{ to: { graph: 'nothing' } }, 'GRAPH_NOT_FOUND'], [{ to: { node: 'nobody' } }, 'GRAPH_NODE_NOT_FOUND']] as const) t.is((await far(body)).json.code, code)
  for (const body of [{}, { to: {}, dimension: 2 }, { to: {}, kind: 'other' }, { to: {}, order: 0 }, { to: { bars: [[1]] } }]) t.is((await far(body)).status, 400, JSON.stringify(body))
})

test('a layer follows the graph', async (t) => {
  const server = await rings(t)
  t.is((await server.call('GET', '/v1/graphs/g/layer?node=a0')).json.code, 'LAYER_MISSING')
  t.like(await job(t, server, '/v1/graphs/g/layer', { radius: 4 }), { state: 'done', kind: 'layer', result: { nodes: 16, edges: 17, recomputed: 16, full: true } })
  const loops = async (node: string): Promise<number[][]> => {
    const { json } = await server.call('GET', `/v1/graphs/g/layer?radius=4&node=${node}`)
    const [dimensions, births, deaths] = [json['dimensions'], json['births'], json['deaths']] as number[][]
    return (dimensions ?? []).flatMap((of, i) => (of === 1 ? [[births?.[i] ?? 0, deaths?.[i] ?? -1]] : []))
  }
  t.deepEqual(await loops('a4'), [[1, -1]])
  t.like(await job(t, server, '/v1/graphs/g/layer', { radius: 4 }), { result: { recomputed: 0, full: false } })
  // A heavier edge, an edge away, a node that is new, a node that is gone.
  await server.call('POST', '/v1/graphs/g/batch', { edges: [{ source: 'a0', target: 'a1', weight: 7 }, { source: 'new', target: 'a4' }, { source: 'new', target: 'a5' }], remove: { nodes: ['b3'] } })
  const followed = await job(t, server, '/v1/graphs/g/layer', { radius: 4 })
  t.like(followed, { state: 'done', result: { nodes: 16 } })
  // Its ring closes later now, and the triangle with the new node is filled as it closes.
  t.deepEqual(await loops('a4'), [[7, -1]])
  t.deepEqual(await loops('b4'), [])
  t.is((await server.call('GET', '/v1/graphs/g/layer?radius=4&node=b3')).json.code, 'GRAPH_NODE_NOT_FOUND')
  t.is((await server.call('POST', '/v1/graphs/g/layer', { radius: 17 })).status, 400)
  t.is((await server.call('POST', '/v1/graphs/none/layer', {})).json.code, 'GRAPH_NOT_FOUND')
})

test('weights are moved to a wanted diagram, and written only where that is asked for', async (t) => {
  const server = await rings(t)
  await server.call('POST', '/v1/graphs/g/batch', { edges: [{ source: 'a0', target: 'a1', weight: 1, attributes: { kind: 'near' } }] })
  const wanted = { to: { bars: [[1.5, null], [2, null]] } }
  const tried = await job(t, server, '/v1/graphs/g/corrections', wanted)
  t.like(tried, { state: 'done', result: { reached: true, applied: false } })
  t.true(Number((await server.call('POST', '/v1/graphs/g/distances', wanted)).json['distance']) > 0.1)
  t.like(await job(t, server, '/v1/graphs/g/corrections', { ...wanted, apply: true }), { result: { applied: true } })
  t.true(Number((await server.call('POST', '/v1/graphs/g/distances', wanted)).json['distance']) < 1e-6)
  const edges = (await server.call('GET', '/v1/graphs/g/edges')).json['items'] as { source: string; target: string; attributes: object }[]
  t.deepEqual(edges.find(({ source, target }) => source === 'a0' && target === 'a1')?.attributes, { kind: 'near' })
  t.like(await job(t, server, '/v1/graphs/g/corrections', { to: { bars: [[3, 1]] } }), { state: 'failed', error: { code: 'DIAGRAM_POINT' } })
  await server.call('POST', '/v1/graphs', { name: 'd', directed: true })
  t.like(await job(t, server, '/v1/graphs/d/corrections', wanted), { error: { code: 'GRAPH_DIRECTED' } })
})

test('p and q are searched for, resumed, refused and cancelled', async (t) => {
  const dir = await folder(t)
  const server = await rings(t, { 'data.dir': dir })
  const node2vec = { dim: 8, walks: 2, length: 10 }
  const first = await job(t, server, '/v1/graphs/g/tune', { evaluations: 2, node2vec })
  t.like(first, { state: 'done', done: 2, result: { evaluations: 2, stoppedBy: 'evaluations' } })
  t.like(await job(t, server, '/v1/graphs/g/tune', { evaluations: 3, node2vec }), { result: { evaluations: 3 } })
  const [kept] = await readdir(path.join(dir, 'graphs'))
  t.deepEqual(await readdir(path.join(dir, 'graphs', kept ?? '')), ['best_pq.json'])
  t.like(await job(t, server, '/v1/graphs/g/tune', { maxMinutes: 0 }), { state: 'failed', error: { code: 'NODE2VEC_TIME_LIMIT' } })
  await server.call('POST', '/v1/graphs', { name: 'empty' })
  t.like(await job(t, server, '/v1/graphs/empty/tune'), { state: 'failed', error: { code: 'GRAPH_EMPTY' } })
  t.is((await server.call('POST', '/v1/graphs/g/tune', { node2vec: { colour: 1 } })).status, 400)
  const long = await server.call('POST', '/v1/graphs/g/tune', { evaluations: 1000, seed: 7, node2vec: { walks: 1000, length: 10_000, epochs: 1000 } })
  await server.call('DELETE', `/v1/jobs/${long.json['id']}`)
  t.like(await ended(server, long.json['id']), { state: 'cancelled' })
})

test('what is written out is what is read in', async (t) => {
  const server = await rings(t)
  await server.call('POST', '/v1/graphs/g/batch', { edges: [{ source: '<b>&"\'', target: 'a, "b"\n#', weight: 0.1 }], hyperedges: [{ id: 'h', members: ['a0', 'b0', 'a1'] }] })
  for (const [format, type] of [['json', 'application/json'], ['csv', 'text/csv'], ['graphml', 'application/graphml+xml']] as const) {
    const written = await server.call('GET', `/v1/graphs/g/export?format=${format}`)
    t.is(written.headers.get('content-type')?.split(';', 1)[0], type)
    await server.call('POST', '/v1/graphs', { name: format })
    const read = await server.call('POST', `/v1/graphs/${format}/load`, written.text, { 'content-type': type })
    t.like(read.json, { nodes: 18, edges: 18 }, read.text)
    t.is((await server.call('POST', '/v1/graphs/g/distances', { dimension: 0, to: { graph: format } })).json['distance'], 0)
    t.is((await server.call('GET', `/explain/${encodeURIComponent('<b>&"\'')}?graph=${format}`)).status, 200, format)
  }
  t.is(((await server.call('GET', '/v1/graphs/json')).json)['hyperedges'], 1)
  t.is((await server.call('GET', '/v1/graphs/none/export')).json.code, 'GRAPH_NOT_FOUND')
  t.is((await server.call('GET', '/v1/graphs/g/export?format=dot')).status, 400)
})

test('loops come with a cycle of edges around each, of the graph and of what lies around a node', async (t) => {
  const server = await rings(t)
  const { json, text } = await server.call('GET', '/v1/graphs/g/loops')
  const loops = json['loops'] as { birth: number; death: number | null; cycle: [string, string][] }[]
  t.deepEqual(loops.map(({ birth, death, cycle }) => [birth, death, cycle.length]), [[1, null, 8], [2, null, 8]], text)
  for (const { cycle } of loops) t.true(cycle.flat().every((id, _, ids) => id[0] === ids[0]?.[0] && ids.filter((other) => other === id).length === 2), JSON.stringify(cycle))
  t.deepEqual((await server.call('GET', '/v1/graphs/g/loops?node=a0&hops=2')).json['loops'], [])
  t.is(((await server.call('GET', '/v1/graphs/g/loops?node=a0&hops=4')).json['loops'] as unknown[]).length, 1)
  t.is((await server.call('GET', '/v1/graphs/g/loops?node=nobody')).json.code, 'GRAPH_NODE_NOT_FOUND')
})
