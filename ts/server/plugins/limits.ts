import rateLimit from '@fastify/rate-limit'
import underPressure from '@fastify/under-pressure'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { Config } from '../../config/schema.js'
import { HttpError } from '../errors.js'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Health checks and metrics answer whatever the load. */
    unlimited?: boolean
  }
}

/** Rate limit by key or address, and 503 while the event loop is late. */
export default fp(async (app: FastifyInstance, { rateLimit: max, maxEventLoopDelayMs }: Config['server']) => {
  if (max > 0) {
    await app.register(rateLimit, {
      max,
      timeWindow: '1 minute',
      allowList: (request) => request.routeOptions.config.unlimited === true,
      keyGenerator: (request) => String(request.headers['x-api-key'] ?? request.headers.authorization ?? request.ip),
      errorResponseBuilder: (_request, { after }) => new HttpError('RATE_LIMITED', `more than ${max} requests a minute; try again in ${after}`),
    })
  }
  await app.register(underPressure, {
    maxEventLoopDelay: maxEventLoopDelayMs,
    pressureHandler: (request) => {
      if (request.routeOptions.config.unlimited === true) return
      throw new HttpError('OVERLOADED', 'the server is overloaded; try again in a second')
    },
  })
})
