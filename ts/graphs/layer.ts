import { setImmediate as turn } from 'node:timers/promises'
import type { LongCallOptions } from '../engine/cancel.js'
import { CanopyError } from '../engine/error.js'
import { TopologyLayer } from '../engine/topology.js'
import { lists, type DiagramLists } from './persistence.js'
import type { StoredGraph } from './store.js'

/** What following a graph did. */
export interface GraphLayerReport {
  graph: string
  /** The version of the graph that the diagrams are of. */
  version: number
  radius: number
  nodes: number
  edges: number
  /** Nodes whose diagrams were computed anew. */
  recomputed: number
  /** Whether all were, because that was cheaper than finding out which had to be. */
  full: boolean
}

/** Edges that are looked at before the event loop gets its turn. */
const SLICE = 8192

/** Numbers of a graph's nodes that stay the same while it changes. */
interface Known {
  layer: TopologyLayer
  /** Nodes that the layer has room for. */
  room: number
  places: Map<string, number>
  weights: Map<number, number>
}

/**
 * The diagrams of every node's neighbourhood in a kept graph, brought to where the graph is by `follow`: only what changed is computed anew,
 * and the result is that of building anew.
 */
export class GraphLayer {
  readonly radius: number
  readonly #stored: StoredGraph
  #known: Known | undefined
  #present: ReadonlySet<string> = new Set()
  #version = -1

  constructor(stored: StoredGraph, { radius = 2 }: { radius?: number | undefined } = {}) {
    this.#stored = stored
    this.radius = radius
  }

  /** Builds the layer, or brings it to where the graph is now. Throws `TOPOLOGY_RADIUS`, `GRAPH_NOT_FOUND`. */
  async follow({ signal, onProgress }: LongCallOptions = {}): Promise<GraphLayerReport> {
    const { graph, version } = await this.#stored.snapshot({ signal })
    const [ids, edges] = [await graph.ids(), await graph.edges()]
    const report = { graph: this.#stored.name, version, radius: this.radius, nodes: ids.length }
    if (version === this.#version && this.#known !== undefined) return { ...report, edges: this.#known.weights.size, recomputed: 0, full: false }
    const places = new Map(this.#known?.places)
    for (const id of ids) if (!places.has(id)) places.set(id, places.size)
    const numbers = Uint32Array.from(ids, (id) => places.get(id) ?? 0)
    const room = this.#known !== undefined && places.size <= this.#known.room ? this.#known.room : places.size + Math.max(64, places.size >> 3)
    const weights = await lightest(numbers, room, edges, signal)
    let [recomputed, full] = [ids.length, true]
    if (this.#known === undefined || room !== this.#known.room) {
      const columns = await table(weights, room, signal)
      const layer = await TopologyLayer.build({ nodes: room, ...columns }, { radius: this.radius, signal, onProgress })
      this.#known = { layer, room, places, weights }
    } else {
      const changes = await difference(this.#known.weights, weights, room, signal)
      if (changes.weights.length > 0) {
        const done = await this.#known.layer.update(changes, { signal, onProgress })
        ;[recomputed, full] = [done.full ? ids.length : done.recomputed.length, done.full]
      } else [recomputed, full] = [0, false]
      Object.assign(this.#known, { places, weights })
    }
    this.#present = new Set(ids)
    this.#version = version
    return { ...report, edges: weights.size, recomputed, full }
  }

  /** The diagram of a node's neighbourhood at the version that was followed last. Throws `GRAPH_NODE_NOT_FOUND`, `LAYER_MISSING`. */
  async diagram(id: string): Promise<DiagramLists & { version: number }> {
    const known = this.#known
    if (known === undefined) throw missing(this.#stored.name)
    const place = this.#present.has(id) ? known.places.get(id) : undefined
    if (place === undefined) throw new CanopyError('GRAPH_NODE_NOT_FOUND', 'not_found', `graph "${this.#stored.name}" had no node "${id.slice(0, 64)}" when its layer was followed last`)
    return { version: this.#version, ...lists(await known.layer.diagram(place)) }
  }
}

/** No layer was built. */
export function missing(graph: string): CanopyError {
  return new CanopyError('LAYER_MISSING', 'not_found', `no layer of graph "${graph}" is held: build one with POST /v1/graphs/${encodeURIComponent(graph)}/layer`)
}

/** Two ends as one number; an edge has no direction in a flag complex, and the lighter of two joins its ends first. */
async function lightest(numbers: Uint32Array, room: number, { sources, targets, weights }: { sources: Uint32Array; targets: Uint32Array; weights: Float64Array }, signal: AbortSignal | undefined): Promise<Map<number, number>> {
  const found = new Map<number, number>()
  for (const [i, weight] of weights.entries()) {
    if (i % SLICE === SLICE - 1) await pause(signal)
    const [a, b] = [numbers[sources[i] ?? 0] ?? 0, numbers[targets[i] ?? 0] ?? 0]
    const key = Math.min(a, b) * room + Math.max(a, b)
    found.set(key, Math.min(weight, found.get(key) ?? Infinity))
  }
  return found
}

async function table(edges: ReadonlyMap<number, number>, room: number, signal: AbortSignal | undefined) {
  const [sources, targets, weights] = [new Uint32Array(edges.size), new Uint32Array(edges.size), new Float64Array(edges.size)]
  let at = 0
  for (const [key, weight] of edges) {
    if (at % SLICE === SLICE - 1) await pause(signal)
    ;[sources[at], targets[at], weights[at]] = [Math.floor(key / room), key % room, weight]
    at += 1
  }
  return { sources, targets, weights }
}

/** Edges that are new, weigh otherwise, or are gone (NaN). */
async function difference(before: ReadonlyMap<number, number>, now: ReadonlyMap<number, number>, room: number, signal: AbortSignal | undefined) {
  const changes = new Map<number, number>()
  let at = 0
  for (const [from, to] of [[now, before], [before, now]] as const) {
    for (const [key, weight] of from) {
      if ((at += 1) % SLICE === 0) await pause(signal)
      if (from === now ? to.get(key) !== weight : !to.has(key)) changes.set(key, from === now ? weight : Number.NaN)
    }
  }
  return table(changes, room, signal)
}

async function pause(signal: AbortSignal | undefined): Promise<void> {
  await turn()
  signal?.throwIfAborted()
}
