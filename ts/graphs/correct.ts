import type { LongCallOptions } from '../engine/cancel.js'
import { CanopyError } from '../engine/error.js'
import { correctWeights, type CorrectionOptions, type DiagramPoints } from '../engine/topology.js'
import type { Metadata } from '../engine/types.js'
import type { StoredGraph } from './store.js'

/** How a kept graph is corrected. */
export interface GraphCorrectionOptions extends Omit<CorrectionOptions, 'signal'> {
  /** Whether the new weights are written to the graph, all or none; default false. */
  apply?: boolean | undefined
}

/** An edge whose weight moved. */
export interface CorrectedEdge {
  source: string
  target: string
  before: number
  weight: number
}

/** What correcting did. */
export interface GraphCorrection {
  /** Distance to the wanted diagram before, and now; null where it is infinite. */
  before: number | null
  after: number | null
  /** Whether the distance is within epsilon. */
  reached: boolean
  iterations: number
  changed: CorrectedEdge[]
  applied: boolean
}

/** A stored weight is above 0; a filtration knows 0. */
const LEAST = 1e-12

/**
 * Moves the weights of a kept graph until its diagram is the wanted one, as far as its edges allow. Edges keep their attributes.
 *
 * Throws `DIAGRAM_POINT`, `GRAPH_DIRECTED` for a directed graph, `GRAPH_CHANGED` when it was changed before the weights were written.
 */
export async function correctGraph(stored: StoredGraph, wanted: DiagramPoints, { apply = false, ...options }: GraphCorrectionOptions = {}, { signal, onProgress }: LongCallOptions = {}): Promise<GraphCorrection> {
  const { directed } = await stored.info()
  if (directed) throw new CanopyError('GRAPH_DIRECTED', 'conflict', `"${stored.name}" is directed, and a filtration has one weight for both ways: make an undirected graph of it`)
  const { graph, version } = await stored.snapshot({ signal })
  const [ids, edges] = [await graph.ids(), await graph.edges()]
  onProgress?.(0, 2)
  const found = await correctWeights({ nodes: ids.length, ...edges }, wanted, { ...options, signal })
  onProgress?.(1, 2)
  const key = (a: number, b: number): number => Math.min(a, b) * ids.length + Math.max(a, b)
  const old = new Map(Array.from(edges.weights, (weight, i) => [key(edges.sources[i] ?? 0, edges.targets[i] ?? 0), weight]))
  const changed: CorrectedEdge[] = []
  for (const [i, moved] of found.weights.entries()) {
    const [a, b, weight] = [found.sources[i] ?? 0, found.targets[i] ?? 0, Math.max(moved, LEAST)]
    const before = old.get(key(a, b)) ?? moved
    if (before !== weight) changed.push({ source: ids[a] ?? '', target: ids[b] ?? '', before, weight })
  }
  if (apply && changed.length > 0) await write(stored, changed, version, signal)
  onProgress?.(2, 2)
  const { before, after, reached, iterations } = found
  return { before: Number.isFinite(before) ? before : null, after: Number.isFinite(after) ? after : null, reached, iterations, changed, applied: apply }
}

async function write(stored: StoredGraph, changed: readonly CorrectedEdge[], version: number, signal: AbortSignal | undefined): Promise<void> {
  const name = (a: string, b: string): string => (a < b ? JSON.stringify([a, b]) : JSON.stringify([b, a]))
  const attributes = new Map<string, Metadata>(changed.map(({ source, target }) => [name(source, target), {}]))
  let after: string | undefined
  do {
    const page = await stored.edges({ limit: 1000, after, signal })
    for (const edge of page.items) if (attributes.has(name(edge.source, edge.target))) attributes.set(name(edge.source, edge.target), edge.attributes)
    after = page.next ?? undefined
  } while (after !== undefined)
  if ((await stored.info()).version !== version) throw new CanopyError('GRAPH_CHANGED', 'conflict', `"${stored.name}" was changed while its weights were moved: correct it again`)
  await stored.writeBatch({ edges: changed.map(({ source, target, weight }) => ({ source, target, weight, attributes: attributes.get(name(source, target)) })) }, { signal })
}
