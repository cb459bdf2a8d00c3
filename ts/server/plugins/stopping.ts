import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { HttpError } from '../errors.js'

/** How often connections that have become idle are looked for while the server stops. */
const SWEEP_MS = 50

/**
 * While the server stops, requests that still come over open connections get 503, and every answer ends its connection:
 * a client that keeps connections alive would hold up the stop for the whole grace period otherwise.
 */
export default fp(async (app: FastifyInstance) => {
  let sweep: NodeJS.Timeout | undefined
  app.addHook('preClose', async () => {
    // An answer that was on its way when the stop began has promised to keep its connection.
    sweep = setInterval(() => app.server.closeIdleConnections(), SWEEP_MS)
  })
  app.addHook('onClose', async () => clearInterval(sweep))
  app.addHook('onRequest', async () => {
    if (sweep !== undefined) throw new HttpError('STOPPING', 'the server is stopping; send the request again when it is back')
  })
  app.addHook('onSend', async (_request, reply) => {
    if (sweep !== undefined) reply.header('connection', 'close')
  })
})
