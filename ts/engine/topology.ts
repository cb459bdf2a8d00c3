import type { BindingDiagram, BindingLayer } from '#native'
import { binding } from './binding.js'
import { cancellable, type CallOptions, type LongCallOptions } from './cancel.js'
import { CanopyError, unwrap } from './error.js'
import { checkColumns, type EdgeColumns, type WorkEstimate } from './graph.js'
import { parse, stringify } from './json.js'

/** A weighted graph by columns; an edge joins its ends from its weight on. */
export interface Filtration extends EdgeColumns {
  weights: Float64Array
}

/** The bars of a diagram. */
export interface PersistenceDiagram {
  /** 0 for a component, 1 for a loop. */
  dimensions: Uint8Array
  /** Weights at which bars appear. */
  births: Float64Array
  /** And at which they go; `Infinity` where they stay. */
  deaths: Float64Array
}

/** A loop, and a cycle of edges around it. */
export interface PersistentLoop {
  birth: number
  /** Null where it stays. */
  death: number | null
  cycle: [number, number][]
}

/** Points (birth, death) of a diagram, row-major. */
export type DiagramPoints = Float64Array

/** How a smoothed distance is computed (Cuturi 2013). */
export interface SinkhornOptions extends CallOptions {
  order?: number | undefined
  /** Strength of the smoothing. */
  epsilon?: number | undefined
  tolerance?: number | undefined
  iterations?: number | undefined
}

/** Components (H0) and loops (H1) of the graph's flag complex. Throws `EDGES_*`, `TOPOLOGY_DIMENSION`. */
export async function persistence(
  { nodes, sources, targets, weights }: Filtration,
  { signal, ...options }: CallOptions & { maxDimension?: 0 | 1 | undefined } = {},
): Promise<PersistenceDiagram> {
  checkColumns(sources, targets, weights)
  const json = stringify(options)
  const diagram: BindingDiagram = await cancellable(signal, (cancel) => binding().persistenceDiagram(nodes, sources, targets, weights, json, cancel))
  return diagram
}

/** What `persistence` will take, as far as degrees tell; reductions of long loops may take longer. */
export async function estimatePersistence({ nodes, sources, targets, weights }: Filtration, { signal, ...options }: CallOptions & { maxDimension?: 0 | 1 | undefined } = {}): Promise<WorkEstimate> {
  checkColumns(sources, targets, weights)
  signal?.throwIfAborted()
  return parse(unwrap(await binding().estimateTopology(false, nodes, sources, targets, weights, stringify(options))))
}

/** Every loop with a cycle of edges around it. */
export async function persistentLoops({ nodes, sources, targets, weights }: Filtration, { signal }: CallOptions = {}): Promise<PersistentLoop[]> {
  checkColumns(sources, targets, weights)
  return parse(await cancellable(signal, (cancel) => binding().persistenceLoops(nodes, sources, targets, weights, cancel)))
}

/** The points of one dimension, as the distances take them. */
export function diagramPoints({ dimensions, births, deaths }: PersistenceDiagram, dimension: 0 | 1): DiagramPoints {
  const points: number[] = []
  for (const [i, of] of dimensions.entries()) if (of === dimension) points.push(births[i] ?? 0, deaths[i] ?? 0)
  return Float64Array.from(points)
}

/** The largest step of the best matching of two diagrams. Throws `DIAGRAM_POINT`, `DIAGRAM_TOO_LARGE`. */
export async function bottleneck(a: DiagramPoints, b: DiagramPoints, { signal }: CallOptions = {}): Promise<number> {
  return cancellable(signal, (cancel) => binding().bottleneckDistance(a, b, cancel))
}

/** The sum of steps, each to the power of `order` (default 2), of the best matching, and the root of it. */
export async function wasserstein(a: DiagramPoints, b: DiagramPoints, { signal, order = 2 }: CallOptions & { order?: number | undefined } = {}): Promise<number> {
  return cancellable(signal, (cancel) => binding().wassersteinDistance(a, b, order, cancel))
}

/** The same smoothed by entropy, for large diagrams; `epsilon` says how much. */
export async function sinkhorn(
  a: DiagramPoints,
  b: DiagramPoints,
  { signal, ...options }: SinkhornOptions = {},
): Promise<{ distance: number; epsilon: number; massError: number; iterations: number }> {
  const json = stringify(options)
  return parse(await cancellable(signal, (cancel) => binding().sinkhornDistance(a, b, json, cancel)))
}

