/* Written by `node scripts/native-types.mjs --write` from crates/node. Don’t edit. */

/** A value or an error; `unwrap` in ts/engine throws the error. */
export type Outcome<T> = T | BindingError

/** An audit file. */
export declare class BindingAudit {
  /** Opens the file, or makes it. */
  static open(path: string, durability: BindingDurability): Promise<Outcome<BindingAudit>>
  /** Appends a JSON array of objects as lines of the chain. */
  append(lines: string): Promise<Outcome<undefined>>
  /** Lets go of the files once running calls have ended; calls after it fail with `CLOSED`. */
  close(): void
}

/** A privacy ledger. */
export declare class BindingBudget {
  /** Opens the file, or makes it. */
  static open(path: string, durability: BindingDurability): Promise<Outcome<BindingBudget>>
  /** Applies a JSON array of operations in one transaction; answers an array of `{ done, spent }`. */
  apply(operations: string): Promise<Outcome<Buffer>>
  /** Lets go of the files once running calls have ended; calls after it fail with `CLOSED`. */
  close(): void
}

/** A flag that running calls poll. napi's own `AbortSignal` support cancels only work that hasn't started. */
export declare class BindingCancel {
  /** A flag that nobody has raised. */
  constructor()
  /** Raises the flag: every call that polls it ends with `CANCELLED`. */
  cancel(): void
  /** What the call that has this flag spent in models, or `null`. */
  models(): BindingModelTime | null
}

/** An open collection. */
export declare class BindingCollection {
  /** `{ name, count, vectors, index, settings }`. */
  info(): Promise<Outcome<Buffer>>
  /** A text that every committed change makes another one. */
  version(): Promise<Outcome<string>>
  /** Stores a JSON array of `{ id?, text?, metadata?, vector? }` in one transaction; `vectors` holds a row for each. */
  put(records: Buffer, vectors: Float32Array | undefined | null, mode: BindingPutMode, cancel?: BindingCancel | undefined | null): Promise<Outcome<Buffer>>
  /** Takes out the records of a JSON array of ids. */
  remove(ids: string): Promise<Outcome<Buffer>>
  /** The record of this id as JSON, or `null`. */
  get(id: string, vector: boolean): Promise<Outcome<Buffer>>
  /** A page of records. `options`: `{ after?, limit?, filter?, vectors? }`; answers `{ records, next }`. */
  list(options: string, cancel?: BindingCancel | undefined | null): Promise<Outcome<Buffer>>
  /** Searches; `vector` is the query of the vector leg where the caller has one. */
  search(request: string, vector?: Float32Array | undefined | null, cancel?: BindingCancel | undefined | null): Promise<Outcome<Buffer>>
  /** Vector searches for every row of `vectors` at once; answers an array of answers. */
  searchBatch(request: string, vectors: Float32Array, cancel?: BindingCancel | undefined | null): Promise<Outcome<Buffer>>
  /** The records most like record `id`. */
  similar(id: string, request: string, cancel?: BindingCancel | undefined | null): Promise<Outcome<Buffer>>
  /** Imports a file or folder. `options`: `{ format?, textField?, idField?, resume?, onError?, maxLineBytes? }`. */
  import(path: string, options: string, cancel?: BindingCancel | undefined | null, onProgress?: ((done: number, total: number) => void) | undefined | null): Promise<Outcome<Buffer>>
}

/** A tree; the next one takes its place when points come or go. */
export declare class BindingCoverTree {
  /**
   * Builds a tree. `options`: `{ dim, metric?: 'euclidean' | 'angular', seed?, plan? }`; `plan`: `{ batchOrder?: 'hilbert' | 'natural' |
   * 'random', prefixFactor?, leaders?: 'all' | 'grid', degreeCap?, scopeChunkTarget? }`.
   */
  static build(coordinates: Coordinates, options: string, cancel?: BindingCancel | undefined | null, onProgress?: ((done: number, total: number) => void) | undefined | null): Promise<Outcome<BindingCoverTree>>
  /** Opens a saved tree by mapping its file. */
  static open(path: string): Promise<Outcome<BindingCoverTree>>
  /** What was saved beside a tree. */
  static notes(path: string): Promise<Outcome<Buffer>>
  /** Writes the tree into a file, with `notes` of the caller's; the old one stays until the new one is on the disk. */
  save(path: string, notes?: Buffer | undefined | null): Promise<Outcome<boolean>>
  /** Gives the memory back as soon as no running search reads it; calls after it fail with `CLOSED`. */
  close(): Promise<Outcome<boolean>>
  /** `[points, ids ever given, coordinates a point]`; zeros once it is closed. */
  shape(): Array<number>
  /** `euclidean` or `angular`; nothing once it is closed. */
  metric(): string | null
  /** What building cost. */
  report(): Promise<Outcome<BindingTreeReport>>
  /** What the build cost, as one line of JSON. */
  telemetry(): Promise<Outcome<string>>
  /** What each batch of the cover tree did and took, a line of JSON each; none where there is no tree yet. */
  batchTelemetry(): Promise<Outcome<Array<string>>>
  /** Makes the cover tree now, if it isn't there yet. */
  raise(cancel?: BindingCancel | undefined | null, onProgress?: ((done: number, total: number) => void) | undefined | null): Promise<Outcome<boolean>>
  /** Adds points; answers the first of their ids, the others follow. */
  insert(coordinates: Coordinates, cancel?: BindingCancel | undefined | null, onProgress?: ((done: number, total: number) => void) | undefined | null): Promise<Outcome<number>>
  /** Takes points away by their ids, which nobody gets again. */
  remove(ids: Uint32Array, cancel?: BindingCancel | undefined | null, onProgress?: ((done: number, total: number) => void) | undefined | null): Promise<Outcome<boolean>>
  /** Checks the tree's invariants; `null`, or what is wrong. */
  validate(): Promise<Outcome<string | undefined | null>>
  /** The `k` nearest points of each query. */
  knn(queries: Coordinates, k: number, cancel?: BindingCancel | undefined | null, onProgress?: ((done: number, total: number) => void) | undefined | null): Promise<Outcome<BindingNeighbours>>
  /** All points within `radius` of each query. */
  radius(queries: Coordinates, radius: number, cancel?: BindingCancel | undefined | null, onProgress?: ((done: number, total: number) => void) | undefined | null): Promise<Outcome<BindingWithin>>
  /** The `k` nearest other points of every point. */
  knnAll(k: number, cancel?: BindingCancel | undefined | null, onProgress?: ((done: number, total: number) => void) | undefined | null): Promise<Outcome<BindingNeighbours>>
  /** For every point `i` the `k` nearest points `j < i`. */
  predecessors(k: number, cancel?: BindingCancel | undefined | null, onProgress?: ((done: number, total: number) => void) | undefined | null): Promise<Outcome<BindingNeighbours>>
}

