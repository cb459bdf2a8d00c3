import { binding } from '../engine/binding.js'
import type { CallOptions } from '../engine/cancel.js'
import { CanopyError, unwrap } from '../engine/error.js'
import type { Filter, Metadata } from '../engine/types.js'
import type { AnyCollection } from '../stores/any.js'
import { flatten } from '../stores/fields.js'
import type { Grant, PrivacyBudget, Spending } from './budget.js'
import { scaleOf, type Mechanism } from './composition.js'

/** What every private answer says besides its value. */
export interface Release<T> {
  value: T
  epsilon: number
  mechanism: Mechanism
  /** Scale of the Laplace or deviation of the Gaussian, in units of the value; of a mean, of its sum. */
  scale: number
  /** ε that is left, rounded down. */
  remaining: number
}

/** Which records count. */
export interface PrivateQuery extends Spending, CallOptions {
  filter?: Filter | undefined
}

/** Values of a mean are counted on a grid of so many steps between the bounds, so that sums are whole numbers. */
const GRID = 2 ** 20
const PAGE = 1000

/** The number of records, with noise. Privacy is that of one record added or removed. */
export async function privateCount(budget: PrivacyBudget, collection: AnyCollection, query: PrivateQuery): Promise<Release<number>> {
  return release(budget, query, 1, async (grant, scale) => {
    const [noise = 0] = await sample(grant.mechanism, scale, 1)
    return (await count(collection, query)) + noise
  })
}

/** For each of `bins`, the number of records whose `field` is it, with noise. Bins are named by the caller: which values occur is private too. */
export async function privateHistogram(budget: PrivacyBudget, collection: AnyCollection, { field, bins, ...query }: PrivateQuery & { field: string; bins: ReadonlyArray<string | number | boolean> }): Promise<Release<Array<{ bin: string | number | boolean; count: number }>>> {
  if (bins.length === 0 || new Set(bins).size !== bins.length) throw new CanopyError('PRIVACY_BINS', 'invalid_input', 'bins must be different values, at least one')
  return release(budget, query, 1, async (grant, scale) => {
    const counts = new Map(bins.map((bin) => [bin, 0]))
    for await (const metadata of scan(collection, query)) {
      // A record counts in one bin at most, so one record changes one count by one.
      const bin = flatten(metadata)[field]?.find((value) => counts.has(value))
      if (bin !== undefined) counts.set(bin, (counts.get(bin) ?? 0) + 1)
    }
    const noise = await sample(grant.mechanism, scale, bins.length)
    return bins.map((bin, i) => ({ bin, count: (counts.get(bin) ?? 0) + (noise[i] ?? 0) }))
  })
}

/**
 * The mean of a numeric `field`, with noise: values are clamped to `min`…`max`, half of ε goes to their sum and half to their count. The bounds are the
 * caller's: taken from the data they would tell of it.
 */
export async function privateMean(budget: PrivacyBudget, collection: AnyCollection, { field, min, max, ...query }: PrivateQuery & { field: string; min: number; max: number }): Promise<Release<number>> {
  if (!(Number.isFinite(min) && Number.isFinite(max) && min < max && Number.isFinite(max - min))) throw new CanopyError('PRIVACY_BOUNDS', 'invalid_input', `min must be below max and both finite, not ${min} and ${max}`)
  // Sum and count change together, by (GRID, 1) at most: each gets half of ε, or under zCDP half of ρ, which is more than half of ε.
  return release(budget, query, 2, async (grant, scale) => {
    let [sum, number] = [0n, 0]
    for await (const metadata of scan(collection, query)) {
      const value = flatten(metadata)[field]?.find((found) => typeof found === 'number')
      if (typeof value !== 'number') continue
      const share = (Math.min(Math.max(value, min), max) - min) / (max - min)
      sum += BigInt(Math.min(GRID, Math.max(0, Math.round(share * GRID))))
      number += 1
    }
    const [[onSum = 0], [onCount = 0]] = [await sample(grant.mechanism, scale * GRID, 1), await sample(grant.mechanism, scale, 1)]
    const share = Number(sum + BigInt(onSum)) / GRID / Math.max(1, number + onCount)
    return min + Math.min(1, Math.max(0, share)) * (max - min)
  })
}

/**
 * Spends ε on one answer. `parts` of sensitivity 1 share it: ε/parts each under Laplace; under Gaussian noise the vector of the parts has the norm √parts,
 * so each gets that much more deviation.
 */
async function release<T>(budget: PrivacyBudget, query: PrivateQuery, parts: number, work: (grant: Grant, scale: number) => Promise<T>): Promise<Release<T>> {
  const { tenant, epsilon, mechanism, requestId, signal } = query
  let scale = 0
  let granted: Grant | undefined
  const { value, remaining } = await budget.spend({ tenant, epsilon, mechanism, requestId }, async (grant) => {
    const sensitivity = grant.mechanism === 'laplace' ? parts : Math.sqrt(parts)
    scale = scaleOf(grant.mechanism, sensitivity, grant.epsilon, grant.delta)
    granted = grant
    const answer = await work(grant, scale)
    signal?.throwIfAborted()
    return answer
  })
  return { value, epsilon: granted?.epsilon ?? 0, mechanism: granted?.mechanism ?? 'laplace', scale, remaining }
}

async function sample(mechanism: Mechanism, scale: number, samples: number): Promise<Float64Array> {
  return unwrap(await binding().sampleNoise(mechanism as never, scale, samples)) as Float64Array
}

async function count(collection: AnyCollection, { filter, signal }: PrivateQuery): Promise<number> {
  if (filter === undefined) return (await collection.info()).count
  let found = 0
  for await (const _ of scan(collection, { filter, signal })) found += 1
  return found
}

async function* scan(collection: AnyCollection, { filter, signal }: Pick<PrivateQuery, 'filter' | 'signal'>): AsyncGenerator<Metadata, undefined> {
  let after: string | undefined
  do {
    const page = await collection.list({ after, filter, signal, limit: PAGE })
    for (const { metadata } of page.records) yield metadata
    after = page.next ?? undefined
  } while (after !== undefined)
}
