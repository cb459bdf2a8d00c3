import path from 'node:path'
import { Type } from 'typebox'
import { CanopyError } from '../../engine/error.js'
import type { VectorId } from '../../engine/ids.js'
import { VectorIndex, type VectorFilter } from '../../engine/vector-index.js'
import { VectorIndexes, type NamedIndex } from '../../engine/vector-indexes.js'
import type { App, Context } from '../app.js'
import { errors } from '../schemas/errors.js'
import { AddBody, Estimate, EstimateBody, IndexParams, IndexSpec, Lists, RangeBody, RemoveBody, SearchBody, TuneBody, Tuning } from '../schemas/indexes.js'

const NAMED = ['INDEX_NOT_FOUND', 'INDEX_NAME', 'INDEX_CORRUPT', 'INDEX_MEMORY']
const VECTORS = ['VECTOR_DIMENSION', 'VECTOR_NOT_FINITE', 'VECTOR_ZERO', 'VECTOR_ID', 'VECTOR_COUNT', 'VECTOR_DUPLICATE', 'INDEX_TOO_LARGE']
const WRITES = ['STORE_READ_ONLY', 'INDEX_DISK_FULL', 'AUTH_READ_ONLY']
const Done = Type.Object({ done: Type.Integer({ description: 'Vectors' }) })
const tags = ['indexes']

