/**
 * canopy-engine: local semantic search.
 *
 * ```js
 * import { open } from 'canopy-engine'
 * const db = await open('./notes')
 * const notes = await db.ensure('notes')
 * await notes.upsert({ id: 'tea', text: 'Green tea is brewed below boiling' })
 * console.log((await notes.search('how hot should the water be?')).hits[0].text)
 * ```
 */
export { verifyAudit, type AuditLine } from './budget/audit.js'
export { PrivacyBudget, type BudgetState, type Grant, type PrivacyBudgetOptions, type Spending, type TenantOptions } from './budget/budget.js'
export type { Composition, Mechanism } from './budget/composition.js'
export { privateCount, privateHistogram, privateMean, type PrivateQuery, type Release } from './budget/release.js'
export { Cache, type CacheEvent, type CacheOptions } from './cache/cache.js'
export type { PidOptions, PidState } from './cache/controller.js'
export { residentBytes, system, type ComputeDevice, type SystemInfo } from './engine/binding.js'
export type { CallOptions, LongCallOptions } from './engine/cancel.js'
export { Collection, type CollectionIndex, type CollectionInfo, type ImportOptions, type ImportReport, type ListOptions, type PutOptions, type RebuildReport } from './engine/collection.js'
export { chooseComputeDevice, computeDevice } from './engine/compute.js'
export { CoverTree, MISSING, type Coordinates, type CoverTreeOptions, type CoverTreePlan, type CoverTreeReport, type Neighbors, type NeighborsWithin } from './engine/cover-tree.js'
export { Database, type DatabaseStats, type ModelInfo } from './engine/database.js'
export { CanopyError, type Kind } from './engine/error.js'
export {
  estimateHyperAdamicAdar,
  Graph,
  hyperAdamicAdar,
  type BestPq,
  type EdgeColumns,
  type ExplainOptions,
  type Explanation,
  type GraphBuildOptions,
  type GraphEstimates,
  type GraphInfo,
  type GraphReadOptions,
  type GraphWaveEmbedding,
  type GraphWaveOptions,
  type Node2VecOptions,
  type SuggestOptions,
  type Suggestions,
  type TunePqOptions,
  type WalkOptions,
  type WorkEstimate,
} from './engine/graph.js'
export { embedGraph, type Embedding, type EmbeddingReport } from './graphs/embed.js'
export { explainNode, type ExplainedNode, type ExplainNodeOptions } from './graphs/explain.js'
export { correctGraph, type CorrectedEdge, type GraphCorrection, type GraphCorrectionOptions } from './graphs/correct.js'
export { diagramDistance, diagramPart, type DiagramDistance, type DiagramDistanceOptions, type DiagramPart } from './graphs/distance.js'
export { estimateGraph, type GraphWork } from './graphs/estimate.js'
export { exportGraph, type GraphExportFormat } from './graphs/export.js'
export { GraphLayer, type GraphLayerReport } from './graphs/layer.js'
export { graphDiagram, graphLoops, neighbourhoodDiagram, type DiagramLists, type GraphLoop, type GraphPart } from './graphs/persistence.js'
export { suggestLinks } from './graphs/suggest.js'
export { bestPqPath, tuneGraph } from './graphs/tune.js'
export type * from './graphs/store.js'
export type { VectorId } from './engine/ids.js'
export type { Json } from './engine/json.js'
export type { IndexOptions, OpenOptions } from './engine/open.js'
export { onLog, type LogEntry } from './engine/log.js'
export { NeighborIndexes, type NeighborIndexInfo, type NeighborIndexOptions, type NeighborMetric } from './neighbors/indexes.js'
export {
  ResidualTree,
  type Factors,
  type Inducing,
  type Kernel,
  type ResidualNeighbors,
  type ResidualQueryOptions,
  type ResidualReport,
  type ResidualSearchOptions,
  type ResidualTreeOptions,
  type ResidualTreeReport,
} from './engine/residual-tree.js'
export {
  Transcriber,
  type SpeechModelInfo,
  type SpokenSegment,
  type SpokenWord,
  type TranscribeOptions,
  type Transcript,
} from './engine/speech.js'
export type * from './engine/types.js'
export {
  VectorFilter,
  VectorIndex,
  type GraphOptions,
  type VectorEstimate,
  type VectorEstimateOptions,
  type VectorHit,
  type VectorHits,
  type VectorIndexInfo,
  type VectorIndexOptions,
  type VectorListOptions,
  type VectorLists,
  type VectorPreset,
  type VectorRangeOptions,
  type VectorSearchOptions,
  type VectorTuning,
} from './engine/vector-index.js'
export { VectorIndexes, type NamedIndex, type VectorIndexSpec } from './engine/vector-indexes.js'
export type { VectorValues } from './engine/vector-values.js'
export { ballRequest, type BallAnswer, type BallRequest } from './engine/ball-request.js'
export {
  estimatePoincare,
  measureOvershoot,
  PoincareBall,
  trainPoincare,
  type BallRows,
  type FrechetMean,
  type OvershootRow,
  type PoincareBallOptions,
  type PoincareEmbedding,
  type PoincareTrainOptions,
} from './engine/poincare.js'
export { openMigrations, type MigrationOptions } from './migrate/open.js'
export type { MigrateOptions, Migrations, MigrationState, Standing } from './migrate/runner.js'
export type { MigrationReport, ScopeContents, Snapshot } from './migrate/target.js'
export { dropRate, estimateQueue, type Load, type QueueEstimate } from './ingest/estimate.js'
export type { BreakerState } from './ingest/breaker.js'
export { Ingest, type IngestEvent, type IngestOptions, type PushOptions } from './ingest/ingest.js'
export type { Accepted, DeadLetter, QueueStats } from './ingest/queue.js'
export { remoteEmbedder, type RemoteModel } from './models/remote.js'
export { FORMATS as TRANSCRIPT_FORMATS, formatTranscript, type TranscriptFormat } from './speech/formats.js'
export { transcriptRecords } from './speech/records.js'
export type { AnyCollection, AnyDatabase } from './stores/any.js'
export { copyDatabase, type CopyOptions, type CopyReport } from './stores/copy.js'
export { Neo4jGraphs } from './stores/neo4j/graphs/store.js'
export type { Neo4jGraph } from './stores/neo4j/graphs/graph.js'
export type { Neo4jNeighbour, Neo4jVectorSpec } from './stores/neo4j/graphs/vectors.js'
export type { Neo4jOptions } from './stores/neo4j/connection.js'
export { open } from './stores/open.js'
export type { PostgresCollection } from './stores/postgres/collection.js'
export type { PostgresDatabase } from './stores/postgres/database.js'
export type { PostgresOptions } from './stores/postgres/options.js'
export { EmbeddedGraph, EmbeddedGraphs } from './engine/stored-graph.js'
export {
  bottleneck,
  diagramPoints,
  estimatePersistence,
  persistence,
  persistentLoops,
  correctWeights,
  TopologyLayer,
  sinkhorn,
  wasserstein,
  type Correction,
  type CorrectionOptions,
  type DiagramPoints,
  type EdgeChanges,
  type Filtration,
  type LayerUpdate,
  type PersistenceDiagram,
  type PersistentLoop,
  type SinkhornOptions,
} from './engine/topology.js'