/** An open folder of collections. */
export declare class BindingDatabase {
  /** Opens a folder. `options`: `{ readOnly?, durability?: 'process' | 'power', keepBackup?, models?: string[], modelIdleMs?, embeddingCacheBytes?, embeddingCacheTtlMs?, index?: { exactBelow?, recall? } }`. */
  static open(folder: string, options: string): Promise<Outcome<BindingDatabase>>
  /** Every collection: `[{ name, count, vectors, index, settings }]`. */
  collections(): Promise<Outcome<Buffer>>
  /** Makes a collection. `spec`: `{ model?, remoteModel?, dim?, metric?, settings? }`. */
  create(name: string, spec: string): Promise<Outcome<Buffer>>
  /** Drops a collection with everything in it. */
  drop(name: string): Promise<Outcome<boolean>>
  /** The collection of this name. */
  collection(name: string): Promise<Outcome<BindingCollection>>
  /** The graphs that are kept in the folder. */
  graphs(): BindingGraphs
  /** Embeds what has no vector, with another model if `options` (`{ model? }`) names one. */
  rebuild(name: string, options: string, cancel?: BindingCancel | undefined | null, onProgress?: ((done: number, total: number) => void) | undefined | null): Promise<Outcome<Buffer>>
  /** Memory, disk, collections and models. */
  stats(): Promise<Outcome<Buffer>>
  /** Every model with its state. */
  models(): Promise<Outcome<Buffer>>
  /** Embeds a JSON array of texts; one row a text. */
  embed(model: string, texts: string, wait: boolean, cancel?: BindingCancel | undefined | null): Promise<Outcome<Float32Array>>
  /** Gives back the memory of models and collections that nobody has used for `idleMs`; how many were released. */
  releaseIdle(idleMs: number): Promise<Outcome<number>>
  /** Gives deleted space back to the disk. */
  compact(): Promise<Outcome<boolean>>
  /** Waits for running calls, writes everything out and closes the folder. */
  close(): Promise<Outcome<boolean>>
}

/** Vectors that a search may find. */
export declare class BindingFilter {
  /** The set of these numbers. */
  static of(slots: Uint32Array): Promise<Outcome<BindingFilter>>
}

/** The right to write a folder, until it is released or the process ends. */
export declare class BindingFolderLock {
  /** Takes it; `STORE_LOCKED` with the holder's number where somebody else has it. */
  static take(dir: string): Outcome<BindingFolderLock>
  /** Gives it back. */
  release(): void
}

