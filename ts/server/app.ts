import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { PrivacyBudget } from '../budget/budget.js'
import type { Answers } from '../cache/answers.js'
import type { Config } from '../config/schema.js'
import { residentBytes } from '../engine/binding.js'
import { Jobs } from '../graphs/jobs.js'
import type { AnyDatabase } from '../stores/any.js'
import type { Ingest } from '../ingest/ingest.js'
import { createMetrics, type Metrics } from '../observe/metrics.js'
import { logOptions } from '../observe/log.js'
import auth from './plugins/auth.js'
import bodies from './plugins/bodies.js'
import cancel from './plugins/cancel.js'
import docs from './plugins/docs.js'
import errors, { answer, clientError } from './plugins/errors.js'
import limits from './plugins/limits.js'
import measure from './plugins/measure.js'
import origin from './plugins/origin.js'
import security from './plugins/security.js'
import stopping from './plugins/stopping.js'
import tracing from './plugins/tracing.js'
import { attachCache } from './cache.js'
import { attachIngest } from './ingest.js'
import { attachBudget } from './private.js'
import { buildSerializer } from './serializers.js'
import { validatorCompiler } from './validation.js'
import routes from './routes/index.js'

/** What routes work with. */
export interface Context {
  db: AnyDatabase
  config: Config
  metrics: Metrics
  /** Where answers are kept. */
  answers: Answers | undefined
  /** Where records are taken in. */
  ingest: Ingest | undefined
  /** Where tenants have budgets. */
  budget: PrivacyBudget | undefined
  /** Long work that was asked for over HTTP. */
  jobs: Jobs
}

/** Our fastify: schemas are TypeBox and types follow from them. */
export type App = ReturnType<typeof bare>

/** How often connections are looked through for those that take too long, in milliseconds; as Node has it. */
const CHECK_MS = 30_000
/** How long the head of a request may take, as Node has it. Node takes the longer of two times for whole requests. */
const HEADERS_MS = 60_000

function atMost(ms: number, { server: { requestTimeoutMs } }: Config): number {
  return requestTimeoutMs === 0 ? ms : Math.min(ms, requestTimeoutMs)
}

function bare(config: Config) {
  return Fastify({
    logger: logOptions(config.log.level),
    bodyLimit: config.server.bodyLimit,
    trustProxy: config.server.trustProxy.length === 0 ? false : config.server.trustProxy,
    // Whoever sends a byte a minute holds a connection no longer than this.
    requestTimeout: config.server.requestTimeoutMs,
    http: { connectionsCheckingInterval: atMost(CHECK_MS, config), headersTimeout: atMost(HEADERS_MS, config) },
    requestIdHeader: false,
    // Ids of collections and records are percent-encoded in the path: 512 characters of 4 bytes are 6,144 characters.
    routerOptions: { maxParamLength: 8192 },
    forceCloseConnections: 'idle',
    // Our own plugin answers then, in the form of all errors.
    return503OnClosing: false,
    clientErrorHandler: clientError,
    // A machine that is busy may take its time to start.
    pluginTimeout: 120_000,
    genReqId: () => crypto.randomUUID(),
    frameworkErrors: (error, request, reply) => answer(error, request as FastifyRequest, reply as unknown as FastifyReply),
    ajv: { customOptions: { removeAdditional: false } },
    schemaController: { compilersFactory: { buildSerializer } },
  }).withTypeProvider<TypeBoxTypeProvider>()
}

/** The whole application over an open database, not listening yet. */
export async function buildApp(db: AnyDatabase, config: Config): Promise<FastifyInstance> {
  const metrics = createMetrics(() => snapshot(db), config.metrics)
  db.onQuery?.((ms) => metrics.pgvector(ms))
  const app = bare(config)
  try {
    await furnish(app, db, config, metrics)
  } catch (error) {
    // What was opened on the way is closed.
    await app.close()
    throw error
  }
  return app as unknown as FastifyInstance
}

async function furnish(app: App, db: AnyDatabase, config: Config, metrics: Metrics): Promise<void> {
  app.setValidatorCompiler(validatorCompiler)
  await app.register(errors)
  await app.register(bodies)
  await app.register(tracing)
  await app.register(measure, { metrics })
  await app.register(stopping)
  await app.register(security)
  await app.register(origin, config)
  await app.register(limits, config)
  await app.register(auth, { auth: config.auth, budget: config.budget })
  await app.register(cancel, { onCancel: (route) => metrics.cancelled(route) })
  await app.register(docs)
  const ingest = await attachIngest(app as unknown as FastifyInstance, db, config, metrics)
  const answers = await attachCache(app as unknown as FastifyInstance, config, metrics)
  const jobs = new Jobs()
  app.addHook('preClose', () => jobs.close())
  await app.register(routes, { db, config, metrics, jobs, answers, ingest, budget: await attachBudget(app as unknown as FastifyInstance, config, metrics) })
}

async function snapshot(db: AnyDatabase) {
  const [collections, models] = await Promise.all([db.collections(), db.models()])
  return {
    records: new Map(collections.map(({ name, count }) => [name, count])),
    indexes: new Map(collections.flatMap(({ name, index }) => (index === null ? [] : [[name, index] as const]))),
    modelsLoaded: models.filter(({ state }) => state === 'loaded').length,
    residentBytes: residentBytes(),
  }
}
