import { setTimeout as sleep } from 'node:timers/promises'
import net from 'node:net'
import { suggestLinks } from '../../ts/graphs/suggest.js'
import { Neo4jGraphs } from '../../ts/stores/neo4j/graphs/store.js'
import { neo4jGraphs } from '../helpers/graph-places.js'
import { alone, cypher } from '../helpers/neo4j.js'
import { migrations } from '../helpers/scripts.js'
import { at, using } from '../helpers/services.js'
import { serve } from '../helpers/server.js'
import { fails } from '../helpers/throws.js'
import { proxy } from '../helpers/toxi.js'

const onNeo4j = alone()

onNeo4j('neo4j: suggestions are relationships that the migration’s constraint agrees with', async (t) => {
  const graphs = await neo4jGraphs(t)
  const [one, two] = [await graphs.create('one'), await graphs.create('two')]
  for (const graph of [one, two]) await graph.writeBatch({ nodes: [{ id: 'b' }, { id: 'a' }] })
  await (await migrations(t, at('neo4j'))).up()
  for (const graph of [one, two, one]) await graph.writeSuggestions('hyper_aa', [{ source: 'b', target: 'a', score: 0.5 }, { source: 'a', target: 'b', score: 0.7 }])
  const found = await cypher<{ low: string; high: string; score: number; from: string }>('MATCH (a)-[r:SUGGESTED_HYPER_AA]->() RETURN r.startNodeId AS low, r.endNodeId AS high, r.score AS score, a.id AS from')
  t.is(found.length, 2)
  t.true(found.every(({ low, high, score, from }) => low <= high && low.endsWith('/a') && score === 0.7 && from === 'a'))
})

onNeo4j('neo4j: two servers that write to one graph lose nothing, and count right', async (t) => {
  const [here, there] = [await neo4jGraphs(t), await neo4jGraphs(t)]
  const graphs = [await here.create('g'), await there.graph('g')]
  await Promise.all(
    graphs.map(async (graph, writer) => {
      // Both write half of their edges between the same nodes.
      for (let i = 0; i < 10; i += 1) {
        await graph.writeBatch({ edges: Array.from({ length: 20 }, (_, j) => ({ source: `s${j}`, target: j % 2 === 0 ? `shared${i}` : `own${writer}-${i}` })) })
      }
    }),
  )
  const [counted] = await cypher<{ nodes: number; edges: number; numbers: number }>('MATCH (n:CanopyNode) WITH count(n) AS nodes MATCH ()-[r:CANOPY_EDGE]->() RETURN nodes, count(r) AS edges, count(DISTINCT r.number) AS numbers')
  t.deepEqual(counted, { nodes: 20 + 10 + 20, edges: 100 + 200, numbers: 300 })
  t.like(await graphs[0]?.info(), { nodes: 50, edges: 300 })
})

onNeo4j('neo4j: vectors of nodes are found by Neo4j’s own index, each graph’s alone, and go with the graph', async (t) => {
  const graphs = await neo4jGraphs(t)
  const [one, two] = [await graphs.create('one'), await graphs.create('two')]
  await fails(t, 'GRAPH_NO_VECTORS', () => one.nearest([1, 0]))
  for (const graph of [one, two]) {
    await graph.writeBatch({ nodes: Array.from({ length: 50 }, (_, i) => ({ id: i })) })
    await graph.createVectorIndex({ dim: 2 })
    await graph.createVectorIndex({ dim: 2 })
  }
  await fails(t, 'VECTOR_DIMENSION', () => one.createVectorIndex({ dim: 3 }))
  const at = (angle: number): Float32Array => Float32Array.of(Math.cos(angle), Math.sin(angle))
  await one.writeVectors(Array.from({ length: 50 }, (_, i) => ({ id: i, vector: at(i / 10) })))
  await two.writeVectors([{ id: 7, vector: at(0.3) }])
  const found = await one.nearest(at(0.31), { limit: 3 })
  t.deepEqual(found.map(({ id }) => id), ['3', '4', '2'])
  // The index keeps a byte a number.
  t.true((found[0]?.score ?? 0) > 0.98)
  t.deepEqual((await two.nearest(at(0.31), { limit: 3 })).map(({ id }) => id), ['7'])
  await one.writeVectors([{ id: 3, vector: at(3) }])
  t.is((await one.nearest(at(0.31), { limit: 1 }))[0]?.id, '4')
  await fails(t, 'VECTOR_DIMENSION', () => one.nearest([1, 0, 0]))
  await fails(t, 'VECTOR_NOT_FINITE', () => one.writeVectors([{ id: 1, vector: [NaN, 1] }]))
  await fails(t, 'GRAPH_NODE_NOT_FOUND', () => one.writeVectors([{ id: 1, vector: at(0.31) }, { id: 'nobody', vector: at(1) }]))
  t.is((await one.nearest(at(0.31), { limit: 1 }))[0]?.id, '4', 'all or none')
  await graphs.drop('one')
  const left = await cypher<{ name: string }>('SHOW VECTOR INDEXES YIELD name')
  t.is(left.length, 1)
})

