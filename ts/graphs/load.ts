import { setImmediate as turn } from 'node:timers/promises'
import { CanopyError } from '../engine/error.js'
import { Graph } from '../engine/graph.js'
import type { GraphLoadOptions, GraphSummary, StoredGraph } from './store.js'

/** Nodes or edges of a batch. */
const BATCH = 5000

/** What `StoredGraph.load` does, for stores that files don't go into by themselves: reads the file, then writes batches. Throws what that says. */
export async function loadByBatches(stored: StoredGraph, path: string, { signal, onProgress, ...options }: GraphLoadOptions = {}): Promise<GraphSummary> {
  const { directed } = await stored.info()
  const graph = await Graph.read(path, { ...options, directed })
  const info = await graph.info()
  if (info.directed !== directed) throw new CanopyError('GRAPH_DIRECTED', 'conflict', `the file's graph is ${info.directed ? '' : 'un'}directed and "${stored.name}" is not alike: make a graph that is`)
  const [ids, { sources, targets, weights }] = [await graph.ids(), await graph.edges()]
  const total = ids.length + sources.length
  const id = (node: number | undefined): string => ids[node ?? 0] ?? ''
  for (let start = 0; start < ids.length; start += BATCH) {
    await stored.writeBatch({ nodes: ids.slice(start, start + BATCH).map((node) => ({ id: node })) }, { signal })
    onProgress?.(Math.min(start + BATCH, ids.length), total)
    await turn()
  }
  for (let start = 0; start < sources.length; start += BATCH) {
    const places = Array.from({ length: Math.min(BATCH, sources.length - start) }, (_, i) => start + i)
    await stored.writeBatch({ edges: places.map((at) => ({ source: id(sources[at]), target: id(targets[at]), weight: weights[at] })) }, { signal })
    onProgress?.(ids.length + Math.min(start + BATCH, sources.length), total)
    await turn()
  }
  const hyperedges = await graph.hyperedges()
  if (hyperedges.length > 0) await stored.writeBatch({ hyperedges: hyperedges.map((members, i) => ({ id: `h${i}`, members: Array.from(members, id) })) }, { signal })
  return stored.info()
}