/** What an update of a layer did. */
export interface LayerUpdate {
  /** Nodes whose diagrams were computed anew, ascending. */
  recomputed: Uint32Array
  /** Whether everything was, because that was cheaper than finding out what had to be. */
  full: boolean
}

/** A weight of NaN takes the edge away. */
export interface EdgeChanges {
  sources: Uint32Array
  targets: Uint32Array
  weights: Float64Array
}

/** The diagram of every node's neighbourhood, kept right while the graph changes: only what a change can affect is computed anew. */
export class TopologyLayer {
  readonly #native: BindingLayer

  private constructor(native: BindingLayer) {
    this.#native = native
  }

  /** Computes the diagrams of what lies within `radius` hops (1 to 16, default 2) of each node. Throws `EDGES_*`, `TOPOLOGY_RADIUS`. */
  static async build({ nodes, sources, targets, weights }: Filtration, { signal, onProgress, ...options }: LongCallOptions & { radius?: number | undefined } = {}): Promise<TopologyLayer> {
    checkColumns(sources, targets, weights)
    const json = stringify(options)
    return new TopologyLayer(await cancellable(signal, (cancel) => binding().BindingLayer.build(nodes, sources, targets, weights, json, cancel, onProgress)))
  }

  /** What `build` will take, by what some of the neighbourhoods take. */
  static async estimate({ nodes, sources, targets, weights }: Filtration, { signal, ...options }: LongCallOptions & { radius?: number | undefined } = {}): Promise<WorkEstimate> {
    checkColumns(sources, targets, weights)
    signal?.throwIfAborted()
    return parse(unwrap(await binding().estimateTopology(true, nodes, sources, targets, weights, stringify(options))))
  }

  /** Changes edges, all or none; the result equals building anew, bit for bit. Throws `EDGES_*`. */
  async update({ sources, targets, weights }: EdgeChanges, { signal, onProgress }: LongCallOptions = {}): Promise<LayerUpdate> {
    checkColumns(sources, targets, weights)
    if (sources.length !== targets.length || sources.length !== weights.length) throw new CanopyError('EDGES_LENGTH', 'invalid_input', `${sources.length} sources, ${targets.length} targets and ${weights.length} weights: send as many of each`)
    return cancellable(signal, (cancel) => this.#native.update(sources, targets, weights, cancel, onProgress))
  }

  /** The diagram of a node's neighbourhood. Throws `GRAPH_NODE_NOT_FOUND`. */
  async diagram(node: number): Promise<PersistenceDiagram> {
    const found = Number.isInteger(node) && node >= 0 && node <= 0xffff_ffff ? unwrap(await this.#native.diagram(node)) : null
    if (found === null || found === undefined) throw new CanopyError('GRAPH_NODE_NOT_FOUND', 'not_found', `there is no node ${node}: nodes are numbered from 0`)
    return found
  }

  /** The diagram of the whole graph as it stands. */
  async whole({ signal }: CallOptions = {}): Promise<PersistenceDiagram> {
    return cancellable(signal, (cancel) => this.#native.whole(cancel))
  }
}

/** How weights are moved towards a diagram. */
export interface CorrectionOptions extends CallOptions {
  /** Of the diagram; default 1. */
  dimension?: 0 | 1 | undefined
  /** A Wasserstein distance up to this is close enough; default 1e-6. */
  epsilon?: number | undefined
  order?: number | undefined
  /** Most rounds; default 100. */
  iterations?: number | undefined
}

/** A graph whose weights were moved. */
export interface Correction extends EdgeChanges {
  /** Edges whose weight changed. */
  changed: number
  before: number
  /** Never more than before. */
  after: number
  iterations: number
  /** Whether the distance is within epsilon. */
  reached: boolean
}

/** Moves the weights of a graph until its diagram is the wanted one, as far as its edges allow (Poulenard et al. 2018). Throws `EDGES_*`, `DIAGRAM_POINT`. */
export async function correctWeights({ nodes, sources, targets, weights }: Filtration, wanted: DiagramPoints, { signal, ...options }: CorrectionOptions = {}): Promise<Correction> {
  checkColumns(sources, targets, weights)
  const json = stringify(options)
  return cancellable(signal, (cancel) => binding().correctWeights(nodes, sources, targets, weights, wanted, json, cancel))
}
