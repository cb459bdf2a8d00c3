// canopy bench cache: the controller of the TTL on its traces, how fast each tier answers, how long stopping takes.
//
//   canopy bench cache [--json] [--gets 50000] [--records 20000] [--no-record]

import { setTimeout as sleep } from 'node:timers/promises'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { Cache, open } from 'canopy-engine'
import { Answers } from '#dist/cache/answers.js'
import { PID } from '#dist/cache/controller.js'
import { appraise, simulate, TRACES } from '#dist/cache/trace.js'
import { withFolder } from './lib/paths.js'
import { COMMON_OPTIONS, finish, say, type Check } from './lib/result.js'
import { service } from './lib/service.js'
import { milliseconds, round, timing, type Timing } from './lib/time.js'

const EVERY_MS = 10_000
const KEYS = 1_000
const VALUE = Buffer.alloc(1024, 'x')
/** Reads at once, as requests of a server are. */
const READERS = 32
const INTERVALS = [1, 100, 10_000, 86_400_000]

/** Runs the bench with the arguments behind its name. */
export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, allowNegative: true, options: { ...COMMON_OPTIONS, gets: { type: 'string', default: '50000' }, records: { type: 'string', default: '20000' } } })
  const options = { gets: Number(values.gets), records: Number(values.records) }
  say('the controller on its traces')
  const traces = Object.fromEntries(TRACES.map((trace) => [trace.name, appraise(simulate(trace, { pid: PID, everyMs: EVERY_MS }), trace, { goal: PID.targetHitRatio, everyMs: EVERY_MS })]))
  say('hits of each tier')
  const memory = await withFolder((dir) => hits({ dir }, options.gets))
  // Nothing stays in a first tier of no bytes.
  const disk = await withFolder((dir) => hits({ dir, memoryBytes: 0, diskBytes: 64 << 20 }, options.gets))
  const skipped: string[] = []
  const redis = await overRedis(options.gets).catch((error: Error) => void skipped.push(`Redis: ${error.message}`))
  say('searches that are kept')
  const searches = await withFolder((dir) => kept(dir, options.records))
  say('stopping')
  const stops = Object.fromEntries(await Promise.all(INTERVALS.map(async (everyMs) => [everyMs, await withFolder((dir) => stopping(dir, everyMs))] as const)))
  const all = Object.values(traces).flat()
  const checks: Check[] = [
    { name: 'overshoot of the hit ratio, worst of all traces', value: 100 * Math.max(...all.map(({ overshoot }) => overshoot)), unit: '%', direction: 'at most', must: 5 },
    { name: 'off the goal once settled, worst of all traces', value: 100 * Math.max(...all.map(({ settled }) => settled)), unit: '%', direction: 'at most', must: 5 },
    { name: 'hits in memory', value: memory.perSecond, unit: 'hits/s', direction: 'at least', goal: 100_000 },
    { name: 'hits on disk (LMDB)', value: disk.perSecond, unit: 'hits/s', direction: 'at least', goal: 20_000 },
    ...(redis === undefined ? [] : [{ name: 'hits in Redis', value: redis.perSecond, unit: 'hits/s', direction: 'at least', goal: 20_000 } as const]),
    { name: 'a kept search against a new one, P50', value: searches.miss.p50 / searches.hit.p50, unit: '×', direction: 'at least', goal: 2 },
    { name: 'stopping, slowest of all intervals', value: Math.max(...Object.values(stops)), unit: 'ms', direction: 'at most', must: 50 },
  ]
  finish({ bench: 'cache', options, figures: { traces, memory, disk, redis: redis ?? null, searches, stops }, checks, skipped }, values)
}

/** Reads of keys that are all there. */
async function hits(options: Parameters<typeof Cache.open>[0], gets: number): Promise<{ perSecond: number }> {
  const cache = await Cache.open({ ...options, ttl: 86_400, dryRun: true })
  try {
    for (let i = 0; i < KEYS; i += 1) await cache.set(`key ${i}`, VALUE)
    let left = gets
    let missed = 0
    const read = async (): Promise<void> => {
      for (; left > 0; left -= 1) if ((await cache.get(`key ${left % KEYS}`)) === undefined) missed += 1
    }
    const took = await milliseconds(() => Promise.all(Array.from({ length: READERS }, read)))
    if (missed > 0) throw new Error(`${missed} of ${gets} reads found nothing`)
    return { perSecond: round((gets * 1000) / took) }
  } finally {
    await cache.close()
  }
}

async function overRedis(gets: number): Promise<{ perSecond: number }> {
  const { url, stop } = await service('redis')
  try {
    return await withFolder((dir) => hits({ dir, redis: url, prefix: `bench-${process.pid}:` }, gets))
  } finally {
    await stop()
  }
}

/** Searches of one collection by keywords: each is new once, and kept after. */
async function kept(dir: string, records: number): Promise<{ hit: Timing; miss: Timing }> {
  const db = await open(path.join(dir, 'data'))
  const answers = new Answers(await Cache.open({ dir, ttl: 86_400, dryRun: true }), 'bench')
  try {
    const notes = await db.create('notes', { model: null })
    await notes.add(Array.from({ length: records }, (_, i) => ({ id: `r${i}`, text: `record ${i} speaks of topic ${i % 97} and of place ${i % 53}, as many do` })))
    await notes.search('topic')
    const samples = { hit: [] as number[], miss: [] as number[] }
    for (const expected of ['miss', 'hit'] as const) {
      for (let i = 0; i < 500; i += 1) {
        const began = performance.now()
        const { hit } = await answers.search(notes, { text: `topic ${i % 97} place ${i}` })
        samples[expected].push(performance.now() - began)
        if (hit !== (expected === 'hit')) throw new Error(`search ${i} is no ${expected}`)
      }
    }
    return { hit: timing(samples.hit), miss: timing(samples.miss) }
  } finally {
    await answers.close()
    await db.close()
  }
}

/** Closing a cache that was just written to. */
async function stopping(dir: string, everyMs: number): Promise<number> {
  const cache = await Cache.open({ dir, everyMs, diskBytes: 1 << 20 })
  await cache.set('key', VALUE)
  await sleep(20)
  return round(await milliseconds(() => cache.close()))
}
