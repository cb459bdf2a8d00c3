import { randomUUID } from 'node:crypto'
import type { LongCallOptions } from '../../engine/cancel.js'
import type { RebuildReport } from '../../engine/collection.js'
import { CanopyError } from '../../engine/error.js'
import type { Shared } from './collection.js'
import { ROW, embedWith, notFound } from './row.js'
import { counting } from './changes.js'
import type { Runner } from './connection.js'
import { buildIndex, ensureTable, forgetVectors, hasVectors, tableOf, type Row, type WithVectors } from './vectors.js'

const PAGE = 512

/**
 * Embeds what has no vector, with another model if one is named, and builds the index.
 *
 * Vectors of another model are a new generation beside the current one. Searches and writers go on with the current one until
 * all is embedded; then the collection is locked for a moment, the stragglers are embedded, and the new generation takes over.
 */
export async function rebuild(row: Row, shared: Shared, { model, signal, onProgress }: LongCallOptions & { model?: string | undefined }): Promise<RebuildReport> {
  const { connections, settings, engine } = shared
  const target = await targetOf(row, model, shared)
  const modelChanged = target.digest !== row.digest
  const report = { records: 0, embedded: 0, modelChanged }
  const [{ total } = { total: 0 }] = await connections.rows<{ total: number }>({ text: 'select count(*)::int as total from records where collection = $1', values: [row.id] })
  report.records = total
  if (hasVectors(target)) {
    await connections.transaction((transaction) => ensureTable(transaction, target))
    if (target.model !== null) {
      for (let after: string | null = '-1'; after !== null; ) {
        signal?.throwIfAborted()
        const from: string = after
        const batch = await bare(connections, target, from)
        await connections.transaction((transaction) => embedInto(transaction, target, batch), signal)
        report.embedded += batch.length
        onProgress?.(report.embedded, total)
        after = batch.at(-1)?.key ?? null
      }
    }
  }
  await connections.transaction(async (transaction) => {
    const [now] = await transaction.rows<Row>({ text: `select ${ROW} from collections where id = $1 for update`, values: [row.id] })
    if (now === undefined) throw notFound(row.name)
    if (now.generation !== row.generation) throw new CanopyError('MODEL_MISMATCH', 'conflict', `collection ${JSON.stringify(row.name)} got another model while it was being embedded: what was embedded before is dropped, rebuild it again`)
    if (!hasVectors(target)) return
    const late = target.model === null ? [] : await bare(transaction, target, '-1', 1_000_000)
    await embedInto(transaction, target, late)
    report.embedded += late.length
    await buildIndex(transaction, target, settings.index)
    if (!modelChanged) return
    await transaction.rows({ text: 'update collections set dim = $2, metric = $3, model_name = $4, model_digest = $5, generation = $6 where id = $1', values: [row.id, target.dim, target.metric, target.model, target.digest, target.generation] })
    if (hasVectors(row)) await forgetVectors(transaction, row, row.generation)
  }, signal)
  await connections.rows('analyze records')
  return report

  async function embedInto(runner: Runner, into: WithVectors, batch: ReadonlyArray<{ key: string; version: string; text: string }>): Promise<void> {
    if (batch.length === 0) return
    const vectors = await embedWith(engine, into, batch.map(({ text }) => text), signal)
    const rows = batch.flatMap(({ key, version }, i) => (vectors[i] === null || vectors[i] === undefined ? [] : [{ key, version, embedding: `[${Array.from(vectors[i]).join(',')}]` }]))
    await runner.rows(counting(String(into.id)))
    await runner.rows({
      text: `insert into ${tableOf(into)} (collection, generation, key, version, embedding)
        select ${into.id}, ${into.generation}, key, version, embedding::${into.storage}(${into.dim}) from unnest($1::bigint[], $2::bigint[], $3::text[]) as s (key, version, embedding)
        on conflict (key, generation) do update set version = excluded.version, embedding = excluded.embedding`,
      values: [rows.map(({ key }) => key), rows.map(({ version }) => version), rows.map(({ embedding }) => embedding)],
    })
  }
}

/** The collection as it will be. */
async function targetOf(row: Row, model: string | undefined, { engine }: Shared): Promise<Row> {
  if (model === undefined) return row
  // The core knows a model's dimension and digest, and which names there are none for.
  const name = `model-${randomUUID()}`
  const { vectors } = await (await engine.create(name, { model })).info()
  await engine.drop(name)
  if (vectors?.model === null || vectors === null) return row
  if (vectors.model.digest === row.digest && vectors.model.name === row.model) return row
  return { ...row, dim: vectors.dim, metric: row.metric ?? vectors.metric, model: vectors.model.name, digest: vectors.model.digest, generation: row.generation + 1 }
}

/** Records without a vector of what they are now. */
async function bare(runner: Runner, row: WithVectors, after: string, limit = PAGE): Promise<Array<{ key: string; version: string; text: string }>> {
  return runner.rows({
    text: `select r.key, r.version, r.text from records r left join ${tableOf(row)} v on v.key = r.key and v.generation = ${row.generation} and v.version = r.version
      where r.collection = $1 and r.key > $2 and v.key is null and r.text !~ '^\\s*$' order by r.key limit ${limit}`,
    values: [row.id, after],
  })
}
