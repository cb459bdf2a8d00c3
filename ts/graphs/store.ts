import type { CallOptions, LongCallOptions } from '../engine/cancel.js'
import type { Graph } from '../engine/graph.js'
import type { Metadata } from '../engine/types.js'

/** What a node is called when it is named; 7 and "7" are one node, and answers say "7". 1 to 1,024 bytes of UTF-8. */
export type GraphId = string | number

/** What a new graph is. */
export interface GraphSpec {
  /** Whether an edge leads one way only; default false. It can't be changed later. */
  directed?: boolean | undefined
}

/** A graph as it stands. */
export interface GraphSummary {
  name: string
  directed: boolean
  nodes: number
  edges: number
  hyperedges: number
  /** Grows with every batch that changed something. */
  version: number
  /** The collection that the graph follows, or null. */
  collection: string | null
}

/** A node as it is stored. */
export interface GraphNode {
  id: string
  attributes: Metadata
}

/** An edge as it is stored; an undirected one starts at the end that was made first. */
export interface GraphEdge {
  source: string
  target: string
  weight: number
  attributes: Metadata
}

/** A set of nodes, such as the documents that share a term. */
export interface GraphHyperedge {
  id: string
  /** Each once; in no order. */
  members: string[]
  attributes: Metadata
}

/** How a graph follows a collection: every record is a node. */
export interface GraphDeriveOptions {
  /** Nearest neighbours a record by the vector index, 0 to 100; default 8. */
  neighbours?: number | undefined
  /** Terms a record, 0 to 1,000; default 24. Records that share a term share a hyperedge `term:…`. */
  terms?: number | undefined
  /** Characters of a chunk, 0 or at least 100; default 1,200. A longer text is cut in nodes `id#chunk-1` and so on, joined to its record. */
  chunk?: number | undefined
}

/** What following did. */
export interface GraphSyncReport {
  graph: GraphSummary
  /** Records that are new or were changed. */
  changed: number
  removed: number
  /** Records whose nearest neighbours were looked up. */
  lookedUp: number
  /** Whether everything was read again. */
  rebuilt: boolean
  /** Changes left undone because they were more than `most`. */
  pending: number
}

/** Changes that happen together or not at all: removals first, then nodes, edges and hyperedges. */
export interface GraphBatch {
  /** Nodes that exist get these attributes in the place of theirs. */
  nodes?: readonly { id: GraphId; attributes?: Metadata | undefined }[] | undefined
  /** Ends that don't exist are made. An edge that exists gets this weight (default 1, above 0) and these attributes. A self-loop is refused. */
  edges?: readonly { source: GraphId; target: GraphId; weight?: number | undefined; attributes?: Metadata | undefined }[] | undefined
  /** Members that don't exist are made. A hyperedge that exists gets these members. */
  hyperedges?: readonly { id: GraphId; members: readonly GraphId[]; attributes?: Metadata | undefined }[] | undefined
  /** What doesn't exist is passed over. A node takes its edges with it, and leaves the hyperedges that it was in. */
  remove?:
    | {
        nodes?: readonly GraphId[] | undefined
        edges?: readonly { source: GraphId; target: GraphId }[] | undefined
        hyperedges?: readonly GraphId[] | undefined
      }
    | undefined
}

/** How a batch is written. */
export interface GraphBatchOptions extends LongCallOptions {
  /** Whether what may go well another time fails at once instead of being tried again for some seconds: for who tries again himself. */
  once?: boolean | undefined
}

/** How a file is read into a graph. */
export interface GraphLoadOptions extends LongCallOptions {
  /** Default: by the file's name. */
  format?: 'csv' | 'graphml' | 'json' | undefined
  /** What stands between two fields of a CSV file; default a comma. */
  delimiter?: string | undefined
  /** Whether the first line of a CSV file names the columns; unless said, a line like `source,target,weight` does. */
  header?: boolean | undefined
  /** What becomes of edges that the file names more than once; default: their weights are added. */
  parallel?: 'sum' | 'max' | 'last' | undefined
}

/** What a page starts after and how long it is. */
export interface GraphPageOptions extends CallOptions {
  /** The `next` of the page before. */
  after?: string | undefined
  /** 1 to 10,000; default 100. */
  limit?: number | undefined
}

