import test from 'ava'
import { checkPid, MAX_TTL, MIN_TTL, PID, pidOf, step } from '../../ts/cache/controller.js'
import { appraise, simulate, TRACES } from '../../ts/cache/trace.js'

const EVERY_MS = 10_000
const pid = PID

for (const trace of TRACES) {
  test(`${trace.name}: overshoot below 5 %, within ±5 % once settled`, (t) => {
    const met = appraise(simulate(trace, { pid, everyMs: EVERY_MS }), trace, { goal: pid.targetHitRatio, everyMs: EVERY_MS })
    t.deepEqual(met.map(({ from }) => from), [...trace.disturbed])
    for (const { from, overshoot, settled } of met) {
      t.true(overshoot < 0.05, `from ${from} s: ${overshoot}`)
      t.true(settled <= 0.05, `settled after ${from} s: ${settled}`)
    }
  })
}

test('noise of the counts: within ±5 % on average, and no more than the noise itself', (t) => {
  let state = 5
  const random = () => ((state = (state * 48_271) % 2_147_483_647), state / 2_147_483_647)
  const { ratios, ttls } = simulate({ name: 'steady', seconds: 3 * 3600, disturbed: [0], rates: () => ({ scale: 1, scan: 0 }) }, { pid, everyMs: EVERY_MS, readsPerSecond: 100, random })
  const settled = ratios.slice(100)
  const mean = settled.reduce((a, b) => a + b, 0) / settled.length
  t.true(Math.abs(mean / pid.targetHitRatio - 1) < 0.05, String(mean))
  t.true(Math.max(...ttls.slice(100)) / Math.min(...ttls.slice(100)) < 1.5, 'the TTL stays where it is')
})

test('limits hold, nothing winds up there, nothing becomes NaN', (t) => {
  let state = { ttl: 60, integral: 0 }
  for (let i = 0; i < 1000; i += 1) state = step(state, { hits: 0, misses: 100 }, 1 / 6, pid)
  t.is(state.ttl, MAX_TTL)
  t.true(state.integral < 5)
  const back = step(state, { hits: 100, misses: 0 }, 1 / 6, pid)
  t.true(back.ttl < MAX_TTL, 'the first step the other way moves it')
  for (let i = 0; i < 1000; i += 1) state = step(state, { hits: 100, misses: 0 }, 1 / 6, pid)
  t.is(state.ttl, MIN_TTL)
  t.deepEqual(step({ ttl: 60, integral: 1 }, { hits: 0, misses: 0 }, 1 / 6, pid), { ttl: 60, integral: 1 }, 'no reads, no step')
  for (const wrong of [{ targetHitRatio: 0 }, { targetHitRatio: 1 }, { Kp: -1 }, { Ki: NaN }, { Imax: Infinity }]) t.throws(() => checkPid({ ...pid, ...wrong }), { code: 'CACHE_PID' })
})

test('gains have the names of a configuration; what is left out is the default', (t) => {
  t.deepEqual(pidOf({ target_hit_ratio: 0.6, Kp: 0.3, Ki: 0.01, I_max: 2 }), { targetHitRatio: 0.6, Kp: 0.3, Ki: 0.01, Imax: 2 })
  t.deepEqual(pidOf({ targetHitRatio: 0.6 }), { ...PID, targetHitRatio: 0.6 })
  t.deepEqual(pidOf(), PID)
  t.throws(() => pidOf({ target_hit_ratio: 1.5 }), { code: 'CACHE_PID' })
})
