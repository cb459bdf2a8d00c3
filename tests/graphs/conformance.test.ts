import type { ExecutionContext } from 'ava'
import type { GraphBatch, GraphPage, StoredGraph } from '../../ts/graphs/store.js'
import { conformGraphs } from '../helpers/graph-places.js'
import { fails } from '../helpers/throws.js'

conformGraphs('graphs are made, listed and dropped', async (t, store) => {
  const graphs = await store(t)
  t.deepEqual(await graphs.list(), [])
  const roads = await graphs.create('roads', { directed: true })
  await graphs.create('café/№ 1')
  t.like(await roads.info(), { name: 'roads', directed: true, nodes: 0, edges: 0, hyperedges: 0, version: 0, collection: null })
  t.deepEqual((await graphs.list()).map(({ name }) => name).toSorted(), ['café/№ 1', 'roads'])
  await roads.writeBatch({ edges: [{ source: 'a', target: 'b' }] })
  await fails(t, 'GRAPH_EXISTS', () => graphs.create('roads'))
  for (const name of ['', 'a\nb', 'x'.repeat(129)]) await fails(t, 'GRAPH_NAME', () => graphs.create(name))
  await graphs.drop('roads')
  await fails(t, 'GRAPH_NOT_FOUND', () => graphs.drop('roads'))
  await fails(t, 'GRAPH_NOT_FOUND', () => graphs.graph('roads'))
  await fails(t, 'GRAPH_NOT_FOUND', () => roads.info())
  // Another of the same name has nothing of it.
  t.is((await (await graphs.create('roads')).info()).nodes, 0)
})

conformGraphs('a batch changes nodes, edges and hyperedges, and a repeated one nothing', async (t, store) => {
  const graph = await (await store(t)).create('g')
  const batch: GraphBatch = {
    nodes: [{ id: 7, attributes: { kind: 'number', deep: { list: [1, null, 'x'] } } }],
    edges: [{ source: 7, target: 'b', weight: 2.5, attributes: { why: 'road' } }, { source: 'b', target: 'c' }],
    hyperedges: [{ id: 'h', members: ['b', 'c', 'd', 'b'], attributes: { term: 'tea' } }],
  }
  t.like(await graph.writeBatch(batch), { nodes: 4, edges: 2, hyperedges: 1, version: 1 })
  t.deepEqual((await graph.nodes()).items.find(({ id }) => id === '7'), { id: '7', attributes: { kind: 'number', deep: { list: [1, null, 'x'] } } })
  t.deepEqual((await graph.edges()).items[0], { source: '7', target: 'b', weight: 2.5, attributes: { why: 'road' } })
  const [hyperedge] = (await graph.hyperedges()).items
  t.deepEqual([hyperedge?.id, hyperedge?.members.toSorted(), hyperedge?.attributes], ['h', ['b', 'c', 'd'], { term: 'tea' }])
  t.is((await graph.writeBatch({ nodes: batch.nodes, edges: batch.edges })).version, 1)
  // The other way round it is the same edge.
  t.like(await graph.writeBatch({ edges: [{ source: 'b', target: 7, weight: 3 }] }), { edges: 2, version: 2 })
  t.deepEqual((await graph.edges()).items[0], { source: '7', target: 'b', weight: 3, attributes: {} })
  t.like(await graph.writeBatch({ remove: { nodes: ['c', 'nobody'], edges: [{ source: 'b', target: '7' }, { source: 'x', target: 'y' }], hyperedges: ['none'] } }), { nodes: 3, edges: 0, hyperedges: 1 })
  t.deepEqual((await graph.hyperedges()).items[0]?.members.toSorted(), ['b', 'd'])
  t.is((await graph.writeBatch({})).version, 3)
  t.is((await graph.writeBatch({ remove: { nodes: ['nobody'] } })).version, 3)
})

conformGraphs('a directed graph tells ways apart', async (t, store) => {
  const graph = await (await store(t)).create('g', { directed: true })
  await graph.writeBatch({ edges: [{ source: 'a', target: 'b', weight: 1 }, { source: 'b', target: 'a', weight: 2 }] })
  t.is((await graph.info()).edges, 2)
  t.like(await graph.writeBatch({ remove: { edges: [{ source: 'b', target: 'a' }] } }), { edges: 1 })
  t.deepEqual((await graph.neighbourhood(['b'])).nodes.map(({ id, hop }) => [id, hop]), [['b', 0], ['a', 1]])
})

