import type { CallOptions } from '../../../engine/cancel.js'
import { Graph } from '../../../engine/graph.js'
import { loadByBatches } from '../../../graphs/load.js'
import type {
  GraphBatch, GraphBatchOptions, GraphColumns, GraphEdge, GraphHyperedge, GraphId, GraphLoadOptions, GraphNeighbourhood, GraphNode, GraphPage, GraphPageOptions, GraphSnapshot, GraphSuggestion, GraphSummary, StoredGraph, SuggestionKind,
} from '../../../graphs/store.js'
import type { Neo4jConnection, Run } from '../connection.js'
import { checkBatch, idText, within } from './check.js'
import { lockEntry, readEntry, summary, type Entry } from './entry.js'
import { around, edgePage, hyperedgePage, nodePage, readColumns, type Place } from './read.js'
import { keepSuggestions, readSuggestions } from './suggestions.js'
import { keepVectors, makeIndex, nearestNodes, type Neo4jNeighbour, type Neo4jVectorSpec } from './vectors.js'
import { applyBatch } from './write.js'

const MOST = 10_000

/** One graph in Neo4j. */
export class Neo4jGraph implements StoredGraph {
  readonly name: string
  readonly #connection: Neo4jConnection
  readonly #directed: boolean
  #snapshot: { key: string; snapshot: GraphSnapshot } | undefined

  /** @internal */
  constructor({ name, directed }: Entry, connection: Neo4jConnection) {
    this.name = name
    this.#directed = directed
    this.#connection = connection
  }

  async info(): Promise<GraphSummary> {
    return this.#read(async (_, entry) => summary(entry))
  }

  async writeBatch(batch: GraphBatch, { signal, onProgress, once }: GraphBatchOptions = {}): Promise<GraphSummary> {
    const checked = await checkBatch(batch, this.#directed)
    const { nodes, edges, hyperedges, remove } = checked
    const total = nodes.length + edges.length + hyperedges.length + remove.nodes.length + remove.edges.length + remove.hyperedges.length
    return this.#connection.write(
      async (run) => {
        let done = 0
        return applyBatch(run, await lockEntry(run, this.name), checked, (rows) => onProgress?.((done += rows), total))
      },
      { signal, timeoutMs: 0, once },
    )
  }

  async load(path: string, options?: GraphLoadOptions): Promise<GraphSummary> {
    return loadByBatches(this, path, options)
  }

  async nodes(options: GraphPageOptions = {}): Promise<GraphPage<GraphNode>> {
    return this.#read((run, entry) => nodePage(run, entry, place(options)), options)
  }

  async edges(options: GraphPageOptions = {}): Promise<GraphPage<GraphEdge>> {
    return this.#read((run, entry) => edgePage(run, entry, place(options)), options)
  }

  async hyperedges(options: GraphPageOptions = {}): Promise<GraphPage<GraphHyperedge>> {
    return this.#read((run, entry) => hyperedgePage(run, entry, place(options)), options)
  }

  async neighbourhood(ids: readonly GraphId[], { hops = 1, limit = 100, signal }: CallOptions & { hops?: number | undefined; limit?: number | undefined } = {}): Promise<GraphNeighbourhood> {
    const asked = [...new Set(ids.map(idText))]
    within('hops', hops, 1, 5)
    within('limit', limit, Math.max(1, asked.length), MOST)
    return this.#read((run, entry) => around(run, entry, asked, hops, limit), { signal })
  }

  async columns({ signal }: CallOptions = {}): Promise<GraphColumns> {
    return (await this.#columns(signal)).columns
  }

  async snapshot({ signal }: CallOptions = {}): Promise<GraphSnapshot> {
    const { key, version } = await this.#read(async (_, entry) => entry, { signal })
    if (this.#snapshot?.key === key && this.#snapshot.snapshot.version === version) return this.#snapshot.snapshot
    const { columns, entry } = await this.#columns(signal)
    const { ids, sources, targets, weights } = columns
    const graph = await Graph.build({ nodes: ids.length, sources, targets, weights, ids }, { directed: entry.directed })
    const snapshot = { graph, version: columns.version }
    this.#snapshot = { key: entry.key, snapshot }
    return snapshot
  }

  async writeSuggestions(kind: SuggestionKind, pairs: readonly GraphSuggestion[], { signal }: CallOptions = {}): Promise<void> {
    await this.#connection.write(async (run) => keepSuggestions(run, await lockEntry(run, this.name), kind, pairs), { signal, timeoutMs: 0 })
  }

  async suggestions(kind: SuggestionKind, { node, limit = 100, signal }: CallOptions & { node?: GraphId | undefined; limit?: number | undefined } = {}): Promise<GraphSuggestion[]> {
    within('limit', limit, 1, MOST)
    const of = node === undefined ? undefined : idText(node)
    return this.#read((run, entry) => readSuggestions(run, entry, kind, of, limit), { signal })
  }

  /** Makes a vector index of Neo4j over this graph's nodes, where there is none. Throws VECTOR_DIMENSION where there is one of another dimension. */
  async createVectorIndex(spec: Neo4jVectorSpec): Promise<void> {
    await makeIndex(this.#connection, await this.#read(async (_, entry) => entry), spec)
  }

  /** Gives nodes vectors, all or none. Throws GRAPH_NO_VECTORS, GRAPH_NODE_NOT_FOUND, VECTOR_DIMENSION, VECTOR_NOT_FINITE. */
  async writeVectors(rows: ReadonlyArray<{ id: GraphId; vector: ArrayLike<number> }>, { signal }: CallOptions = {}): Promise<void> {
    await this.#connection.write(async (run) => keepVectors(this.#connection, run, await readEntry(run, this.name), rows), { signal, timeoutMs: 0 })
  }

  /** The nodes whose vectors are nearest to one by Neo4j's index, nearest first. Throws GRAPH_NO_VECTORS, VECTOR_DIMENSION. */
  async nearest(vector: ArrayLike<number>, { limit = 10, signal }: CallOptions & { limit?: number | undefined } = {}): Promise<Neo4jNeighbour[]> {
    return nearestNodes(this.#connection, await this.#read(async (_, entry) => entry, { signal }), vector, limit, signal)
  }

  async #read<T>(work: (run: Run, entry: Entry) => Promise<T>, { signal }: CallOptions = {}): Promise<T> {
    return this.#connection.read(async (run) => work(run, await readEntry(run, this.name)), { signal })
  }

  /** Neo4j reads what is committed meanwhile: columns of two versions don't fit together, and are read again. */
  async #columns(signal: AbortSignal | undefined): Promise<{ columns: GraphColumns; entry: Entry }> {
    for (;;) {
      const entry = await this.#read(async (_, now) => now, { signal })
      const columns = await readColumns(this.#connection, entry, signal)
      const after = await this.#read(async (_, now) => now, { signal })
      if (after.key === entry.key && after.version === entry.version) return { columns, entry }
    }
  }
}

function place({ after, limit = 100 }: GraphPageOptions): Place {
  return { after, limit: within('limit', limit, 1, MOST) }
}
