import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Config } from '../config/schema.js'
import { PrivacyBudget } from '../budget/budget.js'
import { CanopyError } from '../engine/error.js'
import type { Metrics } from '../observe/metrics.js'

/** The budgets that the configuration names, or nothing where it names none. */
export async function openBudget({ budget, data, redis }: Config): Promise<PrivacyBudget | undefined> {
  if (Object.keys(budget.tenants).length === 0) return undefined
  return PrivacyBudget.open({
    tenants: budget.tenants,
    dir: data.dir,
    audit: budget.audit === '' ? undefined : budget.audit,
    redis: redis.url === '' ? undefined : redis.url,
    prefix: redis.prefix,
    windowMs: budget.windowMs,
    durability: data.durability,
  })
}

/** Opens the budgets for the life of a server. */
export async function attachBudget(app: FastifyInstance, config: Config, metrics: Metrics): Promise<PrivacyBudget | undefined> {
  const budget = await openBudget(config)
  if (budget === undefined) return undefined
  budget.onDecision(metrics.privacy)
  app.addHook('onClose', () => budget.close())
  return budget
}

/** Who asks, and for how much: `X-Tenant`, bound to the key where keys are used, and `X-Epsilon`. */
export async function claimOf(request: FastifyRequest, budget: PrivacyBudget): Promise<{ tenant: string; epsilon: string | undefined; requestId: string }> {
  const [named, epsilon] = [one(request, 'x-tenant'), one(request, 'x-epsilon')]
  const tenant = named ?? request.boundTenant
  if (tenant === undefined || tenant === '') return budget.refuse(undefined, epsilon, new CanopyError('TENANT_MISSING', 'invalid_input', 'a private answer is charged to a tenant: name it in the header X-Tenant'), request.id)
  // Without configured keys there is nothing to bind to: everyone on this machine may do everything.
  if (request.keyed && tenant !== request.boundTenant) return budget.refuse(tenant, epsilon, new CanopyError('TENANT_KEY', 'refused', `this API key does not speak for the tenant ${JSON.stringify(tenant.slice(0, 128))}: use one of budget.tenants.*.keys`), request.id)
  return { tenant, epsilon, requestId: request.id }
}

function one({ headers }: FastifyRequest, name: string): string | undefined {
  const value = headers[name]
  return Array.isArray(value) ? value[0] : value
}
