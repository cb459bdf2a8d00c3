import { CanopyError } from '../../engine/error.js'
import type { Metric } from '../../engine/types.js'
import type { Runner } from './connection.js'

/** A row of `collections`, as every call reads it. */
export interface Row {
  id: number
  name: string
  dim: number | null
  metric: Metric | null
  storage: 'vector' | 'halfvec'
  model: string | null
  digest: string | null
  generation: number
}

/** A collection that has vectors. */
export type WithVectors = Row & { dim: number; metric: Metric }

/** pgvector's types hold no more numbers than this. */
const MOST = 16_000
/** Its indexes cover no more. */
const INDEXED = { vector: 2_000, halfvec: 4_000 }
/** Below so many vectors comparing them all is as fast as any index. */
const WORTH_AN_INDEX = 5_000
const IVF_LISTS = 100
/** pgvector's own default of 64 leaves inner products at a recall of 0.89. */
const HNSW_CANDIDATES = 128

const OPERATOR: Readonly<Record<Metric, string>> = { cosine: '<=>', l2: '<->', dot: '<#>' }
const OPCLASS: Readonly<Record<Metric, string>> = { cosine: 'cosine_ops', l2: 'l2_ops', dot: 'ip_ops' }

/** Whether a collection keeps vectors. */
export const hasVectors = (row: Row): row is WithVectors => row.dim !== null && row.metric !== null

/** The table of a dimension: all collections whose vectors are of this length share it. */
export const tableOf = ({ storage, dim }: Pick<WithVectors, 'storage' | 'dim'>): string => `${storage}s_${dim}`

/** The distance between a row's vector and an expression; pgvector's operator by the metric. */
export const distance = ({ metric, storage, dim }: WithVectors, expression: string): string => `(v.embedding ${OPERATOR[metric]} ${expression}::${storage}(${dim}))`

/** Distances as the scores of the core: cosine, inner product, or the negated squared distance. */
export function scoreOf(metric: Metric, distance: number): number {
  if (metric === 'cosine') return 1 - distance
  return metric === 'dot' ? -distance : -distance * distance
}

/** Makes the table of a dimension where there is none. */
export async function ensureTable(runner: Runner, shape: Pick<WithVectors, 'storage' | 'dim'>): Promise<void> {
  if (shape.dim > MOST) throw new CanopyError('COLLECTION_SPEC', 'invalid_input', `dimension ${shape.dim} is outside 1..=${MOST}, which is what pgvector holds`)
  // Two that make it at once: the lock lets one of them go first, and is free when the transaction ends.
  await runner.rows({ text: "select pg_advisory_xact_lock(hashtextextended(current_schema() || $1, 0))", values: [tableOf(shape)] })
  await runner.rows(`create table if not exists ${tableOf(shape)} (
    collection int not null, generation int not null, key bigint not null, version bigint not null,
    embedding ${shape.storage}(${shape.dim}) not null, primary key (key, generation))`)
}

/** The condition that holds for a collection's current vectors. Numbers are written out, since partial indexes are chosen by them. */
export const current = ({ id, generation }: Row): string => `v.collection = ${id} and v.generation = ${generation}`

const indexName = ({ id, generation }: Row): string => `vectors_of_${id}_${generation}`

/** Makes the collection's index where there are vectors enough for one to pay. Answers whether there is one now. */
export async function buildIndex(runner: Runner, row: WithVectors, kind: 'hnsw' | 'ivfflat' | 'none'): Promise<boolean> {
  await runner.rows(`drop index if exists ${indexName(row)}`)
  const [{ count } = { count: 0 }] = await runner.rows<{ count: number }>(`select count(*)::int as count from (select 1 from ${tableOf(row)} v where ${current(row)} limit ${WORTH_AN_INDEX}) as enough`)
  if (kind === 'none' || count < WORTH_AN_INDEX || row.dim > INDEXED[row.storage]) return false
  const options = kind === 'ivfflat' ? `lists = ${IVF_LISTS}` : `m = 16, ef_construction = ${HNSW_CANDIDATES}`
  await runner.rows('set local statement_timeout = 0')
  await runner.rows('set local max_parallel_maintenance_workers = 4')
  await runner.rows(`create index ${indexName(row)} on ${tableOf(row)} using ${kind} (embedding ${row.storage}_${OPCLASS[row.metric]}) with (${options}) where collection = ${row.id} and generation = ${row.generation}`)
  return true
}

/** Forgets vectors of a collection: all, or those of one generation. */
export async function forgetVectors(runner: Runner, row: WithVectors, generation?: number): Promise<void> {
  await runner.rows({ text: `delete from ${tableOf(row)} v where v.collection = $1 ${generation === undefined ? '' : 'and v.generation = $2'}`, values: generation === undefined ? [row.id] : [row.id, generation] })
  await runner.rows(`drop index if exists ${indexName(row)}`)
}
