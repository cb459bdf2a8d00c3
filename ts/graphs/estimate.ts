import type { CallOptions, LongCallOptions } from '../engine/cancel.js'
import { estimateHyperAdamicAdar, type GraphWaveOptions, type Node2VecOptions, type SuggestOptions, type TunePqOptions, type WalkOptions, type WorkEstimate } from '../engine/graph.js'
import { estimatePoincare, type PoincareTrainOptions } from '../engine/poincare.js'
import { EmbeddedGraph } from '../engine/stored-graph.js'
import { estimatePersistence, TopologyLayer } from '../engine/topology.js'
import { hyperedgeLists } from './suggest.js'
import type { StoredGraph } from './store.js'

/** Work on a kept graph that may take long, and how it is done. */
export type GraphWork =
  | ({ method: 'graphwave' } & Omit<GraphWaveOptions, keyof LongCallOptions>)
  | ({ method: 'node2vec' } & Omit<Node2VecOptions, keyof LongCallOptions>)
  | ({ method: 'poincare' } & Omit<PoincareTrainOptions, keyof LongCallOptions>)
  | ({ method: 'walks' } & Omit<WalkOptions, keyof LongCallOptions>)
  | ({ method: 'tune' } & Omit<TunePqOptions, keyof LongCallOptions>)
  | ({ method: 'aa' | 'hyper_aa' } & Omit<SuggestOptions, keyof LongCallOptions>)
  | { method: 'persistence' }
  | { method: 'layer'; radius?: number | undefined }

/** What work on a kept graph will take: memory, steps, time. Throws what the work would say of its options. */
export async function estimateGraph(stored: StoredGraph, work: GraphWork, { signal }: CallOptions = {}): Promise<WorkEstimate> {
  const { method, ...rest } = work
  const { graph } = await stored.snapshot({ signal })
  const options = { ...rest, signal }
  switch (method) {
    case 'graphwave':
    case 'node2vec':
    case 'walks':
      return graph.estimate(method, options)
    case 'tune':
      return graph.estimate('tunePq', options)
    case 'aa':
      return graph.estimate('adamicAdar', options)
    case 'hyper_aa':
      return stored instanceof EmbeddedGraph ? graph.estimate('hyperAdamicAdar', options) : byLists(stored, options)
    default: {
      const [{ nodes }, edges] = [await graph.info(), await graph.edges()]
      if (method === 'poincare') return estimatePoincare(nodes, edges.sources.length, options)
      return method === 'layer' ? TopologyLayer.estimate({ nodes, ...edges }, options) : estimatePersistence({ nodes, ...edges }, options)
    }
  }
}

async function byLists(stored: StoredGraph, options: SuggestOptions): Promise<WorkEstimate> {
  const { nodes, lists } = await hyperedgeLists(stored, options)
  return estimateHyperAdamicAdar(nodes, lists, options)
}
