import swagger from '@fastify/swagger'
import scalar from '@scalar/fastify-api-reference'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { packageVersion } from '../version.js'
import { components } from '../schemas/index.js'

const DESCRIPTION = `Collections of records, searched by keywords, by meaning, or both.
Errors have one form, \`{ code, message, statusCode, requestId }\`; \`code\` is stable.
Keys are sent as \`Authorization: Bearer KEY\` or \`X-API-Key: KEY\`; a server that listens on loopback only may run without.`

/** The bundled page has inline styles and one inline script, and loads nothing from elsewhere. */
const DOCS_CSP = "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; frame-ancestors 'none'; base-uri 'none'"

/** What a status of success means, where the schema behind it has no words of its own. */
const SUCCESS: Readonly<Record<string, string>> = { 200: 'Done', 201: 'Made', 204: 'Done; there is nothing to answer' }

type Description = Record<string, unknown> & { paths: Record<string, Record<string, { responses?: Record<string, { description: string }> }>> }

function describeSuccess(description: Description): Description {
  for (const { responses = {} } of Object.values(description.paths).flatMap((path) => Object.values(path))) {
    for (const [status, response] of Object.entries(responses)) {
      if (response.description === 'Default Response') response.description = SUCCESS[status] ?? 'Refused'
    }
  }
  return description
}

/** The description of the API at /openapi.json and a page to try it at /docs. */
export default fp(async (app: FastifyInstance) => {
  Object.values(components).forEach((schema) => app.addSchema(schema))
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'canopy', version: packageVersion, description: DESCRIPTION, license: { name: 'MIT', identifier: 'MIT' } },
      servers: [{ url: '/' }],
      components: {
        securitySchemes: { bearer: { type: 'http', scheme: 'bearer' }, header: { type: 'apiKey', in: 'header', name: 'x-api-key' } },
      },
      security: [{ bearer: [] }, { header: [] }, {}],
      tags: [
        { name: 'collections', description: 'Named sets of records' },
        { name: 'records', description: 'Writing, reading and importing' },
        { name: 'search', description: 'Finding records' },
        { name: 'graphs', description: 'Graphs, what is computed on them, and why nodes belong together' },
        { name: 'neighbors', description: 'Exact neighbours of points with up to 32 coordinates' },
        { name: 'operation', description: 'Health, metrics, models' },
      ],
    },
    transformObject: (document) => describeSuccess((document as unknown as { openapiObject: Description }).openapiObject),
    refResolver: { buildLocalReference: (schema, _base, _fragment, index) => (typeof schema['$id'] === 'string' ? schema['$id'] : `schema-${index}`) },
  })
  app.addHook('onRoute', (route) => {
    if (route.url.startsWith('/docs')) route.config = { ...route.config, access: 'read', basic: true }
  })
  await app.register(scalar, {
    routePrefix: '/docs',
    logLevel: 'silent',
    // What would call other servers, or offer to, is off; the policy above would stop it anyway.
    configuration: { withDefaultFonts: false, telemetry: false, hideClientButton: true, showDeveloperTools: 'never', agent: { disabled: true } },
  })
  app.addHook('onSend', async (request, reply) => {
    if (request.url.startsWith('/docs')) reply.header('content-security-policy', DOCS_CSP)
  })
  app.get('/openapi.json', { schema: { hide: true }, config: { access: 'read', basic: true } }, () => app.swagger())
})
