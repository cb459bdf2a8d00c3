import { setImmediate as turn } from 'node:timers/promises'
import type { LongCallOptions } from '../engine/cancel.js'
import { CanopyError } from '../engine/error.js'
import type { Graph, GraphWaveOptions, Node2VecOptions } from '../engine/graph.js'
import { trainPoincare, type PoincareTrainOptions } from '../engine/poincare.js'
import type { AnyDatabase } from '../stores/any.js'
import type { StoredGraph } from './store.js'

/** How nodes become vectors. */
export type Embedding =
  | ({ method: 'graphwave' } & Omit<GraphWaveOptions, keyof LongCallOptions>)
  | ({ method: 'node2vec' } & Omit<Node2VecOptions, keyof LongCallOptions>)
  /** Edges lead from a node to its parent or ancestor. */
  | ({ method: 'poincare' } & Omit<PoincareTrainOptions, keyof LongCallOptions>)

/** What was embedded. */
export interface EmbeddingReport {
  method: Embedding['method']
  nodes: number
  dim: number
  /** The collection that holds the vectors. */
  collection: string
  /** The version of the graph that was embedded. */
  version: number
  seconds: number
}

/** Vectors that are written at once; their conversion takes some hundred microseconds. */
const ROWS = 1024

/**
 * Embeds every node of a graph and writes the vectors to a collection of the caller's vectors, which is made where there is none: records
 * have the ids of nodes, and a search finds nodes that are alike. Nodes that are gone from the graph are removed from it.
 *
 * Throws `GRAPH_EMPTY`, `GRAPH_OPTION`, `NODE2VEC_PQ`, `POINCARE_OPTION`, `VECTOR_DIMENSION` when the collection holds others.
 */
export async function embedGraph(db: AnyDatabase, stored: StoredGraph, { method, ...options }: Embedding, into: string, { signal, onProgress }: LongCallOptions = {}): Promise<EmbeddingReport> {
  const started = performance.now()
  const { graph, version } = await stored.snapshot({ signal })
  const ids = await graph.ids()
  if (ids.length === 0) throw new CanopyError('GRAPH_EMPTY', 'invalid_input', `graph "${stored.name}" has no nodes: write some first`)
  // Nine tenths are computing, the rest is writing.
  const report = (done: number, total: number): void => onProgress?.(total === 0 ? 0 : Math.floor((done / total) * 900), 1000)
  const { rows, dim } = await vectors(graph, ids.length, { method, ...options } as Embedding, { signal, onProgress: report })
  const collection = await db.ensure(into, { model: null, dim, metric: method === 'graphwave' ? 'l2' : 'cosine' })
  const { vectors: held } = await collection.info()
  if (held?.dim !== dim) throw new CanopyError('VECTOR_DIMENSION', 'invalid_input', `collection "${into}" holds vectors of ${held?.dim ?? 0} values and these have ${dim}: name another collection`)
  for (let start = 0; start < ids.length; start += ROWS) {
    signal?.throwIfAborted()
    const part = ids.slice(start, start + ROWS)
    const records = part.map((id) => ({ id, metadata: { graph: stored.name, method } }))
    await collection.upsert(records, { vectors: Float32Array.from(rows.subarray(start * dim, (start + part.length) * dim)), signal })
    onProgress?.(900 + Math.floor(((start + part.length) / ids.length) * 100), 1000)
    await turn()
  }
  await forget(collection, stored.name, new Set(ids), signal)
  return { method, nodes: ids.length, dim, collection: into, version, seconds: (performance.now() - started) / 1000 }
}

async function vectors(graph: Graph, nodes: number, { method, ...options }: Embedding, call: LongCallOptions): Promise<{ rows: Float32Array | Float64Array; dim: number }> {
  if (method === 'graphwave') return graph.graphwave({ ...options, ...call })
  if (method === 'node2vec') {
    const { vectors: rows, dim } = await graph.node2vec({ ...options, ...call })
    return { rows, dim }
  }
  const { sources, targets } = await graph.edges()
  const pairs = new Uint32Array(sources.length * 2)
  for (let i = 0; i < sources.length; i += 1) pairs.set([sources[i] ?? 0, targets[i] ?? 0], 2 * i)
  const { points } = await trainPoincare(nodes, pairs, { ...(options as PoincareTrainOptions), ...call })
  return { rows: points, dim: points.length / nodes }
}

/** Removes what this graph left in the collection and no longer has. */
async function forget(collection: Awaited<ReturnType<AnyDatabase['ensure']>>, graph: string, ids: ReadonlySet<string>, signal: AbortSignal | undefined): Promise<void> {
  const { count } = await collection.info()
  if (count === ids.size) return
  const gone: string[] = []
  for await (const { id, metadata } of collection.records({ limit: 1000, signal })) if (metadata['graph'] === graph && !ids.has(id)) gone.push(id)
  for (let start = 0; start < gone.length; start += 1000) await collection.remove(gone.slice(start, start + 1000))
}
