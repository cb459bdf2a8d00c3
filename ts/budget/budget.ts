import { randomUUID } from 'node:crypto'
import path from 'node:path'
import { CanopyError, toCanopyError } from '../engine/error.js'
import { AuditFile } from './audit.js'
import { checkMechanism, costOf, limitOf, MAX_EPSILON, MIN_EPSILON, remainingOf, type Allowance, type Composition, type Mechanism } from './composition.js'
import { FileLedger, type Ledger } from './ledger.js'
import { RedisLedger } from './redis-ledger.js'

/** A tenant's budget in a configuration. */
export interface TenantOptions {
  /** ε within the window. */
  epsilon: number
  /** Default 1e-6; only `zcdp` and `rdp` use it. */
  delta?: number | undefined
  /** Default `pure`. */
  composition?: Composition | undefined
}

/** How budgets are kept. */
export interface PrivacyBudgetOptions {
  tenants: Readonly<Record<string, TenantOptions>>
  /** The folder of `budget.db` and `audit.jsonl`. */
  dir: string
  /** Another audit file. */
  audit?: string | undefined
  /** `redis://…` where several machines share budgets; then no `budget.db`. */
  redis?: string | undefined
  /** Start of keys in Redis; default `canopy:`. */
  prefix?: string | undefined
  /** The sliding window; default 24 hours. */
  windowMs?: number | undefined
  durability?: 'process' | 'power' | undefined
}

/** What a tenant has left. */
export interface BudgetState {
  tenant: string
  epsilon: number
  delta: number
  composition: Composition
  windowMs: number
  /** ε that is left, rounded down. */
  remaining: number
}

/** A claim on a budget. */
export interface Spending {
  tenant: string
  /** A number, or text as it came: what isn't one is refused and audited. */
  epsilon: number | string | undefined
  mechanism?: Mechanism | undefined
  /** The request that this is for; it stands in the audit lines. */
  requestId?: string | undefined
}

/** What work under a budget may use. */
export interface Grant {
  epsilon: number
  delta: number
  mechanism: Mechanism
}

const DAY_MS = 86_400_000
const DELTA = 1e-6
/** What an audit line keeps of what a caller sent. */
const LONGEST = 128

/**
 * Budgets of differential privacy: each tenant may spend so much ε within a sliding window. Reserved before anything is looked at, kept when an answer is
 * released, given back when the work failed. Every decision is a line of the audit file.
 */
export class PrivacyBudget {
  readonly windowMs: number
  readonly #tenants: ReadonlyMap<string, Allowance>
  /** By tenant, what may be spent by every way of counting. */
  readonly #limits: ReadonlyMap<string, number[]>
  readonly #ledger: Ledger
  readonly #audit: AuditFile
  #onDecision: (tenant: string, allowed: boolean, remaining: number) => void = () => undefined

  private constructor(ledger: Ledger, audit: AuditFile, tenants: ReadonlyMap<string, Allowance>, windowMs: number) {
    this.windowMs = windowMs
    this.#ledger = ledger
    this.#audit = audit
    this.#tenants = tenants
    this.#limits = new Map([...tenants].map(([name, allowed]) => [name, limitOf(allowed)]))
  }

  /** Opens the ledger and the audit file. Throws BUDGET_TENANT for an allowance that can't be, REDIS_UNREACHABLE, LEDGER_* codes. */
  static async open({ tenants, dir, audit, redis, prefix = 'canopy:', windowMs = DAY_MS, durability = 'process' }: PrivacyBudgetOptions): Promise<PrivacyBudget> {
    const allowances = new Map(Object.entries(tenants).map(([name, options]) => [name, allowance(name, options)]))
    const file = await AuditFile.open(audit ?? path.join(dir, 'audit.jsonl'), durability)
    const ledger = redis === undefined ? await FileLedger.open(path.join(dir, 'budget.db'), durability) : await RedisLedger.open(redis, prefix)
    return new PrivacyBudget(ledger, file, allowances, windowMs)
  }

  /** Calls a function after every decision about a known tenant. */
  onDecision(listener: (tenant: string, allowed: boolean, remaining: number) => void): void {
    this.#onDecision = listener
  }

