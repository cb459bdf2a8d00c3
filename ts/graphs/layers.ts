import { GraphLayer, missing } from './layer.js'
import type { StoredGraph } from './store.js'

/** Layers that one server holds; each takes memory like its graph. */
const MOST = 4

/** The layers of one server; the one that was asked for longest ago goes first. */
export class GraphLayers {
  readonly #layers = new Map<string, GraphLayer>()

  /** The layer of a graph, empty where there is none yet. */
  open(graph: StoredGraph, radius = 2): GraphLayer {
    const key = `${radius} ${graph.name}`
    const layer = this.#layers.get(key) ?? new GraphLayer(graph, { radius })
    this.#layers.delete(key)
    this.#layers.set(key, layer)
    for (const old of [...this.#layers.keys()].slice(0, -MOST)) this.#layers.delete(old)
    return layer
  }

  /** Throws `LAYER_MISSING`. */
  get(graph: string, radius = 2): GraphLayer {
    const layer = this.#layers.get(`${radius} ${graph}`)
    if (layer === undefined) throw missing(graph)
    return layer
  }
}
