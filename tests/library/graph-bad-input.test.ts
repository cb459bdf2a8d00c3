import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import test from 'ava'
import { correctWeights, embedGraph, explainNode, Graph, GraphLayer, hyperAdamicAdar, persistence, PoincareBall, suggestLinks, TopologyLayer, trainPoincare } from '../../ts/index.js'
import { database, folder } from '../helpers/temp.js'
import { fails } from '../helpers/throws.js'

const u32 = (...values: number[]): Uint32Array => Uint32Array.from(values)
const f64 = (...values: number[]): Float64Array => Float64Array.from(values)
const finite = (values: ArrayLike<number>): boolean => Array.from(values).every(Number.isFinite)

/** A ring with chords, large enough that work on it can be interrupted. */
const wheel = (nodes: number) => ({ nodes, sources: Uint32Array.from({ length: 3 * nodes }, (_, i) => i % nodes), targets: Uint32Array.from({ length: 3 * nodes }, (_, i) => ((i % nodes) + [1, 7, 31][Math.floor(i / nodes)]!) % nodes) })

test('an empty graph', async (t) => {
  const empty = await Graph.build({ nodes: 0, sources: u32(), targets: u32() })
  for (const work of [() => empty.graphwave(), () => empty.graphwave({ exact: true }), () => empty.node2vec(), () => empty.walks(), () => empty.tunePq()]) await fails(t, 'GRAPH_EMPTY', work)
  await fails(t, 'GRAPH_NODE_NOT_FOUND', () => empty.explain(0))
  t.is((await empty.adamicAdar()).scores.length, 0)
  t.is((await hyperAdamicAdar(0, [])).scores.length, 0)
  t.is((await persistence({ nodes: 0, sources: u32(), targets: u32(), weights: f64() })).births.length, 0)
  t.is((await TopologyLayer.build({ nodes: 0, sources: u32(), targets: u32(), weights: f64() }).then((layer) => layer.whole())).births.length, 0)
  const db = await database(t)
  const kept = await db.graphs().create('empty')
  for (const method of ['graphwave', 'node2vec', 'poincare'] as const) await fails(t, 'GRAPH_EMPTY', () => embedGraph(db, kept, { method }, 'near'))
  await fails(t, 'GRAPH_NODE_NOT_FOUND', () => explainNode(kept, 'a'))
  t.deepEqual(await suggestLinks(kept, 'aa'), [])
  t.like(await new GraphLayer(kept).follow(), { nodes: 0, edges: 0 })
})

test('components apart, nodes alone', async (t) => {
  const parts = await Graph.build({ nodes: 9, sources: u32(0, 1, 4, 5), targets: u32(1, 2, 5, 6), weights: f64(1, 2, 1e-9, 1e9) })
  for (const laplacian of ['normalized', 'combinatorial'] as const) {
    const { rows, dim } = await parts.graphwave({ laplacian })
    t.true(finite(rows))
    // Nodes alone are alike: 3, 7 and 8.
    for (const node of [7, 8]) t.deepEqual(rows.subarray(node * dim, (node + 1) * dim), rows.subarray(3 * dim, 4 * dim))
  }
  t.true(finite((await parts.node2vec({ dim: 4, deterministic: true })).vectors))
  t.deepEqual([...(await parts.adamicAdar({ minScore: 0 })).sources], [0, 4])
  const alone = await parts.explain(3)
  t.deepEqual([alone.nodes.length, alone.edges.length, alone.attn[0]?.shares], [1, 0, []])
  const { dimensions, deaths } = await persistence({ nodes: 9, ...(await parts.edges()) })
  t.is([...deaths].filter((death, i) => death === Infinity && dimensions[i] === 0).length, 5)
})

test('self-loops and parallel edges', async (t) => {
  const twice = { nodes: 3, sources: u32(0, 1, 0, 2, 1), targets: u32(1, 0, 1, 2, 2), weights: f64(1, 5, 2, 9, 1) }
  for (const [parallel, weight] of [['sum', 8], ['max', 5], ['last', 2]] as const) {
    const graph = await Graph.build(twice, { parallel })
    t.like(await graph.info(), { edges: 2, dropped: { loops: 1, parallel: 2, weightless: 0 } })
    t.is((await graph.edges()).weights[0], weight, parallel)
  }
  t.is((await Graph.build(twice, { directed: true }).then((graph) => graph.info())).edges, 3)
  t.deepEqual([...(await persistence(twice)).deaths], [1, 1, Infinity])
  const db = await database(t)
  const kept = await db.graphs().create('g')
  await fails(t, 'GRAPH_SELF_LOOP', () => kept.writeBatch({ edges: [{ source: 'a', target: 'b' }, { source: 'c', target: 'c' }] }))
  t.like(await kept.info(), { nodes: 0, edges: 0 }, 'nothing of the batch is kept')
})

