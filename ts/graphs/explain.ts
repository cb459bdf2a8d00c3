import type { CallOptions } from '../engine/cancel.js'
import { CanopyError } from '../engine/error.js'
import type { Explanation } from '../engine/graph.js'
import { EmbeddedGraph } from '../engine/stored-graph.js'
import type { AnyDatabase } from '../stores/any.js'
import type { StoredGraph } from './store.js'

/** What of a node is explained. */
export interface ExplainNodeOptions extends CallOptions {
  /** 1 to 5; default 2. */
  hops?: number | undefined
  /** Most nodes, 1 to 500; default 50. */
  limit?: number | undefined
}

/** A node's neighbourhood and why it is that, by ids. */
export interface ExplainedNode {
  /** The explained node first, then by falling diffusion. */
  nodes: { id: string; hop: number; diffusion: number }[]
  edges: { source: string; target: string; weight: number; similarity: number }[]
  /** For each node, how its attention is spread over its edges; shares sum to 1. */
  attn: { node: string; targets: string[]; shares: number[] }[]
  /** How much the answer changes without the edges that attention names, and without as many others. */
  fidelity: { edges: [string, string][]; change: number; baseline: number }
  /** A drawing: SVG in Base64. */
  svg: string
}

/** Explains a node of a kept graph. Throws `GRAPH_NODE_NOT_FOUND`, `GRAPH_OPTION`. */
export async function explainNode(graph: StoredGraph, id: string, options: ExplainNodeOptions = {}): Promise<ExplainedNode> {
  const { nodes, edges, attn, fidelity, svg } = graph instanceof EmbeddedGraph ? await graph.explain(id, options) : await explainSnapshot(graph, id, options)
  const names = new Map(nodes.map((at) => [at.node, at.id]))
  const name = (number: number): string => names.get(number) ?? String(number)
  return {
    nodes: nodes.map(({ id: own, hop, diffusion }) => ({ id: own, hop, diffusion })),
    edges: edges.map(({ source, target, ...rest }) => ({ source: name(source), target: name(target), ...rest })),
    attn: attn.map((of) => ({ node: name(of.node), targets: of.targets.map(name), shares: of.shares })),
    fidelity: { ...fidelity, edges: fidelity.edges.map(([a, b]) => [name(a), name(b)]) },
    svg: Buffer.from(svg).toString('base64'),
  }
}

/** Which node of a database's graphs is explained, and whether a graph that follows a collection may take in what changed there first. */
export interface ExplainInOptions extends ExplainNodeOptions {
  /** Needed where there is more than one graph. */
  graph?: string | undefined
  follow: boolean
}

/** Changes that an answer may wait for: some tens of milliseconds. More are left to a sync. */
const FOLLOWED = 16

/** Explains a node of a database's only graph, or of the one that is named. Throws `GRAPH_NOT_FOUND`, `GRAPH_OPTION`, and as `explainNode` does. */
export async function explainIn(db: AnyDatabase, node: string, { graph: name, follow, ...options }: ExplainInOptions): Promise<ExplainedNode> {
  const graph = await chosen(db, name)
  if (follow && graph instanceof EmbeddedGraph && (await graph.info()).collection !== null) await graph.sync({ most: FOLLOWED, signal: options.signal })
  return explainNode(graph, node, options)
}

async function chosen(db: AnyDatabase, name: string | undefined): Promise<StoredGraph> {
  const graphs = graphsOf(db)
  if (name !== undefined) return graphs.graph(name)
  const [only, another] = await graphs.list()
  if (only === undefined) throw new CanopyError('GRAPH_NOT_FOUND', 'not_found', 'there is no graph yet: make one with `canopy graph` or POST /v1/graphs')
  if (another !== undefined) throw new CanopyError('GRAPH_OPTION', 'invalid_input', 'there is more than one graph: say which as `graph`')
  return graphs.graph(only.name)
}

/** The same where a store can only be read whole. */
async function explainSnapshot(graph: StoredGraph, id: string, options: ExplainNodeOptions): Promise<Explanation> {
  const { graph: snapshot } = await graph.snapshot(options)
  const node = await snapshot.find(id)
  if (node === undefined) throw new CanopyError('GRAPH_NODE_NOT_FOUND', 'not_found', `graph "${graph.name}" has no node "${id.slice(0, 64)}": its nodes are listed at /v1/graphs/${encodeURIComponent(graph.name)}/nodes`)
  return snapshot.explain(node, options)
}

/** The graphs of a database. Throws `GRAPH_STORE_MISSING` where none can be kept. */
export function graphsOf(db: AnyDatabase): NonNullable<ReturnType<NonNullable<AnyDatabase['graphs']>>> {
  const graphs = db.graphs?.()
  if (graphs !== undefined) return graphs
  throw new CanopyError('GRAPH_STORE_MISSING', 'unavailable', 'graphs are not kept in PostgreSQL: name a Neo4j server in graphs.url, or keep records in a folder')
}