/** A page, and where the next one starts. */
export interface GraphPage<T> {
  items: T[]
  next: string | null
}

/** Nodes around others, and the edges between them. */
export interface GraphNeighbourhood {
  /** By hops, those asked for first. */
  nodes: (GraphNode & { hop: number })[]
  edges: GraphEdge[]
  /** Whether `limit` cut nodes off. */
  truncated: boolean
}

/** A graph by columns: node `i` is `ids[i]`, edge `e` joins `sources[e]` and `targets[e]`, hyperedge `h` holds `members[starts[h]..starts[h + 1]]`. */
export interface GraphColumns {
  ids: string[]
  sources: Uint32Array
  targets: Uint32Array
  weights: Float64Array
  hyperedges: { ids: string[]; starts: Uint32Array; members: Uint32Array }
  /** The version that this is. */
  version: number
}

/** A graph to compute with: nodes are numbered, `graph.ids()` says what they are called. */
export interface GraphSnapshot {
  graph: Graph
  version: number
}

/** Which score suggestions have: common neighbours, or common hyperedges. */
export type SuggestionKind = 'aa' | 'hyper_aa'

/** Two nodes worth joining; each pair once, in either order. */
export interface GraphSuggestion {
  source: string
  target: string
  score: number
}

/** One graph of a store. Throws `GRAPH_NOT_FOUND` when it was dropped meanwhile. */
export interface StoredGraph {
  readonly name: string
  info(): Promise<GraphSummary>
  /** Writes a batch, all or nothing, and answers the graph after it. Throws `GRAPH_BATCH`, `GRAPH_WEIGHT`, `GRAPH_ID`, `GRAPH_TOO_LARGE`. */
  writeBatch(batch: GraphBatch, options?: GraphBatchOptions): Promise<GraphSummary>
  /**
   * Adds what a CSV edge list, GraphML or JSON file holds, in batches: what was written before a cancel stays, and loading again completes it.
   * Throws `GRAPH_READ`, `GRAPH_SYNTAX` with the place, `GRAPH_WEIGHT`, `GRAPH_DIRECTED`.
   */
  load(path: string, options?: GraphLoadOptions): Promise<GraphSummary>
  nodes(options?: GraphPageOptions): Promise<GraphPage<GraphNode>>
  edges(options?: GraphPageOptions): Promise<GraphPage<GraphEdge>>
  hyperedges(options?: GraphPageOptions): Promise<GraphPage<GraphHyperedge>>
  /** What lies within `hops` (1 to 5, default 1; edges are followed both ways) of nodes, at most `limit` nodes (1 to 10,000, default 100). Throws `GRAPH_NODE_NOT_FOUND`. */
  neighbourhood(ids: readonly GraphId[], options?: CallOptions & { hops?: number | undefined; limit?: number | undefined }): Promise<GraphNeighbourhood>
  /** All of it by columns. */
  columns(options?: CallOptions): Promise<GraphColumns>
  /** All of it, to compute with; kept until the graph changes. */
  snapshot(options?: CallOptions): Promise<GraphSnapshot>
  /** Keeps suggestions of one kind in the place of those that were there. */
  writeSuggestions(kind: SuggestionKind, pairs: readonly GraphSuggestion[], options?: CallOptions): Promise<void>
  /** Kept suggestions by falling score, all or those of one node. */
  suggestions(kind: SuggestionKind, options?: CallOptions & { node?: GraphId | undefined; limit?: number | undefined }): Promise<GraphSuggestion[]>
}

/** Where graphs are kept: in the folder of the database, or in a graph server. */
export interface GraphStore {
  /** Every graph, by name. */
  list(): Promise<GraphSummary[]>
  /** Makes an empty graph. Throws `GRAPH_EXISTS`, `GRAPH_NAME` (1 to 128 characters). */
  create(name: string, spec?: GraphSpec): Promise<StoredGraph>
  /** Throws `GRAPH_NOT_FOUND`. */
  graph(name: string): Promise<StoredGraph>
  /** Throws `GRAPH_NOT_FOUND`. */
  drop(name: string): Promise<void>
  close(): Promise<void>
}
