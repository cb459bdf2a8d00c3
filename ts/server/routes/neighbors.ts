import path from 'node:path'
import { Type, type Static, type TSchema } from 'typebox'
import { Ajv } from 'ajv'
import { CanopyError } from '../../engine/error.js'
import type { LongCallOptions } from '../../engine/cancel.js'
import type { Kernel, ResidualSearchOptions } from '../../engine/residual-tree.js'
import { NeighborIndexes } from '../../neighbors/indexes.js'
import { collectionPoints } from '../../neighbors/points.js'
import type { App, Context } from '../app.js'
import { HttpError } from '../errors.js'
import { beside, binary, flat, sendFound } from '../neighbors.js'
import { errors } from '../schemas/errors.js'
import { BinaryOptions, NeighborBall, NeighborBuild, NeighborCount, NeighborIds, NeighborKernel, NeighborParams, NeighborPoints, NeighborQuery, NeighborWork } from '../schemas/neighbors.js'
import { Started, starter } from './graph-work.js'

const BYTES = 'application/octet-stream'
const NAMED = ['NEIGHBOURS_NAME', 'NEIGHBOURS_NOT_FOUND', 'INDEX_CORRUPT', 'INDEX_TRUNCATED', 'INDEX_NEWER', 'INDEX_FOREIGN']
const POINTS = ['POINTS_DIMENSION', 'POINTS_LENGTH', 'POINTS_NOT_FINITE', 'POINTS_MAGNITUDE', 'POINTS_ZERO', 'NEIGHBOURS_METRIC']
const KERNEL = ['KERNEL_LENGTHSCALE', 'KERNEL_VARIANCE', 'KERNEL_NOT_POSITIVE_DEFINITE', 'INDUCING_COUNT']
const CHANGED = ['STORE_READ_ONLY', 'INDEX_DISK_FULL', 'INDEX_PERMISSION']
const SEARCH = [...NAMED, ...POINTS, 'NEIGHBOURS_COUNT', 'GATE_MISSED']

const tags = ['neighbors']
const read = { access: 'read' } as const
/** Bytes of queries: a key that may only read doesn't fill the memory. Points to build from may be `server.importLimit`. */
const QUERY_BYTES = 64 * 1024 * 1024
const found = (codes: readonly string[]) => ({ 200: Type.Ref('NeighborAnswer'), ...errors(codes, { body: true }) })

/** Points of a body, and what else it says. */
interface Sent<T> {
  points: ReturnType<typeof binary>
  dim: number
  rest: T
}

