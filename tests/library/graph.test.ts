import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import test from 'ava'
import { bottleneck, correctWeights, diagramPoints, Graph, hyperAdamicAdar, persistence, persistentLoops, sinkhorn, TopologyLayer, wasserstein } from '../../ts/index.js'
import { folder } from '../helpers/temp.js'
import { fails } from '../helpers/throws.js'

const u32 = (...values: number[]): Uint32Array => Uint32Array.from(values)
const f64 = (...values: number[]): Float64Array => Float64Array.from(values)
const near = (a: number | undefined, b: number): boolean => Math.abs((a ?? Number.NaN) - b) < 1e-9

/** A square with one diagonal: 0-1-2-3-0 and 0-2. */
const square = { nodes: 4, sources: u32(0, 1, 2, 3, 0), targets: u32(1, 2, 3, 0, 2) }

test('alike nodes get alike rows, to the tolerance of exact arithmetic', async (t) => {
  const graph = await Graph.build(square)
  t.deepEqual(await graph.info(), { nodes: 4, edges: 5, directed: false, dropped: { loops: 0, parallel: 0, weightless: 0 }, hyperedges: null })
  const { rows, dim, scales, points } = await graph.graphwave({ scales: [0.7], points: 5, tolerance: 1e-9 })
  t.deepEqual([dim, scales.length, points.length, rows.length], [10, 1, 5, 40])
  const exact = await graph.graphwave({ scales: [0.7], points: 5, exact: true })
  t.true(rows.every((value, i) => Math.abs(value - (exact.rows[i] ?? 0)) < 1e-8))
  // 0 and 2 are alike, 1 and 3 are, 0 and 1 aren't.
  const row = (i: number): Float64Array => rows.subarray(i * dim, (i + 1) * dim)
  t.true(row(0).every((value, i) => near(row(2)[i], value)))
  t.false(row(0).every((value, i) => near(row(1)[i], value)))
})

test('suggestions by rare common neighbours', async (t) => {
  const graph = await Graph.build({ nodes: 4, sources: u32(0, 0, 1, 2), targets: u32(1, 2, 3, 3) })
  const { sources, targets, scores } = await graph.adamicAdar({ minScore: 0 })
  t.deepEqual([[...sources], [...targets]], [[0, 1], [3, 2]])
  t.true(scores.every((score) => near(score, 2 / Math.log(2))))
  const hyper = await hyperAdamicAdar(4, [[0, 1, 2], [1, 2, 3, 0], [0, 3]], { minScore: 0 })
  const at = [...hyper.sources].findIndex((source, i) => source === 1 && hyper.targets[i] === 2)
  t.true(near(hyper.scores[at], 1 / Math.log(2) + 1 / Math.log(3)))
})

/** Two rings of ten with one bridge. */
const rings = {
  nodes: 20,
  sources: Uint32Array.from({ length: 41 }, (_, i) => (i === 40 ? 0 : i % 20)),
  targets: Uint32Array.from({ length: 41 }, (_, i) => (i === 40 ? 10 : Math.floor((i % 20) / 10) * 10 + ((i % 10) + 1 + Math.floor(i / 20)) % 10)),
}

