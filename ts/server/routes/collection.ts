import { Type } from 'typebox'
import type { App, Context } from '../app.js'
import { CollectionParams } from '../schemas/collections.js'
import { errors } from '../schemas/errors.js'

const Rebuild = Type.Object({ model: Type.Optional(Type.String({ minLength: 1, maxLength: 256, description: 'Embed every record with this model from now on' })) }, { additionalProperties: false })

/** One collection. */
export default async function collection(app: App, { db }: Context): Promise<void> {
  app.get('/v1/collections/:name', { schema: { tags: ['collections'], summary: 'Describe a collection', params: CollectionParams, response: { 200: Type.Ref('CollectionInfo'), ...errors(['COLLECTION_NOT_FOUND', 'COLLECTION_NAME']) } } }, async ({ params }) =>
    (await db.collection(params.name)).info(),
  )

  app.delete('/v1/collections/:name', { schema: { tags: ['collections'], summary: 'Delete a collection with its records', params: CollectionParams, response: { 204: Type.Null(), ...errors(['COLLECTION_NOT_FOUND', 'COLLECTION_NAME', 'AUTH_READ_ONLY', 'STORE_READ_ONLY', 'STORE_FULL']) } } }, async ({ params }, reply) => {
    await db.drop(params.name)
    return reply.code(204).send(null)
  })

  app.post(
    '/v1/collections/:name/rebuild',
    {
      preValidation: async (request) => {
        // No body means no wishes.
        request.body ??= {}
      },
      schema: { tags: ['collections'], summary: 'Build the indexes again, with another model if one is named', params: CollectionParams, body: Rebuild, response: { 200: Type.Ref('RebuildReport'), ...errors(['COLLECTION_NOT_FOUND', 'COLLECTION_NAME', 'MODEL_UNKNOWN', 'MODEL_CORRUPT', 'STORE_READ_ONLY', 'STORE_FULL'], { body: true }) } },
    },
    async ({ params, body }, reply) => {
      const target = await db.collection(params.name)
      return target.rebuild({ ...body, signal: reply.abandoned() })
    },
  )
}
