import { Type } from 'typebox'
import type { SearchRequest as Request } from '../../engine/types.js'
import type { App, Context } from '../app.js'
import { CollectionParams, RecordParams } from '../schemas/collections.js'
import { errors } from '../schemas/errors.js'
import { FilterText, query as parameters, readFilter } from '../schemas/query.js'
import { SearchRequest } from '../schemas/search.js'
import { sendJson, sendKept } from './send.js'

const SEARCH_ERRORS = ['COLLECTION_NOT_FOUND', 'COLLECTION_NAME', 'COLLECTION_NO_VECTORS', 'SEARCH_REQUEST', 'SEARCH_EMPTY', 'FILTER_INVALID', 'VECTOR_DIMENSION', 'VECTOR_NOT_FINITE', 'MODEL_MISMATCH', 'MODEL_MISSING', 'MODEL_LOADING', 'MODEL_CORRUPT', 'MODEL_REMOTE_UNAVAILABLE']
const { limit, offset, minScore } = SearchRequest.properties
const Neighbours = parameters({
  limit,
  offset,
  minScore,
  filter: Type.Optional(FilterText),
  highlight: Type.Optional(Type.Boolean({ default: false })),
  mode: Type.Optional(Type.Union([Type.Literal('hybrid'), Type.Literal('keyword'), Type.Literal('vector')])),
})

/** Searching. */
export default async function search(app: App, { db, answers }: Context): Promise<void> {
  app.post(
    '/v1/collections/:name/search',
    { config: { access: 'read' }, schema: { tags: ['search'], summary: 'Find records by keywords, by meaning, or both', params: CollectionParams, body: SearchRequest, response: { 200: Type.Ref('SearchAnswer'), ...errors(SEARCH_ERRORS, { body: true }) } } },
    async ({ params, body }, reply) => {
      const collection = await db.collection(params.name)
      const options = { signal: reply.abandoned() }
      if (answers === undefined) return sendJson(reply, await collection.searchJson(body as Request, options))
      return sendKept(reply, await answers.search(collection, body as Request, options))
    },
  )

  app.get(
    '/v1/collections/:name/records/:id/similar',
    { schema: { tags: ['search'], summary: 'Find records like this one', params: RecordParams, querystring: Neighbours, response: { 200: Type.Ref('SearchAnswer'), ...errors([...SEARCH_ERRORS, 'RECORD_NOT_FOUND', 'RECORD_ID']) } } },
    async ({ params, query: { filter, ...query } }, reply) => {
      const collection = await db.collection(params.name)
      const [request, options] = [{ ...query, filter: readFilter(filter) }, { signal: reply.abandoned() }]
      if (answers === undefined) return sendJson(reply, await collection.similarJson(params.id, request, options))
      return sendKept(reply, await answers.similar(collection, params.id, request, options))
    },
  )
}