test('weights that are none', async (t) => {
  const db = await database(t)
  const kept = await db.graphs().create('g')
  const edge = { nodes: 2, sources: u32(0), targets: u32(1) }
  for (const weight of [-1, -1e-300, Number.NaN, Infinity, -Infinity]) {
    await fails(t, 'GRAPH_WEIGHT', () => Graph.build({ ...edge, weights: f64(weight) }))
    await fails(t, 'GRAPH_WEIGHT', () => kept.writeBatch({ edges: [{ source: 'a', target: 'b', weight }] }))
    await fails(t, 'EDGES_WEIGHT', () => persistence({ ...edge, weights: f64(weight) }))
    await fails(t, 'EDGES_WEIGHT', () => correctWeights({ ...edge, weights: f64(weight) }, f64(0, 1)))
    await fails(t, 'EDGES_WEIGHT', () => TopologyLayer.build({ ...edge, weights: f64(weight) }))
  }
  t.is((await Graph.build({ ...edge, weights: f64(0) }).then((graph) => graph.info())).dropped.weightless, 1)
  t.is((await kept.info()).nodes, 0)
  const file = path.join(await folder(t), 'edges.csv')
  for (const weight of ['-1', 'NaN', 'inf', 'much']) {
    await writeFile(file, `a,b,1\nb,c,${weight}\n`)
    const error = await t.throwsAsync(() => kept.load(file))
    t.regex((error as { code?: string } | undefined)?.code ?? '', /^GRAPH_(WEIGHT|SYNTAX)$/)
  }
  t.is((await kept.info()).nodes, 0, 'nothing of a wrong file is kept')
})

test('points outside, curvatures and margins that are none', async (t) => {
  const ball = new PoincareBall({ dim: 2, kappa: -4 })
  const inside = Float64Array.of(0.1, 0.2)
  for (const outside of [Float64Array.of(0.5, 0), Float64Array.of(0.4, 0.4), Float64Array.of(9, 0)]) {
    for (const work of [() => ball.log0(outside), () => ball.log(outside, inside), () => ball.log(inside, outside), () => ball.exp(outside, inside), () => ball.add(outside, inside), () => ball.distances(outside), () => ball.mean(outside), () => ball.recentre(inside, { centre: outside })]) await fails(t, 'BALL_OUTSIDE', work)
  }
  for (const odd of [Number.NaN, Infinity]) await fails(t, 'POINTS_NOT_FINITE', () => ball.exp0(Float64Array.of(odd, 0)))
  for (const kappa of [0, 1, -0, Number.NaN, -Infinity]) {
    await fails(t, 'BALL_CURVATURE', () => new PoincareBall({ dim: 2, kappa }).log0(inside))
    await fails(t, 'BALL_CURVATURE', () => trainPoincare(2, u32(0, 1), { kappa }))
  }
  t.true(finite(await ball.exp0(Float64Array.of(1e300, -1e300, 5e-324, 0))), 'however far, a point')
})