conformGraphs('what can’t be written is refused whole', async (t, store) => {
  const graph = await (await store(t)).create('g')
  await graph.writeBatch({ edges: [{ source: 'a', target: 'b' }] })
  const before = await graph.info()
  const first = { source: 'new', target: 'other' }
  for (const weight of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) await fails(t, 'GRAPH_WEIGHT', () => graph.writeBatch({ edges: [first, { source: 'a', target: 'c', weight }] }))
  for (const id of ['', 'x\0y', 'x'.repeat(1025), 1.5]) await fails(t, 'GRAPH_ID', () => graph.writeBatch({ edges: [first], nodes: [{ id }] }))
  await fails(t, 'GRAPH_SELF_LOOP', () => graph.writeBatch({ edges: [first, { source: 7, target: '7' }] }))
  await t.throwsAsync(() => graph.writeBatch({ edges: [first], nods: [] } as GraphBatch))
  await t.throwsAsync(() => graph.writeBatch({ edges: [first] }, { signal: AbortSignal.abort(new Error('gone')) }), { message: 'gone' })
  t.deepEqual(await graph.info(), before)
  t.deepEqual((await graph.nodes()).items.map(({ id }) => id).toSorted(), ['a', 'b'])
})

conformGraphs('pages hold everything once', async (t, store) => {
  const graph = await (await store(t)).create('g')
  const all = Array.from({ length: 25 }, (_, i) => `n${i}`)
  await graph.writeBatch({ edges: all.slice(1).map((target, i) => ({ source: all[i] ?? '', target })), hyperedges: all.map((id, i) => ({ id: `h${i}`, members: [id] })) })
  const read = async <T>(page: (options: { after?: string; limit: number }) => Promise<GraphPage<T>>): Promise<T[]> => {
    const found: T[] = []
    for (let after: string | undefined; ; ) {
      const { items, next } = await page({ limit: 10, ...(after === undefined ? {} : { after }) })
      found.push(...items)
      if (next === null) return found
      after = next
    }
  }
  t.deepEqual((await read((options) => graph.nodes(options))).map(({ id }) => id).toSorted(), all.toSorted())
  t.deepEqual((await read((options) => graph.edges(options))).map(({ source, target }) => `${source} ${target}`).toSorted(), all.slice(1).map((target, i) => `${all[i]} ${target}`).toSorted())
  t.deepEqual((await read((options) => graph.hyperedges(options))).map(({ id, members }) => `${id} ${members}`).toSorted(), all.map((id, i) => `h${i} ${id}`).toSorted())
  for (const limit of [0, 10_001, 1.5]) await t.throwsAsync(() => graph.nodes({ limit }))
  await fails(t, 'GRAPH_OPTION', () => graph.edges({ after: 'nonsense' }))
})

conformGraphs('neighbourhoods hold what hops reach', async (t, store) => {
  const graph = await (await store(t)).create('g')
  // A ring of ten with a tail.
  const ring = Array.from({ length: 10 }, (_, i) => ({ source: i, target: (i + 1) % 10, weight: i + 1 }))
  await graph.writeBatch({ edges: [...ring, { source: 5, target: 'tail' }], nodes: [{ id: 0, attributes: { home: true } }] })
  const two = await graph.neighbourhood([0], { hops: 2 })
  t.deepEqual(two.nodes.map(({ id, hop }) => `${hop} ${id}`).toSorted(), ['0 0', '1 1', '1 9', '2 2', '2 8'])
  t.deepEqual(two.nodes[0]?.attributes, { home: true })
  // An undirected edge starts at the end that was made first.
  t.deepEqual(two.edges.map(({ source, target, weight }) => `${source} ${target} ${weight}`).toSorted(), ['0 1 1', '0 9 10', '1 2 2', '8 9 9'])
  t.false(two.truncated)
  const cut = await graph.neighbourhood([0, '5'], { hops: 5, limit: 6 })
  t.is(cut.nodes.length, 6)
  t.true(cut.truncated)
  t.deepEqual(cut.nodes.slice(0, 2).map(({ id, hop }) => [id, hop]), [['0', 0], ['5', 0]])
  t.is((await graph.neighbourhood([0], { hops: 5, limit: 11 })).nodes.length, 10)
  await fails(t, 'GRAPH_NODE_NOT_FOUND', () => graph.neighbourhood(['nobody']))
  await fails(t, 'GRAPH_OPTION', () => graph.neighbourhood([0], { hops: 6 }))
  await fails(t, 'GRAPH_OPTION', () => graph.neighbourhood([0, 1], { limit: 1 }))
})

