import type { BindingGraph, BindingSuggestions } from '#native'
import { binding } from './binding.js'
import { cancellable, type CallOptions, type LongCallOptions } from './cancel.js'
import { CanopyError, unwrap } from './error.js'
import { checkNumbers, parse, stringify } from './json.js'

/** How numbers that are none are refused. */
const CODES = { p: 'NODE2VEC_PQ', q: 'NODE2VEC_PQ', maxMinutes: 'NODE2VEC_TIME_LIMIT', '*': 'GRAPH_OPTION' }

/** Edges by columns: edge `i` leads from `sources[i]` to `targets[i]`. */
export interface EdgeColumns {
  /** Number of nodes; they are numbered from 0. */
  nodes: number
  sources: Uint32Array
  targets: Uint32Array
  /** Above 0; without them every edge weighs 1. */
  weights?: Float64Array | undefined
  /** What the nodes are called; by default their numbers. */
  ids?: readonly string[] | undefined
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
  /** Whether the first line of a CSV file names the columns; unless said, a line like `source,target,weight` does. */
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

/** How Node2Vec embeds (Grover & Leskovec 2016). */
export interface Node2VecOptions extends LongCallOptions {
  /** The higher, the rarer a walk turns back; default 1. */
  p?: number | undefined
  /** The higher, the nearer a walk stays to where it came from; default 1. */
  q?: number | undefined
  /** Walks from each node; default 10. */
  walks?: number | undefined
  /** Nodes of a walk; default 40. */
  length?: number | undefined
  seed?: number | undefined
  /** Values a node. */
  dim?: number | undefined
  window?: number | undefined
  negatives?: number | undefined
  epochs?: number | undefined
  learningRate?: number | undefined
  /** Whether the seed fixes the result to the bit; one thread learns then. Default: all cores learn at once, twice as fast on two. */
  deterministic?: boolean | undefined
}

/** Which walks are made. */
export type WalkOptions = Pick<Node2VecOptions, 'p' | 'q' | 'walks' | 'length' | 'seed' | 'signal' | 'onProgress'>

/** How p and q are searched for. */
export interface TunePqOptions extends LongCallOptions {
  /** Wall-clock limit, honoured inside an evaluation; default 10. */
  maxMinutes?: number | undefined
  /** Most evaluations, those of earlier runs included; default 30. */
  evaluations?: number | undefined
  patience?: number | undefined
  /** Share of the links held back; default 0.1. */
  held?: number | undefined
  seed?: number | undefined
  node2vec?: Omit<Node2VecOptions, 'signal' | 'onProgress'> | undefined
  /** Where the best result is kept, `…/best_pq.json`; a run over the same graph resumes from it. */
  state?: string | undefined
}

/** What `best_pq.json` holds. */
export interface BestPq {
  p: number
  q: number
  /** Recall@10 on the links held back; null where nothing was evaluated. */
  score: number | null
  evaluations: number
  datasetHash: string
  seed: number
  stoppedBy: string
  trials: { p: number; q: number; score: number }[]
}

/** A node's neighbourhood, and why. */
export interface Explanation {
  /** The explained node first, then by falling diffusion. */
  nodes: { node: number; id: string; hop: number; diffusion: number }[]
  edges: { source: number; target: number; weight: number; similarity: number }[]
  /** For each node, how its attention is spread over its edges; shares sum to 1. */
  attn: { node: number; targets: number[]; shares: number[] }[]
  /** How much the answer changes without the edges that attention names, and without as many others. */
  fidelity: { edges: [number, number][]; change: number; baseline: number }
  /** A drawing. */
  svg: string
}

/** What is explained, and how far. */
export interface ExplainOptions extends CallOptions {
  /** 1 to 5; default 2. */
  hops?: number | undefined
  /** Most nodes, 1 to 500; default 50. */
  limit?: number | undefined
  /** A row for each node, by which ends of edges are compared; without them neighbourhoods are. */
  vectors?: Float32Array | undefined
  /** Values a row of `vectors`. */
  dim?: number | undefined
}

/** What a computation will take. */
export interface WorkEstimate {
  /** At the peak, the result included, the input not; to some tens of percent. */
  bytes: number
  /** A count of steps, by which two runs of one kind can be compared. */
  operations: number
  /** Within a factor of two or three on a processor of 2022. */
  seconds: number
  /** Cores the seconds are for. */
  threads: number
}

/** What `Graph.estimate` knows, and the options of each. */
export interface GraphEstimates {
  graphwave: GraphWaveOptions
  node2vec: Node2VecOptions
  walks: WalkOptions
  /** All evaluations, or the time limit where that comes first. */
  tunePq: TunePqOptions
  adamicAdar: SuggestOptions
  hyperAdamicAdar: SuggestOptions
}

/** Which pairs are worth suggesting. */
export interface SuggestOptions extends LongCallOptions {
  /** Most suggestions a node; default 50. */
  top?: number | undefined
  /** Suggestions with this score or less are dropped; default 0.3. */
  minScore?: number | undefined
  /** Hyperedges with more members are passed over; default 0, none. */
  largest?: number | undefined
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