/** A graph that doesn't change. */
export declare class BindingGraph {
  /** What a computation with `options` will take. */
  estimate(what: 'graphwave' | 'node2vec' | 'walks' | 'tunePq' | 'adamicAdar' | 'hyperAdamicAdar', options: string): Promise<Outcome<Buffer>>
  /** Builds a graph from columns. `options`: `{ directed?, parallel?: 'sum' | 'max' | 'last' }`. */
  static build(nodes: number, sources: Uint32Array, targets: Uint32Array, weights: Float64Array | undefined | null, ids: Buffer | undefined | null, options: string): Promise<Outcome<BindingGraph>>
  /** Reads a file. `options`: `{ format: 'csv' | 'graphml' | 'json', graph?, limits?, delimiter?, header? }`. */
  static read(path: string, options: string): Promise<Outcome<BindingGraph>>
  /** `{ nodes, edges, directed, dropped, hyperedges }`. */
  info(): Promise<Outcome<Buffer>>
  /** The version of the kept graph that this was; 0 for others. */
  version(): number
  /** The ids of the nodes as the file named them, as JSON. */
  ids(): Promise<Outcome<Buffer>>
  /** The node of this id, or null. */
  find(id: string): Promise<Outcome<number | undefined | null>>
  /** The edges by columns, an undirected one once. */
  edges(): Promise<Outcome<BindingEdges>>
  /** The members of the hyperedges: hyperedge `i` holds `members[starts[i]..starts[i + 1]]`. */
  hyperedges(): Promise<Outcome<BindingHyperedges>>
  /** Explains a node: `{ nodes, edges, attn, fidelity, svg }`. `vectors` holds a row of `dim` values for each node, or nothing. `options`: `{ hops?, limit? }`. */
  explain(node: number, vectors: Float32Array | undefined | null, dim: number, options: string, cancel?: BindingCancel | undefined | null): Promise<Outcome<Buffer>>
  /** GraphWave. `options`: `{ scales?, points?, maxT?, tolerance?, laplacian?, exact? }`. */
  graphwave(options: string, cancel?: BindingCancel | undefined | null, onProgress?: ((done: number, total: number) => void) | undefined | null): Promise<Outcome<BindingGraphWave>>
  /** Node2Vec. `options`: `{ p?, q?, walks?, length?, seed?, dim?, window?, negatives?, epochs?, learningRate?, deterministic? }`. */
  node2Vec(options: string, cancel?: BindingCancel | undefined | null, onProgress?: ((done: number, total: number) => void) | undefined | null): Promise<Outcome<BindingNode2Vec>>
  /** The walks that Node2Vec learns from. `options`: `{ p?, q?, walks?, length?, seed? }`. */
  walks(options: string, cancel?: BindingCancel | undefined | null, onProgress?: ((done: number, total: number) => void) | undefined | null): Promise<Outcome<BindingWalks>>
  /** Searches for p and q. `options`: `{ maxMinutes?, evaluations?, patience?, held?, seed?, node2vec?, state? }`; answers what `best_pq.json` holds. */
  tunePq(options: string, cancel?: BindingCancel | undefined | null, onProgress?: ((done: number, total: number) => void) | undefined | null): Promise<Outcome<Buffer>>
  /** Hyper Adamic–Adar suggestions by the graph's own hyperedges. `options`: `{ top?, minScore? }`. */
  hyperAdamicAdar(options: string, cancel?: BindingCancel | undefined | null, onProgress?: ((done: number, total: number) => void) | undefined | null): Promise<Outcome<BindingSuggestions>>
  /** Adamic–Adar suggestions. `options`: `{ top?, minScore? }`. */
  adamicAdar(options: string, cancel?: BindingCancel | undefined | null, onProgress?: ((done: number, total: number) => void) | undefined | null): Promise<Outcome<BindingSuggestions>>
}

/** The graphs that a database keeps. */
export declare class BindingGraphs {
  /** Every graph: `[{ name, directed, nodes, edges, hyperedges, version, collection }]`. */
  list(): Promise<Outcome<Buffer>>
  /** One graph. */
  info(name: string): Promise<Outcome<Buffer>>
  /** Makes an empty graph. */
  create(name: string, directed: boolean): Promise<Outcome<Buffer>>
  /** Drops a graph with everything in it. */
  drop(name: string): Promise<Outcome<boolean>>
  /** Writes a batch, JSON in UTF-8, and answers the graph after it. */
  write(name: string, batch: Buffer): Promise<Outcome<Buffer>>
  /** Makes a graph that follows a collection. `options`: `{ neighbours?, terms?, chunk? }`. */
  derive(name: string, collection: string, options: string): Promise<Outcome<Buffer>>
  /** Brings a graph that follows a collection to where that is now, unless more than `most` records changed. */
  sync(name: string, most?: number | undefined | null, cancel?: BindingCancel | undefined | null, onProgress?: ((done: number, total: number) => void) | undefined | null): Promise<Outcome<Buffer>>
  /** Adds what a file holds. `options`: `{ format: 'csv' | 'graphml' | 'json', delimiter?, header?, parallel?, limits? }`. */
  load(name: string, path: string, options: string, cancel?: BindingCancel | undefined | null, onProgress?: ((done: number, total: number) => void) | undefined | null): Promise<Outcome<Buffer>>
  /** A page of `what` (`nodes`, `edges` or `hyperedges`). `options`: `{ after?, limit? }`. */
  page(name: string, what: 'nodes' | 'edges' | 'hyperedges', options: string): Promise<Outcome<Buffer>>
  /** What lies around nodes, a JSON array of ids. `options`: `{ hops?, limit? }`. */
  neighbourhood(name: string, ids: string, options: string, cancel?: BindingCancel | undefined | null): Promise<Outcome<Buffer>>
  /** Explains a node: `{ nodes, edges, attn, fidelity, svg }`. `options`: `{ hops?, limit? }`. */
  explain(name: string, id: string, options: string, cancel?: BindingCancel | undefined | null): Promise<Outcome<Buffer>>
  /** The graph to compute with. */
  graph(name: string): Promise<Outcome<BindingGraph>>
  /** The hyperedges of a graph, and its version. */
  hypergraph(name: string): Promise<Outcome<BindingSnapshot>>
  /** Keeps suggestions of a kind, a JSON array of `{ source, target, score }`, in the place of those that were there. */
  writeSuggestions(name: string, kind: 'aa' | 'hyper_aa', pairs: Buffer): Promise<Outcome<boolean>>
  /** Kept suggestions. `options`: `{ node?, limit? }`. */
  suggestions(name: string, kind: 'aa' | 'hyper_aa', options: string): Promise<Outcome<Buffer>>
}