test('p, q and time limits that are none; a best_pq.json that can’t be written', async (t) => {
  const graph = await Graph.build(wheel(60))
  for (const value of [0, -1, Number.NaN, Infinity]) {
    for (const name of ['p', 'q']) {
      for (const work of [() => graph.node2vec({ [name]: value }), () => graph.walks({ [name]: value }), () => graph.estimate('node2vec', { [name]: value })]) await fails(t, 'NODE2VEC_PQ', work)
    }
  }
  for (const maxMinutes of [0, -1, Number.NaN, Infinity]) await fails(t, 'NODE2VEC_TIME_LIMIT', () => graph.tunePq({ maxMinutes }))
  const dir = await folder(t)
  const quick = { evaluations: 2, node2vec: { dim: 4, walks: 1, length: 5 } }
  await fails(t, 'BEST_PQ_WRITE', () => graph.tunePq({ ...quick, state: path.join(dir, 'no such folder', 'best_pq.json') }))
  const taken = path.join(dir, 'best_pq.json')
  await mkdir(taken)
  await t.throwsAsync(() => graph.tunePq({ ...quick, state: taken }), { message: /best_pq\.json/ })
  const damaged = path.join(dir, 'damaged.json')
  await writeFile(damaged, '{"p":')
  await fails(t, 'BEST_PQ_FOREIGN', () => graph.tunePq({ ...quick, state: damaged }))
  t.is(await readFile(damaged, 'utf8'), '{"p":', 'a file that isn’t ours stays')
  if (process.getuid?.() !== 0) {
    await chmod(dir, 0o500)
    await fails(t, 'BEST_PQ_WRITE', () => graph.tunePq({ ...quick, state: path.join(dir, 'new.json') }))
    await chmod(dir, 0o700)
  }
  const limited = path.join(dir, 'limited.json')
  const started = performance.now()
  const best = await graph.tunePq({ maxMinutes: 0.005, evaluations: 1000, patience: 1000, node2vec: { walks: 1000, length: 1000, epochs: 100 }, state: limited })
  t.true(performance.now() - started < 30_000, 'the limit holds inside an evaluation')
  t.like(best, { stoppedBy: 'maxMinutes', score: null })
  t.like(JSON.parse(await readFile(limited, 'utf8')) as object, { stoppedBy: 'maxMinutes' })
})

test('work that is cancelled half-way ends at once and leaves nothing half done', async (t) => {
  const graph = await Graph.build(wheel(20_000))
  const dir = await folder(t)
  const state = path.join(dir, 'best_pq.json')
  const db = await database(t)
  const kept = await db.graphs().create('g')
  await kept.writeBatch({ edges: Array.from({ length: 4000 }, (_, i) => ({ source: i, target: (i * 7 + 1) % 4000 })).filter(({ source, target }) => source !== target) })
  const before = await kept.info()
  const weighted = { ...wheel(20_000), weights: new Float64Array(60_000).fill(1) }
  const works: Record<string, (call: { signal: AbortSignal; onProgress?: () => void }) => Promise<unknown>> = {
    graphwave: (call) => graph.graphwave({ tolerance: 1e-12, laplacian: 'combinatorial', scales: [50], ...call }),
    node2vec: (call) => graph.node2vec({ walks: 100, epochs: 50, ...call }),
    walks: (call) => graph.walks({ walks: 40, length: 100, ...call }),
    tunePq: (call) => graph.tunePq({ state, node2vec: { walks: 100, epochs: 50 }, ...call }),
    layer: (call) => TopologyLayer.build(weighted, { radius: 6, ...call }),
    train: (call) => trainPoincare(20_000, Uint32Array.from({ length: 2 * 19_999 }, (_, i) => (i % 2 === 0 ? i / 2 + 1 : (i - 1) >> 2)), { epochs: 10_000, ...call }),
    embed: (call) => embedGraph(db, kept, { method: 'node2vec', walks: 100, epochs: 50 }, 'near', call),
  }
  for (const [name, work] of Object.entries(works)) {
    const controller = new AbortController()
    const going = work({ signal: controller.signal })
    setTimeout(() => controller.abort(), 60)
    const aborted = performance.now()
    const error = (await t.throwsAsync(() => going, { any: true }, name)) as { name?: string; code?: string } | undefined
    t.true(error?.name === 'AbortError' || error?.code === 'CANCELLED', `${name}: ${String(error)}`)
    t.true(performance.now() - aborted < 20_000, name)
  }
  t.like(JSON.parse(await readFile(state, 'utf8')) as object, { stoppedBy: 'cancelled' })
  t.deepEqual((await readdir(dir)).filter((file) => file !== 'best_pq.json'), [], 'no file is left half written')
  t.deepEqual(await kept.info(), before)
  t.false((await db.collections()).some(({ name }) => name === 'near'))
  const late = new AbortController()
  late.abort()
  for (const [name, work] of Object.entries(works)) await t.throwsAsync(() => work({ signal: late.signal }), { any: true }, `${name}, before it began`)
})
