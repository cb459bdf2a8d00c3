import { Type, type TSchema } from 'typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { PrivacyBudget } from '../../budget/budget.js'
import { privateCount, privateHistogram, privateMean, type Release } from '../../budget/release.js'
import { CanopyError } from '../../engine/error.js'
import type { Filter } from '../../engine/types.js'
import type { App, Context } from '../app.js'
import { claimOf } from '../private.js'
import { CollectionParams } from '../schemas/collections.js'
import { errors } from '../schemas/errors.js'

const CLAIM_ERRORS = ['TENANT_MISSING', 'TENANT_UNKNOWN', 'TENANT_KEY', 'REDIS_UNREACHABLE', 'LEDGER_BUSY', 'LEDGER_FULL', 'BUDGET_NONE']
const RELEASE_ERRORS = [...CLAIM_ERRORS, 'COLLECTION_NOT_FOUND', 'COLLECTION_NAME', 'FILTER_INVALID', 'EPSILON_INVALID', 'BUDGET_EXCEEDED', 'PRIVACY_MECHANISM', 'PRIVACY_BINS', 'PRIVACY_BOUNDS']

// Headers are checked by the budget, so that what is wrong with them is audited.
const Claim = Type.Object({ 'x-tenant': Type.Optional(Type.String({ description: 'Whose budget is charged; bound to the API key' })), 'x-epsilon': Type.Optional(Type.String({ description: 'ε to spend on this answer', examples: ['0.5'] })) })
const Mechanism = Type.Optional(Type.Union([Type.Literal('laplace'), Type.Literal('gaussian')], { default: 'laplace', description: 'gaussian needs a tenant that counts zcdp or rdp' }))
const Where = { filter: Type.Optional(Type.Record(Type.String(), Type.Unknown(), { description: 'Conditions on metadata' })), mechanism: Mechanism }
const Field = Type.String({ minLength: 1, maxLength: 512, description: 'A field of the metadata; dots reach nested ones' })
const Bin = Type.Union([Type.String(), Type.Number(), Type.Boolean()])

const Count = Type.Object(Where, { additionalProperties: false })
const Histogram = Type.Object({ ...Where, field: Field, bins: Type.Array(Bin, { minItems: 1, maxItems: 10_000, description: 'The values to count: the caller names them, since which values occur is private too' }) }, { additionalProperties: false })
const Mean = Type.Object({ ...Where, field: Field, min: Type.Number({ description: 'Values below count as this' }), max: Type.Number({ description: 'Values above count as this' }) }, { additionalProperties: false })

const released = <T extends TSchema>(value: T) =>
  Type.Object({ value, epsilon: Type.Number(), mechanism: Type.Union([Type.Literal('laplace'), Type.Literal('gaussian')]), scale: Type.Number({ description: 'Scale of the Laplace or deviation of the Gaussian' }), remaining: Type.Number({ description: 'ε that is left, rounded down' }) })

/** Answers with noise, charged to the budget of a tenant. */
export default async function privacy(app: App, { db, budget }: Context): Promise<void> {
  const config = { access: 'private' } as const

  /** Spends, and says in the header what is left; over budget that is 0. */
  const answer = async <T>(request: FastifyRequest, reply: FastifyReply, work: (budget: PrivacyBudget, claim: { tenant: string; epsilon: string | undefined; requestId: string }) => Promise<Release<T>>): Promise<Release<T>> => {
    const known = configured(budget)
    try {
      const done = await work(known, await claimOf(request, known))
      reply.header('x-epsilon-remaining', String(done.remaining))
      return done
    } catch (error) {
      if (error instanceof CanopyError && error.code === 'BUDGET_EXCEEDED') reply.header('x-epsilon-remaining', '0')
      throw error
    }
  }
  const schema = <B extends TSchema, V extends TSchema>(summary: string, body: B, value: V) => ({ tags: ['privacy'], summary, params: CollectionParams, headers: Claim, body, response: { 200: released(value), ...errors(RELEASE_ERRORS, { body: true }) } })

  app.post('/v1/collections/:name/private/count', { config, schema: schema('The number of records, with noise', Count, Type.Integer()) }, async (request, reply) =>
    answer(request, reply, async (known, claim) => privateCount(known, await db.collection(request.params.name), { ...request.body, ...claim, filter: request.body.filter as Filter | undefined, signal: reply.abandoned() })),
  )

  app.post('/v1/collections/:name/private/histogram', { config, schema: schema('How often values of a field occur, with noise', Histogram, Type.Array(Type.Object({ bin: Bin, count: Type.Integer() }))) }, async (request, reply) =>
    answer(request, reply, async (known, claim) => privateHistogram(known, await db.collection(request.params.name), { ...request.body, ...claim, filter: request.body.filter as Filter | undefined, signal: reply.abandoned() })),
  )

  app.post('/v1/collections/:name/private/mean', { config, schema: schema('The mean of a field, with noise', Mean, Type.Number()) }, async (request, reply) =>
    answer(request, reply, async (known, claim) => privateMean(known, await db.collection(request.params.name), { ...request.body, ...claim, filter: request.body.filter as Filter | undefined, signal: reply.abandoned() })),
  )

  app.get(
    '/v1/budget',
    {
      config,
      schema: {
        tags: ['privacy'],
        summary: 'What a tenant has left',
        headers: Claim,
        response: { 200: Type.Object({ tenant: Type.String(), epsilon: Type.Number(), delta: Type.Number(), composition: Type.String(), windowMs: Type.Integer(), remaining: Type.Number() }), ...errors(CLAIM_ERRORS) },
      },
    },
    async (request, reply) => {
      const known = configured(budget)
      const { tenant } = await claimOf(request, known)
      const state = await known.state(tenant)
      reply.header('x-epsilon-remaining', String(state.remaining))
      return state
    },
  )
}

function configured(budget: PrivacyBudget | undefined): PrivacyBudget {
  if (budget === undefined) throw new CanopyError('BUDGET_NONE', 'not_found', 'no tenant has a budget here: name tenants in budget.tenants')
  return budget
}
