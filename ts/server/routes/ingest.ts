import { Type } from 'typebox'
import { CanopyError } from '../../engine/error.js'
import type { Ingest } from '../../ingest/ingest.js'
import type { App, Context } from '../app.js'
import { tenantOf } from '../ingest.js'
import { CollectionParams } from '../schemas/collections.js'
import { errors } from '../schemas/errors.js'

const ERRORS = ['INGEST_OFF', 'LEDGER_BUSY', 'LEDGER_FULL']
const KEY = Type.String({ minLength: 1, maxLength: 256, description: 'A repeated request with the same key and records is stored once' })
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
        headers: Type.Object({ 'idempotency-key': Type.Optional(KEY) }),
        body: Type.Array(Type.Ref('RecordInput')),
        response: { 202: Accepted, ...errors([...ERRORS, 'COLLECTION_NOT_FOUND', 'COLLECTION_NAME', 'INGEST_RECORD', 'IDEMPOTENCY_CONFLICT', 'QUEUE_FULL', 'BREAKER_OPEN', 'TENANT_RATE'], { body: true }) },
      },
    },
    async (request, reply) => {
      const queue = on(ingest)
      // A collection that is known is not asked for again, so this needs no server that may be away.
      await db.collection(request.params.name).catch((error: unknown) => {
        if (!(error instanceof CanopyError) || error.kind !== 'unavailable') throw error
      })
      const accepted = await queue.push(request.params.name, request.body as unknown as Buffer, { tenant: tenantOf(request), idempotencyKey: request.headers['idempotency-key'] })
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
