import type { CallOptions } from '../engine/cancel.js'
import { CanopyError } from '../engine/error.js'
import { bottleneck, sinkhorn, wasserstein, type DiagramPoints, type SinkhornOptions } from '../engine/topology.js'
import { graphDiagram, neighbourhoodDiagram } from './persistence.js'
import type { StoredGraph } from './store.js'

/** A diagram that is compared: of a whole graph, or of what lies around one node. */
export interface DiagramPart {
  node?: string | undefined
  /** 1 to 5; default 2. */
  hops?: number | undefined
  /** Most nodes of a neighbourhood; default 500. */
  limit?: number | undefined
}

/** How diagrams are compared. */
export interface DiagramDistanceOptions extends SinkhornOptions {
  /** Default `wasserstein`. */
  kind?: 'bottleneck' | 'wasserstein' | 'sinkhorn' | undefined
}

/** How far two diagrams are apart. */
export interface DiagramDistance {
  kind: 'bottleneck' | 'wasserstein' | 'sinkhorn'
  /** Null where it is infinite: one has more bars that stay than the other. */
  distance: number | null
  /** What was smoothed, and how well the mass fits, for `sinkhorn`. */
  epsilon?: number
  massError?: number
  iterations?: number
}

/** The points of one dimension of a kept graph's diagram. Throws `GRAPH_NODE_NOT_FOUND`, `GRAPH_OPTION`. */
export async function diagramPart(stored: StoredGraph, dimension: 0 | 1, { node, ...around }: DiagramPart = {}, { signal }: CallOptions = {}): Promise<DiagramPoints> {
  const { dimensions, births, deaths } = node === undefined ? await graphDiagram(stored, { signal }) : await neighbourhoodDiagram(stored, node, { ...around, signal })
  return Float64Array.from(dimensions.flatMap((of, i) => (of === dimension ? [births[i] ?? 0, deaths[i] ?? Infinity] : [])))
}

/** Bars as JSON lists them, a death that never comes as null. Throws `DIAGRAM_POINT`. */
export function listedPoints(bars: readonly (readonly (number | null)[])[]): DiagramPoints {
  return Float64Array.from(
    bars.flatMap(([birth, death], i) => {
      if (typeof birth !== 'number' || death === undefined) throw new CanopyError('DIAGRAM_POINT', 'invalid_input', `bar ${i} is no pair of a birth and a death (null where it stays)`)
      return [birth, death ?? Infinity]
    }),
  )
}

/** The distance of two diagrams. Throws `DIAGRAM_POINT`, `DIAGRAM_TOO_LARGE`, `TOPOLOGY_OPTION`. */
export async function diagramDistance(a: DiagramPoints, b: DiagramPoints, { kind = 'wasserstein', order, ...options }: DiagramDistanceOptions = {}): Promise<DiagramDistance> {
  const { signal } = options
  if (kind === 'sinkhorn') {
    const { distance, ...rest } = await sinkhorn(a, b, { order, ...options })
    return { kind, distance: finite(distance), ...rest }
  }
  return { kind, distance: finite(kind === 'bottleneck' ? await bottleneck(a, b, { signal }) : await wasserstein(a, b, { signal, order })) }
}

function finite(distance: number): number | null {
  return Number.isFinite(distance) ? distance : null
}
