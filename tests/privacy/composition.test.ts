import test from 'ava'
import fc from 'fast-check'
import { billionths, costOf, INFINITE, limitOf, remainingOf, scaleOf } from '../../ts/budget/composition.js'

const add = (costs: number[][]): number[] => costs.reduce((a, b) => a.map((value, i) => Math.min(INFINITE, value + (b[i] ?? 0))))
const fits = (sum: number[], limit: number[]): boolean => sum.some((value, i) => (limit[i] ?? 0) > 0 && value <= (limit[i] ?? 0))
const epsilons = fc.array(fc.double({ min: 1e-5, max: 3, noNaN: true }), { minLength: 1, maxLength: 40 })

test('pure: what fits never costs more than the budget, in exact arithmetic', (t) => {
  // Doubles are rationals: 2^1074 times one is a whole number, so sums of them have no error.
  const exact = (value: number): bigint => {
    const bits = new BigUint64Array(new Float64Array([value]).buffer)[0] ?? 0n
    const exponent = (bits >> 52n) & 0x7ffn
    return exponent === 0n ? bits & ((1n << 52n) - 1n) : ((bits & ((1n << 52n) - 1n)) | (1n << 52n)) << (exponent - 1n)
  }
  fc.assert(
    fc.property(epsilons, fc.double({ min: 0.1, max: 20, noNaN: true }), (spent, epsilon) => {
      const sum = add(spent.map((each) => costOf('laplace', each, 1e-6)))
      const granted = fits(sum, limitOf({ epsilon, delta: 1e-6, composition: 'pure' }))
      // The noise that is added costs 1/scale: not more than what was charged, in whole billionths that add up exactly.
      const sound = spent.every((each) => exact(scaleOf('laplace', 1, each, 1e-6)) * BigInt(billionths(each)) >= 10n ** 9n * exact(1))
      return sound && granted === (spent.reduce((total, each) => total + billionths(each), 0) <= billionths(epsilon))
    }),
    { numRuns: 2000 },
  )
  t.pass()
})

test('zCDP and Rényi: what fits stays within (ε, δ) by formulae written down anew', (t) => {
  fc.assert(
    fc.property(epsilons, fc.constantFrom('laplace' as const, 'gaussian' as const), fc.double({ min: 0.5, max: 20, noNaN: true }), fc.constantFrom('zcdp' as const, 'rdp' as const), (spent, mechanism, epsilon, composition) => {
      const delta = 1e-6
      if (!fits(add(spent.map((each) => costOf(mechanism, each, delta))), limitOf({ epsilon, delta, composition }))) return true
      const log = Math.log(1 / delta)
      const rho = spent.map((each) => (mechanism === 'laplace' ? each ** 2 / 2 : (Math.sqrt(log + each) - Math.sqrt(log)) ** 2)).reduce((a, b) => a + b, 0)
      const renyi = (each: number, order: number): number => (mechanism === 'laplace' ? Math.min(each, (order * each ** 2) / 2) : order * (Math.sqrt(log + each) - Math.sqrt(log)) ** 2)
      // Whatever order: the best bound that ρ-zCDP gives, over a fine grid of orders.
      let best = rho + 2 * Math.sqrt(rho * log)
      for (let order = 1.01; order < 2000; order *= 1.02) best = Math.min(best, spent.reduce((total, each) => total + renyi(each, order), 0) + Math.log((order - 1) / order) - (Math.log(delta) + Math.log(order)) / (order - 1))
      return best <= epsilon * (1 + 1e-9)
    }),
    { numRuns: 2000 },
  )
  t.pass()
})

test('many small questions: zCDP and Rényi allow several times what pure ε allows', (t) => {
  const count = (composition: 'pure' | 'zcdp' | 'rdp', mechanism: 'laplace' | 'gaussian'): number => {
    const [cost, limit] = [costOf(mechanism, 0.05, 1e-6), limitOf({ epsilon: 3, delta: 1e-6, composition })]
    let [sum, granted] = [cost, 0]
    while (fits(sum, limit)) [sum, granted] = [add([sum, cost]), granted + 1]
    return granted
  }
  t.is(count('pure', 'laplace'), 60)
  t.true(count('zcdp', 'laplace') > 110, String(count('zcdp', 'laplace')))
  t.true(count('rdp', 'gaussian') > 1000, String(count('rdp', 'gaussian')))
  t.is(count('pure', 'gaussian'), 0)
})

test('extremes: nothing overflows into a grant', (t) => {
  for (const composition of ['pure', 'zcdp', 'rdp'] as const) {
    const allowance = { epsilon: 3, delta: 1e-6, composition }
    t.false(fits(costOf('laplace', 1e308, 1e-6), limitOf(allowance)), composition)
    t.is(remainingOf(allowance, []), 3)
    t.is(remainingOf(allowance, costOf('laplace', 1e308, 1e-6)), 0)
    t.true(remainingOf(allowance, costOf('laplace', 0.1, 1e-6)) <= 3)
  }
  t.true(Math.abs(scaleOf('laplace', 1, 0.5, 1e-6) - 2) < 1e-11)
  t.true(scaleOf('gaussian', 1, 1, 1e-6) > 5)
})
