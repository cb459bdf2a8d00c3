import { Type } from 'typebox'
import { CanopyError } from '../../engine/error.js'
import type { Ingest } from '../../ingest/ingest.js'
import { graphsOf } from '../../graphs/explain.js'
import type { App, Context } from '../app.js'
import { tenantOf } from '../ingest.js'
import { CollectionParams } from '../schemas/collections.js'
import { errors } from '../schemas/errors.js'
import { GraphParams } from '../schemas/graphs.js'

const ERRORS = ['INGEST_OFF', 'LEDGER_BUSY', 'LEDGER_FULL', 'REDIS_UNREACHABLE', 'REDIS_FULL']
const PUSH_ERRORS = [...ERRORS, 'INGEST_RECORD', 'IDEMPOTENCY_CONFLICT', 'QUEUE_FULL', 'BREAKER_OPEN', 'TENANT_RATE']
const KEY = Type.String({ minLength: 1, maxLength: 256, description: 'A repeated request with the same key and records is stored once' })
const HEADERS = Type.Object({ 'idempotency-key': Type.Optional(KEY) })
const Accepted = Type.Object({ batch: Type.Integer(), records: Type.Integer(), repeated: Type.Boolean({ description: 'The key was used before for the same: nothing was queued again' }) })
const Letter = Type.Object({ id: Type.Integer(), collection: Type.String(), tenant: Type.String(), code: Type.String(), message: Type.String(), atMs: Type.Integer(), records: Type.Array(Type.Unknown()) })
const Ids = Type.Array(Type.Integer({ minimum: 1 }), { minItems: 1, maxItems: 10_000 })
const Records = Type.Object({ records: Type.Integer() })

/** Records that are taken in now and stored soon. */
export default async function ingesting(app: App, { db, ingest }: Context): Promise<void> {
  app.post(
    '/v1/collections/:name/ingest',
    {
      config: { rawJson: true },
      schema: {
        tags: ['ingestion'],
        summary: 'Accept records now and store them soon; ids that exist are replaced',
        description: 'Answered once the records are in a file: they outlive the process. What can’t be stored becomes a dead letter.',
        params: CollectionParams,
        headers: HEADERS,
        body: Type.Array(Type.Ref('RecordInput')),
        response: { 202: Accepted, ...errors([...PUSH_ERRORS, 'COLLECTION_NOT_FOUND', 'COLLECTION_NAME'], { body: true }) },
      },
    },
    async (request, reply) => {
      const queue = on(ingest)
      // A collection that is known is not asked for again, so this needs no server that may be away.
      await unlessAway(db.collection(request.params.name))
      const accepted = await queue.push(request.params.name, request.body as unknown as Buffer, { tenant: tenantOf(request), idempotencyKey: request.headers['idempotency-key'] })
      return reply.code(202).send(accepted)
    },
  )

  const known = new Set<string>()
  app.post(
    '/v1/graphs/:name/ingest',
    {
      config: { rawJson: true },
      schema: {
        tags: ['ingestion', 'graphs'],
        summary: 'Accept nodes, edges and hyperedges now and store them soon; those that exist are replaced',
        description: '`{ id, attributes }` is a node, `{ source, target, weight, attributes }` an edge, `{ id, members, attributes }` a hyperedge. Answered once they are in the queue; what can’t be stored becomes a dead letter.',
        params: GraphParams,
        headers: HEADERS,
        body: Type.Array(Type.Object({}, { additionalProperties: true })),
        response: { 202: Accepted, ...errors([...PUSH_ERRORS, 'GRAPH_NOT_FOUND', 'GRAPH_NAME', 'GRAPH_STORE_MISSING'], { body: true }) },
      },
    },
    async (request, reply) => {
      const [queue, { name }] = [on(ingest), request.params]
      // As with collections. One that is dropped later is named by the dead letters.
      if (!known.has(name) && (await unlessAway(graphsOf(db).graph(name)))) known.add(name)
      const accepted = await queue.pushGraph(name, request.body as unknown as Buffer, { tenant: tenantOf(request), idempotencyKey: request.headers['idempotency-key'] })
      return reply.code(202).send(accepted)
    },
  )

  app.get(
    '/v1/ingest',
    {
      schema: {
        tags: ['ingestion'],
        summary: 'How full the queue is',
        response: { 200: Type.Object({ depth: Type.Integer(), capacity: Type.Integer(), dead: Type.Integer(), breakers: Type.Record(Type.String(), Type.Number({ description: '0 closed, 1 open, 0.5 half-open' })) }), ...errors(ERRORS) },
      },
    },
    async () => ({ ...(await on(ingest).stats()), breakers: on(ingest).breakers }),
  )

  app.get(
    '/v1/ingest/dead',
    {
      schema: {
        tags: ['ingestion'],
        summary: 'List records that could not be stored, and why',
        querystring: Type.Object({ after: Type.Optional(Type.Integer({ minimum: 0, default: 0 })), limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 100 })) }),
        response: { 200: Type.Object({ letters: Type.Array(Letter), next: Type.Union([Type.Integer(), Type.Null()]) }), ...errors(ERRORS) },
      },
    },
    async ({ query }) => {
      const letters = await on(ingest).dead(query)
      return { letters, next: letters.length < (query.limit ?? 100) ? null : (letters.at(-1)?.id ?? null) }
    },
  )

  app.post(
    '/v1/ingest/dead/replay',
    { schema: { tags: ['ingestion'], summary: 'Queue dead letters again, all of them without ids', body: Type.Object({ ids: Type.Optional(Ids) }, { additionalProperties: false }), response: { 200: Records, ...errors(ERRORS, { body: true }) } } },
    async ({ body }) => ({ records: await on(ingest).replay(body.ids) }),
  )

  app.post(
    '/v1/ingest/dead/discard',
    { schema: { tags: ['ingestion'], summary: 'Throw dead letters away', body: Type.Object({ ids: Ids }, { additionalProperties: false }), response: { 200: Records, ...errors(ERRORS, { body: true }) } } },
    async ({ body }) => ({ records: await on(ingest).discard(body.ids) }),
  )
}

function on(ingest: Ingest | undefined): Ingest {
  if (ingest === undefined) throw new CanopyError('INGEST_OFF', 'not_found', 'this server takes nothing in: it was opened read-only, or ingest.enabled is false')
  return ingest
}

/** Whether something is there; where its server is away nobody knows, and the queue waits for it. */
async function unlessAway(looking: Promise<unknown>): Promise<boolean> {
  try {
    await looking
    return true
  } catch (error) {
    if (!(error instanceof CanopyError) || error.kind !== 'unavailable') throw error
    return false
  }
}