/** The diagrams of all neighbourhoods of a graph that changes. */
export declare class BindingLayer {
  /** Computes every diagram. `options`: `{ radius? }`. */
  static build(nodes: number, sources: Uint32Array, targets: Uint32Array, weights: Float64Array, options: string, cancel?: BindingCancel | undefined | null, onProgress?: ((done: number, total: number) => void) | undefined | null): Promise<Outcome<BindingLayer>>
  /** Changes edges: each gets its weight, or goes where that is NaN. */
  update(sources: Uint32Array, targets: Uint32Array, weights: Float64Array, cancel?: BindingCancel | undefined | null, onProgress?: ((done: number, total: number) => void) | undefined | null): Promise<Outcome<BindingLayerUpdate>>
  /** The diagram of a node's neighbourhood, or nothing where there is no such node. */
  diagram(node: number): Promise<Outcome<BindingDiagram | undefined | null>>
  /** The diagram of the whole graph as it stands. */
  whole(cancel?: BindingCancel | undefined | null): Promise<Outcome<BindingDiagram>>
}

/** An ingestion queue. */
export declare class BindingQueue {
  /** Opens the file, or makes it. `options`: `{ durability, drain, capacity, rememberMs }`. */
  static open(path: string, options: string): Promise<Outcome<BindingQueue>>
  /** Applies a JSON array of operations in one transaction; answers an array of `{ status, … }`. */
  apply(operations: string, bodies: Array<Buffer>): Promise<Outcome<Buffer>>
  /** The oldest items of one collection that isn't in the JSON array `skip`, or nothing. */
  next(most: number, skip: string): Promise<Outcome<BindingBatch | undefined>>
  /** Dead letters after a number, as a JSON array. */
  dead(after: number, limit: number): Promise<Outcome<Buffer>>
  /** `{ depth, capacity, dead }`. */
  stats(): Promise<Outcome<Buffer>>
  /** Lets go of the file once running calls have ended; calls after it fail with `CLOSED`. */
  close(): void
}

/** A tree; the next one takes its place when points come or go, or the kernel changes. */
export declare class BindingResidualTree {
  /** The `k` nearest of every query. `search`: `{ exact?, gate?: 'off' | 'lookup' | 'audit', audit?, leastRecall?, onMiss?: 'widen' | 'fail' }`. */
  knn(queries: Coordinates, dim: number, k: number, search: string, cancel?: BindingCancel | undefined | null, onProgress?: ((done: number, total: number) => void) | undefined | null): Promise<Outcome<BindingResidualAnswer>>
  /** The `k` nearest of every query, whose V and p were computed elsewhere. `request`: `{ dim, k, search }`. */
  knnWith(queries: Coordinates, v: Coordinates, p: Coordinates, request: string, cancel?: BindingCancel | undefined | null, onProgress?: ((done: number, total: number) => void) | undefined | null): Promise<Outcome<BindingResidualAnswer>>
  /** The `k` nearest others of every point. */
  knnAll(k: number, search: string, cancel?: BindingCancel | undefined | null, onProgress?: ((done: number, total: number) => void) | undefined | null): Promise<Outcome<BindingResidualAnswer>>
  /** For every point `i` the `k` nearest `j < i`. */
  predecessors(k: number, search: string, cancel?: BindingCancel | undefined | null, onProgress?: ((done: number, total: number) => void) | undefined | null): Promise<Outcome<BindingResidualAnswer>>
  /** Builds a tree. `options`: `{ kernel: { kind, variance, lengthscales }, inducing, jitter?, precision?, seed?, envelopeSamples? }`. */
  static build(coordinates: Coordinates, dim: number, options: string, cancel?: BindingCancel | undefined | null, onProgress?: ((done: number, total: number) => void) | undefined | null): Promise<Outcome<BindingResidualTree>>
  /** Builds a tree over V (row after row) and p that were computed elsewhere. */
  static buildWith(coordinates: Coordinates, dim: number, v: Coordinates, p: Coordinates, options: string, cancel?: BindingCancel | undefined | null, onProgress?: ((done: number, total: number) => void) | undefined | null): Promise<Outcome<BindingResidualTree>>
  /** Opens a saved tree by mapping its file. */
  static open(path: string): Promise<Outcome<BindingResidualTree>>
  /** What was saved beside a tree. */
  static notes(path: string): Promise<Outcome<Buffer>>
  /** Writes the tree into a file, with `notes` of the caller's; the old one stays until the new one is on the disk. */
  save(path: string, notes?: Buffer | undefined | null): Promise<Outcome<boolean>>
  /** Gives the memory back as soon as no running search reads it; calls after it fail with `CLOSED`. */
  close(): Promise<Outcome<boolean>>
  /** `[points, ids ever given, coordinates a point]`; zeros once it is closed. */
  shape(): Array<number>
  /** What the build cost, or what a search did that gave this report; one line of JSON. */
  telemetry(report?: string | undefined | null): Promise<Outcome<string>>
  /** The current kernel, as JSON. */
  kernel(): Promise<Outcome<Buffer>>
  /** What building or the last refresh cost and found. */
  report(): Promise<Outcome<Buffer>>
  /** The inducing points, row-major. */
  inducing(): Promise<Outcome<Float64Array>>
  /** The residual variance of every point, by id; NaN where it was removed. */
  residualVariances(): Promise<Outcome<Float64Array>>
  /** Adds points; answers the first of their ids, the others follow. */
  insert(coordinates: Coordinates, cancel?: BindingCancel | undefined | null, onProgress?: ((done: number, total: number) => void) | undefined | null): Promise<Outcome<number>>
  /** Adds points whose V and p were computed elsewhere; answers the first of their ids, the others follow. */
  insertWith(coordinates: Coordinates, v: Coordinates, p: Coordinates, cancel?: BindingCancel | undefined | null, onProgress?: ((done: number, total: number) => void) | undefined | null): Promise<Outcome<number>>
  /** Takes points away by their ids, which nobody gets again; answers how many ids were ever given. */
  remove(ids: Uint32Array, cancel?: BindingCancel | undefined | null, onProgress?: ((done: number, total: number) => void) | undefined | null): Promise<Outcome<number>>
  /** Puts another kernel in the place of the current one when all is computed; `false` where a newer refresh was asked for meanwhile. */
  refresh(kernel: string, cancel?: BindingCancel | undefined | null, onProgress?: ((done: number, total: number) => void) | undefined | null): Promise<Outcome<boolean>>
}