/** Exact neighbours: indexes by name, each in a file of the folder `neighbors` beside the data. */
export default async function neighbors(app: App, { db, config, jobs }: Context): Promise<void> {
  const indexes = new NeighborIndexes(path.join(config.data.dir, 'neighbors'), { readOnly: config.data.readOnly })
  app.addHook('onClose', () => indexes.close())
  app.addContentTypeParser(BYTES, { parseAs: 'buffer', bodyLimit: config.server.importLimit }, (_request, body, done) => done(null, body))
  const start = starter(jobs)
  /** Work that is answered when it is done, or, if the caller wants that, as a job. */
  const worked = <T>(reply: Parameters<typeof start>[0] & { abandoned(): AbortSignal }, { job = false }: { job?: boolean | undefined }, kind: string, name: string, work: (call: LongCallOptions) => Promise<T>) =>
    job ? start(reply, `neighbors:${kind}`, name, work) : work({ signal: reply.abandoned() })
  app.addHook('preParsing', async ({ headers, routeOptions }) => {
    if (routeOptions.config.access !== 'read' || headers['content-type'] !== BYTES || Number(headers['content-length'] ?? Infinity) <= QUERY_BYTES) return
    throw new HttpError('BODY_TOO_LARGE', `queries are at most ${QUERY_BYTES} bytes at once, with a Content-Length: send fewer`)
  })

  app.get('/v1/neighbors', { schema: { tags, summary: 'List indexes of neighbours', response: { 200: Type.Object({ indexes: Type.Array(Type.Object({ name: Type.String(), fileBytes: Type.Integer() })) }), ...errors([]) } } }, async () => ({
    indexes: await indexes.list(),
  }))

  app.put(
    '/v1/neighbors/:name',
    {
      schema: {
        tags,
        summary: 'Build an index of points, or of the vectors of a collection; one of this name is replaced',
        description: `Bodies of type ${BYTES} hold row-major little-endian numbers; the other fields stand in the parameter options. With job=true the answer is 202 as soon as the points are read: GET /v1/jobs/{id} says how far it has come, DELETE stops it, and the old index stays until the new one is on the disk.`,
        consumes: ['application/json', BYTES],
        params: NeighborParams,
        querystring: NeighborWork,
        body: NeighborBuild,
        response: { 200: Type.Ref('NeighborIndexInfo'), ...Started, ...errors(['JOBS_FULL', 'NEIGHBOURS_NAME', ...POINTS, ...KERNEL, ...CHANGED, 'COLLECTION_NOT_FOUND', 'COLLECTION_NO_VECTORS'], { body: true }) },
      },
    },
    async ({ params, body, query }, reply) => {
      const build = Buffer.isBuffer(body) ? checked(NeighborBuild, query.options) : body
      const { collection } = build
      if (collection !== undefined) {
        if (!Buffer.isBuffer(body) && body.points !== undefined) throw new HttpError('REQUEST_INVALID', 'send points or name a collection, not both')
        const source = await db.collection(collection)
        return worked(reply, query, 'build', params.name, async (call) => {
          const { points, dim, labels } = await collectionPoints(source, call)
          return indexes.build(params.name, points, { ...options(build), dim, labels, ...call })
        })
      }
      const { points, dim } = Buffer.isBuffer(body) ? bytes(body, query, undefined) : flat(body.points ?? [], body.dim ?? body.points?.[0]?.length)
      return worked(reply, query, 'build', params.name, (call) => indexes.build(params.name, points, { ...options(build), dim, ...call }))
    },
  )

  app.get('/v1/neighbors/:name', { schema: { tags, summary: 'Describe an index of neighbours', params: NeighborParams, response: { 200: Type.Ref('NeighborIndexInfo'), ...errors(NAMED) } } }, async ({ params }) => indexes.info(params.name))

  app.delete('/v1/neighbors/:name', { schema: { tags, summary: 'Delete an index of neighbours', params: NeighborParams, response: { 204: Type.Null(), ...errors([...NAMED, 'STORE_READ_ONLY', 'AUTH_READ_ONLY']) } } }, async ({ params }, reply) => {
    await indexes.drop(params.name)
    return reply.code(204).send(null)
  })

  app.post(
    '/v1/neighbors/:name/knn',
    { config: read, schema: { tags, summary: 'The k nearest points of each query', params: NeighborParams, querystring: BinaryOptions, consumes: ['application/json', BYTES], body: NeighborQuery, response: found(SEARCH) } },
    async ({ params, body, query, headers }, reply) => {
      const { points, rest } = await queries(params.name, body, query, NeighborCount)
      const { k, ...search } = rest
      const answer = await indexes.knn(params.name, points, k, { ...(search as ResidualSearchOptions), signal: reply.abandoned() })
      return sendFound(reply, answer, await indexes.labels(params.name), headers.accept)
    },
  )

  app.post(
    '/v1/neighbors/:name/radius',
    { config: read, schema: { tags, summary: 'All points within a radius of each query', params: NeighborParams, querystring: BinaryOptions, consumes: ['application/json', BYTES], body: NeighborBall, response: found([...SEARCH, 'NEIGHBOURS_RADIUS']) } },
    async ({ params, body, query, headers }, reply) => {
      const { points, rest } = await queries(params.name, body, query, Type.Object({ radius: Type.Number() }, { additionalProperties: false }))
      const answer = await indexes.radius(params.name, points, rest.radius, { signal: reply.abandoned() })
      return sendFound(reply, answer, await indexes.labels(params.name), headers.accept)
    },
  )

  for (const [route, call, summary] of [
    ['predecessors', 'predecessors', 'For every point the k nearest that were given before it'],
    ['all', 'knnAll', 'The k nearest other points of every point'],
  ] as const) {
    app.post(`/v1/neighbors/:name/${route}`, { config: read, schema: { tags, summary, params: NeighborParams, body: NeighborCount, response: found(SEARCH) } }, async ({ params, body, headers }, reply) => {
      const { k, ...search } = body
      const answer = await indexes[call](params.name, k, { ...(search as ResidualSearchOptions), signal: reply.abandoned() })
      return sendFound(reply, answer, await indexes.labels(params.name), headers.accept)
    })
  }

  app.post(
    '/v1/neighbors/:name/insert',
    {
      schema: {
        tags,
        summary: 'Add points; their ids follow those that were given before',
        params: NeighborParams,
        querystring: BinaryOptions,
        consumes: ['application/json', BYTES],
        body: NeighborPoints,
        response: { 200: Type.Object({ first: Type.Integer(), length: Type.Integer() }), ...errors([...NAMED, ...POINTS, ...CHANGED, 'NEIGHBOURS_LABELLED'], { body: true }) },
      },
    },
    async ({ params, body, query }, reply) => {
      const { dim } = await indexes.info(params.name)
      const { points } = Buffer.isBuffer(body) ? bytes(body, query, dim) : flat(body.points, dim)
      return indexes.insert(params.name, points, { signal: reply.abandoned() })
    },
  )

  app.post(
    '/v1/neighbors/:name/remove',
    { schema: { tags, summary: 'Take points away by their ids', params: NeighborParams, body: NeighborIds, response: { 200: Type.Object({ length: Type.Integer() }), ...errors([...NAMED, ...CHANGED, 'POINT_UNKNOWN'], { body: true }) } } },
    async ({ params, body }, reply) => indexes.remove(params.name, body.ids, { signal: reply.abandoned() }),
  )

  app.post(
    '/v1/neighbors/:name/refresh',
    { schema: { tags, summary: 'Put another kernel in the place of the one of a residual index', params: NeighborParams, querystring: Type.Pick(NeighborWork, ['job']), body: NeighborKernel, response: { 200: Type.Ref('NeighborIndexInfo'), ...Started, ...errors(['JOBS_FULL', ...NAMED, ...KERNEL, ...CHANGED, 'NEIGHBOURS_METRIC'], { body: true }) } } },
    async ({ params, body, query }, reply) => {
      await indexes.info(params.name)
      return worked(reply, query, 'refresh', params.name, (call) => indexes.refresh(params.name, body as Kernel, call))
    },
  )

  async function queries<T extends TSchema>(name: string, body: Buffer | { queries: number[][] }, query: Static<typeof BinaryOptions>, schema: T): Promise<Sent<Static<T>>> {
    const { dim } = await indexes.info(name)
    if (Buffer.isBuffer(body)) return { ...bytes(body, query, dim), rest: checked(schema, query.options) }
    const { queries: rows, ...rest } = body
    return { ...flat(rows, dim), rest: rest as Static<T> }
  }
}

