import helmet from '@fastify/helmet'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'

/** Security headers. The page and the API load nothing from elsewhere; /docs loosens this for its inline script. */
export default fp(async (app: FastifyInstance) => {
  await app.register(helmet, {
    contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'self'"], baseUri: ["'none'"], formAction: ["'self'"], frameAncestors: ["'none'"], imgSrc: ["'self'", 'data:'], objectSrc: ["'none'"] } },
    // Plain HTTP on loopback is how this is used; whoever puts TLS in front sets HSTS there.
    strictTransportSecurity: false,
  })
})
