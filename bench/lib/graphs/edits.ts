import { isDeepStrictEqual } from 'node:util'
import { TopologyLayer, type EdgeChanges } from 'canopy-engine'
import { random } from '../random.js'
import { milliseconds, round } from '../time.js'
import type { Filtered } from './data.js'

/** Points of a community. */
const CLUSTER = 25

/** New weights for edges; every tenth goes. */
function edits({ sources, targets, weights }: Filtered, chosen: readonly number[]): EdgeChanges {
  const next = random(3)
  const of = (column: Uint32Array): Uint32Array => Uint32Array.from(chosen, (at) => column[at] ?? 0)
  return { sources: of(sources), targets: of(targets), weights: Float64Array.from(chosen, (at, i) => (i % 10 === 9 ? Number.NaN : (weights[at] ?? 0) * (0.5 + next()))) }
}

/** Edits of the edges inside of as many communities as hold so many. */
export function communities(graph: Filtered, count: number): EdgeChanges {
  const inside = [...graph.sources.keys()].filter((at) => Math.floor((graph.sources[at] ?? 0) / CLUSTER) === Math.floor((graph.targets[at] ?? 0) / CLUSTER))
  return edits(graph, inside.toSorted((a, b) => (graph.sources[a] ?? 0) - (graph.sources[b] ?? 0)).slice(0, count))
}

/** Edits of edges anywhere. */
export function uniform(graph: Filtered, count: number): EdgeChanges {
  const next = random(3)
  return edits(graph, [...new Set(Array.from({ length: count }, () => Math.floor(next() * graph.sources.length)))])
}

/** How much faster edits are followed than everything is built anew, and the share of nodes that they reach. Throws where the two differ. */
export async function followed(graph: Filtered, changes: EdgeChanges, runs: number): Promise<{ speedup: number; reached: number }> {
  let [update, anew, reached] = [Infinity, Infinity, 0]
  const gone = new Map(Array.from(changes.weights, (weight, i) => [`${changes.sources[i]} ${changes.targets[i]}`, weight]))
  const weights = graph.weights.map((weight, at) => gone.get(`${graph.sources[at]} ${graph.targets[at]}`) ?? weight)
  const kept = [...weights.keys()].filter((at) => !Number.isNaN(weights[at]))
  const after = { nodes: graph.nodes, sources: Uint32Array.from(kept, (at) => graph.sources[at] ?? 0), targets: Uint32Array.from(kept, (at) => graph.targets[at] ?? 0), weights: Float64Array.from(kept, (at) => weights[at] ?? 0) }
  for (let run = 0; run < runs; run += 1) {
    const layer = await TopologyLayer.build(graph)
    update = Math.min(update, await milliseconds(async () => (reached = (await layer.update(changes)).recomputed.length)))
    let fresh: TopologyLayer | undefined
    anew = Math.min(anew, await milliseconds(async () => (fresh = await TopologyLayer.build(after))))
    if (run === 0) for (let node = 0; node < graph.nodes; node += 1) if (!isDeepStrictEqual(await layer.diagram(node), await fresh?.diagram(node))) throw new Error(`following differs from building anew at node ${node}`)
  }
  return { speedup: round(anew / update), reached: round(reached / graph.nodes) }
}