/** A cache in a folder. */
export declare class BindingShelf {
  /** Opens the folder, or makes it. */
  static open(path: string, quota: number): Promise<Outcome<BindingShelf>>
  /** The value, if its life isn't over. */
  get(key: string, nowMs: number): Promise<Outcome<Buffer | undefined>>
  /** Keeps entries in one transaction. */
  put(keys: Array<string>, values: Array<Buffer>, untilMs: Array<number>, nowMs: number): Promise<Outcome<BindingEvicted>>
  /** Forgets a key; whether it was there. */
  delete(key: string): Promise<Outcome<boolean>>
  /** Forgets everything. */
  clear(): Promise<Outcome<undefined>>
  /** What is in it. */
  stats(): Promise<Outcome<BindingShelfStats>>
  /** Lets go of the files once running calls have ended; calls after it fail with `CLOSED`. */
  close(): void
}

/** A speech model that loads at its first use. */
export declare class BindingSpeech {
  /** Whisper weights in ggml format at `path`, to be unloaded after `idleMs` without a call. */
  constructor(path: string, idleMs: number)
  /**
   * Writes a recording down: bytes, or the path of a file. `options`: `{ language?, translate?, prompt?, temperature?, maxSeconds?, wait? }`.
   * Answers `{ text, language, duration, voiced, seconds, xrt, device, segments }`.
   */
  transcribe(recording: Buffer | string, options: string, cancel?: BindingCancel | undefined | null, onProgress?: ((done: number, total: number) => void) | undefined | null): Promise<Outcome<Buffer>>
  /** Loads the model now. */
  load(): Promise<Outcome<boolean>>
  /** The file, its state and its memory. */
  info(): Promise<Outcome<Buffer>>
  /** Unloads the model if nobody used it for its idle time; whether it did. */
  unloadIdle(): Promise<Outcome<boolean>>
  /** Unloads the model now; a running call keeps it until it is done. */
  unload(): Promise<Outcome<boolean>>
}

/** An index of vectors, numbered by the caller. */
export declare class BindingVectorIndex {
  /** Builds an index; vector `i` under `slots[i]`, or `i`. `options`: `{ dim, metric?, build?: { degree?, ef?, alpha?, walkDim?, storage?, seed? } }`. */
  static build(vectors: Float32Array, slots: Uint32Array | undefined | null, options: string, cancel?: BindingCancel | undefined | null, onProgress?: ((done: number, total: number) => void) | undefined | null): Promise<Outcome<BindingVectorIndex>>
  /** Opens a saved index by mapping its file. */
  static open(path: string): Promise<Outcome<BindingVectorIndex>>
  /** Writes the index and its inverted lists into a file, with `notes` that `notes()` gives back after opening. */
  save(path: string, notes?: Buffer | undefined | null): Promise<Outcome<boolean>>
  /** What the caller saved beside the index. */
  notes(): Promise<Outcome<Buffer>>
  /** Compares the checksums of every section of the file it was opened from. */
  check(): Promise<Outcome<boolean>>
  /** `{ length, dim, metric, build, walkDim, graphBytes, memoryBytes, stale, lists }`. */
  info(): Promise<Outcome<Buffer>>
  /** About the `k` best vectors of each query. `options`: `{ preset?, ef?, rerank?, candidates?, keep?, probes? }`. */
  search(queries: Float32Array, k: number, options: string, filter?: BindingFilter | undefined | null, cancel?: BindingCancel | undefined | null): Promise<Outcome<BindingHits>>
  /** Whether a search for `k` should be over sooner than another thread would be awake: then `searchHere` is the faster way to ask. */
  quick(k: number): boolean
  /** What `search` answers for one query, on the thread that calls; `null` where that would take too long, or have to wait for somebody who changes the index. */
  searchHere(query: Float32Array, k: number, options: string): Outcome<BindingHits | undefined | null>
  /** Adds or replaces vectors; searches come between. */
  upsert(slots: Uint32Array, vectors: Float32Array, cancel?: BindingCancel | undefined | null, onProgress?: ((done: number, total: number) => void) | undefined | null): Promise<Outcome<boolean>>
  /** Takes vectors out; how many there were. */
  remove(slots: Uint32Array): Promise<Outcome<number>>
  /** The vector under this number as it is compared, or `null`. */
  vector(slot: number): Promise<Outcome<Float32Array | undefined | null>>
  /** Builds the index anew from its own vectors, beside searches. */
  rebuild(cancel?: BindingCancel | undefined | null, onProgress?: ((done: number, total: number) => void) | undefined | null): Promise<Outcome<boolean>>
  /** About all vectors of at least this score, best first, at most `limit`; one row. `options`: `{ ef?, rerank? }`. */
  range(query: Float32Array, least: number, limit: number, options: string, filter?: BindingFilter | undefined | null, cancel?: BindingCancel | undefined | null): Promise<Outcome<BindingHits>>
  /** Finds the fastest search that reaches a recall and makes it the index's own: `{ options, recall, micros, reached }`. Searches go on meanwhile. */
  autotune(recall: number, k: number, queries?: Float32Array | undefined | null, cancel?: BindingCancel | undefined | null): Promise<Outcome<Buffer>>
  /** Builds the inverted lists that the presets `hybrid` and `lists` need: `{ lists, bytes, hybridRecall, listsRecall }`. `options`: `{ lists?, parts?, optimise?, seed? }`. */
  prepare(options: string, cancel?: BindingCancel | undefined | null, onProgress?: ((done: number, total: number) => void) | undefined | null): Promise<Outcome<Buffer>>
}

