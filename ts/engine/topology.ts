import type { BindingDiagram } from '#native'
import { binding } from './binding.js'
import { cancellable, type CallOptions } from './cancel.js'
import { checkColumns, type EdgeColumns } from './graph.js'
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