test('walks embed nodes near their neighbours, the same for the same seed', async (t) => {
  const graph = await Graph.build(rings)
  const options = { dim: 8, epochs: 8, seed: 7, deterministic: true }
  const { vectors, dim } = await graph.node2vec(options)
  t.deepEqual([vectors.length, dim], [160, 8])
  t.deepEqual((await graph.node2vec(options)).vectors, vectors)
  const cosine = (a: number, b: number): number => {
    const [x, y] = [vectors.subarray(a * 8, a * 8 + 8), vectors.subarray(b * 8, b * 8 + 8)]
    return x.reduce((sum, value, i) => sum + value * (y[i] ?? 0), 0) / Math.hypot(...x) / Math.hypot(...y)
  }
  t.true(cosine(4, 5) > cosine(4, 15))
  const dir = await folder(t)
  const state = path.join(dir, 'best_pq.json')
  const best = await graph.tunePq({ maxMinutes: 1, evaluations: 3, node2vec: { dim: 8, epochs: 1 }, state })
  t.is(best.evaluations, 3)
  t.true(best.p >= 0.1 && best.q <= 4)
  t.is((await graph.tunePq({ evaluations: 3, node2vec: { dim: 8, epochs: 1 }, state })).evaluations, 3)
  await fails(t, 'NODE2VEC_PQ', () => graph.node2vec({ p: 0 }))
  await fails(t, 'NODE2VEC_TIME_LIMIT', () => graph.tunePq({ maxMinutes: 0 }))
  await fails(t, 'BEST_PQ_WRITE', () => graph.tunePq({ state: path.join(dir, 'nowhere', 'best_pq.json') }))
})

test('an explanation spreads attention, and draws it', async (t) => {
  const graph = await Graph.build(rings)
  const { nodes, edges, attn, fidelity, svg } = await graph.explain(0, { hops: 2, limit: 12 })
  t.is(nodes[0]?.node, 0)
  t.true(nodes.length <= 12 && edges.length >= nodes.length - 1)
  for (const { shares } of attn) t.true(shares.length === 0 || near(shares.reduce((sum, share) => sum + share, 0), 1))
  t.true(fidelity.change >= fidelity.baseline)
  t.regex(svg, /^<svg/)
  t.deepEqual(await graph.explain(0, { hops: 2, limit: 12 }), { nodes, edges, attn, fidelity, svg })
  for (const node of [20, -1, 1.5]) await fails(t, 'GRAPH_NODE_NOT_FOUND', () => graph.explain(node))
  await fails(t, 'GRAPH_OPTION', () => graph.explain(0, { hops: 6 }))
})

test('graphs are read from files', async (t) => {
  const dir = await folder(t)
  const file = path.join(dir, 'friends.csv')
  await writeFile(file, 'ann,bob\nbob,"c, d",2.5\n# a comment\nann,ann\n')
  const graph = await Graph.read(file)
  t.deepEqual(await graph.ids(), ['ann', 'bob', 'c, d'])
  t.is((await graph.info()).dropped.loops, 1)
  await fails(t, 'GRAPH_OPTION', () => Graph.read(path.join(dir, 'friends')))
  await fails(t, 'GRAPH_READ', () => Graph.read(path.join(dir, 'nobody.csv')))
  await writeFile(file, 'ann,bob,heavy\n')
  await fails(t, 'GRAPH_SYNTAX', () => Graph.read(file))
})

test('a square has a loop until its diagonal comes', async (t) => {
  const diagram = await persistence({ ...square, weights: f64(1, 1, 1, 1, 3) })
  t.deepEqual([...diagramPoints(diagram, 1)], [1, 3])
  t.is([...diagram.dimensions].filter((dimension) => dimension === 0).length, 4)
  const [loop] = await persistentLoops({ ...square, weights: f64(1, 1, 1, 1, 3) })
  t.is(loop?.cycle.length, 4)
  t.is(await bottleneck(f64(1, 3), f64(1, 2.5)), 0.5)
  // A bar of length 1 goes to the diagonal, half its length away by the largest coordinate.
  t.is(await wasserstein(f64(1, 3, 0, 1), f64(1, 3)), 0.5)
  t.true((await sinkhorn(f64(1, 3), f64(1, 2.5))).distance > 0)
})

