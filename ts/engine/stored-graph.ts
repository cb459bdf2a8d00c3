import { setImmediate as turn } from 'node:timers/promises'
import type { BindingGraphs } from '#native'
import { cancellable, type CallOptions, type LongCallOptions } from './cancel.js'
import { CanopyError, unwrap } from './error.js'
import { formatOf, Graph, type Explanation } from './graph.js'
import { parse, stringify } from './json.js'
import type {
  GraphBatch,
  GraphColumns,
  GraphDeriveOptions,
  GraphEdge,
  GraphHyperedge,
  GraphId,
  GraphLoadOptions,
  GraphNeighbourhood,
  GraphNode,
  GraphPage,
  GraphPageOptions,
  GraphSnapshot,
  GraphSpec,
  GraphStore,
  GraphSuggestion,
  GraphSummary,
  GraphSyncReport,
  StoredGraph,
  SuggestionKind,
} from '../graphs/store.js'

/** Graphs in the folder of a database: one file with the records, under one lock. */
export class EmbeddedGraphs implements GraphStore {
  readonly #native: BindingGraphs

  /** @internal */
  constructor(native: BindingGraphs) {
    this.#native = native
  }

  async list(): Promise<GraphSummary[]> {
    return parse(unwrap(await this.#native.list()))
  }

  async create(name: string, { directed = false }: GraphSpec = {}): Promise<EmbeddedGraph> {
    unwrap(await this.#native.create(name, directed))
    return new EmbeddedGraph(name, this.#native)
  }

  /** Makes a graph of a collection's records, and brings it to where that is now; `sync` follows later changes. Throws `COLLECTION_NOT_FOUND`. */
  async derive(name: string, collection: string, { signal, onProgress, ...options }: GraphDeriveOptions & LongCallOptions = {}): Promise<EmbeddedGraph> {
    const graph = await this.follow(name, collection, options)
    await graph.sync({ signal, onProgress })
    return graph
  }

  /** The same, left empty for `sync` to fill. */
  async follow(name: string, collection: string, options: GraphDeriveOptions = {}): Promise<EmbeddedGraph> {
    unwrap(await this.#native.derive(name, collection, stringify(options)))
    return new EmbeddedGraph(name, this.#native)
  }

  async graph(name: string): Promise<EmbeddedGraph> {
    unwrap(await this.#native.info(name))
    return new EmbeddedGraph(name, this.#native)
  }

  async drop(name: string): Promise<void> {
    unwrap(await this.#native.drop(name))
  }

  /** The folder is its database's to close. */
  async close(): Promise<void> {}
}

/** One graph of a folder. */
export class EmbeddedGraph implements StoredGraph {
  readonly name: string
  readonly #native: BindingGraphs

  /** @internal */
  constructor(name: string, native: BindingGraphs) {
    this.name = name
    this.#native = native
  }

  async info(): Promise<GraphSummary> {
    return parse(unwrap(await this.#native.info(this.name)))
  }

  async writeBatch(batch: GraphBatch, { signal, onProgress }: LongCallOptions = {}): Promise<GraphSummary> {
    const json = await serialised(batch, signal)
    const summary = await this.writeJson(json)
    onProgress?.(changes(batch), changes(batch))
    return summary
  }

  /**
   * Brings a graph that follows a collection to where that is now: what deriving it anew would make, as far as the index finds the same neighbours.
   * More than `most` changes are left undone. Throws `GRAPH_FOLLOWS_NOTHING`.
   */
  async sync({ most, signal, onProgress }: LongCallOptions & { most?: number | undefined } = {}): Promise<GraphSyncReport> {
    return parse(await cancellable(signal, (cancel) => this.#native.sync(this.name, most, cancel, onProgress)))
  }

  /** Writes a batch that is already JSON in UTF-8: nothing is parsed here. */
  async writeJson(batch: Buffer): Promise<GraphSummary> {
    return parse(unwrap(await this.#native.write(this.name, batch)))
  }

  async load(path: string, { signal, onProgress, format, ...options }: GraphLoadOptions = {}): Promise<GraphSummary> {
    const json = stringify({ ...options, format: formatOf(path, format) })
    return parse(await cancellable(signal, (cancel) => this.#native.load(this.name, path, json, cancel, onProgress)))
  }

  async nodes(options: GraphPageOptions = {}): Promise<GraphPage<GraphNode>> {
    return parse(await this.pageJson('nodes', options))
  }

  async edges(options: GraphPageOptions = {}): Promise<GraphPage<GraphEdge>> {
    return parse(await this.pageJson('edges', options))
  }

  async hyperedges(options: GraphPageOptions = {}): Promise<GraphPage<GraphHyperedge>> {
    return parse(await this.pageJson('hyperedges', options))
  }

  /** A page as JSON in UTF-8, for a server that passes it on without reading it. */
  async pageJson(what: 'nodes' | 'edges' | 'hyperedges', { signal, ...options }: GraphPageOptions = {}): Promise<Buffer> {
    signal?.throwIfAborted()
    return unwrap(await this.#native.page(this.name, what, stringify(options)))
  }

  async neighbourhood(ids: readonly GraphId[], { signal, ...options }: CallOptions & { hops?: number | undefined; limit?: number | undefined } = {}): Promise<GraphNeighbourhood> {
    const [json, asked] = [stringify(options), stringify(ids.map(idText))]
    return parse(await cancellable(signal, (cancel) => this.#native.neighbourhood(this.name, asked, json, cancel)))
  }

  /** Explains a node, whatever changed since the last time: nothing is read anew for it. Throws `GRAPH_NODE_NOT_FOUND`, `GRAPH_OPTION`. */
  async explain(id: GraphId, { signal, ...options }: CallOptions & { hops?: number | undefined; limit?: number | undefined } = {}): Promise<Explanation> {
    const [json, asked] = [stringify(options), idText(id).toWellFormed()]
    return parse(await cancellable(signal, (cancel) => this.#native.explain(this.name, asked, json, cancel)))
  }

  async columns({ signal }: CallOptions = {}): Promise<GraphColumns> {
    // Columns of two versions don't fit together: read again where a batch came in between.
    for (;;) {
      signal?.throwIfAborted()
      const { graph, version } = await this.snapshot({ signal })
      const [ids, edges, { hyperedges, starts, members, version: after }] = [await graph.ids(), await graph.edges(), unwrap(await this.#native.hypergraph(this.name))]
      if (after === version) return { ids, ...edges, hyperedges: { ids: parse(hyperedges), starts, members }, version }
    }
  }

  async snapshot({ signal }: CallOptions = {}): Promise<GraphSnapshot> {
    signal?.throwIfAborted()
    const native = unwrap(await this.#native.graph(this.name))
    return { graph: Graph.of(native), version: native.version() }
  }

  async writeSuggestions(kind: SuggestionKind, pairs: readonly GraphSuggestion[], { signal }: CallOptions = {}): Promise<void> {
    // JSON turns NaN and infinity to null, whose error would name another trouble.
    const odd = pairs.find(({ score }) => !Number.isFinite(score))
    if (odd !== undefined) throw new CanopyError('GRAPH_OPTION', 'invalid_input', `score is ${odd.score}: send a finite number`)
    const pieces = await slices(pairs, (pair) => pair, signal)
    unwrap(await this.#native.writeSuggestions(this.name, kind, Buffer.from(`[${pieces.join(',')}]`)))
  }

  async suggestions(kind: SuggestionKind, { signal, node, limit }: CallOptions & { node?: GraphId | undefined; limit?: number | undefined } = {}): Promise<GraphSuggestion[]> {
    signal?.throwIfAborted()
    return parse(unwrap(await this.#native.suggestions(this.name, kind, stringify({ node: node === undefined ? undefined : idText(node), limit }))))
  }
}

/** An id as it is stored: 7 and "7" are one. Throws `GRAPH_ID` for a number that isn't whole. */
export function idText(id: GraphId): string {
  if (typeof id === 'string') return id
  if (Number.isSafeInteger(id)) return String(id)
  throw new CanopyError('GRAPH_ID', 'invalid_input', `${String(id)} can't be an id: send a text or a whole number`)
}

/** Changes that are turned to JSON before the event loop gets its turn: some hundred microseconds. */
const SLICE = 512

async function slices<T>(items: readonly T[], shape: (item: T) => unknown, signal: AbortSignal | undefined): Promise<string[]> {
  const pieces: string[] = []
  for (let start = 0; start < items.length; start += SLICE) {
    if (start > 0) await turn()
    signal?.throwIfAborted()
    pieces.push(stringify(items.slice(start, start + SLICE).map(shape)).slice(1, -1))
  }
  return pieces
}

/** A batch as the core takes it. */
async function serialised({ nodes = [], edges = [], hyperedges = [], remove = {}, ...rest }: GraphBatch, signal: AbortSignal | undefined): Promise<Buffer> {
  const [other] = Object.keys(rest)
  if (other !== undefined) throw new CanopyError('GRAPH_BATCH', 'invalid_input', `the batch isn't valid: unknown field ${JSON.stringify(other)}; known are nodes, edges, hyperedges, remove`)
  const ends = <T extends { source: GraphId; target: GraphId }>(edge: T): T => ({ ...edge, source: idText(edge.source), target: idText(edge.target) })
  const list = async <T>(items: readonly T[] | undefined, shape: (item: T) => unknown): Promise<string> => `[${(await slices(items ?? [], shape, signal)).join(',')}]`
  const parts = [
    `"nodes":${await list(nodes, (node) => ({ ...node, id: idText(node.id) }))}`,
    // JSON has no NaN: as text it is refused by the core as what it is.
    `"edges":${await list(edges, (edge) => ends(checked(edge)))}`,
    `"hyperedges":${await list(hyperedges, ({ members, ...rest }) => ({ ...rest, id: idText(rest.id), members: members.map(idText) }))}`,
    `"remove":{"nodes":${await list(remove.nodes, idText)},"edges":${await list(remove.edges, ends)},"hyperedges":${await list(remove.hyperedges, idText)}}`,
  ]
  return Buffer.from(`{${parts.join(',')}}`)
}

/** JSON turns NaN and infinity to null, whose error would name another trouble. */
function checked<T extends { source: GraphId; target: GraphId; weight?: number | undefined }>(edge: T): T {
  if (edge.weight === undefined || Number.isFinite(edge.weight)) return edge
  throw new CanopyError('GRAPH_WEIGHT', 'invalid_input', `the edge from "${edge.source}" to "${edge.target}" weighs ${edge.weight}: a weight is finite and above 0`)
}

function changes({ nodes = [], edges = [], hyperedges = [], remove = {} }: GraphBatch): number {
  return nodes.length + edges.length + hyperedges.length + (remove.nodes?.length ?? 0) + (remove.edges?.length ?? 0) + (remove.hyperedges?.length ?? 0)
}
