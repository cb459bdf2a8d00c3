import test from 'ava'
import { dropRate, estimateQueue } from '../../ts/index.js'
import { meanDepth } from '../../ts/ingest/estimate.js'
import { FileQueue } from '../../ts/ingest/file-queue.js'
import { TokenBuckets } from '../../ts/ingest/bucket.js'
import { canopy } from '../helpers/cli.js'
import { folder } from '../helpers/temp.js'

/** A small generator whose numbers don't change (mulberry32). */
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Events of an M/M/1/K queue: drops a record, and the mean number in it over time. */
function simulate(rho: number, capacity: number, arrivals: number): { drops: number; depth: number } {
  const next = random(7)
  let [depth, come, dropped, time, area] = [0, 0, 0, 0, 0]
  while (come < arrivals) {
    const rate = rho + (depth > 0 ? 1 : 0)
    const step = -Math.log(1 - next()) / rate
    time += step
    area += depth * step
    if (next() * rate < rho) {
      come += 1
      if (depth === capacity) dropped += 1
      else depth += 1
    } else depth -= 1
  }
  return { drops: dropped / come, depth: area / time }
}

test('the formula and a simulation of M/M/1/K agree within 2 %', (t) => {
  for (const [rho, capacity] of [[0.8, 5], [0.95, 10], [1, 20], [1.3, 8], [2, 10]] as const) {
    const { drops, depth } = simulate(rho, capacity, 2_000_000)
    t.true(Math.abs(drops / dropRate(rho, capacity) - 1) < 0.02, `ρ=${rho} K=${capacity}: ${drops} ${dropRate(rho, capacity)}`)
    t.true(Math.abs(depth / meanDepth(rho, capacity) - 1) < 0.02, `ρ=${rho} K=${capacity}: ${depth} ${meanDepth(rho, capacity)}`)
  }
})

/** The same events, by a queue in a file: whether a record finds room is the file's to say. The clock of arrivals and services is drawn, that of the machine doesn't matter. */
async function measure(queue: FileQueue, rho: number, arrivals: number, seed: number): Promise<{ come: number; dropped: number }> {
  const next = random(seed)
  const record = Buffer.from('[{"text":"x"}]')
  // What the first ones find is an empty queue, and not what the formula speaks of.
  let [depth, come, dropped] = [0, -50, 0]
  while (come < arrivals) {
    const rate = rho + (depth > 0 ? 1 : 0)
    if (next() * rate < rho) {
      come += 1
      try {
        await queue.push('notes', '', undefined, record)
        depth += 1
      } catch (error) {
        if ((error as { code?: string }).code !== 'QUEUE_FULL') throw error
        if (come > 0) dropped += 1
      }
    } else {
      const items = await queue.next(1, [])
      if (items === undefined) throw new Error('the queue is empty')
      await queue.settle(items)
      depth -= 1
    }
  }
  return { come, dropped }
}

test('the formula, a simulation and a queue that is measured agree within 2 %', async (t) => {
  t.timeout(120_000)
  // Half of all are dropped, so that 2 % are three standard deviations of what 16,000 arrivals tell.
  const [rho, capacity] = [2, 4]
  const dir = await folder(t)
  const runs = await Promise.all(
    Array.from({ length: 8 }, async (_, i) => {
      const queue = await FileQueue.open(`${dir}/${i}.db`, { capacity, rememberMs: 0, durability: 'process', drain: true })
      try {
        return await measure(queue, rho, 2000, i + 1)
      } finally {
        await queue.close()
      }
    }),
  )
  const measured = runs.reduce((sum, { dropped }) => sum + dropped, 0) / runs.reduce((sum, { come }) => sum + come, 0)
  const formula = dropRate(rho, capacity)
  t.true(Math.abs(measured / formula - 1) < 0.02, `measured ${measured}, formula ${formula}`)
  t.true(Math.abs(measured / simulate(rho, capacity, 2_000_000).drops - 1) < 0.02)
})

test('the formula at its edges', (t) => {
  t.is(dropRate(1, 9), 0.1)
  t.true(Math.abs(dropRate(1 + 1e-12, 9) - 0.1) < 1e-9)
  t.is(dropRate(0, 5), 0)
  t.true(Math.abs(dropRate(2, 1e6) - 0.5) < 1e-12, 'at ρ = 2 any queue drops half')
  for (const [rho, capacity] of [[0.5, 3], [0.99, 100], [1.5, 7]] as const) t.true(Math.abs(dropRate(rho, capacity) - ((1 - rho) * rho ** capacity) / (1 - rho ** (capacity + 1))) < 1e-12)
})

test('the estimate is the smallest that is enough; a burst needs (λ − μ)T and a little', async (t) => {
  const { capacity, drops } = estimateQueue({ arrival: 900, service: 1000, drops: 0.01 })
  t.true(drops <= 0.01 && dropRate(0.9, capacity - 1) > 0.01, String(capacity))
  const burst = estimateQueue({ arrival: 2000, service: 1000, burst: 10 })
  t.true(burst.capacity >= 10_000 && burst.capacity < 10_600, String(burst.capacity))
  t.is(burst.drainSeconds, 10)
  t.throws(() => estimateQueue({ arrival: 2000, service: 1000 }), { code: 'QUEUE_OVERLOADED' })
  for (const arrival of [0, -1, NaN, Infinity]) t.throws(() => estimateQueue({ arrival, service: 1 }), { code: 'QUEUE_ESTIMATE' })
  const said = await canopy(['estimate-queue', '--arrival', '900', '--service', '1000', '--json'], { cwd: '/' })
  t.is((JSON.parse(said.stdout) as { capacity: number }).capacity, capacity)
})

test('token buckets: a burst at once, then the rate, each tenant alone', (t) => {
  let now = 0
  const buckets = new TokenBuckets(10, 20, () => now)
  t.is(buckets.take('a', 20), 0)
  t.is(buckets.take('a', 5), 500)
  t.is(buckets.take('b', 20), 0)
  now = 500
  t.is(buckets.take('a', 5), 0)
  now = 10_000
  t.is(buckets.take('a', 50), 0, 'more than a bucket goes when it is full')
  t.is(buckets.take('a', 1), 3100, 'and is paid off')
})
