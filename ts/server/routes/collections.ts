import { Type } from 'typebox'
import type { App, Context } from '../app.js'
import { CollectionSpec } from '../schemas/collections.js'
import { errors } from '../schemas/errors.js'

/** All collections. */
export default async function collections(app: App, { db }: Context): Promise<void> {
  app.get('/v1/collections', { schema: { tags: ['collections'], summary: 'List collections', response: { 200: Type.Object({ collections: Type.Array(Type.Ref('CollectionInfo')) }), ...errors([]) } } }, async () => ({
    collections: await db.collections(),
  }))

  app.post(
    '/v1/collections',
    {
      schema: {
        tags: ['collections'],
        summary: 'Make a collection',
        body: CollectionSpec,
        response: { 201: Type.Ref('CollectionInfo'), ...errors(['COLLECTION_EXISTS', 'COLLECTION_NAME', 'COLLECTION_SPEC', 'VECTOR_DIMENSION', 'MODEL_UNKNOWN', 'MODEL_CORRUPT', 'STORE_READ_ONLY', 'STORE_FULL'], { body: true }) },
      },
    },
    async ({ body: { name, ...spec } }, reply) => {
      const collection = await db.create(name, spec)
      return reply.code(201).header('location', `/v1/collections/${encodeURIComponent(name)}`).send(await collection.info())
    },
  )
}