function options({ metric, seed, kernel, inducing }: Static<typeof NeighborBuild>) {
  return { metric, seed, inducing, kernel: kernel as Kernel | undefined }
}

function bytes(body: Buffer, { type, dim = undefined }: Static<typeof BinaryOptions>, known: number | undefined): { points: ReturnType<typeof binary>; dim: number } {
  const wanted = known ?? dim
  if (wanted === undefined) throw new CanopyError('POINTS_DIMENSION', 'invalid_input', 'say how many coordinates a point has: ?dim=3')
  if (dim !== undefined && dim !== wanted) throw new CanopyError('POINTS_DIMENSION', 'invalid_input', `points have ${dim} coordinates, those of this index ${wanted}: send as many`)
  return { points: binary(body, type), dim: wanted }
}

const ajv = new Ajv({ strict: false, schemas: [NeighborKernel] })

/** The fields beside a binary body, checked as those of a JSON body are. */
function checked<T extends TSchema>(schema: T, text: string | undefined): Static<T> {
  const value = beside(text)
  const { $id: _, ...plain } = schema as TSchema & { $id?: string }
  if (!ajv.validate(plain, value)) throw new HttpError('REQUEST_INVALID', `the parameter options: ${ajv.errorsText()}`)
  return value as Static<T>
}
