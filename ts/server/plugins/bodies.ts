import { isUtf8 } from 'node:buffer'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { HttpError } from '../errors.js'

/**
 * JSON bodies must be UTF-8: fastify's own parser would put U+FFFD in the place of what isn't, and store the damage.
 * Nothing is unpacked: a few kB of gzip can be gigabytes, and read as they are they would be wrong numbers to routes that take bytes.
 */
export default fp(async (app: FastifyInstance) => {
  app.addHook('preParsing', async ({ method, headers }) => {
    const packed = headers['content-encoding']
    if (packed === undefined || packed.toLowerCase() === 'identity' || method === 'GET' || method === 'DELETE') return
    throw new HttpError('MEDIA_TYPE', `the body is packed (Content-Encoding: ${packed}): send it unpacked`)
  })
  // A key named __proto__ is a key like others: nothing here copies what was sent into an object that has a prototype to lose.
  const parse = app.getDefaultJsonParser('ignore', 'ignore')
  app.removeContentTypeParser(['application/json', 'text/plain'])
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    const bytes = body as Buffer
    if (bytes.length === 0) return done(null, undefined)
    if (!isUtf8(bytes)) return done(new HttpError('ENCODING_INVALID', 'the body is not valid UTF-8; encode it as UTF-8'))
    if (request.routeOptions.config.rawJson === true) return done(null, bytes)
    return parse(request, bytes.toString(), done)
  })
})

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The handler takes the JSON body as bytes and passes it to the core, which parses it off the main thread. */
    rawJson?: boolean
  }
}