test('what is no graph has a code', async (t) => {
  await fails(t, 'GRAPH_TYPE', () => Graph.build({ nodes: 2, sources: [0] as never, targets: u32(1) }))
  await fails(t, 'GRAPH_LENGTH', () => Graph.build({ nodes: 2, sources: u32(0), targets: u32(1, 1) }))
  await fails(t, 'GRAPH_NODE', () => Graph.build({ nodes: 2, sources: u32(0), targets: u32(2) }))
  for (const weight of [-1, Number.NaN, Infinity]) await fails(t, 'GRAPH_WEIGHT', () => Graph.build({ nodes: 2, sources: u32(0), targets: u32(1), weights: f64(weight) }))
  const empty = await Graph.build({ nodes: 0, sources: u32(), targets: u32() })
  await fails(t, 'GRAPH_EMPTY', () => empty.graphwave())
  const pair = await Graph.build({ nodes: 3, sources: u32(0), targets: u32(1) })
  await fails(t, 'GRAPH_OPTION', () => pair.graphwave({ scales: [0] }))
  t.is((await pair.graphwave({ scales: [1] })).rows.length, 3 * 50)
  await fails(t, 'JSON_INVALID', () => pair.adamicAdar({ colour: 1 } as never))
  await fails(t, 'EDGES_WEIGHT', () => persistence({ nodes: 2, sources: u32(0), targets: u32(1), weights: f64(Number.NaN) }))
  await fails(t, 'TOPOLOGY_DIMENSION', () => persistence({ nodes: 2, sources: u32(0), targets: u32(1), weights: f64(1) }, { maxDimension: 2 as never }))
  await fails(t, 'DIAGRAM_POINT', () => bottleneck(f64(3, 1), f64()))
  await fails(t, 'GRAPH_NODE', () => hyperAdamicAdar(1, [[0, 5]]))
})

test('a layer follows edits as if it were built anew, and weights move towards a diagram', async (t) => {
  const square = { nodes: 6, sources: Uint32Array.of(0, 1, 2, 3, 4), targets: Uint32Array.of(1, 2, 3, 0, 5), weights: Float64Array.of(1, 1, 1, 1, 2) }
  const layer = await TopologyLayer.build(square)
  const changes = { sources: Uint32Array.of(0, 4), targets: Uint32Array.of(2, 5), weights: Float64Array.of(3, NaN) }
  const { recomputed, full } = await layer.update(changes)
  t.true(full || recomputed.length >= 4)
  const anew = await TopologyLayer.build({ nodes: 6, sources: Uint32Array.of(0, 1, 2, 3, 0), targets: Uint32Array.of(1, 2, 3, 0, 2), weights: Float64Array.of(1, 1, 1, 1, 3) })
  for (let node = 0; node < 6; node += 1) t.deepEqual(await layer.diagram(node), await anew.diagram(node))
  t.deepEqual(diagramPoints(await layer.whole(), 1), Float64Array.of(1, 3))
  await fails(t, 'GRAPH_NODE_NOT_FOUND', () => layer.diagram(6))
  await fails(t, 'TOPOLOGY_RADIUS', () => TopologyLayer.build(square, { radius: 0 }))
  await fails(t, 'EDGES_MISSING', () => layer.update({ sources: Uint32Array.of(0), targets: Uint32Array.of(5), weights: Float64Array.of(NaN) }))
  await fails(t, 'EDGES_WEIGHT', () => layer.update({ sources: Uint32Array.of(0), targets: Uint32Array.of(1), weights: Float64Array.of(-1) }))
  await fails(t, 'EDGES_LENGTH', () => layer.update({ sources: Uint32Array.of(0), targets: Uint32Array.of(), weights: Float64Array.of(1) }))
  const filled = { nodes: 4, sources: Uint32Array.of(0, 1, 2, 3, 0), targets: Uint32Array.of(1, 2, 3, 0, 2), weights: Float64Array.of(1, 1, 1, 1, 3) }
  const moved = await correctWeights(filled, Float64Array.of(1, 2))
  t.true(moved.reached && moved.after <= 1e-6 && moved.before > 0.5)
  t.deepEqual(diagramPoints(await persistence({ nodes: 4, ...moved }), 1).map((value) => Math.round(value * 1e5) / 1e5), Float64Array.of(1, 2))
})