/** What is done to each row. */
export declare const enum BindingBallMap {
  /** Exponential map at 0. */
  Exp0 = 'exp0',
  /** Logarithmic map at 0. */
  Log0 = 'log0',
  /** Exponential map at the bases. */
  Exp = 'exp',
  /** Logarithmic map at the bases. */
  Log = 'log',
  /** Möbius addition: base ⊕ row. */
  Add = 'add',
  /** (−base) ⊕ row, for one base. */
  Recentre = 'recentre',
}

/** Items of one collection. */
export interface BindingBatch {
  /** `{ target, tenants, seqs, records }` */
  head: Buffer
  /** One JSON array of all records. */
  body: Buffer
}

/** Weights moved towards a diagram. */
export interface BindingCorrection {
  /** Where edges start. */
  sources: Uint32Array
  /** Where they end. */
  targets: Uint32Array
  /** Their new weights. */
  weights: Float64Array
  /** Edges whose weight changed. */
  changed: number
  /** Distance to the wanted diagram before. */
  before: number
  /** Distance now; never more than before. */
  after: number
  /** Rounds that lowered the distance. */
  iterations: number
  /** Whether the distance is within epsilon. */
  reached: boolean
}

/** The bars of a diagram, as columns. */
export interface BindingDiagram {
  /** 0 for a component, 1 for a loop. */
  dimensions: Uint8Array
  /** Filtration values at which bars appear. */
  births: Float64Array
  /** And at which they go; infinite where they stay. */
  deaths: Float64Array
}

/** What an acknowledged operation survives. */
export declare const enum BindingDurability {
  /** The end of the process. */
  Process = 'process',
  /** A power cut. */
  Power = 'power',
}

/** Edges by columns. */
export interface BindingEdges {
  /** Where they start. */
  sources: Uint32Array
  /** Where they end. */
  targets: Uint32Array
  /** Their weights. */
  weights: Float64Array
}

/** A trained embedding and how well it keeps the relations. */
export interface BindingEmbedding {
  /** One row a node. */
  points: Float64Array
  /** Mean loss a pair in the last pass. */
  loss: number
  /** Mean rank of a related node among all that are not, 1 at best; only where it was asked for. */
  meanRank?: number
  /** Mean average precision of the related nodes, 1 at best; only where it was asked for. */
  map?: number
}

/** An error on its way to JavaScript, where one function throws it. */
export interface BindingError {
  /** Stable code: `STORE_LOCKED`, `VECTOR_DIMENSION`, … */
  code: string
  /** Kind of trouble: `invalid_input`, `not_found`, `conflict`, `too_large`, `unavailable`, `read_only`, `permission`, `no_space`, `corrupt`, `cancelled` or `internal`. */
  kind: string
  /** What was wrong, what was received, what to do. */
  message: string
}

/** Entries that were thrown out, by cause. */
export interface BindingEvicted {
  /** Their life was over. */
  expired: number
  /** The quota was reached. */
  quota: number
}

/** Structural embeddings: one row a node, for each scale and point the real and the imaginary part. */
export interface BindingGraphWave {
  /** Row-major values. */
  rows: Float64Array
  /** Values a row. */
  dim: number
  /** The scales. */
  scales: Float64Array
  /** The sample points of the characteristic function. */
  points: Float64Array
  /** Order of the polynomial; 0 in exact mode. */
  order: number
}

/** `k` results a query, best first; `0xFFFFFFFF` and `-Infinity` where there are fewer. */
export interface BindingHits {
  /** Results a query. */
  k: number
  /** Row-major numbers of vectors. */
  slots: Uint32Array
  /** As many scores: cosine, dot product, or minus the squared distance. */
  scores: Float32Array
}

/** Hyperedges by columns. */
export interface BindingHyperedges {
  /** Where each begins in `members`, and the end of the last. */
  starts: Uint32Array
  /** Nodes. */
  members: Uint32Array
}

