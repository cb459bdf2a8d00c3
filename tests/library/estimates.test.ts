import test from 'ava'
import { estimateGraph, estimateHyperAdamicAdar, estimatePersistence, estimatePoincare, Graph, open, TopologyLayer, type GraphEstimates, type GraphWork, type WorkEstimate } from '../../ts/index.js'
import { folder } from '../helpers/temp.js'
import { fails } from '../helpers/throws.js'

/** Each node joined with the four after it. */
function ring(nodes: number) {
  const at = [...Array(4 * nodes).keys()]
  return { nodes, sources: Uint32Array.from(at, (i) => i >> 2), targets: Uint32Array.from(at, (i) => ((i >> 2) + 1 + (i & 3)) % nodes), weights: Float64Array.from(at, (i) => 1 + (i & 3)) }
}

const METHODS: (keyof GraphEstimates)[] = ['graphwave', 'node2vec', 'walks', 'tunePq', 'adamicAdar', 'hyperAdamicAdar']

test('every long computation says before it starts what it will take, and more for more', async (t) => {
  const [small, large] = [ring(200), ring(2000)]
  const graphs = [await Graph.build(small), await Graph.build(large)] as const
  const hyperedges = (size: number) => Array.from({ length: size }, (_, i) => [i, (i + 1) % size, (i + 2) % size])
  const asked: Record<string, (of: 0 | 1) => Promise<WorkEstimate>> = {
    ...Object.fromEntries(METHODS.filter((what) => what !== 'hyperAdamicAdar').map((what) => [what, (of: 0 | 1) => graphs[of].estimate(what)])),
    hyper: (of) => estimateHyperAdamicAdar([200, 2000][of] ?? 0, hyperedges([200, 2000][of] ?? 0)),
    persistence: (of) => estimatePersistence([small, large][of] ?? small),
    layer: (of) => TopologyLayer.estimate([small, large][of] ?? small),
    poincare: (of) => estimatePoincare([200, 2000][of] ?? 0, [800, 8000][of] ?? 0, { measure: true }),
  }
  for (const [what, ask] of Object.entries(asked)) {
    const [less, more] = [await ask(0), await ask(1)]
    t.true(less.bytes > 0 && less.operations > 0 && less.seconds > 0 && less.threads >= 1, `${what}: ${JSON.stringify(less)}`)
    t.true(more.operations >= 9 * less.operations && more.bytes > 3 * less.bytes, `${what}: ${JSON.stringify([less, more])}`)
  }
  const limited = await graphs[1].estimate('tunePq', { maxMinutes: 1e-6 })
  t.true(limited.seconds <= 6e-5, 'no search takes longer than it may')
  const deep = await TopologyLayer.estimate(large, { radius: 3 })
  t.true(deep.operations > 1.3 * (await TopologyLayer.estimate(large)).operations)
})

test('an estimate refuses what the work itself would refuse', async (t) => {
  const graph = await Graph.build(ring(50))
  await fails(t, 'NODE2VEC_TIME_LIMIT', () => graph.estimate('tunePq', { maxMinutes: 0 }))
  await fails(t, 'NODE2VEC_PQ', () => graph.estimate('tunePq', { node2vec: { p: 0 } }))
  await fails(t, 'NODE2VEC_PQ', () => graph.estimate('walks', { q: Number.NaN }))
  await fails(t, 'GRAPH_OPTION', () => graph.estimate('adamicAdar', { minScore: -1 }))
  await fails(t, 'TOPOLOGY_RADIUS', () => TopologyLayer.estimate(ring(50), { radius: 0 }))
  await fails(t, 'EDGES_NODE', () => estimatePersistence({ ...ring(50), nodes: 3 }))
  await fails(t, 'POINCARE_OPTION', () => estimatePoincare(5, 4, { dim: 0 }))
  await fails(t, 'BALL_CURVATURE', () => estimatePoincare(5, 4, { kappa: 0 }))
  await fails(t, 'GRAPH_NODE', () => estimateHyperAdamicAdar(2, [[0, 9]]))
})

test('work on a kept graph is estimated by name', async (t) => {
  const db = await open(await folder(t))
  const graph = await db.graphs().create('ring')
  await graph.writeBatch({ edges: [['a', 'b'], ['b', 'c'], ['c', 'a'], ['c', 'd']].map(([source = '', target = '']) => ({ source, target })), hyperedges: [{ id: 'h', members: ['a', 'b', 'c', 'd'] }] })
  for (const method of ['graphwave', 'node2vec', 'poincare', 'walks', 'tune', 'aa', 'hyper_aa', 'persistence', 'layer'] as const) {
    const found = await estimateGraph(graph, { method } as GraphWork)
    t.true(found.bytes > 0 && found.operations > 0 && Number.isFinite(found.seconds), method)
  }
  // Each of the four looks at its hyperedge of four.
  t.is((await estimateGraph(graph, { method: 'hyper_aa' })).operations, 16)
  t.is((await estimateGraph(graph, { method: 'hyper_aa', largest: 3 })).operations, 0)
  await db.close()
})
