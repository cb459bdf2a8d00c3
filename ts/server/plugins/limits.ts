import rateLimit from '@fastify/rate-limit'
import underPressure from '@fastify/under-pressure'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { Config } from '../../config/schema.js'
import { HttpError } from '../errors.js'
import { identify } from './auth.js'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Health checks and metrics answer whatever the load. */
    unlimited?: boolean
  }
}

/** How often the delay of the event loop is looked at. */
const SAMPLE_MS = 500
const SETTLE_MS = 2 * SAMPLE_MS

/** Rate limit by key or address, which may change while the server runs, and 503 while the event loop is late. */
export default fp(async (app: FastifyInstance, { server: config, ...keys }: Pick<Config, 'server' | 'auth' | 'budget'>) => {
  const caller = identify(keys)
  await app.register(rateLimit, {
    global: false,
    max: () => config.rateLimit,
    timeWindow: '1 minute',
    allowList: (request) => config.rateLimit === 0 || request.routeOptions.config.unlimited === true,
    // Only a key that holds counts for itself: who guesses keys is counted by address.
    keyGenerator: (request) => caller(request) ?? request.ip,
    errorResponseBuilder: (_request, { max, after }) => new HttpError('RATE_LIMITED', `more than ${max} requests a minute; try again in ${after}`),
  })
  // A hook of every request, before the keys are looked at: wrong keys count too.
  app.addHook('onRequest', app.rateLimit())
  // Starting takes a while of its own, which the first sample still sees.
  let settled = Infinity
  app.addHook('onListen', async () => {
    settled = performance.now() + SETTLE_MS
  })
  await app.register(underPressure, {
    sampleInterval: SAMPLE_MS,
    maxEventLoopDelay: config.maxEventLoopDelayMs,
    pressureHandler: (request) => {
      if (request.routeOptions.config.unlimited === true || performance.now() < settled) return
      throw new HttpError('OVERLOADED', 'the server is overloaded; try again in a second')
    },
  })
})