conformGraphs('suggestions are kept, best first, until their nodes go', async (t, store) => {
  const graphs = await store(t)
  const graph = await graphs.create('g')
  const other = await graphs.create('other')
  for (const each of [graph, other]) await each.writeBatch({ nodes: ['a', 'b', 'c', 'd'].map((id) => ({ id })) })
  await graph.writeSuggestions('hyper_aa', [{ source: 'a', target: 'b', score: 1 }, { source: 'c', target: 'a', score: 3 }, { source: 'a', target: 'nobody', score: 9 }])
  await other.writeSuggestions('hyper_aa', [{ source: 'a', target: 'b', score: 5 }])
  await graph.writeSuggestions('aa', [{ source: 'b', target: 'd', score: 2 }])
  t.deepEqual(await graph.suggestions('hyper_aa'), [{ source: 'a', target: 'c', score: 3 }, { source: 'a', target: 'b', score: 1 }])
  t.deepEqual(await graph.suggestions('hyper_aa', { node: 'b' }), [{ source: 'a', target: 'b', score: 1 }])
  t.is((await graph.suggestions('hyper_aa', { limit: 1 })).length, 1)
  t.is((await graph.suggestions('aa')).length, 1)
  await fails(t, 'GRAPH_NODE_NOT_FOUND', () => graph.suggestions('aa', { node: 'nobody' }))
  await fails(t, 'GRAPH_OPTION', () => graph.writeSuggestions('aa', [{ source: 'a', target: 'b', score: Number.NaN }]))
  await graph.writeSuggestions('hyper_aa', [{ source: 'a', target: 'd', score: 4 }])
  t.deepEqual(await graph.suggestions('hyper_aa'), [{ source: 'a', target: 'd', score: 4 }])
  t.is((await other.suggestions('hyper_aa')).length, 1)
  await graph.writeBatch({ remove: { nodes: ['d'] } })
  t.deepEqual([await graph.suggestions('hyper_aa'), await graph.suggestions('aa')], [[], []])
})

conformGraphs('random batches do what maps do, and columns hold the whole', async (t, store) => {
  const graph = await (await store(t)).create('g')
  const model = { nodes: new Set<string>(), edges: new Map<string, number>(), hyperedges: new Map<string, Set<string>>() }
  let state = 42
  const random = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
  const node = (): string => `n${random(30)}`
  const keyOf = (a: string, b: string): string => [a, b].toSorted().join(' ')
  for (let round = 0; round < 12; round += 1) {
    const edges = Array.from({ length: 12 }, () => ({ source: node(), target: node(), weight: 1 + random(9) })).filter(({ source, target }) => source !== target)
    const hyperedges = Array.from({ length: 2 }, () => ({ id: `h${random(6)}`, members: [node(), node(), node()] }))
    const remove = { nodes: [node()], edges: [{ source: node(), target: node() }], hyperedges: [`h${random(6)}`] }
    await graph.writeBatch({ edges, hyperedges, remove })
    for (const id of remove.nodes) {
      model.nodes.delete(id)
      for (const key of model.edges.keys()) if (key.split(' ').includes(id)) model.edges.delete(key)
      for (const members of model.hyperedges.values()) members.delete(id)
    }
    for (const { source, target } of remove.edges) model.edges.delete(keyOf(source, target))
    for (const id of remove.hyperedges) model.hyperedges.delete(id)
    for (const { source, target, weight } of edges) {
      model.nodes.add(source).add(target)
      model.edges.set(keyOf(source, target), weight)
    }
    for (const { id, members } of hyperedges) {
      model.hyperedges.set(id, new Set(members))
      for (const member of members) model.nodes.add(member)
    }
    await same(t, graph, model)
  }
})

async function same(t: ExecutionContext, graph: StoredGraph, { nodes, edges, hyperedges }: { nodes: Set<string>; edges: Map<string, number>; hyperedges: Map<string, Set<string>> }): Promise<void> {
  const columns = await graph.columns()
  const id = (number: number | undefined): string => columns.ids[number ?? -1] ?? 'nothing'
  t.deepEqual(columns.ids.toSorted(), [...nodes].toSorted())
  t.deepEqual(Array.from(columns.weights, (weight, e) => `${[id(columns.sources[e]), id(columns.targets[e])].toSorted().join(' ')} ${weight}`).toSorted(), [...edges].map(([key, weight]) => `${key} ${weight}`).toSorted())
  const held = columns.hyperedges.ids.map((name, h) => `${name} ${Array.from(columns.hyperedges.members.subarray(columns.hyperedges.starts[h], columns.hyperedges.starts[h + 1]), id).toSorted()}`)
  t.deepEqual(held.toSorted(), [...hyperedges].map(([name, members]) => `${name} ${[...members].toSorted()}`).toSorted())
  t.like(await graph.info(), { nodes: nodes.size, edges: edges.size, hyperedges: hyperedges.size, version: columns.version })
}