/** What an update did. */
export interface BindingLayerUpdate {
  /** Nodes whose diagrams were computed anew, ascending. */
  recomputed: Uint32Array
  /** Whether everything was, because that was cheaper than finding out what had to be. */
  full: boolean
}

/** A Fréchet mean and how it was reached. */
export interface BindingMean {
  /** The mean, in double precision. */
  point: Float64Array
  /** The mean in the precision of the points. */
  rounded: Rows
  /** Weighted mean of the squared distances to it. */
  variance: number
  /** Passes over the points. */
  iterations: number
  /** Whether the last step was below the tolerance. */
  converged: boolean
}

/** What a call spent in embedding models; times are milliseconds since its flag was made. */
export interface BindingModelTime {
  /** When the first text went in. */
  from: number
  /** When the last vector came out. */
  to: number
  /** Milliseconds between in which a model worked. */
  busy: number
  /** Texts that were embedded; those that the cache knew aren't counted. */
  texts: number
}

/** Records that a queue may take in. */
export interface BindingNamed {
  /** The JSON array, each record with an id. */
  body: Buffer
  /** How many there are. */
  records: number
}

/** `k` neighbours for each query, nearest first; `0xFFFFFFFF` and `+Infinity` where there are fewer. */
export interface BindingNeighbours {
  /** Neighbours a query. */
  k: number
  /** Row-major ids. */
  ids: Uint32Array
  /** As many distances. */
  distances: Float32Array
}

/** Embeddings of nodes. */
export interface BindingNode2Vec {
  /** One row a node. */
  vectors: Float32Array
  /** Values a row. */
  dim: number
}

/** Which law noise follows. */
export declare const enum BindingNoise {
  /** Discrete Laplace of a scale. */
  Laplace = 'laplace',
  /** Discrete Gaussian of a deviation. */
  Gaussian = 'gaussian',
}

/** What a put does when the id is taken or free. */
export declare const enum BindingPutMode {
  /** A taken id is an error. */
  Insert = 'insert',
  /** A taken id is replaced. */
  Upsert = 'upsert',
  /** A free id is an error. */
  Update = 'update',
}

/** Neighbours, and how they were found, as JSON: `{ exact, gate: { candidates, kept, pruned }, widened, audit }`. */
export interface BindingResidualAnswer {
  /** Ids and distances `sqrt(1 - |ρ|)`. */
  neighbours: BindingNeighbours
  /** JSON. */
  report: string
}

/** What is in a cache. */
export interface BindingShelfStats {
  /** Entries. */
  entries: number
  /** What they count against the quota. */
  bytes: number
}

/** A kept graph to compute with. */
export interface BindingSnapshot {
  /** The hyperedges' ids, as JSON. */
  hyperedges: Buffer
  /** Hyperedge `i` holds `members[starts[i]..starts[i + 1]]`. */
  starts: Uint32Array
  /** Nodes of hyperedges. */
  members: Uint32Array
  /** The version that this is. */
  version: number
}

/** Pairs worth joining, each once, sorted. */
export interface BindingSuggestions {
  /** Lower nodes. */
  sources: Uint32Array
  /** Higher nodes. */
  targets: Uint32Array
  /** Scores. */
  scores: Float64Array
}

/** What building cost. */
export interface BindingTreeReport {
  /** Seconds for ordering the points along the curve. */
  orderS: number
  /** Seconds for packing leaves. */
  leavesS: number
  /** Seconds for the cover tree; 0 where none was needed. */
  treeS: number
  /** Points at different places; 0 where no tree was needed. */
  nodes: number
  /** Bytes held. */
  memoryBytes: number
}

/** Random walks. */
export interface BindingWalks {
  /** Walk `i` is `nodes[i * length..(i + 1) * length]`; `u32::MAX` fills up one that met a dead end. */
  nodes: Uint32Array
  /** Nodes of a walk. */
  length: number
}

/** All neighbours within a radius, nearest first. */
export interface BindingWithin {
  /** The neighbours of query `i` are those from `starts[i]` to `starts[i + 1]`. */
  starts: Float64Array
  /** Ids of the points. */
  ids: Uint32Array
  /** As many distances. */
  distances: Float32Array
}

/** The bottleneck distance of two diagrams, each births and deaths one after the other. */
export declare function bottleneckDistance(a: Float64Array, b: Float64Array, cancel?: BindingCancel | undefined | null): Promise<Outcome<number>>

/** Chooses it for this process: `auto`, `cpu` or `gpu`. */
export declare function chooseComputeDevice(name: string): Promise<Outcome<boolean>>

/** Which device does work that a GPU does sooner, and why not the other: `{ device, choice, name, capability, memoryBytes, reason, code }`. */
export declare function computeDevice(): Promise<Outcome<Buffer>>

/** Moves the weights of a graph until its diagram is within epsilon of the wanted one, as far as its edges allow. `options`: `{ dimension?, epsilon?, order?, iterations? }`. */
export declare function correctWeights(nodes: number, sources: Uint32Array, targets: Uint32Array, weights: Float64Array, wanted: Float64Array, options: string, cancel?: BindingCancel | undefined | null): Promise<Outcome<BindingCorrection>>

/** What `hyper_suggestions` will take. */
export declare function estimateHyperSuggestions(nodes: number, starts: Uint32Array, members: Uint32Array, options: string): Promise<Outcome<Buffer>>

