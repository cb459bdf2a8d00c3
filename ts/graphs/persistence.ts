import type { CallOptions } from '../engine/cancel.js'
import { persistence, type PersistenceDiagram } from '../engine/topology.js'
import type { StoredGraph } from './store.js'

/** A diagram as JSON holds it: a death that never comes is null. */
export interface DiagramLists {
  dimensions: number[]
  births: number[]
  deaths: (number | null)[]
}

/** Components and loops of a whole graph. */
export async function graphDiagram(stored: StoredGraph, { signal }: CallOptions = {}): Promise<DiagramLists> {
  const { graph } = await stored.snapshot({ signal })
  const { nodes } = await graph.info()
  return lists(await persistence({ nodes, ...(await graph.edges()) }, { signal }))
}

/** The same of what lies around one node. */
export async function neighbourhoodDiagram(stored: StoredGraph, node: string, { hops = 2, limit = 500, signal }: CallOptions & { hops?: number | undefined; limit?: number | undefined } = {}): Promise<DiagramLists> {
  const { nodes, edges } = await stored.neighbourhood([node], { hops, limit, signal })
  const places = new Map(nodes.map(({ id }, place) => [id, place]))
  const end = (id: string): number => places.get(id) ?? 0
  return lists(
    await persistence(
      {
        nodes: nodes.length,
        sources: Uint32Array.from(edges, ({ source }) => end(source)),
        targets: Uint32Array.from(edges, ({ target }) => end(target)),
        weights: Float64Array.from(edges, ({ weight }) => weight),
      },
      { signal },
    ),
  )
}

/** @internal */
export function lists({ dimensions, births, deaths }: PersistenceDiagram): DiagramLists {
  return { dimensions: [...dimensions], births: [...births], deaths: [...deaths].map((death) => (Number.isFinite(death) ? death : null)) }
}
