import type { CallOptions } from '../engine/cancel.js'
import { persistence, persistentLoops, type Filtration, type PersistenceDiagram } from '../engine/topology.js'
import type { StoredGraph } from './store.js'

/** A diagram as JSON holds it: a death that never comes is null. */
export interface DiagramLists {
  dimensions: number[]
  births: number[]
  deaths: (number | null)[]
}

/** A loop, and a cycle of edges around it by the ids of their ends. */
export interface GraphLoop {
  birth: number
  /** Null where it stays. */
  death: number | null
  cycle: [string, string][]
}

/** What of a graph is looked at: all of it, or what lies around a node. */
export interface GraphPart extends CallOptions {
  node?: string | undefined
  /** 1 to 5; default 2. */
  hops?: number | undefined
  /** Most nodes of a neighbourhood; default 500. */
  limit?: number | undefined
}

/** Components and loops of a whole graph. */
export async function graphDiagram(stored: StoredGraph, { signal }: CallOptions = {}): Promise<DiagramLists> {
  const { columns } = await part(stored, { signal })
  return lists(await persistence(columns, { signal }))
}

/** The same of what lies around one node. */
export async function neighbourhoodDiagram(stored: StoredGraph, node: string, { signal, ...around }: Omit<GraphPart, 'node'> = {}): Promise<DiagramLists> {
  const { columns } = await part(stored, { node, signal, ...around })
  return lists(await persistence(columns, { signal }))
}

/** Every loop of a graph, or of what lies around a node, with a cycle of edges that runs around it. Throws `GRAPH_NODE_NOT_FOUND`, `GRAPH_OPTION`. */
export async function graphLoops(stored: StoredGraph, of: GraphPart = {}): Promise<GraphLoop[]> {
  const { ids, columns } = await part(stored, of)
  const name = (node: number): string => ids[node] ?? ''
  return (await persistentLoops(columns, of)).map(({ cycle, ...bar }) => ({ ...bar, cycle: cycle.map(([a, b]) => [name(a), name(b)]) }))
}

async function part(stored: StoredGraph, { node, hops = 2, limit = 500, signal }: GraphPart): Promise<{ ids: string[]; columns: Filtration }> {
  if (node === undefined) {
    const { graph } = await stored.snapshot({ signal })
    const ids = await graph.ids()
    return { ids, columns: { nodes: ids.length, ...(await graph.edges()) } }
  }
  const { nodes, edges } = await stored.neighbourhood([node], { hops, limit, signal })
  const places = new Map(nodes.map(({ id }, place) => [id, place]))
  const end = (id: string): number => places.get(id) ?? 0
  const columns = {
    nodes: nodes.length,
    sources: Uint32Array.from(edges, ({ source }) => end(source)),
    targets: Uint32Array.from(edges, ({ target }) => end(target)),
    weights: Float64Array.from(edges, ({ weight }) => weight),
  }
  return { ids: nodes.map(({ id }) => id), columns }
}

/** @internal */
export function lists({ dimensions, births, deaths }: PersistenceDiagram): DiagramLists {
  return { dimensions: [...dimensions], births: [...births], deaths: [...deaths].map((death) => (Number.isFinite(death) ? death : null)) }
}
