import { Type } from 'typebox'
import type { App, Context } from '../app.js'
import { CollectionParams } from '../schemas/collections.js'
import { errors } from '../schemas/errors.js'
import { FilterText, query as parameters, readFilter } from '../schemas/query.js'
import { sendJson } from './send.js'

const Listing = parameters({
  after: Type.Optional(Type.String({ maxLength: 2048, description: '`next` of the page before' })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 100 })),
  vectors: Type.Optional(Type.Boolean({ default: false, description: 'Whether each record carries its vector' })),
  filter: Type.Optional(FilterText),
})
const Writing = parameters({ mode: Type.Optional(Type.Union([Type.Literal('insert'), Type.Literal('upsert'), Type.Literal('update')], { default: 'insert' })) })
/** What writing records may fail with. */
export const WRITE_ERRORS = ['COLLECTION_NOT_FOUND', 'COLLECTION_NAME', 'RECORD_EXISTS', 'RECORD_NOT_FOUND', 'RECORD_ID', 'TEXT_EMPTY', 'RECORD_METADATA', 'RECORD_TOO_LARGE', 'VECTOR_DIMENSION', 'VECTOR_COUNT', 'VECTOR_NOT_FINITE', 'COLLECTION_NO_VECTORS', 'MODEL_MISMATCH', 'MODEL_MISSING', 'MODEL_LOADING', 'MODEL_REMOTE_UNAVAILABLE', 'STORE_READ_ONLY', 'STORE_FULL']

/** The records of a collection. */
export default async function records(app: App, { db }: Context): Promise<void> {
  app.get(
    '/v1/collections/:name/records',
    { schema: { tags: ['records'], summary: 'List records by page', params: CollectionParams, querystring: Listing, response: { 200: Type.Ref('RecordPage'), ...errors(['COLLECTION_NOT_FOUND', 'COLLECTION_NAME', 'FILTER_INVALID']) } } },
    async ({ params, query: { filter, ...query } }, reply) => {
      const collection = await db.collection(params.name)
      return sendJson(reply, await collection.listJson({ ...query, filter: readFilter(filter), signal: reply.abandoned() }))
    },
  )

  app.post(
    '/v1/collections/:name/records',
    {
      config: { rawJson: true },
      schema: {
        tags: ['records'],
        summary: 'Write records, all or none',
        params: CollectionParams,
        querystring: Writing,
        body: Type.Array(Type.Ref('RecordInput'), { description: 'Up to the body limit; import streams larger sets' }),
        response: { 200: Type.Array(Type.Ref('PutOutcome')), ...errors(WRITE_ERRORS, { body: true }) },
      },
    },
    async ({ params, query, body }, reply) => {
      const collection = await db.collection(params.name)
      const outcome = await collection.putJson(body as unknown as Buffer, query.mode ?? 'insert', { signal: reply.abandoned() })
      return sendJson(reply, outcome)
    },
  )
}
