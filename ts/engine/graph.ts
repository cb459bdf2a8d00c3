import type { BindingGraph, BindingSuggestions } from '#native'
import { binding } from './binding.js'
import { cancellable, type LongCallOptions } from './cancel.js'
import { CanopyError, unwrap } from './error.js'
import { parse, stringify } from './json.js'

/** Edges by columns: edge `i` leads from `sources[i]` to `targets[i]`. */
export interface EdgeColumns {
  /** Number of nodes; they are numbered from 0. */
  nodes: number
  sources: Uint32Array
  targets: Uint32Array
  /** Above 0; without them every edge weighs 1. */
  weights?: Float64Array | undefined
}

/** How edges become a graph. */
export interface GraphBuildOptions {
  /** Whether an edge leads one way only. */
  directed?: boolean | undefined
  /** What becomes of edges named more than once. */
  parallel?: 'sum' | 'max' | 'last' | undefined
}

/** How a file is read. */
export interface GraphReadOptions extends GraphBuildOptions {
  /** Default: by the file's name. */
  format?: 'csv' | 'graphml' | 'json' | undefined
  /** What stands between two fields of a CSV file; default a comma. */
  delimiter?: string | undefined
  /** Whether the first line of a CSV file names the columns. */
  header?: boolean | undefined
}

/** What a graph is. */
export interface GraphInfo {
  nodes: number
  edges: number
  directed: boolean
  /** What had no place in the graph. */
  dropped: { loops: number; parallel: number; weightless: number }
  hyperedges: number | null
}

/** How GraphWave embeds (Donnat et al. 2018). */
export interface GraphWaveOptions extends LongCallOptions {
  /** Heat scales, each above 0; default: the smallest and largest that the spectrum suggests. */
  scales?: readonly number[] | undefined
  /** Points at which the characteristic function is sampled, from 0 to `maxT`. */
  points?: number | undefined
  maxT?: number | undefined
  /** Most that a value may differ from exact arithmetic, 1e-12 to 0.1. */
  tolerance?: number | undefined
  laplacian?: 'normalized' | 'combinatorial' | undefined
  /** Whether to decompose the Laplacian densely: the yardstick, for small graphs. */
  exact?: boolean | undefined
}

/** Structural embeddings: one row a node; for each scale, for each point, the real and the imaginary part. */
export interface GraphWaveEmbedding {
  rows: Float64Array
  /** Values a row. */
  dim: number
  scales: Float64Array
  points: Float64Array
  /** Order of the polynomial; 0 in exact mode. */
  order: number
}

/** Which pairs are worth suggesting. */
export interface SuggestOptions extends LongCallOptions {
  /** Most suggestions a node; default 50. */
  top?: number | undefined
  /** Suggestions with this score or less are dropped. */
  minScore?: number | undefined
}

/** Pairs worth joining, each once: the lower node, the higher node, the score. */
export interface Suggestions {
  sources: Uint32Array
  targets: Uint32Array
  scores: Float64Array
}

/** A graph that doesn't change: neighbours sorted, parallel edges merged, self-loops dropped. */
export class Graph {
  readonly #native: BindingGraph

  private constructor(native: BindingGraph) {
    this.#native = native
  }

  /** Builds a graph from columns. Throws `GRAPH_LENGTH`, `GRAPH_NODE`, `GRAPH_WEIGHT`. */
  static async build({ nodes, sources, targets, weights }: EdgeColumns, options: GraphBuildOptions = {}): Promise<Graph> {
    checkColumns(sources, targets, weights)
    return new Graph(unwrap(await binding().BindingGraph.build(nodes, sources, targets, weights, stringify(options))))
  }

  /** Reads a CSV edge list, GraphML or JSON. Throws `GRAPH_READ`, `GRAPH_SYNTAX` with the place, `GRAPH_TOO_LARGE`. */
  static async read(path: string, { format, delimiter, header, ...graph }: GraphReadOptions = {}): Promise<Graph> {
    const known = format ?? ({ csv: 'csv', tsv: 'csv', edges: 'csv', graphml: 'graphml', xml: 'graphml', json: 'json' } as const)[path.split('.').at(-1)?.toLowerCase() ?? '']
    if (known === undefined) throw new CanopyError('GRAPH_OPTION', 'invalid_input', `${path} has a name that tells no format: pass format: 'csv', 'graphml' or 'json'`)
    return new Graph(unwrap(await binding().BindingGraph.read(path, stringify({ format: known, delimiter, header, graph }))))
  }

  /** Nodes, edges, and what was dropped. */
  async info(): Promise<GraphInfo> {
    return parse(unwrap(await this.#native.info()))
  }

  /** The ids of the nodes as the file named them; none where the graph was built from columns. */
  async ids(): Promise<string[]> {
    return parse(unwrap(await this.#native.ids()))
  }

  /** Structural embeddings of every node: nodes with alike surroundings get alike rows, wherever they are. */
  async graphwave({ signal, onProgress, ...options }: GraphWaveOptions = {}): Promise<GraphWaveEmbedding> {
    const json = stringify(options)
    return cancellable(signal, (cancel) => this.#native.graphwave(json, cancel, onProgress))
  }

  /** Pairs with rare common neighbours (Adamic & Adar 2003). */
  async adamicAdar({ signal, onProgress, ...options }: SuggestOptions = {}): Promise<Suggestions> {
    const json = stringify(options)
    return cancellable(signal, (cancel) => this.#native.adamicAdar(json, cancel, onProgress))
  }
}

/** Pairs that share small hyperedges: Σ 1 / ln(|H| − 1) over the hyperedges that hold both. Throws `GRAPH_NODE`. */
export async function hyperAdamicAdar(
  nodes: number,
  hyperedges: readonly (readonly number[] | Uint32Array)[],
  { signal, onProgress, ...options }: SuggestOptions = {},
): Promise<Suggestions> {
  const starts = new Uint32Array(hyperedges.length + 1)
  for (const [i, members] of hyperedges.entries()) starts[i + 1] = (starts[i] ?? 0) + members.length
  const members = new Uint32Array(starts.at(-1) ?? 0)
  for (const [i, list] of hyperedges.entries()) members.set(list, starts[i])
  const json = stringify(options)
  const found: BindingSuggestions = await cancellable(signal, (cancel) => binding().hyperSuggestions(nodes, starts, members, json, cancel, onProgress))
  return found
}

/** @internal */
export function checkColumns(sources: unknown, targets: unknown, weights: unknown): void {
  if (sources instanceof Uint32Array && targets instanceof Uint32Array && (weights === undefined || weights instanceof Float64Array)) return
  throw new CanopyError('GRAPH_TYPE', 'invalid_input', 'sources and targets must be Uint32Arrays, weights a Float64Array')
}
