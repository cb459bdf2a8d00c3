import { CollectionInfo, CollectionSpec, ModelInfo, RebuildReport, Stats } from './collections.js'
import { ErrorSchema } from './errors.js'
import { Explanation, GraphBatch, GraphSummary, Job } from './graphs.js'
import { VectorIndexInfo, VectorMatches } from './indexes.js'
import { NeighborAnswer, NeighborBall, NeighborBuild, NeighborCount, NeighborIds, NeighborIndexInfo, NeighborKernel, NeighborPoints, NeighborQuery } from './neighbors.js'
import { ImportReport, PutOutcome, RecordBody, RecordInput, RecordPage, StoredRecord } from './records.js'
import { SearchAnswer, SearchRequest } from './search.js'

/** Schemas that the OpenAPI description names under `components`. */
export const components = { ErrorSchema, CollectionInfo, CollectionSpec, ModelInfo, RebuildReport, Stats, NeighborAnswer, NeighborBall, NeighborBuild, NeighborCount, NeighborIds, NeighborIndexInfo, NeighborKernel, NeighborPoints, NeighborQuery, ImportReport, PutOutcome, RecordBody, RecordInput, RecordPage, StoredRecord, SearchAnswer, SearchRequest, VectorIndexInfo, VectorMatches, Explanation, GraphBatch, GraphSummary, Job }
