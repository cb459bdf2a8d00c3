import { Type } from 'typebox'
import { CanopyError } from '../../engine/error.js'
import type { App, Context } from '../app.js'
import { RecordParams } from '../schemas/collections.js'
import { errors } from '../schemas/errors.js'
import { query as parameters } from '../schemas/query.js'
import { RecordBody } from '../schemas/records.js'
import { WRITE_ERRORS } from './records.js'
import { sendJson } from './send.js'

const READ_ERRORS = ['COLLECTION_NOT_FOUND', 'COLLECTION_NAME', 'RECORD_NOT_FOUND', 'RECORD_ID']
const Reading = parameters({ vector: Type.Optional(Type.Boolean({ default: false, description: 'Whether the answer carries the vector' })) })

/** One record. */
export default async function record(app: App, { db }: Context): Promise<void> {
  app.get('/v1/collections/:name/records/:id', { schema: { tags: ['records'], summary: 'Read a record', params: RecordParams, querystring: Reading, response: { 200: Type.Ref('StoredRecord'), ...errors(READ_ERRORS) } } }, async ({ params, query }, reply) => {
    const collection = await db.collection(params.name)
    const found = await collection.getJson(params.id, query)
    if (found === undefined) throw missing(params)
    return sendJson(reply, found)
  })

  app.put(
    '/v1/collections/:name/records/:id',
    { schema: { tags: ['records'], summary: 'Add or replace a record', params: RecordParams, body: RecordBody, response: { 200: Type.Ref('PutOutcome'), 201: Type.Ref('PutOutcome'), ...errors(WRITE_ERRORS, { body: true }) } } },
    async ({ params, body }, reply) => {
      const collection = await db.collection(params.name)
      const [outcome] = await collection.upsert({ ...body, id: params.id } as Parameters<typeof collection.upsert>[0], { signal: reply.abandoned() })
      if (outcome === undefined) throw missing(params)
      return reply.code(outcome.outcome === 'inserted' ? 201 : 200).send({ embedded: false, ...outcome })
    },
  )

  app.delete('/v1/collections/:name/records/:id', { schema: { tags: ['records'], summary: 'Delete a record', params: RecordParams, response: { 204: Type.Null(), ...errors([...READ_ERRORS, 'AUTH_READ_ONLY', 'STORE_READ_ONLY', 'STORE_FULL']) } } }, async ({ params }, reply) => {
    const collection = await db.collection(params.name)
    const [outcome] = await collection.remove(params.id)
    if (outcome?.outcome !== 'deleted') throw missing(params)
    return reply.code(204).send(null)
  })
}

function missing({ name, id }: { name: string; id: string }): CanopyError {
  return new CanopyError('RECORD_NOT_FOUND', 'not_found', `there is no record ${JSON.stringify(id)} in the collection ${JSON.stringify(name)}`)
}