  /** @internal */
  static of(native: BindingGraph): Graph {
    return new Graph(native)
  }

  /** Builds a graph from columns. Throws `GRAPH_LENGTH`, `GRAPH_NODE`, `GRAPH_WEIGHT`. */
  static async build({ nodes, sources, targets, weights, ids }: EdgeColumns, options: GraphBuildOptions = {}): Promise<Graph> {
    checkColumns(sources, targets, weights)
    const names = ids === undefined ? undefined : Buffer.from(stringify(ids))
    return new Graph(unwrap(await binding().BindingGraph.build(nodes, sources, targets, weights, names, stringify(options))))
  }

  /** Reads a CSV edge list, GraphML or JSON. Throws `GRAPH_READ`, `GRAPH_SYNTAX` with the place, `GRAPH_TOO_LARGE`. */
  static async read(path: string, { format, delimiter, header, ...graph }: GraphReadOptions = {}): Promise<Graph> {
    return new Graph(unwrap(await binding().BindingGraph.read(path, stringify({ format: formatOf(path, format), delimiter, header, graph }))))
  }

  /** Nodes, edges, and what was dropped. */
  async info(): Promise<GraphInfo> {
    return parse(unwrap(await this.#native.info()))
  }

  /** The ids of the nodes as the file named them; none where the graph was built from columns. */
  async ids(): Promise<string[]> {
    return parse(unwrap(await this.#native.ids()))
  }

  /** The node of this id, or undefined. */
  async find(id: string): Promise<number | undefined> {
    return unwrap(await this.#native.find(id.toWellFormed())) ?? undefined
  }

  /** The edges by columns, an undirected one once. */
  async edges(): Promise<{ sources: Uint32Array; targets: Uint32Array; weights: Float64Array }> {
    return unwrap(await this.#native.edges())
  }

  /** The nodes of each hyperedge; none where the graph has no hyperedges. */
  async hyperedges(): Promise<Uint32Array[]> {
    const { starts, members } = unwrap(await this.#native.hyperedges())
    return Array.from({ length: starts.length - 1 }, (_, i) => members.subarray(starts[i], starts[i + 1]))
  }

  /** What the method of this name with these options will take. */
  async estimate<What extends keyof GraphEstimates>(what: What, { signal, ...options }: GraphEstimates[What] = {} as GraphEstimates[What]): Promise<WorkEstimate> {
    signal?.throwIfAborted()
    checkNumbers({ ...(options as TunePqOptions).node2vec, ...options }, CODES)
    return parse(unwrap(await this.#native.estimate(what, stringify(options))))
  }

  /** Structural embeddings of every node: nodes with alike surroundings get alike rows, wherever they are. */
  async graphwave({ signal, onProgress, ...options }: GraphWaveOptions = {}): Promise<GraphWaveEmbedding> {
    checkNumbers(options, CODES)
    const json = stringify(options)
    return cancellable(signal, (cancel) => this.#native.graphwave(json, cancel, onProgress))
  }

  /** Embeddings by biased random walks and skip-gram with negative sampling: one row a node. */
  async node2vec({ signal, onProgress, ...options }: Node2VecOptions = {}): Promise<{ vectors: Float32Array; dim: number }> {
    checkNumbers(options, CODES)
    const json = stringify(options)
    return cancellable(signal, (cancel) => this.#native.node2Vec(json, cancel, onProgress))
  }

  /**
   * The walks that Node2Vec learns from, for another learner: walk `i` is `nodes[i * length]` to `nodes[(i + 1) * length - 1]`; 0xffffffff fills up
   * one that met a dead end. Throws `NODE2VEC_PQ`, `GRAPH_EMPTY`.
   */
  async walks({ signal, onProgress, ...options }: WalkOptions = {}): Promise<{ nodes: Uint32Array; length: number }> {
    checkNumbers(options, CODES)
    const json = stringify(options)
    return cancellable(signal, (cancel) => this.#native.walks(json, cancel, onProgress))
  }

  /** Searches for the p and q that predict held-back links best. Throws `NODE2VEC_TIME_LIMIT`, `BEST_PQ_WRITE`, `BEST_PQ_FOREIGN` for a file that isn't one of ours. */
  async tunePq({ signal, onProgress, node2vec, ...options }: TunePqOptions = {}): Promise<BestPq> {
    checkNumbers({ ...node2vec, ...options }, CODES)
    // A resumed search is the search in one go only where an evaluation says the same each time.
    const json = stringify({ ...options, node2vec: { deterministic: true, ...node2vec } })
    return parse(await cancellable(signal, (cancel) => this.#native.tunePq(json, cancel, onProgress)))
  }

  /** Why a node is where it is: its neighbourhood with attention over edges. Throws `GRAPH_NODE_NOT_FOUND`. */
  async explain(node: number, { signal, vectors, dim = 0, ...options }: ExplainOptions = {}): Promise<Explanation> {
    if (!Number.isInteger(node) || node < 0 || node > 0xffff_ffff) throw new CanopyError('GRAPH_NODE_NOT_FOUND', 'not_found', `there is no node ${node}: nodes are numbered from 0`)
    const json = stringify(options)
    return parse(await cancellable(signal, (cancel) => this.#native.explain(node, vectors, dim, json, cancel)))
  }

  /** Pairs with rare common neighbours (Adamic & Adar 2003). */
  async adamicAdar({ signal, onProgress, ...options }: SuggestOptions = {}): Promise<Suggestions> {
    const json = stringify(options)
    return cancellable(signal, (cancel) => this.#native.adamicAdar(json, cancel, onProgress))
  }

  /** Pairs that share small hyperedges of this graph; see `hyperAdamicAdar`. */
  async hyperAdamicAdar({ signal, onProgress, ...options }: SuggestOptions = {}): Promise<Suggestions> {
    const json = stringify(options)
    return cancellable(signal, (cancel) => this.#native.hyperAdamicAdar(json, cancel, onProgress))
  }
}

/** Pairs that share small hyperedges: Σ 1 / ln(|H| − 1) over the hyperedges that hold both. Throws `GRAPH_NODE`. */
export async function hyperAdamicAdar(
  nodes: number,
  hyperedges: readonly (readonly number[] | Uint32Array)[],
  { signal, onProgress, ...options }: SuggestOptions = {},
): Promise<Suggestions> {
  const [{ starts, members }, json] = [hyperColumns(hyperedges), stringify(options)]
  const found: BindingSuggestions = await cancellable(signal, (cancel) => binding().hyperSuggestions(nodes, starts, members, json, cancel, onProgress))
  return found
}

/** What `hyperAdamicAdar` will take. */
export async function estimateHyperAdamicAdar(nodes: number, hyperedges: readonly (readonly number[] | Uint32Array)[], { signal, ...options }: SuggestOptions = {}): Promise<WorkEstimate> {
  signal?.throwIfAborted()
  const { starts, members } = hyperColumns(hyperedges)
  return parse(unwrap(await binding().estimateHyperSuggestions(nodes, starts, members, stringify(options))))
}

function hyperColumns(hyperedges: readonly (readonly number[] | Uint32Array)[]): { starts: Uint32Array; members: Uint32Array } {
  const starts = new Uint32Array(hyperedges.length + 1)
  for (const [i, members] of hyperedges.entries()) starts[i + 1] = (starts[i] ?? 0) + members.length
  const members = new Uint32Array(starts.at(-1) ?? 0)
  for (const [i, list] of hyperedges.entries()) members.set(list, starts[i])
  return { starts, members }
}

/** The format of a file, by its name unless it is said. @internal */
export function formatOf(path: string, format?: 'csv' | 'graphml' | 'json'): 'csv' | 'graphml' | 'json' {
  const known = format ?? ({ csv: 'csv', tsv: 'csv', edges: 'csv', graphml: 'graphml', xml: 'graphml', json: 'json' } as const)[path.split('.').at(-1)?.toLowerCase() ?? '']
  if (known !== undefined) return known
  throw new CanopyError('GRAPH_OPTION', 'invalid_input', `${path} has a name that tells no format: pass format: 'csv', 'graphml' or 'json'`)
}

/** @internal */
export function checkColumns(sources: unknown, targets: unknown, weights: unknown): void {
  if (sources instanceof Uint32Array && targets instanceof Uint32Array && (weights === undefined || weights instanceof Float64Array)) return
  throw new CanopyError('GRAPH_TYPE', 'invalid_input', 'sources and targets must be Uint32Arrays, weights a Float64Array')
}