  /** The tenants there are. */
  get tenants(): string[] {
    return [...this.#tenants.keys()]
  }

  /** What a tenant has left. Throws TENANT_UNKNOWN. */
  async state(tenant: string): Promise<BudgetState> {
    const allowed = this.#tenants.get(tenant)
    if (allowed === undefined) throw unknown(tenant)
    return { tenant, ...allowed, windowMs: this.windowMs, remaining: remainingOf(allowed, await this.#ledger.spent(tenant)) }
  }

  /** Writes a refusal that was decided elsewhere into the audit file. */
  async refuse(tenant: string | undefined, epsilon: unknown, error: CanopyError, requestId?: string): Promise<never> {
    await this.#audit.append({ tenant: tenant?.slice(0, LONGEST) ?? null, eps_req: received(epsilon), allowed: false, event: 'refuse', code: error.code, ...named(requestId) })
    throw error
  }

  /**
   * Spends ε on what `work` releases: reserves, works, and keeps the cost, or gives it back when `work` throws.
   *
   * Throws EPSILON_INVALID, TENANT_UNKNOWN, PRIVACY_MECHANISM, BUDGET_EXCEEDED (each with its audit line), or what `work` throws.
   */
  async spend<T>({ tenant, epsilon: asked, mechanism = 'laplace', requestId }: Spending, work: (grant: Grant) => Promise<T>): Promise<{ value: T; remaining: number }> {
    const refuse = (error: CanopyError): Promise<never> => this.refuse(tenant, asked, error, requestId)
    const number = received(asked)
    if (typeof number !== 'number' || number < MIN_EPSILON) return refuse(wrongEpsilon(asked))
    // Beyond 2^53 billionths the number stays as it is: nobody has so much.
    const epsilon = number < MAX_EPSILON ? Math.round(number * 1e9) / 1e9 : number
    const allowed = this.#tenants.get(tenant)
    if (allowed === undefined) return refuse(unknown(tenant))
    try {
      checkMechanism(mechanism, allowed)
    } catch (error) {
      return refuse(toCanopyError(error))
    }
    const id = randomUUID()
    const { done, spent } = await this.#ledger.reserve({ id, tenant, cost: costOf(mechanism, epsilon, allowed.delta), limit: this.#limits.get(tenant) ?? [], windowMs: this.windowMs })
    const remaining = remainingOf(allowed, spent)
    this.#onDecision(tenant, done, remaining)
    if (!done) return refuse(exceeded(tenant, epsilon, remaining))
    const line = { tenant, eps_req: epsilon, allowed: true, id, ...named(requestId) } as const
    try {
      await this.#audit.append({ ...line, event: 'reserve' })
      const value = await work({ epsilon, delta: allowed.delta, mechanism })
      // Nothing was released so far: a line that can't be written still gives the budget back.
      await this.#audit.append({ ...line, event: 'commit' })
      await this.#ledger.commit(tenant, id).catch(() => undefined)
      return { value, remaining }
    } catch (error) {
      await this.#ledger.refund(tenant, id)
      await this.#audit.append({ ...line, event: 'refund', code: toCanopyError(error).code })
      throw error
    }
  }

  /** Waits for what is being written. */
  async close(): Promise<void> {
    await this.#audit.close()
    await this.#ledger.close()
  }
}

function named(requestId: string | undefined): { requestId?: string } {
  return requestId === undefined ? {} : { requestId }
}

function allowance(name: string, { epsilon, delta = DELTA, composition = 'pure' }: TenantOptions): Allowance {
  const wrong = !(epsilon > 0 && epsilon <= MAX_EPSILON) ? `epsilon must be above 0 and at most ${MAX_EPSILON}, not ${epsilon}` : !(delta > 0 && delta < 0.5) ? `delta must be above 0 and below 0.5, not ${delta}` : undefined
  if (wrong !== undefined || name === '' || name.length > LONGEST) throw new CanopyError('BUDGET_TENANT', 'invalid_input', `the budget of tenant ${JSON.stringify(name)} can't be: ${wrong ?? `its name must have 1 to ${LONGEST} characters`}`)
  return { epsilon, delta, composition }
}

/** JSON has no NaN and no infinity: they stand there as text. */
function received(epsilon: unknown): number | string | null {
  if (epsilon === undefined || epsilon === null) return null
  const value = typeof epsilon === 'string' && epsilon.trim() !== '' ? Number(epsilon) : epsilon
  return typeof value === 'number' && Number.isFinite(value) ? value : String(epsilon).slice(0, LONGEST)
}

function unknown(tenant: string): CanopyError {
  return new CanopyError('TENANT_UNKNOWN', 'refused', `there is no budget for the tenant ${JSON.stringify(tenant.slice(0, LONGEST))}: name one of budget.tenants`)
}

function wrongEpsilon(asked: unknown): CanopyError {
  return new CanopyError('EPSILON_INVALID', 'invalid_input', `ε must be a finite number of at least ${MIN_EPSILON}, not ${JSON.stringify(received(asked))}: send it as X-Epsilon, such as 0.5`)
}

function exceeded(tenant: string, epsilon: number, remaining: number): CanopyError {
  return new CanopyError('BUDGET_EXCEEDED', 'refused', `the tenant ${JSON.stringify(tenant)} has ε = ${remaining} left in this window and asked for ${epsilon}: ask for less, or later`)
}
