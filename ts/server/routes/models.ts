import { Type } from 'typebox'
import type { App, Context } from '../app.js'
import { errors } from '../schemas/errors.js'

/** Models and sizes. */
export default async function models(app: App, { db }: Context): Promise<void> {
  app.get('/v1/models', { schema: { tags: ['operation'], summary: 'The embedding models at hand', response: { 200: Type.Object({ models: Type.Array(Type.Ref('ModelInfo')) }), ...errors([]) } } }, async () => ({ models: await db.models() }))

  app.get('/v1/stats', { schema: { tags: ['operation'], summary: 'Counts, disk and memory', response: { 200: Type.Ref('Stats'), ...errors([]) } } }, async () => db.stats())
}