alone('toxiproxy')('neo4j: a connection that is cut fails with a code, what was acknowledged is there, and the next call finds the server again', async (t) => {
  const between = await proxy(t, Number(new URL(at('neo4j')).port))
  const url = new URL(at('neo4j'))
  url.port = String(between.port)
  const graphs = await neo4jGraphs(t, url.href)
  const graph = await graphs.create('g')
  await graph.writeBatch({ nodes: [{ id: 'kept' }] })
  await between.enable(false)
  await fails(t, 'NEO4J_UNREACHABLE', () => graph.writeBatch({ nodes: [{ id: 'lost' }] }))
  await fails(t, 'NEO4J_UNREACHABLE', () => graph.info())
  await between.enable(true)
  t.deepEqual((await graph.nodes()).items.map(({ id }) => id), ['kept'])
  const slow = await between.add('latency', { latency: 100 })
  t.is((await graph.neighbourhood(['kept'])).nodes.length, 1)
  await slow()
  // Cuts in mid-burst: what was acknowledged is there, what failed is there whole or not at all, and sending it again is safe.
  const acknowledged = new Set<number>()
  const cutter = (async () => {
    for (let i = 0; i < 4; i += 1) {
      await sleep(120)
      await between.enable(false)
      await sleep(60)
      await between.enable(true)
    }
  })()
  for (let i = 0; i < 30; i += 1) {
    const batch = { edges: Array.from({ length: 20 }, (_, j) => ({ source: `b${i}`, target: `b${i}-${j}` })) }
    await graph.writeBatch(batch).then(() => acknowledged.add(i), (error: { code: string }) => t.is(error.code, 'NEO4J_UNREACHABLE'))
    await sleep(20)
  }
  await cutter
  const sizes = new Map((await cypher<{ id: string; n: number }>("MATCH (n:CanopyNode) WHERE n.id STARTS WITH 'b' AND NOT n.id CONTAINS '-' RETURN n.id AS id, COUNT { (n)-[:CANOPY_EDGE]-() } AS n")).map(({ id, n }) => [id, n]))
  t.true([...sizes.values()].every((n) => n === 20), 'no half batch')
  t.deepEqual([...acknowledged].filter((i) => !sizes.has(`b${i}`)), [])
  t.true(acknowledged.size > 0)
  t.log(`${acknowledged.size} of 30 batches acknowledged`)
})

onNeo4j('neo4j: a read that is abandoned ends in the server', async (t) => {
  const graph = await (await neo4jGraphs(t)).create('g')
  await graph.writeBatch({ edges: Array.from({ length: 2_000 }, (_, i) => ({ source: i, target: i + 1 })) })
  const signal = AbortSignal.timeout(5)
  await t.throwsAsync(() => graph.columns({ signal }), { any: true })
  await t.throwsAsync(() => graph.writeBatch({ nodes: [{ id: 'x' }] }, { signal }), { any: true })
  await graph.info()
  const left = await cypher("SHOW TRANSACTIONS YIELD metaData WHERE metaData.app = 'canopy' RETURN metaData")
  t.deepEqual(left, [])
})

using('neo4j')('neo4j: a server that isn’t one, and a closed store', async (t) => {
  const server = net.createServer((socket) => socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => void server.close())
  const error = await t.throwsAsync(() => Neo4jGraphs.open(`bolt://127.0.0.1:${(server.address() as net.AddressInfo).port}`, { connectTimeoutMs: 1_000 }))
  t.regex((error as { code?: string }).code ?? '', /^NEO4J_(PROTOCOL|UNREACHABLE)$/)
  const graphs = await neo4jGraphs(t)
  await graphs.close()
  await fails(t, 'CLOSED', () => graphs.list())
})

onNeo4j('neo4j: a server takes graphs.url, and answers 503 while nobody is there', async (t) => {
  const away = await serve(t, { 'graphs.url': 'bolt://neo4j:x@127.0.0.1:1' })
  const answer = await away.call('GET', '/v1/graphs')
  t.like(answer, { status: 503, json: { code: 'NEO4J_UNREACHABLE' } })
  t.truthy(answer.headers.get('retry-after'))
  t.is((await away.call('GET', '/v1/collections')).status, 200, 'what needs no graphs works')
  const served = await serve(t, { 'graphs.url': at('neo4j') })
  t.is((await served.call('POST', '/v1/graphs', { name: 'g' })).status, 201)
  const graph = await (await neo4jGraphs(t)).graph('g')
  await graph.writeBatch({ edges: [{ source: 'a', target: 'b' }, { source: 'b', target: 'c' }, { source: 'a', target: 'd' }, { source: 'd', target: 'c' }], hyperedges: [{ id: 'h', members: ['a', 'b', 'c'] }, { id: 'i', members: ['a', 'c', 'd'] }] })
  const { json } = await served.call('GET', '/explain/a?graph=g')
  t.true((json['nodes'] as Array<{ id: string }>).some(({ id }) => id === 'c'), JSON.stringify(json).slice(0, 300))
  const pairs = await suggestLinks(graph, 'hyper_aa', { minScore: 0 })
  t.is(pairs[0]?.source, 'a')
  t.deepEqual((await graph.suggestions('hyper_aa'))[0], pairs[0])
  t.is((await cypher('MATCH ()-[r:SUGGESTED_HYPER_AA]->() WHERE r.startNodeId <= r.endNodeId RETURN r')).length, pairs.length)
})
