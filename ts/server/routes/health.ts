import { Type } from 'typebox'
import type { App, Context } from '../app.js'
import { errors } from '../schemas/errors.js'

const config = { access: 'open', unlimited: true } as const
const Status = Type.Object({ status: Type.Literal('ok') })

/** Liveness, readiness and metrics: without limits, and without keys unless metrics are to be kept from strangers. */
export default async function health(app: App, { db, config: settings, metrics }: Context): Promise<void> {
  app.get('/healthz', { config, schema: { tags: ['operation'], summary: 'The process is alive', security: [], response: { 200: Status } } }, () => ({ status: 'ok' as const }))

  app.get('/readyz', { config, schema: { tags: ['operation'], summary: 'The database answers', security: [], response: { 200: Status, 503: Type.Ref('Error') } } }, async () => {
    await db.collections()
    return { status: 'ok' as const }
  })

  const { open } = settings.metrics
  app.get('/metrics', { config: { ...config, access: open ? 'open' : 'read' }, schema: { tags: ['operation'], summary: 'Metrics in the Prometheus text format', ...(open ? { security: [] } : {}), produces: ['text/plain'], response: { 200: Type.String(), ...(open ? {} : errors([])) } } }, async (_request, reply) => {
    const { type, body } = await metrics.text()
    return reply.type(type).send(body)
  })
}
