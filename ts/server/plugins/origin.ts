import type { FastifyInstance } from 'fastify'
import cors from '@fastify/cors'
import fp from 'fastify-plugin'
import type { Config } from '../../config/schema.js'
import { HttpError } from '../errors.js'

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]'])

/**
 * Which web pages may call the API.
 *
 * Without API keys the server trusts whoever reaches it from this machine, and a browser here also runs pages of
 * strangers: names that were rebound to 127.0.0.1 and other origins are refused then. Origins and keys may change while the server runs.
 */
export default fp(async (app: FastifyInstance, { server, auth }: Config) => {
  await app.register(cors, {
    delegator: (_request, done) =>
      done(null, {
        origin: server.corsOrigins.includes('*') ? '*' : server.corsOrigins,
        methods: ['GET', 'HEAD', 'POST', 'PUT', 'DELETE'],
        exposedHeaders: ['retry-after', 'x-request-id', 'x-ratelimit-limit', 'x-ratelimit-remaining'],
        maxAge: 600,
        // An OPTIONS without the headers of a browser is no error.
        strictPreflight: false,
      }),
  })
  app.addHook('onRequest', async ({ headers, host, hostname }) => {
    if (auth.keys.length + auth.readOnlyKeys.length > 0) return
    if (!LOOPBACK.has(hostname) && hostname !== server.host) {
      throw new HttpError('HOST_REFUSED', `a server without API keys answers only to localhost, not to "${hostname}"; set auth.keys to be reached by other names`)
    }
    const { origin } = headers
    if (origin !== undefined && server.corsOrigins.length === 0 && origin !== `http://${host}`) {
      throw new HttpError('HOST_REFUSED', `the origin ${origin} may not call this server; name it in server.corsOrigins`)
    }
  })
})