/** Vector indexes by name: vectors without records. They lie in the server's folder and are saved when asked to and when it stops. */
export default async function indexes(app: App, { config }: Context): Promise<void> {
  const all = new VectorIndexes(path.join(config.data.dir, 'indexes'), { readOnly: config.data.readOnly })
  app.addHook('onClose', () => all.close())

  app.get('/v1/indexes', { schema: { tags, summary: 'List vector indexes', response: { 200: Type.Object({ indexes: Type.Array(Type.String()) }), ...errors([]) } } }, async () => ({ indexes: await all.names() }))

  app.post('/v1/indexes', { schema: { tags, summary: 'Make an empty vector index', body: IndexSpec, response: { 201: Type.Ref('VectorIndexInfo'), ...errors(['INDEX_EXISTS', 'INDEX_NAME', 'INDEX_OPTION', 'VECTOR_DIMENSION', ...WRITES], { body: true }) } } }, async ({ body: { name, ...spec } }, reply) => {
    await all.create(name, spec)
    return reply.code(201).header('location', `/v1/indexes/${encodeURIComponent(name)}`).send(await all.info(name))
  })

  app.post('/v1/indexes/estimate', { config: { access: 'read' }, schema: { tags, summary: 'What building a vector index will take', body: EstimateBody, response: { 200: Estimate, ...errors(['INDEX_OPTION', 'VECTOR_DIMENSION', 'INDEX_TOO_LARGE'], { body: true }) } } }, ({ body }) => VectorIndex.estimate(body))

  app.get('/v1/indexes/:name', { schema: { tags, summary: 'Describe a vector index', params: IndexParams, response: { 200: Type.Ref('VectorIndexInfo'), ...errors(NAMED) } } }, ({ params }) => all.info(params.name))

  app.delete('/v1/indexes/:name', { schema: { tags, summary: 'Delete a vector index', params: IndexParams, response: { 204: Type.Null(), ...errors([...NAMED, ...WRITES]) } } }, async ({ params }, reply) => {
    await all.drop(params.name)
    return reply.code(204).send(null)
  })

  app.post('/v1/indexes/:name/vectors', { schema: { tags, summary: 'Add or replace vectors', params: IndexParams, body: AddBody, response: { 200: Done, ...errors([...NAMED, ...VECTORS, ...WRITES], { body: true }) } } }, async ({ params, body: { ids, vectors } }, reply) => {
    const index = await all.get(params.name)
    const { dim } = await index.info()
    if (ids.length !== vectors.length) throw new CanopyError('VECTOR_COUNT', 'invalid_input', `${ids.length} ids for ${vectors.length} vectors: send one id for each vector`)
    const values = rows(vectors, dim)
    all.changed(params.name)
    await index.upsert(ids, values, { signal: reply.abandoned() })
    return { done: ids.length }
  })

  app.post('/v1/indexes/:name/remove', { schema: { tags, summary: 'Take vectors out', params: IndexParams, body: RemoveBody, response: { 200: Done, ...errors([...NAMED, 'VECTOR_ID', ...WRITES], { body: true }) } } }, async ({ params, body }) => {
    const index = await all.get(params.name)
    all.changed(params.name)
    return { done: await index.remove(body.ids) }
  })

  app.post('/v1/indexes/:name/search', { config: { access: 'read' }, schema: { tags, summary: 'Find the nearest vectors', params: IndexParams, body: SearchBody, response: { 200: Type.Ref('VectorMatches'), ...errors([...NAMED, ...VECTORS, 'SEARCH_REQUEST', 'INDEX_NO_LISTS'], { body: true }) } } }, async ({ params, body: { vector, k = 10, allow, ...options } }, reply) => {
    const index = await all.get(params.name)
    const started = performance.now()
    const hits = await index.search(Float32Array.from(vector), k, { ...options, filter: await filter(index, allow), signal: reply.abandoned() })
    return { hits: hits.map(shown), tookMs: performance.now() - started }
  })

  app.post('/v1/indexes/:name/range', { config: { access: 'read' }, schema: { tags, summary: 'Find all vectors that are near enough', params: IndexParams, body: RangeBody, response: { 200: Type.Ref('VectorMatches'), ...errors([...NAMED, ...VECTORS, 'SEARCH_REQUEST'], { body: true }) } } }, async ({ params, body: { vector, least, allow, ...options } }, reply) => {
    const index = await all.get(params.name)
    const started = performance.now()
    const hits = await index.range(Float32Array.from(vector), least, { ...options, filter: await filter(index, allow), signal: reply.abandoned() })
    return { hits: hits.map(shown), tookMs: performance.now() - started }
  })

  app.post('/v1/indexes/:name/autotune', { schema: { tags, summary: 'Find the fastest search that reaches a recall, and search so from now on', params: IndexParams, body: TuneBody, response: { 200: Tuning, ...errors([...NAMED, 'INDEX_OPTION', ...WRITES], { body: true }) } } }, async ({ params, body: { recall, k = 10 } }, reply) => {
    const index = await all.get(params.name)
    all.changed(params.name)
    return index.autotune(recall, { k, signal: reply.abandoned() })
  })

  app.post('/v1/indexes/:name/prepare', { schema: { tags, summary: 'Build the lists that the presets hybrid and lists need; they are saved with the index', params: IndexParams, response: { 200: Lists, ...errors([...NAMED, 'INDEX_OPTION'], { body: true }) } } }, async ({ params }, reply) => {
    const lists = await (await all.get(params.name)).prepare({ signal: reply.abandoned() })
    // Where nothing may be written they serve until the server ends.
    if (!config.data.readOnly) all.changed(params.name)
    return lists
  })

  app.post('/v1/indexes/:name/save', { schema: { tags, summary: 'Write a vector index to the disk', params: IndexParams, response: { 200: Type.Ref('VectorIndexInfo'), ...errors([...NAMED, ...WRITES], { body: true }) } } }, async ({ params }) => {
    await all.save(params.name)
    return all.info(params.name)
  })
}

/** Row after row. */
function rows(vectors: number[][], dim: number): Float32Array {
  const values = new Float32Array(vectors.length * dim)
  for (const [i, vector] of vectors.entries()) {
    if (vector.length !== dim) throw new CanopyError('VECTOR_DIMENSION', 'invalid_input', `vector ${i} has ${vector.length} values, the index holds vectors of ${dim}: send as many`)
    values.set(vector, i * dim)
  }
  return values
}

async function filter(index: NamedIndex, allow: VectorId[] | undefined): Promise<VectorFilter | undefined> {
  return allow === undefined ? undefined : index.filter(allow)
}

/** JSON has no bigints. */
function shown({ id, score }: { id: VectorId; score: number }): { id: string | number; score: number } {
  return { id: typeof id === 'bigint' ? String(id) : id, score }
}