/** What `poincare_train` will take. `options` are those of training. */
export declare function estimatePoincare(nodes: number, pairs: number, options: string, measure: boolean): Promise<Outcome<Buffer>>

/** What `persistence_diagram` will take, or, where `layer` says so, the diagrams of all neighbourhoods. `options` are those of the one or the other. */
export declare function estimateTopology(layer: boolean, nodes: number, sources: Uint32Array, targets: Uint32Array, weights: Float64Array, options: string): Promise<Outcome<Buffer>>

/** What a build will take: `{ bytes, graphBytes, buildBytes, buildSeconds, threads }`. `options`: `{ count, dim, metric?, build? }`. */
export declare function estimateVectorIndex(options: string): Promise<Outcome<Buffer>>

/** Hyper Adamic–Adar suggestions; hyperedge `i` holds `members[starts[i]..starts[i + 1]]`. `options`: `{ top?, minScore? }`. */
export declare function hyperSuggestions(nodes: number, starts: Uint32Array, members: Uint32Array, options: string, cancel?: BindingCancel | undefined | null, onProgress?: ((done: number, total: number) => void) | undefined | null): Promise<Outcome<BindingSuggestions>>

/** Checks that a body is a JSON array of records and gives those an id that have none: `{prefix}-{position}`. */
export declare function namedRecords(body: Buffer, prefix: string): Promise<Outcome<BindingNamed>>

/** From now on `listener` gets what the core says: JSON objects with `level` (`info`, `warn`, `error`), `message`, and what belongs to it. */
export declare function onLog(listener: (entry: string) => void): void

/** The persistence diagram of a graph's flag complex. `options`: `{ maxDimension? }`. */
export declare function persistenceDiagram(nodes: number, sources: Uint32Array, targets: Uint32Array, weights: Float64Array, options: string, cancel?: BindingCancel | undefined | null): Promise<Outcome<BindingDiagram>>

/** Every loop with a cycle of edges around it: `[{ birth, death, cycle: [[a, b], …] }]`. */
export declare function persistenceLoops(nodes: number, sources: Uint32Array, targets: Uint32Array, weights: Float64Array, cancel?: BindingCancel | undefined | null): Promise<Outcome<Buffer>>

/** Hyperbolic distance of each row to its base, or to 0 without bases. */
export declare function poincareDistances(kappa: number, dim: number, rows: Rows, bases?: Rows | undefined | null, cancel?: BindingCancel | undefined | null): Promise<Outcome<Float64Array>>

/** Applies a map to each row of `dim` numbers; `bases` has one row for all or one a row, in the rows' precision. */
export declare function poincareMap(map: BindingBallMap, kappa: number, margin: number | undefined | null, dim: number, rows: Rows, bases?: Rows | undefined | null, cancel?: BindingCancel | undefined | null): Promise<Outcome<Rows>>

/** The Fréchet mean of the rows. `options`: `{ tolerance?, iterations? }`. */
export declare function poincareMean(kappa: number, margin: number | undefined | null, dim: number, rows: Rows, weights: Float64Array | undefined | null, options: string, cancel?: BindingCancel | undefined | null): Promise<Outcome<BindingMean>>

/** Recentring measured against naive scaling, as a JSON array of rows. `options`: `{ points?, dim?, kappas?, offset?, spread?, seed? }`. */
export declare function poincareOvershoot(options: string, cancel?: BindingCancel | undefined | null): Promise<Outcome<Buffer>>

/** Embeds a hierarchy of `nodes` nodes from its pairs, two ids a pair. `options`: `{ kappa?, dim?, epochs?, burnIn?, learningRate?, negatives?, seed? }`; with `measure` the quality is computed too, in time that grows with the square of the nodes. */
export declare function poincareTrain(nodes: number, pairs: Uint32Array, options: string, measure: boolean, cancel?: BindingCancel | undefined | null, onProgress?: ((done: number, total: number) => void) | undefined | null): Promise<Outcome<BindingEmbedding>>

/** Bytes of physical memory that this process occupies, or 0 where the system doesn't tell. */
export declare function residentBytes(): number

/** `count` independent samples; whole numbers. */
export declare function sampleNoise(law: BindingNoise, scale: number, count: number): Promise<Outcome<Float64Array>>

/**
 * The Wasserstein distance smoothed by entropy. `options`: `{ order?, epsilon?, tolerance?, iterations? }`; answers
 * `{ distance, epsilon, massError, iterations }`.
 */
export declare function sinkhornDistance(a: Float64Array, b: Float64Array, options: string, cancel?: BindingCancel | undefined | null): Promise<Outcome<Buffer>>

/** Version, instruction set, threads and platform of the native core, as JSON. */
export declare function system(): string

/** Checks every line of an audit file: `{ lines, head }`. */
export declare function verifyAudit(path: string): Promise<Outcome<Buffer>>

/** The Wasserstein distance of this order. */
export declare function wassersteinDistance(a: Float64Array, b: Float64Array, order: number, cancel?: BindingCancel | undefined | null): Promise<Outcome<number>>

/** Numbers of one or two bytes (`f16`, `i8`, `u8`) as numbers of four. */
export declare function widenedVectors(bytes: Uint8Array, kind: string): Promise<Outcome<Float32Array>>
